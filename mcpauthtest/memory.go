package mcpauthtest

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"sync"
	"time"
)

// Bounds of the store in memory.
const (
	maxDynamicClients = 10_000
	maxGrants         = 100_000
	maxIDs            = 100_000
)

// memory is a store that forgets everything when the process ends.
type memory struct {
	mu      sync.Mutex
	clients *expiring[string, []byte]
	grants  *expiring[GrantID, *memoryGrant]
	ids     *expiring[string, struct{}]
	added   uint64 // grants so far, for their order
	secrets []byte
}

type memoryGrant struct {
	GrantState
	order uint64
}

func newMemory() *memory {
	return &memory{
		clients: newExpiring[string, []byte](),
		grants:  newExpiring[GrantID, *memoryGrant](),
		ids:     newExpiring[string, struct{}](),
	}
}

func (m *memory) AddClient(_ context.Context, c StoredClient, now time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.clients.forget(now)
	if m.clients.len() >= maxDynamicClients {
		return ErrFull
	}
	m.clients.put(c.ID, bytes.Clone(c.Data), c.Expires)
	return nil
}

func (m *memory) Client(_ context.Context, id string, now time.Time) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	data, ok := m.clients.get(id, now)
	if !ok {
		return nil, ErrUnknown
	}
	return data, nil
}

// AddGrant makes room where there is none: the grant that would have ended
// first is unknown from then on, which ends its tokens.
func (m *memory) AddGrant(_ context.Context, g StoredGrant, now time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.grants.forget(now)
	for m.grants.len() >= maxGrants {
		m.grants.dropFirst()
	}
	g.Data = bytes.Clone(g.Data)
	m.added++
	m.grants.put(g.ID, &memoryGrant{GrantState{StoredGrant: g}, m.added}, g.Expires)
	return nil
}

func (m *memory) ConsumeCode(_ context.Context, id GrantID, now time.Time) ([]byte, error) {
	g, err := m.change(id, now, func(g *GrantState) error { return g.Consume(now) })
	return g.Data, err
}

func (m *memory) Refreshable(_ context.Context, id GrantID, number uint32, now time.Time) ([]byte, error) {
	g, err := m.change(id, now, func(g *GrantState) error { return g.CheckRefresh(number, now) })
	return g.Data, err
}

func (m *memory) RotateRefresh(_ context.Context, id GrantID, number uint32, now time.Time) (uint32, error) {
	g, err := m.change(id, now, func(g *GrantState) error { return g.Rotate(number, now) })
	return g.Refresh, err
}

// change applies f to the state of a grant and returns what it is then, or
// nothing with an error.
func (m *memory) change(id GrantID, now time.Time, f func(*GrantState) error) (GrantState, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	g, ok := m.grants.get(id, now)
	if !ok {
		return GrantState{}, ErrUnknown
	}
	if err := f(&g.GrantState); err != nil {
		return GrantState{}, err
	}
	return g.GrantState, nil
}

func (m *memory) Revoke(_ context.Context, id GrantID) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if entry, ok := m.grants.entries[id]; ok {
		entry.value.Revoked = true
	}
	return nil
}

func (m *memory) Grant(_ context.Context, id GrantID, now time.Time) (GrantState, error) {
	return m.change(id, now, func(*GrantState) error { return nil })
}

func (m *memory) Grants(_ context.Context, limit int, now time.Time) ([]GrantState, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.grants.forget(now)
	live := make([]*memoryGrant, 0, m.grants.len())
	for _, entry := range m.grants.entries {
		live = append(live, entry.value)
	}
	slices.SortFunc(live, func(a, b *memoryGrant) int { return cmp.Compare(b.order, a.order) })
	states := make([]GrantState, 0, min(limit, len(live)))
	for _, g := range live[:min(limit, len(live))] {
		states = append(states, g.GrantState)
	}
	return states, nil
}

func (m *memory) ConsumeID(_ context.Context, id string, until, now time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.ids.forget(now)
	if _, used := m.ids.get(id, now); used {
		return ErrReplayed
	}
	if m.ids.len() >= maxIDs {
		return ErrFull
	}
	m.ids.put(id, struct{}{}, until)
	return nil
}

func (m *memory) Secrets(context.Context) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.secrets, nil
}

func (m *memory) SaveSecrets(_ context.Context, data []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.secrets = bytes.Clone(data)
	return nil
}
