package store

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"github.com/mcp-auth/go/internal/authserver/expiring"
)

// Memory is a [Store] that forgets everything when the process ends.
type Memory struct {
	mu      sync.Mutex
	clients *expiring.Map[string, *memoryClient]
	grants  *expiring.Map[GrantID, *memoryGrant]
	ids     *ledger
	added   uint64 // grants so far, for their order
	secrets []byte
}

type memoryClient struct {
	data    []byte
	added   time.Time
	granted bool
}

type memoryGrant struct {
	GrantState
	order uint64
}

// NewMemory returns an empty store.
func NewMemory() *Memory {
	return &Memory{
		clients: expiring.NewMap[string, *memoryClient](),
		grants:  expiring.NewMap[GrantID, *memoryGrant](),
		ids:     newLedger(),
	}
}

// AddClient implements [Clients].
func (m *Memory) AddClient(_ context.Context, c Client, now time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.clients.Forget(now)
	if m.clients.Len() >= MaxClients && !m.dropUnused(now) {
		return ErrFull
	}
	m.clients.Put(c.ID, &memoryClient{data: bytes.Clone(c.Data), added: now}, c.Expires)
	return nil
}

// dropUnused drops the client that was added first of those that never had a
// grant, if it is old enough.
func (m *Memory) dropUnused(now time.Time) bool {
	first, oldest := "", now.Add(-UnusedClientAge).Add(1)
	for id, c := range m.clients.All() {
		if !c.granted && c.added.Before(oldest) {
			first, oldest = id, c.added
		}
	}
	m.clients.Drop(first)
	return first != ""
}

// Client implements [Clients].
func (m *Memory) Client(_ context.Context, id string, now time.Time) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	c, ok := m.clients.Get(id, now)
	if !ok {
		return nil, ErrUnknown
	}
	return c.data, nil
}

// AddGrant implements [Grants]. If there is no room, it drops the grant that
// would have ended first, which ends the tokens of that grant.
func (m *Memory) AddGrant(_ context.Context, g Grant, now time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.grants.Forget(now)
	for m.grants.Len() >= MaxGrants {
		m.grants.DropFirst()
	}
	if c, ok := m.clients.Get(g.ClientID, now); ok {
		c.granted = true
	}
	g.Data = bytes.Clone(g.Data)
	m.added++
	m.grants.Put(g.ID, &memoryGrant{GrantState{Grant: g}, m.added}, g.Expires)
	return nil
}

// ConsumeCode implements [Grants].
func (m *Memory) ConsumeCode(_ context.Context, id GrantID, now time.Time) ([]byte, error) {
	g, err := m.change(id, now, func(g *GrantState) error { return g.Consume(now) })
	return g.Data, err
}

// Refreshable implements [Grants].
func (m *Memory) Refreshable(_ context.Context, id GrantID, number uint32, now time.Time) ([]byte, error) {
	g, err := m.change(id, now, func(g *GrantState) error { return g.CheckRefresh(number, now) })
	return g.Data, err
}

// RotateRefresh implements [Grants].
func (m *Memory) RotateRefresh(_ context.Context, id GrantID, number uint32, now time.Time) (uint32, error) {
	g, err := m.change(id, now, func(g *GrantState) error { return g.Rotate(number, now) })
	return g.Refresh, err
}

// change applies f to the state of a grant and returns the new state.
func (m *Memory) change(id GrantID, now time.Time, f func(*GrantState) error) (GrantState, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	g, ok := m.grants.Get(id, now)
	if !ok {
		return GrantState{}, ErrUnknown
	}
	if err := f(&g.GrantState); err != nil {
		return GrantState{}, err
	}
	return g.GrantState, nil
}

// Revoke implements [Grants].
func (m *Memory) Revoke(_ context.Context, id GrantID) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if g, ok := m.grants.Find(id); ok {
		g.Revoked = true
	}
	return nil
}

// Grant implements [Grants].
func (m *Memory) Grant(_ context.Context, id GrantID, now time.Time) (GrantState, error) {
	return m.change(id, now, func(*GrantState) error { return nil })
}

// Grants implements [Grants].
func (m *Memory) Grants(_ context.Context, limit int, now time.Time) ([]GrantState, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.grants.Forget(now)
	live := make([]*memoryGrant, 0, m.grants.Len())
	for _, g := range m.grants.All() {
		live = append(live, g)
	}
	slices.SortFunc(live, func(a, b *memoryGrant) int { return cmp.Compare(b.order, a.order) })
	states := make([]GrantState, 0, min(limit, len(live)))
	for _, g := range live[:min(limit, len(live))] {
		states = append(states, g.GrantState)
	}
	return states, nil
}

// ConsumeID implements [IDs].
func (m *Memory) ConsumeID(_ context.Context, id UsedID, now time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.ids.consume(id, now)
}

// Secrets implements [Secrets].
func (m *Memory) Secrets(context.Context) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.secrets, nil
}

// SaveSecrets implements [Secrets].
func (m *Memory) SaveSecrets(_ context.Context, data []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.secrets = bytes.Clone(data)
	return nil
}
