package mcpauth

import (
	"context"
	"time"
)

// CachedTokens counts the tokens that the first resource remembers.
func CachedTokens(a *Auth) (n int) {
	if a.ordered[0].cache == nil {
		return 0
	}
	for i := range a.ordered[0].cache.shards {
		s := &a.ordered[0].cache.shards[i]
		n += len(s.young) + len(s.old)
	}
	return n
}

// BindClaims reads a payload and checks what no verifier may skip.
func BindClaims(payload []byte, issuer, audience string, now time.Time) (*Claims, error) {
	c, err := parseClaims(payload, "", nil)
	if err != nil {
		return nil, err
	}
	a := &Auth{leeway: defaultLeeway}
	if refused := a.bind(&trustedServer{issuer: issuer, audiences: []string{audience}}, &c.Claims, now); refused != nil {
		return nil, refused
	}
	bearer := &Request{scheme: schemeBearer}
	if refused := new(resource).confirm(context.Background(), bearer, "", &c.Claims); refused != nil {
		return nil, refused
	}
	return &c.Claims, nil
}

// KeyGeneration is the generation of the first server's keys.
func KeyGeneration(a *Auth) uint64 {
	generation, _ := a.issuers.all[0].generation(a.now())
	return generation
}

// NewMemorySessions is the store that is used where none is given.
func NewMemorySessions(size int) SessionStore { return newMemorySessions(size) }

// KnownSessions counts the sessions that such a store remembers.
func KnownSessions(s SessionStore) (n int) {
	m := s.(*memorySessions)
	for i := range m.shards {
		for _, g := range []*generations{&m.shards[i].owned, &m.shards[i].nobody} {
			n += len(g.young) + len(g.old)
		}
	}
	return n
}
