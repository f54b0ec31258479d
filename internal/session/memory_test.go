package session

import (
	"fmt"
	"strings"
	"sync"
	"testing"
)

func binder(t *testing.T, store Store) func(session, owner string) string {
	return func(session, owner string) string {
		holder, err := store.Bind(t.Context(), session, owner)
		if err != nil {
			t.Error(err)
		}
		return holder
	}
}

// Covers RS23.
func TestMemorySessions(t *testing.T) {
	t.Parallel()
	const size = 1000
	store := NewMemory(size)
	bind := binder(t, store)
	var mu sync.Mutex
	winners := map[string]bool{}
	var wg sync.WaitGroup
	for i := range 100 {
		wg.Go(func() {
			holder := bind("contended", fmt.Sprint("user ", i))
			mu.Lock()
			defer mu.Unlock()
			winners[holder] = true
		})
	}
	wg.Wait()
	if len(winners) != 1 {
		t.Errorf("one session has the owners %v", winners)
	}
	for i := range 20 * size {
		bind(fmt.Sprint("session ", i), "somebody")
		bind("contended", "") // in use, so it stays
	}
	if bind("contended", "") == "" {
		t.Error("a session in use was forgotten")
	}
	if bind("session 0", "") != "" || known(store) > size+32 {
		t.Errorf("%d sessions are remembered", known(store))
	}
	if bind("unknown", "") != "" || bind("unknown", "a") != "a" || bind("unknown", "b") != "a" {
		t.Error("looking has bound a session, or binding has not")
	}
}

// A session that was opened without a token is anybody's to take once, and never
// again, even if it was forgotten.
//
// Covers RS23.
func TestAnonymousSessions(t *testing.T) {
	t.Parallel()
	const size = 1000
	store := NewMemory(size)
	bind := binder(t, store)
	bind("forgotten", AnonymousOwner)
	bind("forgotten", "alice")
	for i := range 20 * size {
		bind(fmt.Sprint("owned ", i), "mallory")
	}
	if holder := bind("forgotten", ""); holder != "" {
		t.Errorf("a forgotten session is %q's", holder)
	}
	if bind("a", AnonymousOwner) != AnonymousOwner || bind("a", "") != AnonymousOwner || bind("a", "alice") != "alice" || bind("a", "bob") != "alice" || bind("a", AnonymousOwner) != "alice" {
		t.Error("the first with a token does not own it")
	}
	bind("used", AnonymousOwner)
	for i := range 20 * size {
		bind(fmt.Sprint("session ", i), AnonymousOwner)
		bind("used", "")
	}
	if bind("a", "") != "alice" || bind("used", "") != AnonymousOwner || bind("session 0", "") != "" || known(store) > 2*(size+32) {
		t.Errorf("after a flood: %q, %q, %d sessions", bind("a", ""), bind("used", ""), known(store))
	}
}

// known counts the sessions that a store remembers.
func known(m *Memory) (n int) {
	for i := range m.shards {
		n += m.shards[i].owned.Len() + m.shards[i].anonymous.Len()
	}
	return n
}

// Covers RS23: long names of owners do not take more memory than many short ones.
func TestMemoryIsBounded(t *testing.T) {
	t.Parallel()
	const size = 1000
	store := NewMemory(size)
	bind := binder(t, store)
	for i := range 2 * size {
		bind(fmt.Sprint("session ", i), strings.Repeat("o", 10*bytesPerSession))
	}
	if n := known(store); n > size/10+32 {
		t.Errorf("%d sessions with owners of 10 KiB are remembered", n)
	}
}
