package dpop

import (
	"context"
	"errors"
	"sync"
	"time"
)

// ErrFull is what [Replays.Seen] fails with when it holds as many live IDs as
// it may.
var ErrFull = errors.New("dpop: the replay cache is full")

// Replays remembers the IDs of proofs until they hold no longer. It is bounded:
// when it is full, new proofs are refused. To forget a live one instead would
// let it be used twice.
type Replays struct {
	now func() time.Time
	max int

	mu    sync.Mutex
	until map[string]int64   // ID to Unix second, the last in which it is live
	due   map[int64][]string // the same by second
	swept int64              // all seconds up to this one are forgotten
}

// NewReplays makes a cache for max IDs.
func NewReplays(max int, now func() time.Time) *Replays {
	return &Replays{now: now, max: max, until: map[string]int64{}, due: map[int64][]string{}}
}

// Seen remembers an ID and reports whether it was remembered already, in one
// atomic step.
func (r *Replays) Seen(_ context.Context, id string, until time.Time) (bool, error) {
	now := r.now().Unix()
	last := max(until.Unix()+1, now)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sweep(now)
	if _, seen := r.until[id]; seen {
		return true, nil
	}
	if len(r.until) >= r.max {
		return false, ErrFull
	}
	r.until[id] = last
	r.due[last] = append(r.due[last], id)
	return false, nil
}

// sweep forgets what is due before now. Each ID is forgotten once, and each
// second looked at at most once, so a call costs little on average.
func (r *Replays) sweep(now int64) {
	if now-1 <= r.swept {
		return
	}
	if now-r.swept > int64(len(r.due)) {
		for second := range r.due {
			if second < now {
				r.forget(second)
			}
		}
	} else {
		for second := r.swept; second < now; second++ {
			r.forget(second)
		}
	}
	r.swept = now - 1
}

func (r *Replays) forget(second int64) {
	for _, id := range r.due[second] {
		delete(r.until, id)
	}
	delete(r.due, second)
}
