// Package limit bounds how often something may happen.
package limit

import (
	"sync"
	"time"
)

// Bucket is a token bucket. It is safe for concurrent use.
type Bucket struct {
	burst, rate float64

	mu     sync.Mutex
	tokens float64
	at     time.Time
}

// NewBucket returns a full bucket that holds burst tokens and gains rate tokens
// a second.
func NewBucket(burst, rate float64) *Bucket {
	return &Bucket{burst: burst, rate: rate, tokens: burst}
}

// Allow takes one token and reports whether there was one at now.
func (b *Bucket) Allow(now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if elapsed := now.Sub(b.at).Seconds(); !b.at.IsZero() && elapsed > 0 {
		b.tokens = min(b.burst, b.tokens+elapsed*b.rate)
	}
	b.at = now
	if b.tokens < 1 {
		return false
	}
	b.tokens--
	return true
}
