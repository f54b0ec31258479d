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
	"time"

	"github.com/mcp-auth/go/internal/claims"
	"github.com/mcp-auth/go/internal/keys"
	"github.com/mcp-auth/go/internal/refusal"
)

// Config is the trust of one resource. It is valid: each issuer is there once,
// and one server at most has a Verifier.
type Config struct {
	Servers []Server
	// Leeway is the clock difference tolerated in exp, nbf and iat.
	Leeway time.Duration
	// CacheSize is how many verified tokens are remembered, none if negative.
	CacheSize int
	// Inherit, if set, shares the tokens that it remembers, if it remembers as
	// many and holds them to the same.
	Inherit *Trust
	Now     func() time.Time
}

// Verified is a token that was proven. It may be shared and must not be changed.
type Verified struct {
	Token  string
	Claims *claims.Claims

	settings   *settings        // of the server that proved it
	generation keys.Generation  // of the key set that verified it
	refused    *refusal.Refusal // by these settings, at any time; or nil
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
	all         []*server
	other       *server  // with a Verifier, which may take tokens that name no issuer; or nil
	scopeClaims []string // of all servers
	cache       *verifiedTokens
	cacheSize   int
	leeway      time.Duration
	now         func() time.Time
}

// New makes a Trust.
func New(config Config) *Trust {
	t := &Trust{
		servers:   make(map[string]*server, len(config.Servers)),
		cacheSize: config.CacheSize,
		leeway:    config.Leeway,
		now:       config.Now,
	}
	old := config.Inherit
	if old != nil && old.cacheSize == t.cacheSize {
		t.cache = old.cache
	} else {
		t.cache = newVerifiedTokens(t.cacheSize)
	}
	for i := range config.Servers {
		s := newServer(config.Servers[i], old.serverOf(config.Servers[i].Issuer))
		t.servers[s.Issuer], t.all = s, append(t.all, s)
		if s.Verifier != nil {
			t.other = s
		}
		if s.ScopeClaim != "" && !slices.Contains(t.scopeClaims, s.ScopeClaim) {
			t.scopeClaims = append(t.scopeClaims, s.ScopeClaim)
		}
	}
	return t
}

// serverOf returns the server of an issuer, or nil.
func (t *Trust) serverOf(issuer string) *server {
	if t == nil {
		return nil
	}
	return t.servers[issuer]
}

// holder returns the server that holds a token to what it was proven by, or nil.
func (t *Trust) holder(v *Verified) *server {
	for _, s := range t.all {
		if s.settings == v.settings {
			return s
		}
	}
	return nil
}

// recall returns a remembered token, and the time, if the key set that verified it
// is still in use. It does not look at the clock for tokens that are not known.
func (t *Trust) recall(text string) (*Verified, time.Time) {
	v := t.cache.get(text)
	if v == nil {
		return nil, time.Time{}
	}
	s := t.holder(v)
	if s == nil { // another Trust shares the cache
		return nil, time.Time{}
	}
	now := t.now()
	if generation, ok := s.Keys.Generation(now); !ok || generation != v.generation {
		return nil, time.Time{}
	}
	return v, now
}

// Remembered returns how many verified tokens are remembered.
func (t *Trust) Remembered() int { return t.cache.len() }

// Verify returns the token if it is valid for the resource now. The address and
// port that the request came from may be empty.
func (t *Trust) Verify(ctx context.Context, text, from string) (*Verified, *refusal.Refusal) {
	v, now := t.recall(text)
	if v == nil {
		var refused *refusal.Refusal
		if v, refused = t.prove(ctx, text, from); refused != nil {
			return nil, refused
		}
		now = t.now() // it may have waited for keys
	}
	refused := v.refused
	if refused == nil {
		refused = t.checkTime(v.Claims, now)
	}
	if refused != nil {
		return nil, refused
	}
	return v, nil
}
