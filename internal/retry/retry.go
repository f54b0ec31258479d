// Package retry asks again when a failure may pass.
package retry

import (
	"context"
	"time"
)

const (
	// attempts is how often [Do] asks. Of a server that fails one answer in
	// twenty, one question in 400 fails twice, and one in 8,000 three times.
	attempts = 3
	// pauseBeforeLast is before the last attempt. The one before it follows at once: a
	// broken connection, or one bad instance behind a load balancer, is met once.
	pauseBeforeLast = 100 * time.Millisecond
)

// Do returns what ask returns, and asks again if that is a failure for which
// mayPass returns true: once at once, and once after a short pause. It is for
// questions that change nothing. All attempts share the time of ctx.
func Do[T any](ctx context.Context, mayPass func(error) bool, ask func(context.Context) (T, error)) (result T, err error) {
	for attempt := 1; ; attempt++ {
		result, err = ask(ctx)
		if err == nil || attempt == attempts || ctx.Err() != nil || !mayPass(err) {
			return result, err
		}
		if attempt == attempts-1 && !pause(ctx, pauseBeforeLast) {
			return result, err
		}
	}
}

// pause waits, and returns false if ctx ended first.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
