package session

import (
	"context"
	"hash/maphash"
	"sync"

	"github.com/mcp-auth/go/internal/cache"
)

const (
	// DefaultSize is how many sessions a memory store remembers by default.
	DefaultSize = 100_000

	shards = 16
	// bytesPerSession is what a session may take on average, with its owner, and
	// overhead what it takes beside the two names.
	bytesPerSession = 1 << 10
	overhead        = 128
)

// Memory is a bounded [Store] for one process: sessions that were not used for
// long are forgotten.
type Memory struct {
	seed   maphash.Seed
	shards [shards]shard
}

// shard keeps anonymous sessions apart, so that callers without a token cannot
// push out the sessions of others.
type shard struct {
	mu               sync.Mutex
	owned, anonymous cache.Generations[string, string] // owners by session
}

// NewMemory returns a store of about so many sessions, and as many anonymous ones.
func NewMemory(sessions int) *Memory {
	m := &Memory{seed: maphash.MakeSeed()}
	for i := range m.shards {
		limits := cache.Limits{Entries: sessions / shards, Bytes: sessions / shards * bytesPerSession}
		m.shards[i].owned = cache.NewGenerations[string, string](limits)
		m.shards[i].anonymous = cache.NewGenerations[string, string](limits)
	}
	return m
}

// Bind implements [Store].
func (m *Memory) Bind(_ context.Context, session, owner string) (string, error) {
	s := &m.shards[maphash.String(m.seed, session)%shards]
	s.mu.Lock()
	defer s.mu.Unlock()
	if holder, owned := s.owned.Get(session); owned {
		return holder, nil
	}
	switch owner {
	case "":
		holder, _ := s.anonymous.Get(session)
		return holder, nil
	case AnonymousOwner:
		s.anonymous.Add(session, owner, size(session, owner))
	default:
		s.anonymous.Delete(session)
		s.owned.Add(session, owner, size(session, owner))
	}
	return owner, nil
}

// size is about what a session takes.
func size(session, owner string) int { return overhead + len(session) + len(owner) }
