package mcpauth

import (
	"hash/maphash"
	"strings"
	"sync"
	"time"
)

const (
	defaultCachedTokens = 10_000
	maxCachedTokens     = 10_000_000
	// The cache holds this many bytes for each entry it may have, on average.
	cachedTokenBytes = 4 << 10
	cacheShards      = 16
	hashedBytes      = 64
)

// tokenCache remembers tokens whose signature was verified, so that a token
// that comes again costs no cryptography. What can change is checked at each
// use: time, sender constraint, scopes, and that the keys are still those that
// verified it. Negative results are not kept.
//
// It is keyed by a hash with a seed that nobody knows, of the token's end, and
// the token is compared in full: no collision lets anybody in. The end is a part
// of the signature, which nobody can choose for a token that verifies, so that
// one token does not push another out.
type tokenCache struct {
	seed   maphash.Seed
	shards [cacheShards]cacheShard
}

// cacheShard has two generations: a full young one becomes the old one, and
// what was not used since is forgotten. That bounds memory without a list.
type cacheShard struct {
	mu                   sync.Mutex
	young, old           map[uint64]*verified
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
		c.shards[i].young = map[uint64]*verified{}
	}
	return c
}

func (c *tokenCache) shard(token string) (*cacheShard, uint64) {
	hash := maphash.String(c.seed, token[max(0, len(token)-hashedBytes):])
	return &c.shards[hash%cacheShards], hash
}

// get returns what is known of the token and the time, if the key set is still
// the one that verified it. It does not look at the clock for unknown tokens.
func (c *tokenCache) get(token string, clock func() time.Time) (*verified, time.Time) {
	if c == nil {
		return nil, time.Time{}
	}
	shard, hash := c.shard(token)
	v := shard.get(hash, token)
	if v == nil {
		return nil, time.Time{}
	}
	now := clock()
	if generation, ok := v.server.source.generation(now); !ok || generation != v.generation {
		return nil, time.Time{}
	}
	return v, now
}

func (s *cacheShard) get(hash uint64, token string) *verified {
	s.mu.Lock()
	defer s.mu.Unlock()
	if v := s.young[hash]; v != nil && v.token == token {
		return v
	}
	v := s.old[hash]
	if v == nil || v.token != token {
		return nil
	}
	s.put(hash, v)
	return v
}

// add remembers v, which is then not to be changed.
func (c *tokenCache) add(v *verified) {
	if c == nil {
		return
	}
	v.token = strings.Clone(v.token)
	s, hash := c.shard(v.token)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.put(hash, v)
}

func (s *cacheShard) put(hash uint64, v *verified) {
	if len(s.young) >= s.maxEntries || s.youngBytes+v.size() > s.maxBytes {
		s.old, s.young, s.youngBytes = s.young, make(map[uint64]*verified, len(s.young)), 0
	}
	if replaced := s.young[hash]; replaced != nil {
		s.youngBytes -= replaced.size()
	}
	s.youngBytes += v.size()
	s.young[hash] = v
}

// size is that of the token and of what the claims keep of it.
func (v *verified) size() int { return 3 * len(v.token) }
