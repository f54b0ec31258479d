package dpop

import (
	"errors"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func seen(t *testing.T, r *Replays, id string, until time.Time) bool {
	t.Helper()
	seen, err := r.Seen(t.Context(), id, until)
	if err != nil {
		t.Fatal(err)
	}
	return seen
}

// Covers RS18.
func TestReplays(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := NewReplays(2, time.Now)
		until := time.Now().Add(time.Minute)
		if seen(t, r, "a", until) || !seen(t, r, "a", until) || seen(t, r, "b", until) {
			t.Fatal("not each once")
		}
		if _, err := r.Seen(t.Context(), "c", until); !errors.Is(err, ErrFull) {
			t.Fatalf("full: %v", err)
		}
		if !seen(t, r, "a", until) {
			t.Fatal("a live one was forgotten")
		}
		time.Sleep(time.Minute)
		if !seen(t, r, "a", until) {
			t.Fatal("forgotten in its last second")
		}
		time.Sleep(2 * time.Second)
		if seen(t, r, "c", time.Now().Add(time.Minute)) || len(r.until) != 1 {
			t.Fatalf("%d remembered after the others are due", len(r.until))
		}
		time.Sleep(24 * time.Hour)
		if seen(t, r, "a", time.Now()) || len(r.until) != 1 {
			t.Fatalf("%d remembered after a day", len(r.until))
		}
	})
}

// Covers RS18: what comes already due is remembered for a moment and then
// forgotten, so that memory stays bounded whatever the callers' clocks say.
func TestReplaysDueInThePast(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := NewReplays(10, time.Now)
		if seen(t, r, "a", time.Now()) {
			t.Fatal("seen")
		}
		if past := time.Now().Add(-time.Hour); seen(t, r, "b", past) || !seen(t, r, "b", past) {
			t.Fatal("not once")
		}
		for range 5 {
			time.Sleep(time.Second)
			_ = seen(t, r, "c", time.Now())
		}
		if n := len(r.until); n > 1 {
			t.Fatalf("%d remembered", n)
		}
	})
}

// Covers RS18: memory is flat however many proofs come.
func TestReplaysStayBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := NewReplays(1000, time.Now)
		for i := range 20_000 {
			if i%100 == 0 {
				time.Sleep(time.Second)
			}
			_, _ = r.Seen(t.Context(), strconv.Itoa(i), time.Now().Add(5*time.Second))
		}
		if len(r.until) > 1000 || len(r.due) > 10 {
			t.Fatalf("%d IDs, %d seconds", len(r.until), len(r.due))
		}
	})
}

// Covers RS18.
func TestReplaysConcurrently(t *testing.T) {
	t.Parallel()
	r := NewReplays(1<<16, time.Now)
	until := time.Now().Add(time.Minute)
	var first atomic.Int32
	var group sync.WaitGroup
	for range 1000 {
		group.Go(func() {
			if seen, err := r.Seen(t.Context(), "a", until); err == nil && !seen {
				first.Add(1)
			}
		})
	}
	group.Wait()
	if first.Load() != 1 {
		t.Errorf("%d of 1000 were first", first.Load())
	}
}
