package mcpauthtest

import (
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
	for name, verb := range map[string]func(*memory, GrantID) error{
		"consumeCode": func(m *memory, id GrantID) error {
			_, err := m.ConsumeCode(t.Context(), id, now)
			return err
		},
		"rotateRefresh": func(m *memory, id GrantID) error {
			_, err := m.RotateRefresh(t.Context(), id, 1, now)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m, id := newMemory(), newGrantID()
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

func add(t *testing.T, m *memory, id GrantID, codeExpires, expires, now time.Time) {
	t.Helper()
	if err := m.AddGrant(t.Context(), StoredGrant{id, nil, codeExpires, expires}, now); err != nil {
		t.Fatal(err)
	}
}

// active tells whether a grant has neither ended nor was revoked.
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
	m, early, late := newMemory(), newGrantID(), newGrantID()
	add(t, m, early, now.Add(time.Minute), now.Add(time.Hour), now)
	now = now.Add(time.Hour)
	add(t, m, late, now.Add(time.Minute), now.Add(time.Hour), now)
	if _, err := m.ConsumeCode(t.Context(), early, now); !errors.Is(err, ErrUnknown) {
		t.Errorf("consumeCode: %v, want %v", err, ErrUnknown)
	}
	if m.grants.len() != 1 || len(m.grants.queue) != 1 {
		t.Errorf("%d grants and %d places are kept, want 1", m.grants.len(), len(m.grants.queue))
	}
}

func TestStoreIsBounded(t *testing.T) {
	t.Parallel()
	now := time.Now()
	m, first, second := newMemory(), newGrantID(), newGrantID()
	add(t, m, first, now.Add(time.Minute), now.Add(time.Hour), now)
	add(t, m, second, now.Add(time.Minute), now.Add(time.Hour), now)
	for range maxGrants - 1 {
		add(t, m, newGrantID(), now.Add(time.Minute), now.Add(time.Hour), now)
	}
	if m.grants.len() != maxGrants {
		t.Errorf("%d grants, want %d", m.grants.len(), maxGrants)
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
	m, id, redeemed := newMemory(), newGrantID(), newGrantID()
	for _, id := range []GrantID{id, redeemed} {
		add(t, m, id, now.Add(time.Minute), now.Add(time.Hour), now)
	}
	if _, err := m.ConsumeCode(t.Context(), redeemed, now); err != nil {
		t.Fatal(err)
	}
	for _, id := range []GrantID{id, redeemed, newGrantID()} {
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

func TestHandles(t *testing.T) {
	t.Parallel()
	h, id := &handles{newSecrets().Handles}, newGrantID()
	_, thumbprint := pkce() // the same form
	for _, v := range []handle{{id: id, number: 7}, {id: id, number: 7, jkt: thumbprint}} {
		sealed := h.seal(codeHandle, v)
		if got, ok := h.open(codeHandle, sealed); !ok || got != v {
			t.Errorf("opened %v, %v, want %v", got, ok, v)
		}
		// The last character has bits that mean nothing: one spelling only.
		spelt := []byte(sealed)
		spelt[len(spelt)-1]++
		for name, handle := range map[string]string{
			"other spelling": string(spelt),
			"line break":     sealed[:10] + "\n" + sealed[10:],
			"padded":         sealed + "==",
			"longer":         sealed + "AAAA",
			"empty":          "",
		} {
			if _, ok := h.open(codeHandle, handle); ok {
				t.Errorf("%s: opened", name)
			}
		}
		if _, ok := h.open(refreshHandle, sealed); ok {
			t.Error("a code was opened as a refresh token")
		}
		if _, ok := (&handles{newSecrets().Handles}).open(codeHandle, sealed); ok {
			t.Error("opened with another key")
		}
	}
}
