package remote

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mcp-auth/go/internal/flight"
)

// Document is one remote document, cached. Nothing runs while nobody asks.
// All methods are safe for concurrent use.
type Document[T any] struct {
	config  Config[T]
	current atomic.Pointer[entry[T]] // nil: nothing fetched yet

	ctx    context.Context // of all fetches, ended by Close
	cancel context.CancelFunc
	done   sync.WaitGroup // the fetch goroutine

	mu       sync.Mutex   // never held while waiting
	flight   *fetching[T] // the fetch under way, if any
	closed   bool
	lastErr  error     // of the last fetch, nil if it succeeded
	failures int       // in a row
	retryAt  time.Time // no fetch begins before this
	forcedAt time.Time // no forced fetch begins before this
}

// entry is a snapshot and its time limits. It is never written to.
type entry[T any] struct {
	snapshot  Snapshot[T]
	refreshAt time.Time // from here on a newer one is fetched
	expiresAt time.Time // from here on it does not serve
}

// fetching is a fetch under way, shared by all callers that wait for it.
type fetching[T any] = flight.Flight[Snapshot[T]]

// New returns a document that is fetched on first use.
func New[T any](config Config[T]) *Document[T] {
	d := &Document[T]{config: config.withDefaults()}
	d.ctx, d.cancel = context.WithCancel(context.Background())
	return d
}

// Inherit takes over the value of another document, with its freshness. If
// outdated is set, a newer value is fetched as soon as one is asked for. It is
// called before the first use.
func (d *Document[T]) Inherit(from *Document[T], outdated bool) {
	e := from.current.Load()
	if e != nil && outdated {
		aged := *e
		aged.refreshAt = time.Time{}
		e = &aged
	}
	d.current.Store(e)
}

// Close ends a fetch under way and waits for it. Afterwards nothing is
// fetched; a value that is there serves until it expires.
func (d *Document[T]) Close() {
	d.mu.Lock()
	d.closed = true
	d.mu.Unlock()
	d.cancel()
	d.done.Wait()
}

// Get returns the document. With a usable value it returns at once; when most
// of its freshness is used up, or all of it, it has a newer one fetched
// meanwhile. Without one it waits for the fetch that all callers share, or
// fails at once within the cool-down of a failed one.
//
// The error is [*Error], or that of ctx if it ended the wait.
func (d *Document[T]) Get(ctx context.Context) (Snapshot[T], error) {
	now := d.config.Now()
	if e := d.serving(now); e != nil {
		return e.snapshot, nil
	}
	if err := ctx.Err(); err != nil {
		return Snapshot[T]{}, err
	}
	snapshot, f, err := d.join(now)
	if f == nil {
		return snapshot, err
	}
	return f.Wait(ctx)
}

// Peek is Get for a caller that can do without the document and knows the time:
// it never waits, and reports whether there is a usable value. Without one it
// has none fetched.
func (d *Document[T]) Peek(now time.Time) (Snapshot[T], bool) {
	e := d.serving(now)
	if e == nil {
		return Snapshot[T]{}, false
	}
	return e.snapshot, true
}

// serving returns the usable value, or nil. When most of its freshness is used
// up it has a newer one fetched.
func (d *Document[T]) serving(now time.Time) *entry[T] {
	e := d.current.Load()
	if e == nil || !now.Before(e.expiresAt) {
		return nil
	}
	if !now.Before(e.refreshAt) {
		d.refreshInBackground(now)
	}
	return e
}

// refreshInBackground starts a fetch if one is due. Who finds the lock taken
// leaves it to the holder: a caller with a usable value waits for nothing.
func (d *Document[T]) refreshInBackground(now time.Time) {
	if !d.mu.TryLock() {
		return
	}
	defer d.mu.Unlock()
	e := d.current.Load()
	if d.flight == nil && !d.closed && !now.Before(d.retryAt) && !now.Before(e.refreshAt) {
		d.start(now, false)
	}
}

// join returns the fetch to wait for, or else what to return without one.
func (d *Document[T]) join(now time.Time) (Snapshot[T], *fetching[T], error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if e := d.current.Load(); e != nil && now.Before(e.expiresAt) {
		return e.snapshot, nil, nil // arrived since
	}
	switch {
	case d.flight != nil:
		return Snapshot[T]{}, d.flight, nil
	case d.closed:
		return Snapshot[T]{}, nil, &Error{Err: ErrClosed}
	case now.Before(d.retryAt):
		return Snapshot[T]{}, nil, &Error{Err: d.lastErr, RetryAfter: d.retryAt.Sub(now)}
	}
	return Snapshot[T]{}, d.start(now, false), nil
}

