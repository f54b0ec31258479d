package remote

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mcp-auth/go/internal/flight"
	"github.com/mcp-auth/go/internal/panics"
)

// server is the remote side: what it answers, how slowly, and how often it was
// asked. Its fields are set while no fetch is under way.
type server struct {
	mu       sync.Mutex
	value    string
	err      error
	delay    time.Duration // how long an answer takes, if not cut off
	hang     bool          // never answers
	freshFor time.Duration // 0: the server does not say
	starts   []time.Time
	active   atomic.Int32
}

var (
	errDown  = errors.New("server is down")
	errEmpty = errors.New("the answer is empty")
)

func (s *server) set(change func(*server)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(s)
}

func (s *server) fetches() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.starts)
}

func (s *server) fetch(ctx context.Context) (Result[string], error) {
	if s.active.Add(1) > 1 {
		panic("two fetches at a time")
	}
	defer s.active.Add(-1)
	s.mu.Lock()
	s.starts = append(s.starts, time.Now())
	delay, hang := s.delay, s.hang
	s.mu.Unlock()
	if hang {
		<-ctx.Done()
		return Result[string]{}, ctx.Err()
	}
	select {
	case <-time.After(delay):
	case <-ctx.Done():
		return Result[string]{}, ctx.Err()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil && s.value == "" {
		return Result[string]{}, errEmpty
	}
	return Result[string]{Value: s.value, FreshFor: s.freshFor, HasFreshFor: s.freshFor != 0}, s.err
}

// document is the configuration of most tests: fresh for 10 minutes, stale for
// 24 hours more, 5 seconds to cool down, 10 for a fetch. An empty string is a
// failure.
func (s *server) document(t testing.TB, change ...func(*Config[string])) *Document[string] {
	t.Helper()
	config := Config[string]{
		Fetch:        s.fetch,
		MinFresh:     time.Minute,
		MaxFresh:     time.Hour,
		DefaultFresh: 10 * time.Minute,
		Cooldown:     5 * time.Second,
		MinCooldown:  5 * time.Second,
		MaxStale:     24 * time.Hour,
		FetchTimeout: 10 * time.Second,
	}
	for _, c := range change {
		c(&config)
	}
	d := New(config)
	t.Cleanup(d.Close)
	return d
}

// bubble runs f with fake time and a server that answers "v1" within a second.
func bubble(t *testing.T, f func(t *testing.T, s *server)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f(t, &server{value: "v1", delay: time.Second})
	})
}

// takes calls f and fails unless it takes exactly d of fake time.
func takes(t testing.TB, d time.Duration, f func()) {
	t.Helper()
	start := time.Now()
	f()
	if got := time.Since(start); got != d {
		t.Errorf("it took %s, want %s", got, d)
	}
}

// get fails unless the document is value, at once.
func get(t testing.TB, d *Document[string], value string) Snapshot[string] {
	t.Helper()
	var snapshot Snapshot[string]
	takes(t, 0, func() {
		var err error
		if snapshot, err = d.Get(t.Context()); err != nil || snapshot.Value != value {
			t.Errorf("Get: %q, %v, want %q", snapshot.Value, err, value)
		}
	})
	return snapshot
}

// load waits for the first value.
func load(t testing.TB, d *Document[string]) Snapshot[string] {
	t.Helper()
	snapshot, err := d.Get(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return snapshot
}

func wantFetches(t testing.TB, s *server, want int) {
	t.Helper()
	if got := s.fetches(); got != want {
		t.Errorf("%d fetches, want %d", got, want)
	}
}

func wantUnavailable(t testing.TB, err, cause error, retryAfter time.Duration) {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) {
		t.Fatalf("error is %T (%v), want *Error", err, err)
	}
	if !errors.Is(err, cause) || e.RetryAfter != retryAfter {
		t.Errorf("error is %v with RetryAfter %s, want %v with %s", err, e.RetryAfter, cause, retryAfter)
	}
}

func wantCoolingDown(t testing.TB, err, cause error, retryAfter time.Duration) {
	t.Helper()
	var e *CoolingDownError
	if !errors.As(err, &e) {
		t.Fatalf("error is %T (%v), want *CoolingDownError", err, err)
	}
	if !errors.Is(e.Err, cause) || e.RetryAfter != retryAfter {
		t.Errorf("error is %v with RetryAfter %s, want %v with %s", err, e.RetryAfter, cause, retryAfter)
	}
	var unavailable *Error
	if errors.As(err, &unavailable) {
		t.Error("the error is a *Error as well")
	}
}

