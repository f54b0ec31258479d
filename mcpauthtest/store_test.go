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
	for name, verb := range map[string]func(*memory, grantID) error{
		"consumeCode": func(m *memory, id grantID) error {
			_, err := m.consumeCode(t.Context(), id, now)
			return err
		},
		"rotateRefresh": func(m *memory, id grantID) error {
			_, err := m.rotateRefresh(t.Context(), id, 1, now)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m, id := newMemory(), newGrantID()
			add(t, m, id, now.Add(time.Minute), now.Add(time.Hour), now)
			if name == "rotateRefresh" {
				if _, err := m.consumeCode(t.Context(), id, now); err != nil {
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
					case !errors.Is(err, errReplayed):
						t.Error(err)
					}
				})
			}
			contest.Wait()
			if got := succeeded.Load(); got != 1 {
				t.Errorf("%d succeeded, want 1", got)
			}
			if active, err := m.active(t.Context(), id, now); active || err != nil {
				t.Errorf("active %v, %v after a replay", active, err)
			}
		})
	}
}

func add(t *testing.T, m *memory, id grantID, codeExpires, expires, now time.Time) {
	t.Helper()
	if err := m.addGrant(t.Context(), id, grant{}, codeExpires, expires, now); err != nil {
		t.Fatal(err)
	}
}

func TestStoreForgets(t *testing.T) {
	t.Parallel()
	now := time.Now()
	m, early, late := newMemory(), newGrantID(), newGrantID()
	add(t, m, early, now.Add(time.Minute), now.Add(time.Hour), now)
	now = now.Add(time.Hour)
	add(t, m, late, now.Add(time.Minute), now.Add(time.Hour), now)
	if _, err := m.consumeCode(t.Context(), early, now); !errors.Is(err, errUnknown) {
		t.Errorf("consumeCode: %v, want %v", err, errUnknown)
	}
	if len(m.grants) != 1 || len(m.grantOrder) != 1 {
		t.Errorf("%d grants and %d places are kept, want 1", len(m.grants), len(m.grantOrder))
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
	if len(m.grants) != maxGrants {
		t.Errorf("%d grants, want %d", len(m.grants), maxGrants)
	}
	if active, err := m.active(t.Context(), first, now); active || err != nil {
		t.Errorf("the oldest is still active: %v, %v", active, err)
	}
	if active, err := m.active(t.Context(), second, now); !active || err != nil {
		t.Errorf("the second oldest is gone: %v, %v", active, err)
	}
}

func TestStoreRefusesWhatIsRevoked(t *testing.T) {
	t.Parallel()
	now := time.Now()
	m, id, redeemed := newMemory(), newGrantID(), newGrantID()
	for _, id := range []grantID{id, redeemed} {
		add(t, m, id, now.Add(time.Minute), now.Add(time.Hour), now)
	}
	if _, err := m.consumeCode(t.Context(), redeemed, now); err != nil {
		t.Fatal(err)
	}
	for _, id := range []grantID{id, redeemed, newGrantID()} {
		if err := m.revoke(t.Context(), id); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := m.consumeCode(t.Context(), id, now); !errors.Is(err, errRevoked) {
		t.Errorf("consumeCode: %v, want %v", err, errRevoked)
	}
	if _, err := m.refreshable(t.Context(), redeemed, 1, now); !errors.Is(err, errRevoked) {
		t.Errorf("refreshable: %v, want %v", err, errRevoked)
	}
	if _, err := m.rotateRefresh(t.Context(), redeemed, 1, now); !errors.Is(err, errRevoked) {
		t.Errorf("rotateRefresh: %v, want %v", err, errRevoked)
	}
}

func TestHandles(t *testing.T) {
	t.Parallel()
	h, id := newHandles(), newGrantID()
	sealed := h.seal(codeHandle, id, 7)
	if got, number, ok := h.open(codeHandle, sealed); !ok || got != id || number != 7 {
		t.Errorf("opened %v, %d, %v", got, number, ok)
	}
	// The last character has four bits that mean nothing: one spelling only.
	spelt := []byte(sealed)
	spelt[len(spelt)-1]++
	for name, handle := range map[string]string{
		"other spelling": string(spelt),
		"line break":     sealed[:10] + "\n" + sealed[10:],
		"padded":         sealed + "==",
		"longer":         sealed + "AAAA",
		"empty":          "",
	} {
		if _, _, ok := h.open(codeHandle, handle); ok {
			t.Errorf("%s: opened", name)
		}
	}
	if _, _, ok := h.open(refreshHandle, sealed); ok {
		t.Error("a code was opened as a refresh token")
	}
	if _, _, ok := newHandles().open(codeHandle, sealed); ok {
		t.Error("opened with another key")
	}
}

func TestScopeToken(t *testing.T) {
	t.Parallel()
	for scope, want := range map[string]bool{
		"read": true, "read:notes": true, "!#[]~": true, "https://x/y": true,
		"": false, "a b": false, `a"b`: false, `a\b`: false, "a\x7f": false, "ü": false, "a\n": false,
	} {
		if got := validScopeToken(scope); got != want {
			t.Errorf("%q: %v, want %v", scope, got, want)
		}
	}
}
