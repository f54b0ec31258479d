package mcpauth

import (
	"context"
	"hash/maphash"
	"strings"
	"sync"
)

const (
	defaultCachedTokens = 10_000
	maxCachedTokens     = 10_000_000
	// The cache holds this many bytes for each entry it may have, on average.
	cachedTokenBytes = 4 << 10
	cacheShards      = 16
)

// tokenCache remembers tokens whose signature was verified, so that a token
// that comes again costs no cryptography. What can change is checked at each
// use: time, sender constraint, scopes, and that the keys are still those that
// verified it. Negative results are not kept.
//
// It is keyed by the whole token, which map lookups compare in full: no hash
// collision lets anybody in.
type tokenCache struct {
	seed   maphash.Seed
	shards [cacheShards]cacheShard
}

// cacheShard has two generations: a full young one becomes the old one, and
// what was not used since is forgotten. That bounds memory without a list.
type cacheShard struct {
	mu                   sync.Mutex
	young, old           map[string]*verified
	youngBytes           int
	maxEntries, maxBytes int // of one generation
}

// verified is a token that a key of its server verified.
type verified struct {
	token      string // memory of its own: that of the request is not kept alive
	server     *trustedServer
	claims     *Claims
	generation uint64 // of the key set
}

// newTokenCache makes a cache of at most size entries, or none.
func newTokenCache(size int) *tokenCache {
	if size < 0 {
		return nil
	}
	if size == 0 {
		size = defaultCachedTokens
	}
	c := &tokenCache{seed: maphash.MakeSeed()}
	perGeneration := max(1, size/cacheShards/2)
	for i := range c.shards {
		c.shards[i].maxEntries = perGeneration
		c.shards[i].maxBytes = perGeneration * cachedTokenBytes
		c.shards[i].young = map[string]*verified{}
	}
	return c
}

func (c *tokenCache) shard(token string) *cacheShard {
	return &c.shards[maphash.String(c.seed, token)%cacheShards]
}

// get returns what is known of the token if the key set is still the one that
// verified it. The error is that of the key set.
func (c *tokenCache) get(ctx context.Context, token string) (*verified, *refusal) {
	if c == nil {
		return nil, nil
	}
	v := c.shard(token).get(token)
	if v == nil {
		return nil, nil
	}
	generation, err := v.server.source.generation(ctx)
	switch {
	case err != nil:
		return nil, unavailable(err)
	case generation != v.generation:
		return nil, nil
	}
	return v, nil
}

func (s *cacheShard) get(token string) *verified {
	s.mu.Lock()
	defer s.mu.Unlock()
	if v := s.young[token]; v != nil {
		return v
	}
	v := s.old[token]
	if v != nil {
		s.put(v)
	}
	return v
}

func (c *tokenCache) add(token string, server *trustedServer, claims *Claims, generation uint64) {
	if c == nil {
		return
	}
	v := &verified{strings.Clone(token), server, claims, generation}
	s := c.shard(token)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.put(v)
}

func (s *cacheShard) put(v *verified) {
	size := 3 * len(v.token) // the key, and the memory that the claims share
	if len(s.young) >= s.maxEntries || s.youngBytes+size > s.maxBytes {
		s.old, s.young, s.youngBytes = s.young, make(map[string]*verified, len(s.young)), 0
	}
	if s.young[v.token] == nil {
		s.youngBytes += size
	}
	s.young[v.token] = v
}