// Covers RS21.
func TestConcurrentFirstRequestsShareOneFetch(t *testing.T) {
	bubble(t, func(t *testing.T, s *server) {
		d := s.document(t)
		wantFetches(t, s, 0)
		var all sync.WaitGroup
		for range 1000 {
			all.Go(func() {
				takes(t, time.Second, func() {
					snapshot, err := d.Get(t.Context())
					if err != nil || snapshot.Value != "v1" || snapshot.Version != 1 {
						t.Errorf("%+v, %v", snapshot, err)
					}
				})
			})
		}
		all.Wait()
		wantFetches(t, s, 1)
	})
}

func TestConcurrentFirstRequestsShareOneFailure(t *testing.T) {
	bubble(t, func(t *testing.T, s *server) {
		s.err = errDown
		d := s.document(t)
		var all sync.WaitGroup
		for range 1000 {
			all.Go(func() {
				takes(t, time.Second, func() {
					_, err := d.Get(t.Context())
					wantUnavailable(t, err, errDown, 5*time.Second)
				})
			})
		}
		all.Wait()
		wantFetches(t, s, 1)
	})
}

func TestFreshValueIsNotFetchedAgain(t *testing.T) {
	bubble(t, func(t *testing.T, s *server) {
		d := s.document(t)
		start := time.Now()
		if first := load(t, d); !first.FetchedAt.Equal(start) {
			t.Errorf("FetchedAt is %s, want when the fetch began, %s", first.FetchedAt, start)
		}
		for time.Since(start) < 8*time.Minute-time.Second {
			get(t, d, "v1")
			time.Sleep(time.Second)
		}
		wantFetches(t, s, 1)
	})
}

// With most of the freshness used up a request has it renewed, and neither it
// nor any other one waits.
func TestRefreshInBackgroundBeforeExpiry(t *testing.T) {
	bubble(t, func(t *testing.T, s *server) {
		d := s.document(t)
		first := load(t, d)
		time.Sleep(time.Until(first.FetchedAt.Add(8 * time.Minute)))
		s.set(func(s *server) { s.value = "v2" })
		var all sync.WaitGroup
		for range 1000 {
			all.Go(func() { get(t, d, "v1") })
		}
		all.Wait()
		synctest.Wait()
		wantFetches(t, s, 2)
		time.Sleep(time.Second)
		synctest.Wait()
		second := get(t, d, "v2")
		if second.Version != 2 || !second.FetchedAt.Equal(first.FetchedAt.Add(8*time.Minute)) {
			t.Errorf("%+v", second)
		}
		wantFetches(t, s, 2)
	})
}

// Who saw the value due, but comes after its renewal, starts no other.
func TestLateReaderStartsNothing(t *testing.T) {
	bubble(t, func(t *testing.T, s *server) {
		d := s.document(t)
		load(t, d)
		d.refreshInBackground(time.Now())
		synctest.Wait()
		wantFetches(t, s, 1)
	})
}

// Nobody asks, nothing is fetched; the first to ask gets the stale value.
func TestIdleDocumentIsLeftAlone(t *testing.T) {
	bubble(t, func(t *testing.T, s *server) {
		d := s.document(t)
		load(t, d)
		time.Sleep(20 * time.Hour)
		wantFetches(t, s, 1)
		s.set(func(s *server) { s.value = "v2" })
		get(t, d, "v1")
		time.Sleep(time.Second)
		synctest.Wait()
		get(t, d, "v2")
		wantFetches(t, s, 2)
	})
}

