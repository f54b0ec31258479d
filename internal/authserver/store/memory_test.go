package store

import (
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Covers AS4, AS5.
func TestVerbsOfTheStoreAreAtomic(t *testing.T) {
	t.Parallel()
	now := time.Now()
	for _, verb := range []struct {
		name string
		call func(*Memory, GrantID) error
		want int64 // successes
	}{
		{"consumeCode", func(m *Memory, id GrantID) error {
			_, err := m.ConsumeCode(t.Context(), id, now)
			return err
		}, 1},
		{"rotateRefresh, and one retry", func(m *Memory, id GrantID) error {
			_, err := m.RotateRefresh(t.Context(), id, 1, now)
			return err
		}, 2},
	} {
		t.Run(verb.name, func(t *testing.T) {
			t.Parallel()
			m, id := NewMemory(), newID()
			add(t, m, id, now.Add(time.Minute), now.Add(time.Hour), now)
			if verb.want == 2 {
				if _, err := m.ConsumeCode(t.Context(), id, now); err != nil {
					t.Fatal(err)
				}
			}
			var succeeded atomic.Int64
			var contest sync.WaitGroup
			for range contenders {
				contest.Go(func() {
					switch err := verb.call(m, id); {
					case err == nil:
						succeeded.Add(1)
					case !errors.Is(err, ErrReplayed):
						t.Error(err)
					}
				})
			}
			contest.Wait()
			if got := succeeded.Load(); got != verb.want {
				t.Errorf("%d succeeded, want %d", got, verb.want)
			}
			if revoked := !active(t, m, id, now); revoked != (verb.want == 2) {
				t.Errorf("revoked by a replay: %v", revoked)
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
	if err := m.AddGrant(t.Context(), Grant{ID: id, CodeExpires: codeExpires, Expires: expires}, now); err != nil {
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
	for range MaxGrants - 1 {
		add(t, m, newID(), now.Add(time.Minute), now.Add(time.Hour), now)
	}
	if m.grants.Len() != MaxGrants {
		t.Errorf("%d grants, want %d", m.grants.Len(), MaxGrants)
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

// Covers AS5.
func TestALostRefreshCanBeRetried(t *testing.T) {
	t.Parallel()
	const first, second, third = 1, 2, 3
	type use struct {
		after  time.Duration
		number uint32
		want   uint32 // the next number, 0: a replay
	}
	for _, test := range []struct {
		name string
		uses []use
	}{
		{"at once", []use{{0, first, second}, {0, first, second}, {0, second, third}}},
		{"until the window ends", []use{{0, first, second}, {RetryWindow - 1, first, second}}},
		{"too late", []use{{0, first, second}, {RetryWindow, first, 0}}},
		{"twice", []use{{0, first, second}, {0, first, second}, {0, first, 0}}},
		{"after the next one was used", []use{{0, first, second}, {0, second, third}, {0, first, 0}}},
		{"again with the next one", []use{{0, first, second}, {0, first, second}, {0, second, third}, {0, second, third}, {0, second, 0}}},
		{"a number that was never valid", []use{{0, first, second}, {0, 0, 0}}},
		{"a number that is not valid yet", []use{{0, first, second}, {0, third, 0}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			now, m, id := time.Now(), NewMemory(), newID()
			add(t, m, id, now.Add(time.Minute), now.Add(time.Hour), now)
			if _, err := m.ConsumeCode(t.Context(), id, now); err != nil {
				t.Fatal(err)
			}
			for i, u := range test.uses {
				now = now.Add(u.after)
				_, checked := m.Refreshable(t.Context(), id, u.number, now)
				next, err := m.RotateRefresh(t.Context(), id, u.number, now)
				if (checked == nil) != (err == nil) || next != u.want || (u.want == 0) != errors.Is(err, ErrReplayed) {
					t.Errorf("use %d: number %d, %v, %v, want %d", i, next, checked, err, u.want)
				}
				if active(t, m, id, now) != (u.want != 0) {
					t.Errorf("use %d: active %v", i, u.want == 0)
				}
			}
		})
	}
}

// Covers AS7.
func TestUnusedClientsMakeRoom(t *testing.T) {
	t.Parallel()
	start := time.Now()
	m := NewMemory()
	register := func(id string, now time.Time) error {
		return m.AddClient(t.Context(), Client{ID: id, Expires: start.Add(24 * time.Hour)}, now)
	}
	for i := range MaxClients {
		if err := register(fmt.Sprint(i), start.Add(time.Duration(i))); err != nil {
			t.Fatal(err)
		}
	}
	if err := m.AddGrant(t.Context(), Grant{ID: newID(), ClientID: "0", Expires: start.Add(time.Hour)}, start); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		after time.Duration
		want  error
	}{
		{UnusedClientAge, ErrFull}, // the first client has a grant
		{UnusedClientAge + 1, nil},
		{UnusedClientAge + 1, ErrFull},
	} {
		if err := register("new", start.Add(test.after)); !errors.Is(err, test.want) {
			t.Errorf("after %s: %v, want %v", test.after, err, test.want)
		}
	}
	for id, want := range map[string]error{"0": nil, "1": ErrUnknown, "2": nil, "new": nil} {
		if _, err := m.Client(t.Context(), id, start.Add(UnusedClientAge+1)); !errors.Is(err, want) {
			t.Errorf("client %s: %v, want %v", id, err, want)
		}
	}
}

// Covers AS9.
func TestIDsHavePlacesOfTheirOwn(t *testing.T) {
	t.Parallel()
	now, m := time.Now(), NewMemory()
	consume := func(id, kind, owner string) error {
		return m.ConsumeID(t.Context(), UsedID{ID: id, Kind: kind, Owner: owner, Until: now.Add(time.Minute)}, now)
	}
	for i := range MaxIDsOfOwner {
		if err := consume(fmt.Sprint("a", i), "proof", "a"); err != nil {
			t.Fatal(err)
		}
	}
	for i := range MaxIDs - MaxIDsOfOwner - 1 {
		if err := consume(fmt.Sprint(i), "proof", ""); err != nil {
			t.Fatal(err)
		}
	}
	for _, test := range []struct {
		name, id, kind, owner string
		want                  error
	}{
		{"an owner who is over their share", "x", "proof", "a", ErrFull},
		{"a replay by another owner", "a1", "proof", "b", ErrReplayed},
		{"a replay as another kind", "a1", "assertion", "", ErrReplayed},
		{"another owner", "y", "proof", "b", nil},
		{"a kind that is full", "z", "proof", "c", ErrFull},
		{"another kind", "z", "assertion", "c", nil},
	} {
		if err := consume(test.id, test.kind, test.owner); !errors.Is(err, test.want) {
			t.Errorf("%s: %v, want %v", test.name, err, test.want)
		}
	}
	now = now.Add(time.Minute)
	if err := consume("x", "proof", "a"); err != nil {
		t.Errorf("after the others have ended: %v", err)
	}
	if len(m.ids.owners) != 1 || m.ids.kinds["proof"] != 1 {
		t.Errorf("counted %v, %v", m.ids.owners, m.ids.kinds)
	}
}
