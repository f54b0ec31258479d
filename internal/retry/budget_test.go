package retry

import (
	"sync"
	"testing"
)

// A server that fails for long is asked little more than before, one that fails at
// times as often as it fails.
func TestBudget(t *testing.T) {
	t.Parallel()
	var b Budget
	spent := 0
	for b.Spend() {
		spent++
	}
	if spent != 20 {
		t.Errorf("%d retries without an answer, want 20", spent)
	}
	for range 50 {
		b.Earn()
	}
	for spent = 0; b.Spend(); spent++ {
	}
	if spent != 10 {
		t.Errorf("%d retries after 50 answers, want 10", spent)
	}
	for range 1000 { // one in ten fails
		for range 10 {
			b.Earn()
		}
		if !b.Spend() {
			t.Fatal("no retry for one failure in ten")
		}
	}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 1000 {
				b.Earn()
				b.Spend()
			}
		})
	}
	all.Wait()
	if left := b.spent.Load(); left < 0 || left > maxBudget {
		t.Errorf("%d spent", left)
	}
}