func TestFreshnessBounds(t *testing.T) {
	t.Parallel()
	config := (&Config[int]{MinFresh: time.Minute, MaxFresh: time.Hour, DefaultFresh: 10 * time.Minute}).withDefaults()
	for _, tt := range []struct {
		name   string
		result Result[int]
		want   time.Duration
	}{
		{"the server does not say", Result[int]{FreshFor: time.Second}, 10 * time.Minute},
		{"as the server says", Result[int]{FreshFor: 5 * time.Minute, HasFreshFor: true}, 5 * time.Minute},
		{"no-store", Result[int]{HasFreshFor: true}, time.Minute},
		{"negative", Result[int]{FreshFor: -time.Hour, HasFreshFor: true}, time.Minute},
		{"too long", Result[int]{FreshFor: 1 << 62, HasFreshFor: true}, time.Hour},
	} {
		if got := config.freshness(tt.result); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}

func TestFreshnessFromTheServer(t *testing.T) {
	bubble(t, func(t *testing.T, s *server) {
		s.freshFor = 5 * time.Minute
		d := s.document(t)
		first := load(t, d)
		time.Sleep(time.Until(first.FetchedAt.Add(4*time.Minute - 1)))
		get(t, d, "v1")
		synctest.Wait()
		wantFetches(t, s, 1)
		time.Sleep(time.Nanosecond)
		get(t, d, "v1")
		synctest.Wait()
		wantFetches(t, s, 2)
	})
}

func TestDefaults(t *testing.T) {
	t.Parallel()
	c := Config[int]{}.withDefaults()
	if c.Cooldown != 5*time.Second || c.MinCooldown != 250*time.Millisecond || c.FetchTimeout != 10*time.Second || c.MinFresh != 5*time.Second ||
		c.DefaultFresh != 10*time.Minute || c.MaxFresh != 24*time.Hour || c.MaxStale != 0 || c.Now == nil {
		t.Errorf("%+v", c)
	}
}

// A server that fails, in whatever way, is outlived for MaxStale, asked at most
// once per cool-down, and back with its first good answer.
// Covers RS21.
func TestOutage(t *testing.T) {
	t.Parallel()
	for name, breaks := range map[string]func(*server){
		"refuses":        func(s *server) { s.err, s.delay = errDown, 0 },
		"fails slowly":   func(s *server) { s.err, s.delay = errDown, 3*time.Second },
		"hangs":          func(s *server) { s.hang = true },
		"has nothing":    func(s *server) { s.value, s.delay = "", 0 },
		"serves garbage": func(s *server) { s.value, s.err, s.delay = "garbage", errors.New("not a document"), time.Millisecond },
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, s *server) {
				d := s.document(t)
				first := load(t, d)
				s.set(breaks)
				until := func(at time.Duration, value string) {
					for time.Since(first.FetchedAt) < at {
						get(t, d, value)
						time.Sleep(time.Second)
					}
				}
				until(30*time.Minute, "v1")
				checkSpacing(t, s, 5*time.Second)
				if n := s.fetches(); n < 22*60/16 {
					t.Errorf("%d fetches in 22 minutes: the server was given up", n)
				}
				s.set(func(s *server) { s.value, s.err, s.hang, s.delay = "v2", nil, false, time.Second })
				back := time.Now()
				for {
					snapshot, err := d.Get(t.Context())
					if err != nil {
						t.Fatal(err)
					}
					if snapshot.Value == "v2" {
						break
					}
					time.Sleep(100 * time.Millisecond)
				}
				// At worst a fetch has just begun to hang.
				if d := time.Since(back); d > 17*time.Second {
					t.Errorf("it took %s to come back", d)
				}
			})
		})
	}
}

// checkSpacing fails if fetches after the first began less than d apart.
func checkSpacing(t testing.TB, s *server, d time.Duration) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := 2; i < len(s.starts); i++ {
		if gap := s.starts[i].Sub(s.starts[i-1]); gap < d {
			t.Errorf("fetches %d and %d are %s apart, want at least %s", i-1, i, gap, d)
		}
	}
}

// Covers RS21.
func TestTooStaleIsNotServed(t *testing.T) {
	bubble(t, func(t *testing.T, s *server) {
		d := s.document(t)
		first := load(t, d)
		s.set(func(s *server) { s.err, s.delay = errDown, 0 })
		end := first.FetchedAt.Add(10*time.Minute + 24*time.Hour)
		time.Sleep(time.Until(end) - 1)
		get(t, d, "v1")
		synctest.Wait() // that one began a fetch, which failed
		wantFetches(t, s, 2)
		time.Sleep(time.Nanosecond)
		takes(t, 0, func() {
			snapshot, err := d.Get(t.Context())
			wantUnavailable(t, err, errDown, 5*time.Second-1)
			if snapshot.Version != 0 || snapshot.Value != "" {
				t.Errorf("served %+v", snapshot)
			}
			snapshot, err = d.Refresh(t.Context(), first)
			wantCoolingDown(t, err, errDown, 5*time.Second-1)
			if snapshot.Version != 0 {
				t.Errorf("Refresh served %+v", snapshot)
			}
		})
		time.Sleep(5 * time.Second)
		snapshot, err := d.Refresh(t.Context(), first)
		wantUnavailable(t, err, errDown, 5*time.Second)
		if snapshot.Version != 0 {
			t.Errorf("Refresh served %+v", snapshot)
		}
		// The first good answer is waited for again, and is a later version.
		s.set(func(s *server) { s.err, s.value, s.delay = nil, "v2", time.Second })
		time.Sleep(5 * time.Second)
		takes(t, time.Second, func() {
			if snapshot := load(t, d); snapshot.Value != "v2" || snapshot.Version != 2 {
				t.Errorf("%+v", snapshot)
			}
		})
	})
}

