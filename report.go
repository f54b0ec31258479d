package mcpauth

import (
	"context"
	"log/slog"
	"net/http"
	"strings"

	"github.com/mcp-auth/go/internal/jose"
	"github.com/mcp-auth/go/internal/keys"
	"github.com/mcp-auth/go/internal/refusal"
	"github.com/mcp-auth/go/reason"
)

// reportRefusal is the one place that reports why a request is refused.
func (r *resource) reportRefusal(ctx context.Context, method string, refused *refusal.Refusal) {
	level := slog.LevelInfo
	switch {
	case refused.Reason == reason.NoCredentials:
		level = slog.LevelDebug
	// Any caller can cause a 503 by going away, or with an invented kid.
	case refused.Status >= http.StatusInternalServerError && ctx.Err() == nil && !keys.CausedByCaller(refused.Cause):
		level = slog.LevelError
	}
	log := r.log
	if !log.Enabled(ctx, level) { // making the attributes would cost more than asking
		return
	}
	log.LogAttrs(ctx, level, "mcpauth: request refused",
		slog.Int("status", refused.Status),
		slog.String("reason", string(refused.Reason)),
		slog.String("resource", r.identifier),
		slog.String("method", method),
		slog.Any("cause", refused.Cause))
}

// reportResponse reports that a response was withheld or broken off.
func (r *resource) reportResponse(ctx context.Context, what string, cause error) {
	r.log.LogAttrs(ctx, slog.LevelError, what,
		slog.String("resource", r.identifier), slog.Any("cause", cause))
}

// reportSkippedKeys returns what reports keys that are of no use, so that a token
// that is refused for its key is no riddle. Keys for something else than tokens are
// usual.
func reportSkippedKeys(log *slog.Logger) func(issuer string, key jose.SkippedKey) {
	return func(issuer string, key jose.SkippedKey) {
		level := slog.LevelWarn
		if key.OtherPurpose {
			level = slog.LevelDebug
		}
		log.LogAttrs(context.Background(), level, "mcpauth: key ignored",
			slog.String("issuer", issuer), slog.String("key", key.String()))
	}
}

// printable replaces what RFC 6750 §3 does not allow in error_description.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '"':
			return '\''
		case r == '\\':
			return '/'
		case r < 0x20 || r > 0x7e:
			return '?'
		}
		return r
	}, text)
}
