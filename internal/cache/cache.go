// Package cache holds what was found out before, within bounds of entries and
// bytes. What was not used for long is forgotten.
//
// A cache has two generations. What is added or used goes into the young one; a
// full young generation becomes the old one, and the old one is forgotten. That
// bounds memory without a list of what was used when: a hit on a young entry
// writes nothing.
package cache

import "sync"

// shards is how many locks share the entries, so that concurrent callers seldom
// wait for each other.
const shards = 16

// Limits bound a cache. What was used lately stays until others that fill half
// of a limit were used since.
type Limits struct {
	// Entries is the largest number of entries, but for a minimum of 32.
	Entries int
	// Bytes is the largest sum of all sizes, but for single entries that are
	// larger than 1/32 of it.
	Bytes int
}

// Cache maps keys to values. It is safe for concurrent use. A nil Cache holds
// nothing.
type Cache[K comparable, V any] struct {
	hash   func(K) uint64
	shards [shards]shard[K, V]
}

type shard[K comparable, V any] struct {
	mu          sync.Mutex
	generations Generations[K, V]
}

// New returns an empty cache. The hash of a key selects its lock: its lowest
// bits should be evenly distributed, and not for strangers to choose.
func New[K comparable, V any](limits Limits, hash func(K) uint64) *Cache[K, V] {
	c := &Cache[K, V]{hash: hash}
	for i := range c.shards {
		c.shards[i].generations = NewGenerations[K, V](Limits{limits.Entries / shards, limits.Bytes / shards})
	}
	return c
}

func (c *Cache[K, V]) shard(key K) *shard[K, V] { return &c.shards[c.hash(key)%shards] }

// Get returns the value of a key, and whether there is one.
func (c *Cache[K, V]) Get(key K) (value V, ok bool) {
	if c == nil {
		return value, false
	}
	s := c.shard(key)
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.generations.Get(key)
}

// Add adds a value of a size in bytes, or replaces the one with its key.
func (c *Cache[K, V]) Add(key K, value V, size int) {
	if c == nil {
		return
	}
	s := c.shard(key)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.generations.Add(key, value, size)
}

// Delete forgets a key.
func (c *Cache[K, V]) Delete(key K) {
	if c == nil {
		return
	}
	s := c.shard(key)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.generations.Delete(key)
}

// Len returns how many entries there are, an entry that is in both generations
// counted twice.
func (c *Cache[K, V]) Len() (n int) {
	if c == nil {
		return 0
	}
	for i := range c.shards {
		s := &c.shards[i]
		s.mu.Lock()
		n += s.generations.Len()
		s.mu.Unlock()
	}
	return n
}
