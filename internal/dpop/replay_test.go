package dpop

import (
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

const testLifetime = time.Minute

var testStart = time.Unix(1_800_000_000, 0)

// after returns a time some seconds after the start of a test.
func after(seconds int) time.Time { return testStart.Add(time.Duration(seconds) * time.Second) }

// proofOf returns a proof of a key.
func proofOf(key, id string, issuedAt time.Time) *Proof {
	return &Proof{ID: key + " " + id, Thumbprint: key, IssuedAt: issuedAt, Until: issuedAt.Add(testLifetime)}
}

func seen(t *testing.T, r *Replays, p *Proof, now time.Time) bool {
	t.Helper()
	seen, err := r.Seen(t.Context(), p, now)
	if err != nil {
		t.Fatal(err)
	}
	return seen
}

// Covers RS18.
func TestReplays(t *testing.T) {
	t.Parallel()
	r := NewReplays(2, testLifetime)
	a, b, c := proofOf("k", "a", after(0)), proofOf("l", "b", after(0)), proofOf("m", "c", after(0))
	if seen(t, r, a, after(0)) || !seen(t, r, a, after(0)) || seen(t, r, b, after(0)) {
		t.Fatal("not each once")
	}
	if _, err := r.Seen(t.Context(), c, after(0)); !errors.Is(err, ErrFull) {
		t.Fatalf("full: %v", err)
	}
	if !seen(t, r, a, after(0)) {
		t.Fatal("a live one was forgotten")
	}
	if !seen(t, r, a, after(60)) {
		t.Fatal("forgotten in its last second")
	}
	if seen(t, r, proofOf("m", "d", after(63)), after(63)) || len(r.ids) != 1 || len(r.shares) != 1 {
		t.Fatalf("%d remembered after the others are due", len(r.ids))
	}
	const day = 24 * 60 * 60
	if seen(t, r, proofOf("k", "e", after(day)), after(day)) || len(r.ids) != 1 {
		t.Fatalf("%d remembered after a day", len(r.ids))
	}
}

// Covers RS18: what comes already due is remembered for a moment and then
// forgotten, so that memory stays bounded whatever the callers' clocks say.
func TestReplaysDueInThePast(t *testing.T) {
	t.Parallel()
	r := NewReplays(10, testLifetime)
	if past := proofOf("k", "b", after(-3600)); seen(t, r, past, after(0)) || !seen(t, r, past, after(0)) {
		t.Fatal("not once")
	}
	for i := range 5 {
		_ = seen(t, r, proofOf("k", strconv.Itoa(i), after(-3600)), after(i+1))
	}
	if n := len(r.ids); n > 1 {
		t.Fatalf("%d remembered", n)
	}
}

// Covers RS18: memory is flat however many proofs come.
func TestReplaysStayBounded(t *testing.T) {
	t.Parallel()
	r := NewReplays(1000, 5*time.Second)
	for i := range 20_000 {
		now := after(i / 100)
		_, _ = r.Seen(t.Context(), proofOf(strconv.Itoa(i%50), strconv.Itoa(i), now), now)
	}
	if len(r.ids) > 1000 || len(r.issued) > 10 || len(r.shares) > 50 {
		t.Fatalf("%d IDs, %d seconds, %d keys", len(r.ids), len(r.issued), len(r.shares))
	}
}

// Covers RS18.
func TestReplaysConcurrently(t *testing.T) {
	t.Parallel()
	r := NewReplays(1<<16, testLifetime)
	var first atomic.Int32
	var group sync.WaitGroup
	for range 1000 {
		group.Go(func() {
			if seen, err := r.Seen(t.Context(), proofOf("k", "a", after(0)), after(0)); err == nil && !seen {
				first.Add(1)
			}
		})
	}
	group.Wait()
	if first.Load() != 1 {
		t.Errorf("%d of 1000 were first", first.Load())
	}
}

// Covers RS18: a client that floods the cache, with one key or with many, shuts
// out itself and nobody else.
func TestReplaysAreShared(t *testing.T) {
	t.Parallel()
	const size = 10_000
	for _, keys := range []int{1, 9, 99} {
		t.Run(fmt.Sprint(keys, " keys"), func(t *testing.T) {
			t.Parallel()
			r := NewReplays(size, testLifetime)
			refused := 0
			for i := range 4 * size {
				_, err := r.Seen(t.Context(), proofOf(fmt.Sprint("flood ", i%keys), strconv.Itoa(i), after(0)), after(0))
				if err != nil && !errors.Is(err, ErrShare) {
					t.Fatal(err)
				}
				if err != nil {
					refused++
				}
			}
			if refused == 0 {
				t.Error("nothing was refused")
			}
			for i := range size / (keys + 1) / 2 {
				if seen(t, r, proofOf("honest", strconv.Itoa(i), after(0)), after(0)) {
					t.Fatal("a proof that was not used")
				}
			}
			if !seen(t, r, proofOf("flood 0", "0", after(0)), after(0)) {
				t.Error("a proof of the flood is accepted again")
			}
			const later = 100 // all are forgotten
			if seen(t, r, proofOf("flood 0", "later", after(later)), after(later)) || len(r.shares) != 1 {
				t.Errorf("%d keys are remembered", len(r.shares))
			}
		})
	}
}

// Covers RS18: a clock that goes ahead and back does not make a used proof valid
// again, nor does it shut out new ones for longer than a proof lives.
func TestReplaysWhenTheClockGoesBack(t *testing.T) {
	t.Parallel()
	for name, ahead := range map[string]int{"an hour": 3600, "a minute": 70, "years": 1 << 28} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := NewReplays(100, testLifetime)
			used := proofOf("k", "used", after(0))
			if seen(t, r, used, after(0)) {
				t.Fatal("seen at once")
			}
			_ = seen(t, r, proofOf("k", "ahead", after(ahead)), after(ahead))
			if !seen(t, r, used, after(1)) {
				t.Error("a used proof is accepted after the clock went back")
			}
			if fresh := proofOf("k", "fresh", after(2)); seen(t, r, fresh, after(2)) || !seen(t, r, fresh, after(2)) {
				t.Error("a new proof is not accepted once")
			}
			if len(r.ids) != 2 {
				t.Errorf("%d are remembered", len(r.ids))
			}
			_ = seen(t, r, proofOf("k", "later", after(200)), after(200))
			if len(r.ids) > 2 { // the one from ahead may stay until then
				t.Errorf("%d are remembered afterwards", len(r.ids))
			}
		})
	}
}

// Covers RS18: a longer lifetime does not make a used proof valid again.
func TestReplaysContinue(t *testing.T) {
	t.Parallel()
	r := NewReplays(2, testLifetime)
	used := proofOf("k", "used", after(0))
	_ = seen(t, r, used, after(0))
	_ = seen(t, r, proofOf("l", "other", after(100)), after(100)) // the first is forgotten
	r = NewReplays(10, 5*time.Minute).Continue(r)
	if !seen(t, r, used, after(101)) {
		t.Error("a used proof is accepted again")
	}
	r = NewReplays(10, time.Second).Continue(r)
	if !seen(t, r, proofOf("l", "other", after(100)), after(300)) {
		t.Error("the old lifetime is forgotten")
	}
	for i := range 4 {
		_ = seen(t, r, proofOf("k", strconv.Itoa(i), after(300)), after(300))
	}
}
