package dpop

import (
	"context"
	"errors"
	"math"
	"sync"
	"time"
)

// The errors of [Replays.Seen].
var (
	// ErrFull means that the cache holds as many live proofs as it may.
	ErrFull = errors.New("dpop: the replay cache is full")
	// ErrShare means that one key has used its share of the cache up. Only the
	// owner of that key causes it.
	ErrShare = errors.New("dpop: the key has used up its share of the replay cache")
)

// Replays remembers which proofs were used, for as long as each is valid. It is
// bounded: when it is full, new proofs are refused. To forget a live one instead
// would let it be used twice.
//
// A client that sends proof after proof could fill the cache for all others, so
// each key has a share: it may hold as many proofs as there are free places. One
// key alone gets half of the cache, n busy keys get an equal part each, and as
// large a part stays free for all others.
type Replays struct {
	mu       sync.Mutex
	max      int
	lifetime int64               // how many seconds a proof is remembered after its iat
	ids      map[string]struct{} // of live proofs
	shares   map[string]*share   // by the thumbprint of the key
	issued   map[int64][]use     // by the second of iat
	swept    int64               // proofs that were issued before this second are forgotten
	// Proofs that were issued in this second or before may have been forgotten.
	// They count as used: after the clock went ahead and back, they would be
	// valid once more.
	forgotten int64
}

// use is one use of a proof, and the share that it counts in.
type use struct {
	id    string
	share *share
}

// share is how many proofs of one key are remembered.
type share struct {
	thumbprint string
	held       int
}

// NewReplays makes a cache for max proofs, which are valid for a lifetime after
// their iat.
func NewReplays(max int, lifetime time.Duration) *Replays {
	return &Replays{
		max: max, lifetime: inSeconds(lifetime), forgotten: math.MinInt64,
		ids: map[string]struct{}{}, shares: map[string]*share{}, issued: map[int64][]use{},
	}
}

// inSeconds rounds up: neither iat nor a lifetime need be whole seconds.
func inSeconds(lifetime time.Duration) int64 { return int64(lifetime/time.Second) + 2 }

// Continue returns the old cache, with the size of r, which was not used yet. The
// lifetime of proofs can only grow. A proof that was forgotten counts as used,
// however long it would now be valid.
func (r *Replays) Continue(old *Replays) *Replays {
	old.mu.Lock()
	defer old.mu.Unlock()
	old.max, old.lifetime = r.max, max(r.lifetime, old.lifetime)
	return old
}

// Seen remembers that a proof is used now, and reports whether it was used
// before, in one atomic step.
func (r *Replays) Seen(_ context.Context, proof *Proof, at time.Time) (bool, error) {
	now := at.Unix()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sweep(now)
	second := max(proof.IssuedAt.Unix(), now-r.lifetime)
	if _, seen := r.ids[proof.ID]; seen || second <= r.forgotten {
		return true, nil
	}
	free := r.max - len(r.ids)
	if free <= 0 {
		return false, ErrFull
	}
	s := r.shares[proof.Thumbprint]
	if s == nil {
		s = &share{thumbprint: proof.Thumbprint}
		r.shares[proof.Thumbprint] = s
	}
	if s.held >= free {
		return false, ErrShare
	}
	s.held++
	r.ids[proof.ID] = struct{}{}
	r.issued[second] = append(r.issued[second], use{proof.ID, s})
	return false, nil
}

// sweep forgets the proofs that are valid no longer. Each is forgotten once, and
// each second looked at at most once, so a call costs little on average.
func (r *Replays) sweep(now int64) {
	oldest := now - r.lifetime
	switch {
	case oldest <= r.swept: // the same second, or the clock went back
	case oldest-r.swept > int64(len(r.issued)):
		for second := range r.issued {
			if second < oldest {
				r.forget(second)
			}
		}
	default:
		for second := r.swept; second < oldest; second++ {
			r.forget(second)
		}
	}
	r.swept = oldest
}

func (r *Replays) forget(second int64) {
	uses := r.issued[second]
	if len(uses) == 0 {
		return
	}
	for _, u := range uses {
		delete(r.ids, u.id)
		if u.share.held--; u.share.held == 0 {
			delete(r.shares, u.share.thumbprint)
		}
	}
	delete(r.issued, second)
	r.forgotten = max(r.forgotten, second)
}
