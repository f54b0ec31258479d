package mcpauth

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/mcp-auth/go/internal/dpop"
	"github.com/mcp-auth/go/internal/keys"
	"github.com/mcp-auth/go/internal/refusal"
	"github.com/mcp-auth/go/internal/safelog"
	"github.com/mcp-auth/go/policy"
	"github.com/mcp-auth/go/reason"
)

// report is the one place that reports decisions: refusals to the log, all of
// them to the hook.
func (r *resource) report(ctx context.Context, d *decision, began time.Time) {
	if d.refused != nil {
		r.logRefusal(ctx, d)
	}
	if r.decided != nil {
		r.decided(ctx, d.event(r.identifier, time.Since(began)))
	}
}

func (d *decision) event(resource string, took time.Duration) DecisionEvent {
	e := DecisionEvent{Resource: resource, Method: d.method, Operations: d.operations(), Outcome: Allowed, Duration: took}
	if d.verified != nil {
		e.Issuer, e.Subject, e.ClientID = d.verified.Claims.Issuer, d.verified.Claims.Subject, d.verified.Claims.ClientID
	}
	if d.refused == nil {
		return e
	}
	e.Outcome, e.Status, e.Reason = Denied, d.refused.Status, d.refused.Reason
	if e.Status >= http.StatusInternalServerError {
		e.Outcome = Unavailable
	}
	return e
}

// operations are what was asked, as far as that is known.
func (d *decision) operations() []policy.Operation {
	if d.asked == nil {
		return nil
	}
	return *d.asked
}

func (r *resource) logRefusal(ctx context.Context, d *decision) {
	level := refusalLevel(ctx, d.refused)
	if !safelog.Enabled(ctx, r.log, level) { // making the attributes would cost more than asking
		return
	}
	attrs := []slog.Attr{
		slog.Int("status", d.refused.Status),
		slog.String("reason", string(d.refused.Reason)),
		slog.String("resource", r.identifier),
		slog.String("method", d.method),
	}
	attrs = append(attrs, safelog.Cause(d.refused.Cause)...)
	if d.verified != nil {
		attrs = append(attrs, slog.String("issuer", d.verified.Claims.Issuer), slog.String("subject", d.verified.Claims.Subject), slog.String("client", d.verified.Claims.ClientID))
	}
	if asked := d.operations(); len(asked) > 0 {
		attrs = append(attrs, slog.String("operation", asked[0].Method), slog.String("name", asked[0].Name))
	}
	safelog.Write(ctx, r.log, level, "mcpauth: request refused", attrs...)
}

func refusalLevel(ctx context.Context, refused *refusal.Refusal) slog.Level {
	switch {
	case refused.Reason == reason.NoCredentials:
		return slog.LevelDebug
	case refused.Status >= http.StatusInternalServerError && ctx.Err() == nil && !causedByCaller(refused.Cause):
		return slog.LevelError
	}
	return slog.LevelInfo
}

// causedByCaller reports whether any caller can cause a 503: with an invented kid,
// or with proof after proof of one key. A caller who goes away is not such a cause:
// its context shows it.
func causedByCaller(cause error) bool {
	return keys.CausedByCaller(cause) || errors.Is(cause, dpop.ErrShare)
}

// reportResponse reports that a response was withheld or broken off.
func (r *resource) reportResponse(ctx context.Context, what string, cause error) {
	attrs := []slog.Attr{slog.String("resource", r.identifier)}
	safelog.Write(ctx, r.log, slog.LevelError, what, append(attrs, safelog.Cause(cause)...)...)
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
