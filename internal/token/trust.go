// Package token decides whether an access token was issued for a resource, by an
// authorization server that the resource trusts, and is valid now.
//
// Who proves a token depends on its server: the server's keys, the server
// itself, or a verifier of the caller. What no verifier may skip is checked of
// every token: issuer, audience and time.
package token

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/mcp-auth/go/internal/claims"
	"github.com/mcp-auth/go/internal/refusal"
	"github.com/mcp-auth/go/reason"
)

// Config is the trust of one resource. It is valid: each issuer is there once,
// and one server at most has a Verifier.
type Config struct {
	Servers []Server
	// Leeway is the clock difference tolerated in exp, nbf and iat.
	Leeway time.Duration
	// CacheSize is how many verified tokens are remembered, none if negative.
	CacheSize int
	Now       func() time.Time
}

// Verified is a token that was proven. It may be shared and must not be changed.
type Verified struct {
	Token  string
	Claims *claims.Claims

	server     *server
	generation uint64 // of the key set that verified it
}

// NewVerified returns a token with its claims, in one piece of memory.
func NewVerified(text string, c claims.Claims) *Verified {
	v := &struct {
		Verified
		claims claims.Claims
	}{claims: c}
	v.Token, v.Claims = text, &v.claims
	return &v.Verified
}

// Trust verifies the tokens of one resource.
type Trust struct {
	servers     map[string]*server // by issuer
	other       *server            // with a Verifier, which may take tokens that name no issuer; or nil
	scopeClaims []string           // of all servers
	cache       *verifiedTokens
	leeway      time.Duration
	now         func() time.Time
}

// New makes a Trust.
func New(config Config) *Trust {
	t := &Trust{
		servers: make(map[string]*server, len(config.Servers)),
		cache:   newVerifiedTokens(config.CacheSize),
		leeway:  config.Leeway,
		now:     config.Now,
	}
	for i := range config.Servers {
		s := &server{config.Servers[i]}
		t.servers[s.Issuer] = s
		if s.Verifier != nil {
			t.other = s
		}
		if s.ScopeClaim != "" && !slices.Contains(t.scopeClaims, s.ScopeClaim) {
			t.scopeClaims = append(t.scopeClaims, s.ScopeClaim)
		}
	}
	return t
}

// Remembered returns how many verified tokens are remembered.
func (t *Trust) Remembered() int { return t.cache.len() }

// Verify returns the token if it is valid for the resource now. The address and
// port that the request came from may be empty.
func (t *Trust) Verify(ctx context.Context, text, from string) (*Verified, *refusal.Refusal) {
	v, now := t.cache.get(text, t.now)
	if v == nil {
		var refused *refusal.Refusal
		if v, refused = t.prove(ctx, text, from); refused != nil {
			return nil, refused
		}
		now = t.now() // it may have waited for keys
	}
	if refused := t.bind(v, now); refused != nil {
		return nil, refused
	}
	return v, nil
}

// bind checks what no verifier may skip: issuer, audience and time (RFC 9068 §4,
// RFC 8725 §3.8–3.9).
func (t *Trust) bind(v *Verified, now time.Time) *refusal.Refusal {
	s, c := v.server, v.Claims
	switch {
	case c.Issuer != s.Issuer:
		return refusal.InvalidToken(reason.WrongIssuer, "the token's issuer is %.200q, not %q", c.Issuer, s.Issuer)
	case !c.AllowedClient && !slices.ContainsFunc(c.Audience, s.accepts):
		return wrongAudience(c, s.Audiences)
	case c.ExpiresAt.IsZero():
		return refusal.InvalidToken(reason.NoExpiry, "the token has no exp")
	case !now.Before(c.ExpiresAt.Add(t.leeway)):
		return refusal.InvalidToken(reason.Expired, "the token expired at %s", moment(c.ExpiresAt))
	case !c.NotBefore.IsZero() && now.Add(t.leeway).Before(c.NotBefore):
		return refusal.InvalidToken(reason.NotYetValid, "the token is valid from %s on", moment(c.NotBefore))
	case !c.IssuedAt.IsZero() && now.Add(t.leeway).Before(c.IssuedAt):
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
