package token

import (
	"slices"
	"strings"
	"time"

	"github.com/mcp-auth/go/internal/claims"
	"github.com/mcp-auth/go/internal/refusal"
	"github.com/mcp-auth/go/reason"
)

// bind checks what no verifier may skip and time does not change: the issuer, the
// audience, and that there is an expiry (RFC 9068 §4, RFC 8725 §3.8–3.9).
func (s *server) bind(c *claims.Claims) *refusal.Refusal {
	switch {
	case c.Issuer != s.Issuer:
		return refusal.InvalidToken(reason.WrongIssuer, "the token's issuer is %.200q, not %q", c.Issuer, s.Issuer)
	case !c.AllowedClient && !slices.ContainsFunc(c.Audience, s.accepts):
		return wrongAudience(c, s.Audiences)
	case c.ExpiresAt.IsZero():
		return refusal.InvalidToken(reason.NoExpiry, "the token has no exp")
	}
	return nil
}

// checkTime checks that the token is valid now (RFC 7519 §4.1.4–4.1.6).
func (t *Trust) checkTime(c *claims.Claims, now time.Time) *refusal.Refusal {
	early, late := now.Add(t.leeway), now.Add(-t.leeway)
	switch {
	case !late.Before(c.ExpiresAt):
		return refusal.InvalidToken(reason.Expired, "the token expired at %s", moment(c.ExpiresAt))
	case early.Before(c.NotBefore):
		return refusal.InvalidToken(reason.NotYetValid, "the token is valid from %s on", moment(c.NotBefore))
	case early.Before(c.IssuedAt):
		return refusal.InvalidToken(reason.NotYetValid, "the token was issued in the future, at %s", moment(c.IssuedAt))
	}
	return nil
}

func wrongAudience(c *claims.Claims, accepted []string) *refusal.Refusal {
	switch {
	case len(c.Audience) > 0:
		return refusal.InvalidToken(reason.WrongAudience, "the token's audience is %.300q, accepted are %q", strings.Join(c.Audience, " "), accepted)
	case c.ClientFault != "":
		return refusal.InvalidToken(reason.WrongAudience, "the token has no audience, and %s; accepted are %q", c.ClientFault, accepted)
	}
	return refusal.InvalidToken(reason.WrongAudience, "the token has no audience, accepted are %q", accepted)
}

// moment prints in the form of RFC 3339.
type moment time.Time

func (m moment) String() string { return time.Time(m).UTC().Format(time.RFC3339) }