func TestWithoutMaxStale(t *testing.T) {
	bubble(t, func(t *testing.T, s *server) {
		d := s.document(t, func(c *Config[string]) { c.MaxStale = 0 })
		first := load(t, d)
		time.Sleep(time.Until(first.FetchedAt.Add(10 * time.Minute)))
		s.set(func(s *server) { s.value = "v2" })
		takes(t, time.Second, func() {
			if snapshot := load(t, d); snapshot.Value != "v2" {
				t.Errorf("%+v", snapshot)
			}
		})
	})
}

func TestFailureIsRememberedForThoseWithoutValue(t *testing.T) {
	bubble(t, func(t *testing.T, s *server) {
		s.err = errDown
		d := s.document(t)
		_, err := d.Get(t.Context())
		wantUnavailable(t, err, errDown, 5*time.Second)
		for left := 5 * time.Second; left > 0; left -= time.Second {
			takes(t, 0, func() {
				_, err := d.Get(t.Context())
				wantUnavailable(t, err, errDown, left)
				_, err = d.Refresh(t.Context(), Snapshot[string]{})
				wantCoolingDown(t, err, errDown, left)
			})
			time.Sleep(time.Second)
		}
		wantFetches(t, s, 1)
		s.set(func(s *server) { s.err = nil })
		takes(t, time.Second, func() { load(t, d) })
		wantFetches(t, s, 2)
	})
}

func TestEmptyFirstAnswer(t *testing.T) {
	bubble(t, func(t *testing.T, s *server) {
		s.value = ""
		d := s.document(t)
		_, err := d.Get(t.Context())
		wantUnavailable(t, err, errEmpty, 5*time.Second)
		s.set(func(s *server) { s.value = "v1" })
		takes(t, 0, func() {
			_, err := d.Get(t.Context())
			wantUnavailable(t, err, errEmpty, 5*time.Second)
		})
		time.Sleep(5 * time.Second)
		load(t, d)
		wantFetches(t, s, 2)
	})
}

func TestHangingServerIsCutOff(t *testing.T) {
	bubble(t, func(t *testing.T, s *server) {
		s.hang = true
		d := s.document(t)
		takes(t, 10*time.Second, func() {
			_, err := d.Get(t.Context())
			wantUnavailable(t, err, context.DeadlineExceeded, 5*time.Second)
		})
	})
}

// Covers RS21.
func TestCanceledCallerFailsNobodyElse(t *testing.T) {
	bubble(t, func(t *testing.T, s *server) {
		d := s.document(t)
		var all sync.WaitGroup
		ctx, cancel := context.WithCancel(t.Context())
		all.Go(func() {
			takes(t, 300*time.Millisecond, func() {
				if _, err := d.Get(ctx); !errors.Is(err, context.Canceled) {
					t.Errorf("error is %v", err)
				}
			})
		})
		synctest.Wait()
		for i := range 10 {
			all.Go(func() {
				limit := time.Duration(i+1) * 50 * time.Millisecond
				ctx, cancel := context.WithTimeout(t.Context(), limit)
				defer cancel()
				takes(t, limit, func() {
					if _, err := d.Get(ctx); !errors.Is(err, context.DeadlineExceeded) {
						t.Errorf("error is %v", err)
					}
				})
			})
			all.Go(func() {
				takes(t, time.Second, func() {
					if snapshot, err := d.Get(t.Context()); err != nil || snapshot.Value != "v1" {
						t.Errorf("%+v, %v", snapshot, err)
					}
				})
			})
		}
		time.Sleep(300 * time.Millisecond)
		cancel()
		all.Wait()
		wantFetches(t, s, 1)
	})
}

