package store

import (
	"crypto/rand"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Covers AS4, AS5.
func TestVerbsOfTheStoreAreAtomic(t *testing.T) {
	t.Parallel()
	now := time.Now()
	for name, verb := range map[string]func(*Memory, GrantID) error{
		"consumeCode": func(m *Memory, id GrantID) error {
			_, err := m.ConsumeCode(t.Context(), id, now)
			return err
		},
		"rotateRefresh": func(m *Memory, id GrantID) error {
			_, err := m.RotateRefresh(t.Context(), id, 1, now)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m, id := NewMemory(), newID()
			add(t, m, id, now.Add(time.Minute), now.Add(time.Hour), now)
			if name == "rotateRefresh" {
				if _, err := m.ConsumeCode(t.Context(), id, now); err != nil {
					t.Fatal(err)
				}
			}
			var succeeded atomic.Int64
			var contest sync.WaitGroup
			for range contenders {
				contest.Go(func() {
					switch err := verb(m, id); {
					case err == nil:
						succeeded.Add(1)
					case !errors.Is(err, ErrReplayed):
						t.Error(err)
					}
				})
			}
			contest.Wait()
			if got := succeeded.Load(); got != 1 {
				t.Errorf("%d succeeded, want 1", got)
			}
			if active(t, m, id, now) {
				t.Error("active after a replay")
			}
		})
	}
}

const contenders = 1000

func newID() GrantID {
	var id GrantID
	_, _ = rand.Read(id[:])
	return id
}

func add(t *testing.T, m *Memory, id GrantID, codeExpires, expires, now time.Time) {
	t.Helper()
	if err := m.AddGrant(t.Context(), Grant{id, nil, codeExpires, expires}, now); err != nil {
		t.Fatal(err)
	}
}

// active reports whether a grant has neither ended nor been revoked.
func active(t *testing.T, s Store, id GrantID, now time.Time) bool {
	t.Helper()
	g, err := s.Grant(t.Context(), id, now)
	if err != nil && !errors.Is(err, ErrUnknown) {
		t.Error(err)
	}
	return err == nil && !g.Revoked
}

func TestStoreForgets(t *testing.T) {
	t.Parallel()
	now := time.Now()
	m, early, late := NewMemory(), newID(), newID()
	add(t, m, early, now.Add(time.Minute), now.Add(time.Hour), now)
	now = now.Add(time.Hour)
	add(t, m, late, now.Add(time.Minute), now.Add(time.Hour), now)
	if _, err := m.ConsumeCode(t.Context(), early, now); !errors.Is(err, ErrUnknown) {
		t.Errorf("consumeCode: %v, want %v", err, ErrUnknown)
	}
	if m.grants.Len() != 1 {
		t.Errorf("%d grants are kept, want 1", m.grants.Len())
	}
}

func TestStoreIsBounded(t *testing.T) {
	t.Parallel()
	now := time.Now()
	m, first, second := NewMemory(), newID(), newID()
	add(t, m, first, now.Add(time.Minute), now.Add(time.Hour), now)
	add(t, m, second, now.Add(time.Minute), now.Add(time.Hour), now)
	for range maxGrants - 1 {
		add(t, m, newID(), now.Add(time.Minute), now.Add(time.Hour), now)
	}
	if m.grants.Len() != maxGrants {
		t.Errorf("%d grants, want %d", m.grants.Len(), maxGrants)
	}
	if active(t, m, first, now) {
		t.Error("the oldest is still active")
	}
	if !active(t, m, second, now) {
		t.Error("the second oldest is gone")
	}
}

func TestStoreRefusesWhatIsRevoked(t *testing.T) {
	t.Parallel()
	now := time.Now()
	m, id, redeemed := NewMemory(), newID(), newID()
	for _, id := range []GrantID{id, redeemed} {
		add(t, m, id, now.Add(time.Minute), now.Add(time.Hour), now)
	}
	if _, err := m.ConsumeCode(t.Context(), redeemed, now); err != nil {
		t.Fatal(err)
	}
	for _, id := range []GrantID{id, redeemed, newID()} {
		if err := m.Revoke(t.Context(), id); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := m.ConsumeCode(t.Context(), id, now); !errors.Is(err, ErrRevoked) {
		t.Errorf("consumeCode: %v, want %v", err, ErrRevoked)
	}
	if _, err := m.Refreshable(t.Context(), redeemed, 1, now); !errors.Is(err, ErrRevoked) {
		t.Errorf("refreshable: %v, want %v", err, ErrRevoked)
	}
	if _, err := m.RotateRefresh(t.Context(), redeemed, 1, now); !errors.Is(err, ErrRevoked) {
		t.Errorf("rotateRefresh: %v, want %v", err, ErrRevoked)
	}
}