// Refresh returns a document newer than seen, for a caller that misses
// something in it. If there is none yet it waits for a fetch, which all
// callers share and which begins at most once per cool-down. That fetch may
// have begun before the call: FetchedAt is when.
//
// With every error comes the value there is, if it is usable. The error is
// [*CoolingDownError] if no fetch may begin yet, [*Error] if the fetch failed, or
// the error of ctx if it ended the wait.
func (d *Document[T]) Refresh(ctx context.Context, seen Snapshot[T]) (Snapshot[T], error) {
	now := d.config.Now()
	if e := d.current.Load(); e.newer(seen, now) {
		return e.snapshot, nil
	}
	if err := ctx.Err(); err != nil {
		return d.usable(), err
	}
	snapshot, f, err := d.joinForced(seen, now)
	if f == nil {
		return snapshot, err
	}
	if snapshot, err = f.Wait(ctx); err != nil {
		return d.usable(), err
	}
	return snapshot, nil
}

func (d *Document[T]) joinForced(seen Snapshot[T], now time.Time) (Snapshot[T], *fetching[T], error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if e := d.current.Load(); e.newer(seen, now) {
		return e.snapshot, nil, nil
	}
	if d.flight != nil {
		return Snapshot[T]{}, d.flight, nil
	}
	if d.closed {
		return d.usable(), nil, &Error{Err: ErrClosed}
	}
	notBefore := d.forcedAt
	if d.retryAt.After(notBefore) {
		notBefore = d.retryAt
	}
	if now.Before(notBefore) {
		return d.usable(), nil, &CoolingDownError{Err: d.lastErr, RetryAfter: notBefore.Sub(now)}
	}
	return Snapshot[T]{}, d.start(now, true), nil
}

// newer reports whether e is usable and newer than seen.
func (e *entry[T]) newer(seen Snapshot[T], now time.Time) bool {
	return e != nil && e.snapshot.Version > seen.Version && now.Before(e.expiresAt)
}

// usable returns the value there is, zero if it does not serve any more.
func (d *Document[T]) usable() Snapshot[T] {
	if e := d.current.Load(); e != nil && d.config.Now().Before(e.expiresAt) {
		return e.snapshot
	}
	return Snapshot[T]{}
}

// start begins a fetch. The caller holds the lock and has made sure that none
// is under way and that the document is not closed.
func (d *Document[T]) start(now time.Time, forced bool) *fetching[T] {
	f := flight.New[Snapshot[T]]()
	d.flight = f
	if forced {
		d.forcedAt = now.Add(d.config.Cooldown)
	}
	d.done.Go(func() { d.run(f, now) })
	return f
}

// run is the fetch goroutine.
func (d *Document[T]) run(f *fetching[T], began time.Time) {
	start := time.Now()
	flight.Run(d.fetch, func(result Result[T], err error) {
		snapshot, failure := d.land(result, began, err)
		defer f.Land(snapshot, failure)
		if d.config.OnFetch != nil {
			d.config.OnFetch(Event{Duration: time.Since(start), Err: err, FetchedAt: d.usable().FetchedAt})
		}
	})
}

// fetch calls Fetch within its time limit.
func (d *Document[T]) fetch() (Result[T], error) {
	ctx, cancel := context.WithTimeout(d.ctx, d.config.FetchTimeout)
	defer cancel()
	result, err := d.config.Fetch(ctx)
	if err != nil && d.ctx.Err() != nil {
		return result, ErrClosed
	}
	return result, err
}

// land makes the outcome of a fetch the state of the document, and returns what
// its callers get.
func (d *Document[T]) land(result Result[T], began time.Time, err error) (Snapshot[T], error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.flight = nil
	d.lastErr = err
	if err != nil {
		d.failures++
		wait := d.config.cooldown(d.failures)
		// Counted from the end, or a server that hangs would be asked again
		// as soon as it had let the last one down.
		d.retryAt = d.config.Now().Add(wait)
		d.forcedAt = time.Time{} // a failure has answered nothing
		return Snapshot[T]{}, &Error{Err: err, RetryAfter: wait}
	}
	d.failures = 0
	e := d.newEntry(result, began)
	d.current.Store(e)
	return e.snapshot, nil
}

func (d *Document[T]) newEntry(result Result[T], began time.Time) *entry[T] {
	fresh := d.config.freshness(result)
	version := uint64(1)
	if e := d.current.Load(); e != nil {
		version = e.snapshot.Version + 1
	}
	return &entry[T]{
		snapshot:  Snapshot[T]{Value: result.Value, Version: version, FetchedAt: began},
		refreshAt: began.Add(fresh / 5 * 4),
		expiresAt: began.Add(fresh + d.config.MaxStale),
	}
}
