// Package remote caches one document that another server publishes. It never
// lets a reader with a usable value wait, asks the server at most as often as
// configured, whatever readers do, and outlives the server's failures.
package remote

import (
	"context"
	"errors"
	"fmt"
	"time"
)

const (
	defaultMinCooldown  = 250 * time.Millisecond
	defaultCooldown     = 5 * time.Second
	defaultFetchTimeout = 10 * time.Second
	defaultFresh        = 10 * time.Minute
	defaultMaxFresh     = 24 * time.Hour
)

// Config describes a [Document].
type Config[T any] struct {
	// Fetch gets the document. It runs in a goroutine of the Document, at most
	// one at a time, with a context that carries nothing of any caller, and
	// must return when that context ends. Required.
	Fetch func(ctx context.Context) (Result[T], error)
	// Now is the clock; nil means time.Now.
	Now func() time.Time

	// MinFresh and MaxFresh bound what the server says about freshness;
	// DefaultFresh stands in where it says nothing. 0 means Cooldown, 24 hours
	// and 10 minutes.
	MinFresh, MaxFresh, DefaultFresh time.Duration
	// Cooldown is how long no forced fetch begins after a forced one began that
	// succeeded; 0 means 5 seconds.
	Cooldown time.Duration
	// MinCooldown is how long no fetch begins after a failed one; 0 means 250
	// milliseconds. It doubles with each further failure, up to Cooldown.
	MinCooldown time.Duration
	// MaxStale is how long a value still serves after it stopped being fresh
	// when no newer one can be had; 0 means not at all.
	MaxStale time.Duration
	// FetchTimeout bounds one fetch; 0 means 10 seconds.
	FetchTimeout time.Duration
	// OnFetch, if set, is called after each fetch, before any caller that waits
	// for it goes on. It must be quick. No lock is held.
	OnFetch func(Event)
}

func (c Config[T]) withDefaults() Config[T] {
	setDefault(&c.Cooldown, defaultCooldown)
	setDefault(&c.MinCooldown, defaultMinCooldown)
	setDefault(&c.FetchTimeout, defaultFetchTimeout)
	setDefault(&c.DefaultFresh, defaultFresh)
	setDefault(&c.MaxFresh, defaultMaxFresh)
	setDefault(&c.MinFresh, c.Cooldown)
	if c.Now == nil {
		c.Now = time.Now
	}
	return c
}

// cooldown returns how long no fetch begins after so many failures in a row.
func (c *Config[T]) cooldown(failures int) time.Duration {
	d := c.MinCooldown
	for range failures - 1 {
		if d >= c.Cooldown {
			break
		}
		d *= 2
	}
	return min(d, c.Cooldown)
}

func setDefault(d *time.Duration, to time.Duration) {
	if *d <= 0 {
		*d = to
	}
}

// freshness is how long r is taken to be fresh.
func (c *Config[T]) freshness(r Result[T]) time.Duration {
	d := c.DefaultFresh
	if r.HasFreshFor {
		d = r.FreshFor
	}
	return max(c.MinFresh, min(c.MaxFresh, d))
}

// Result is what a fetch brings.
type Result[T any] struct {
	Value T
	// FreshFor is how long the server calls the value fresh, if HasFreshFor.
	FreshFor    time.Duration
	HasFreshFor bool
}

// Snapshot is one state of a document.
type Snapshot[T any] struct {
	Value T
	// Version grows with every fetch that succeeds; 0 means no value.
	Version uint64
	// FetchedAt is when the fetch began: the value is at least that recent.
	FetchedAt time.Time
}

// Event reports one finished fetch.
type Event struct {
	Duration time.Duration
	Err      error // nil on success
	// FetchedAt is that of the value that serves now, zero if none does.
	FetchedAt time.Time
}

// ErrClosed is the cause after Close.
var ErrClosed = errors.New("closed")

// Error says that there is no usable value, or that a forced fetch failed. If
// Fetch panicked, it wraps a *panics.Error.
type Error struct {
	Err        error         // why the last fetch failed
	RetryAfter time.Duration // when the next one may begin, from now
}

// Error is the text of the cause, which names the document.
func (e *Error) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// CoolingDownError says that [Document.Refresh] did not fetch because it, or a
// fetch that failed, did so a moment ago.
type CoolingDownError struct {
	Err        error         // why the last fetch failed, nil if it did not
	RetryAfter time.Duration // when the next one may begin, from now
}

// Error says why, and how long to wait.
func (e *CoolingDownError) Error() string {
	if e.Err != nil {
		return fmt.Sprintf("%s; the next attempt is in %s at the earliest", e.Err, e.RetryAfter)
	}
	return fmt.Sprintf("fetched a moment ago, and again in %s at the earliest", e.RetryAfter)
}

// Unwrap returns the cause, if any.
func (e *CoolingDownError) Unwrap() error { return e.Err }
