package mcpauthtest

import (
	"sync"
	"time"
)

const (
	registrationBurst = 200
	registrationRate  = 10.0 // a second
	loginBurst        = 20
	loginRate         = 1.0
)

// limiter is a token bucket.
type limiter struct {
	burst, rate float64

	mu     sync.Mutex
	tokens float64
	at     time.Time
}

func newLimiter(burst, rate float64) *limiter {
	return &limiter{burst: burst, rate: rate, tokens: burst}
}

// allow takes one token, if there is one at now.
func (l *limiter) allow(now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if elapsed := now.Sub(l.at).Seconds(); !l.at.IsZero() && elapsed > 0 {
		l.tokens = min(l.burst, l.tokens+elapsed*l.rate)
	}
	l.at = now
	if l.tokens < 1 {
		return false
	}
	l.tokens--
	return true
}
