package mcpauthtest

import (
	"context"
	"errors"
	"sync"
	"time"
)

// Bounds of the store in memory.
const (
	maxDynamicClients = 10_000
	maxGrants         = 100_000
)

// What a store answers. A code or refresh token that comes a second time has
// revoked its grant by the time the error is returned.
var (
	errUnknown  = errors.New("unknown or expired")
	errRevoked  = errors.New("revoked")
	errReplayed = errors.New("used before")
	errFull     = errors.New("too many entries")
)

// store keeps dynamically registered clients and grants. Its methods are
// atomic: of concurrent calls that consume the same thing, one succeeds.
type store interface {
	// addClient adds a client. It fails with errFull at the bound.
	addClient(ctx context.Context, c *client, now time.Time) error
	// client returns a client that is not expired, or errUnknown.
	client(ctx context.Context, id string, now time.Time) (*client, error)

	// addGrant adds a grant whose code can be redeemed until codeExpires, and
	// which ends at expires.
	addGrant(ctx context.Context, id grantID, g grant, codeExpires, expires, now time.Time) error
	// consumeCode redeems the code of a grant and makes 1 the number of its
	// valid refresh token. Every later call revokes the grant.
	consumeCode(ctx context.Context, id grantID, now time.Time) (grant, error)
	// refreshable returns the grant whose valid refresh token has this number.
	// An older number revokes the grant.
	refreshable(ctx context.Context, id grantID, number uint32, now time.Time) (grant, error)
	// rotateRefresh replaces the valid number by the next one and returns that.
	// An older number revokes the grant.
	rotateRefresh(ctx context.Context, id grantID, number uint32, now time.Time) (uint32, error)
	// revoke ends a grant. It does nothing to one that is unknown.
	revoke(ctx context.Context, id grantID) error
	// active tells whether a grant was neither revoked nor has ended.
	active(ctx context.Context, id grantID, now time.Time) (bool, error)
}

// memory is a store that forgets everything when the process ends.
type memory struct {
	mu      sync.Mutex
	clients map[string]*client
	grants  map[grantID]*grantRecord
	// In the order they were added, which is nearly that of expiry: lifetimes
	// are the same for all.
	clientOrder []string
	grantOrder  []grantID
}

// grantRecord is a grant and what became of it.
type grantRecord struct {
	grant       grant
	codeExpires time.Time
	expires     time.Time
	consumed    bool   // its code
	revoked     bool   // kept, so that tokens can be told to be revoked
	refresh     uint32 // number of the valid refresh token, 0 before there is one
}

func newMemory() *memory {
	return &memory{clients: map[string]*client{}, grants: map[grantID]*grantRecord{}}
}

func (m *memory) addClient(_ context.Context, c *client, now time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.forgetClients(now)
	if len(m.clients) >= maxDynamicClients {
		return errFull
	}
	m.clients[c.id] = c
	m.clientOrder = append(m.clientOrder, c.id)
	return nil
}

func (m *memory) client(_ context.Context, id string, now time.Time) (*client, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	c, ok := m.clients[id]
	if !ok || !now.Before(c.expires) {
		return nil, errUnknown
	}
	return c, nil
}

func (m *memory) addGrant(_ context.Context, id grantID, g grant, codeExpires, expires, now time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.forgetGrants(now)
	m.grants[id] = &grantRecord{grant: g, codeExpires: codeExpires, expires: expires}
	m.grantOrder = append(m.grantOrder, id)
	return nil
}

func (m *memory) consumeCode(_ context.Context, id grantID, now time.Time) (grant, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	record, ok := m.live(id, now)
	if !ok {
		return grant{}, errUnknown
	}
	if record.consumed {
		record.revoked = true
		return grant{}, errReplayed
	}
	record.consumed = true
	if !now.Before(record.codeExpires) {
		record.revoked = true
		return grant{}, errUnknown
	}
	if record.revoked {
		return grant{}, errRevoked
	}
	record.refresh = 1
	return record.grant, nil
}

func (m *memory) refreshable(_ context.Context, id grantID, number uint32, now time.Time) (grant, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	record, err := m.currentRefresh(id, number, now)
	if err != nil {
		return grant{}, err
	}
	return record.grant, nil
}

func (m *memory) rotateRefresh(_ context.Context, id grantID, number uint32, now time.Time) (uint32, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	record, err := m.currentRefresh(id, number, now)
	if err != nil {
		return 0, err
	}
	record.refresh++
	return record.refresh, nil
}

// currentRefresh returns the record whose valid refresh token has this number.
// Any other number was used before, or is in the hands of two.
func (m *memory) currentRefresh(id grantID, number uint32, now time.Time) (*grantRecord, error) {
	record, ok := m.live(id, now)
	if !ok {
		return nil, errUnknown
	}
	if number == 0 || number != record.refresh {
		record.revoked = true
		return nil, errReplayed
	}
	if record.revoked {
		return nil, errRevoked
	}
	return record, nil
}

func (m *memory) revoke(_ context.Context, id grantID) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if record, ok := m.grants[id]; ok {
		record.revoked = true
	}
	return nil
}

func (m *memory) active(_ context.Context, id grantID, now time.Time) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	record, ok := m.live(id, now)
	return ok && !record.revoked, nil
}

func (m *memory) live(id grantID, now time.Time) (*grantRecord, bool) {
	record, ok := m.grants[id]
	if !ok || !now.Before(record.expires) {
		return nil, false
	}
	return record, true
}

// forgetClients drops what is expired.
func (m *memory) forgetClients(now time.Time) {
	for len(m.clientOrder) > 0 {
		oldest := m.clientOrder[0]
		if now.Before(m.clients[oldest].expires) {
			return
		}
		delete(m.clients, oldest)
		m.clientOrder = m.clientOrder[1:]
	}
}

// forgetGrants drops what is expired and makes room for one more. A grant that
// had to go early is unknown from then on, which ends its tokens.
func (m *memory) forgetGrants(now time.Time) {
	for len(m.grantOrder) > 0 {
		oldest := m.grantOrder[0]
		if now.Before(m.grants[oldest].expires) && len(m.grants) < maxGrants {
			return
		}
		delete(m.grants, oldest)
		m.grantOrder = m.grantOrder[1:]
	}
}
