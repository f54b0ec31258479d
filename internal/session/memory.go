package session

import (
	"context"
	"hash/maphash"
	"sync"
)

const (
	// DefaultSize is how many sessions a memory store remembers by default.
	DefaultSize = 100_000

	shards = 16
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
	owned, anonymous generations
}

// NewMemory returns a store of about size sessions.
func NewMemory(size int) *Memory {
	m := &Memory{seed: maphash.MakeSeed()}
	for i := range m.shards {
		most := max(1, size/shards/2)
		m.shards[i].owned.most, m.shards[i].anonymous.most = most, most
	}
	return m
}

// Bind implements [Store].
func (m *Memory) Bind(_ context.Context, session, owner string) (string, error) {
	s := &m.shards[maphash.String(m.seed, session)%shards]
	s.mu.Lock()
	defer s.mu.Unlock()
	if holder := s.owned.use(session); holder != "" {
		return holder, nil
	}
	switch owner {
	case "":
		return s.anonymous.use(session), nil
	case AnonymousOwner:
		s.anonymous.put(session, owner)
	default:
		s.anonymous.forget(session)
		s.owned.put(session, owner)
	}
	return owner, nil
}

// generations are owners by session: a full young generation becomes the old
// one, and sessions that were not used since are forgotten.
type generations struct {
	young, old map[string]string
	most       int // of one generation
}

func (g *generations) use(session string) (owner string) {
	if owner = g.young[session]; owner != "" {
		return owner
	}
	if owner = g.old[session]; owner != "" {
		g.put(session, owner)
	}
	return owner
}

func (g *generations) put(session, owner string) {
	if g.young == nil || len(g.young) >= g.most && g.young[session] == "" {
		g.old, g.young = g.young, make(map[string]string, len(g.young))
	}
	g.young[session] = owner
}

func (g *generations) forget(session string) {
	delete(g.young, session)
	delete(g.old, session)
}
