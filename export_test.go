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
	if refused := new(resource).confirm(context.Background(), &Request{}, schemeBearer, "", &c.Claims); refused != nil {
		return nil, refused
	}
	return &c.Claims, nil
}

// KeyGeneration is the generation of the first server's keys.
func KeyGeneration(a *Auth) uint64 {
	generation, _ := a.issuers.all[0].generation(a.now())
	return generation
}
