package mcpauth

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"

	"github.com/mcp-auth/go/internal/jose"
	"github.com/mcp-auth/go/internal/keys"
	"github.com/mcp-auth/go/internal/panics"
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
	if !enabled(ctx, r.log, level) { // making the attributes would cost more than asking
		return
	}
	attrs := []slog.Attr{
		slog.Int("status", refused.Status),
		slog.String("reason", string(refused.Reason)),
		slog.String("resource", r.identifier),
		slog.String("method", method),
	}
	report(ctx, r.log, level, "mcpauth: request refused", append(attrs, causeOf(refused.Cause)...)...)
}

// causeOf shows an error, and where if it was a panic.
func causeOf(err error) []slog.Attr {
	attrs := []slog.Attr{slog.Any("cause", err)}
	var panicked *panics.Error
	if errors.As(err, &panicked) {
		attrs = append(attrs, slog.String("stack", string(panicked.Stack)))
	}
	return attrs
}

// enabled reports whether the log takes records of a level. One that panics does
// not.
func enabled(ctx context.Context, log *slog.Logger, level slog.Level) bool {
	yes, _ := panics.Call("the Logger", func() (bool, error) { return log.Enabled(ctx, level), nil })
	return yes
}

// report writes to the log. There is no place to report a log that panics, which
// must not keep the answer from its caller.
func report(ctx context.Context, log *slog.Logger, level slog.Level, what string, attrs ...slog.Attr) {
	_, _ = panics.Call("the Logger", func() (struct{}, error) {
		log.LogAttrs(ctx, level, what, attrs...)
		return struct{}{}, nil
	})
}

// reportResponse reports that a response was withheld or broken off.
func (r *resource) reportResponse(ctx context.Context, what string, cause error) {
	attrs := []slog.Attr{slog.String("resource", r.identifier)}
	report(ctx, r.log, slog.LevelError, what, append(attrs, causeOf(cause)...)...)
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
		report(context.Background(), log, level, "mcpauth: key ignored",
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