// Even when all give up, what is under way arrives.
func TestFetchOutlivesItsCallers(t *testing.T) {
	bubble(t, func(t *testing.T, s *server) {
		d := s.document(t)
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		if _, err := d.Get(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error is %v", err)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		get(t, d, "v1")
	})
}

func TestEndedContext(t *testing.T) {
	bubble(t, func(t *testing.T, s *server) {
		d := s.document(t)
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := d.Get(ended); !errors.Is(err, context.Canceled) {
			t.Errorf("error is %v", err)
		}
		if _, err := d.Refresh(ended, Snapshot[string]{}); !errors.Is(err, context.Canceled) {
			t.Errorf("error is %v", err)
		}
		wantFetches(t, s, 0)
		first := load(t, d)
		if snapshot, err := d.Get(ended); err != nil || snapshot != first {
			t.Errorf("a value that is there is not served: %+v, %v", snapshot, err)
		}
		if snapshot, err := d.Refresh(ended, first); !errors.Is(err, context.Canceled) || snapshot != first {
			t.Errorf("%+v, %v", snapshot, err)
		}
		wantFetches(t, s, 1)
	})
}

// The values of a caller's context do not reach the fetch it shares.
func TestFetchContextIsTheDocuments(t *testing.T) {
	bubble(t, func(t *testing.T, s *server) {
		type key struct{}
		ctx := context.WithValue(t.Context(), key{}, "caller's")
		d := s.document(t, func(c *Config[string]) {
			c.Fetch = func(ctx context.Context) (Result[string], error) {
				deadline, ok := ctx.Deadline()
				if ctx.Value(key{}) != nil || !ok || time.Until(deadline) != 10*time.Second {
					t.Errorf("fetch's context has value %v and deadline %s, %t", ctx.Value(key{}), deadline, ok)
				}
				return s.fetch(ctx)
			}
		})
		if _, err := d.Get(ctx); err != nil {
			t.Error(err)
		}
	})
}

func TestOwnClock(t *testing.T) {
	bubble(t, func(t *testing.T, s *server) {
		now := time.Date(2001, 1, 1, 0, 0, 0, 0, time.UTC)
		var mu sync.Mutex
		d := s.document(t, func(c *Config[string]) {
			c.Now = func() time.Time { mu.Lock(); defer mu.Unlock(); return now }
		})
		if first := load(t, d); !first.FetchedAt.Equal(now) {
			t.Errorf("FetchedAt is %s", first.FetchedAt)
		}
		get(t, d, "v1")
		wantFetches(t, s, 1)
		mu.Lock()
		now = now.Add(9 * time.Minute)
		mu.Unlock()
		get(t, d, "v1")
		synctest.Wait()
		wantFetches(t, s, 2)
	})
}

// Peek neither waits nor fetches for want of a value, but keeps one fresh.
func TestPeek(t *testing.T) {
	bubble(t, func(t *testing.T, s *server) {
		d := s.document(t)
		if snap, ok := d.Peek(time.Now()); ok {
			t.Errorf("a value out of nothing: %v", snap)
		}
		synctest.Wait()
		wantFetches(t, s, 0)
		first := load(t, d)
		if snap, ok := d.Peek(time.Now()); !ok || snap != first {
			t.Errorf("got %v, %v; want %v", snap, ok, first)
		}
		time.Sleep(9 * time.Minute)
		if snap, ok := d.Peek(time.Now()); !ok || snap != first {
			t.Errorf("while a newer one is fetched: %v, %v", snap, ok)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		wantFetches(t, s, 2)
		time.Sleep(25 * time.Hour)
		if snap, ok := d.Peek(time.Now()); ok {
			t.Errorf("an expired value: %v", snap)
		}
		synctest.Wait()
		wantFetches(t, s, 2)
	})
}

func TestEvents(t *testing.T) {
	bubble(t, func(t *testing.T, s *server) {
		var events []Event // the fetch goroutine writes, and ends before we read
		d := s.document(t, func(c *Config[string]) { c.OnFetch = func(e Event) { events = append(events, e) } })
		first := load(t, d)
		s.set(func(s *server) { s.value = "" })
		d.Refresh(t.Context(), first)
		time.Sleep(5 * time.Second)
		s.set(func(s *server) { s.hang = true })
		d.Refresh(t.Context(), first)
		time.Sleep(10 * time.Minute)
		s.set(func(s *server) { s.hang, s.value = false, "v2" })
		get(t, d, "v1")
		time.Sleep(time.Second)
		synctest.Wait()
		began := first.FetchedAt
		latest, _ := d.Peek(time.Now())
		want := []Event{
			{time.Second, nil, began},
			{time.Second, errEmpty, began},
			{10 * time.Second, context.DeadlineExceeded, began},
			{time.Second, nil, latest.FetchedAt},
		}
		if !latest.FetchedAt.After(began) {
			t.Errorf("the last fetch began at %s, the first at %s", latest.FetchedAt, began)
		}
		if fmt.Sprint(events) != fmt.Sprint(want) {
			t.Errorf("events are %v, want %v", events, want)
		}
	})
}

// A panic, or the end of the goroutine, is a failure and no more.
func TestFetchThatDoesNotReturn(t *testing.T) {
	bubble(t, func(t *testing.T, s *server) {
		var misbehave func()
		d := s.document(t, func(c *Config[string]) {
			c.Fetch = func(ctx context.Context) (Result[string], error) {
				if misbehave != nil {
					misbehave()
				}
				return s.fetch(ctx)
			}
		})
		misbehave = func() { panic("boom") }
		_, err := d.Get(t.Context())
		var p *panics.Error
		if !errors.As(err, &p) || p.Value != "boom" || len(p.Stack) == 0 {
			t.Errorf("error is %v", err)
		}
		wantUnavailable(t, err, p, 5*time.Second)
		time.Sleep(5 * time.Second)
		misbehave = runtime.Goexit
		_, err = d.Get(t.Context())
		wantUnavailable(t, err, flight.ErrNoReturn, 5*time.Second)
		time.Sleep(5 * time.Second)
		misbehave = nil
		load(t, d)
	})
}

func TestErrorTexts(t *testing.T) {
	t.Parallel()
	for want, err := range map[string]error{
		"server is down": &Error{Err: errDown},
		"fetched a moment ago, and again in 2s at the earliest":     &CoolingDownError{RetryAfter: 2 * time.Second},
		"server is down; the next attempt is in 2s at the earliest": &CoolingDownError{Err: errDown, RetryAfter: 2 * time.Second},
		"x panicked with a value of type string":                    &Error{Err: &panics.Error{What: "x", Value: "boom"}},
		"fetched a moment ago, and again in 1s at the earliest":     &Error{Err: &CoolingDownError{RetryAfter: time.Second}},
	} {
		if got := err.Error(); got != want {
			t.Errorf("text is %q, want %q", got, want)
		}
	}
}

// A server that fails is asked again soon, and then ever more rarely; whoever has
// no value is not kept waiting for more than the failure was worth.
//
// Covers RS21.
func TestCooldownGrows(t *testing.T) {
	bubble(t, func(t *testing.T, s *server) {
		s.err, s.delay = errDown, 0
		d := s.document(t, func(c *Config[string]) { c.MinCooldown = 250 * time.Millisecond })
		fails := func(waits ...time.Duration) {
			t.Helper()
			for _, wait := range waits {
				_, err := d.Get(t.Context())
				wantUnavailable(t, err, errDown, wait)
				time.Sleep(wait - 1)
				_, err = d.Refresh(t.Context(), Snapshot[string]{})
				wantCoolingDown(t, err, errDown, 1)
				//lint:ignore SA1004 fake time
				time.Sleep(1)
			}
		}
		ms := time.Millisecond
		fails(250*ms, 500*ms, time.Second, 2*time.Second, 4*time.Second, 5*time.Second, 5*time.Second)
		wantFetches(t, s, 7)
		s.set(func(s *server) { s.err = nil })
		seen := load(t, d)
		s.set(func(s *server) { s.err = errDown })
		for _, wait := range []time.Duration{250 * ms, 500 * ms} { // a success counts from the beginning
			snapshot, err := d.Refresh(t.Context(), seen)
			wantUnavailable(t, err, errDown, wait)
			if snapshot != seen {
				t.Errorf("with the error came %+v, want %+v", snapshot, seen)
			}
			time.Sleep(wait)
		}
		s.set(func(s *server) { s.err = nil })
		seen, err := d.Refresh(t.Context(), seen)
		if err != nil {
			t.Fatal(err)
		}
		_, err = d.Refresh(t.Context(), seen)
		wantCoolingDown(t, err, nil, 5*time.Second)
	})
}
