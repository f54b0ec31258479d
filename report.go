package mcpauth

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/mcp-auth/go/internal/refusal"
	"github.com/mcp-auth/go/internal/remote"
	"github.com/mcp-auth/go/reason"
)

// reportRefusal is the one place that reports why a request is refused.
func (r *resource) reportRefusal(ctx context.Context, method string, refused *refusal.Refusal) {
	level := slog.LevelInfo
	switch {
	case refused.Reason == reason.NoCredentials:
		level = slog.LevelDebug
	case refused.Status >= http.StatusInternalServerError && !ordinary(ctx, refused.Cause):
		level = slog.LevelError
	}
	log := r.auth.log
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
	r.auth.log.LogAttrs(ctx, slog.LevelError, what,
		slog.String("resource", r.identifier), slog.Any("cause", cause))
}

// ordinary reports whether a 503 is no trouble of this server: any caller can
// cause it, with an invented kid or by going away.
func ordinary(ctx context.Context, cause error) bool {
	var cooling *remote.CoolingDownError
	return errors.Is(cause, errTooNew) || ctx.Err() != nil || errors.As(cause, &cooling) && cooling.Err == nil
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

// retryAfter is how long the caller of a 503 should wait.
func retryAfter(cause error) time.Duration {
	var unavailable *remote.Error
	if errors.As(cause, &unavailable) && unavailable.RetryAfter > 0 {
		return unavailable.RetryAfter
	}
	var cooling *remote.CoolingDownError
	if errors.As(cause, &cooling) && cooling.RetryAfter > 0 {
		return cooling.RetryAfter
	}
	return fetchCooldown
}
