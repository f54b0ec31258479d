package remote

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// After a rotation the first one to miss a key fetches at once, however recent
// the value is.
// Covers RS21.
func TestRefreshAtOnceAfterRotation(t *testing.T) {
	bubble(t, func(t *testing.T, s *server) {
		d := s.document(t)
		first := load(t, d)
		s.set(func(s *server) { s.value = "v2" })
		takes(t, time.Second, func() {
			snapshot, err := d.Refresh(t.Context(), first)
			if err != nil || snapshot.Value != "v2" || snapshot.Version != 2 {
				t.Errorf("%+v, %v", snapshot, err)
			}
		})
		get(t, d, "v2")
		wantFetches(t, s, 2)
	})
}

func TestRefreshReturnsWhatIsNewerAlready(t *testing.T) {
	bubble(t, func(t *testing.T, s *server) {
		d := s.document(t)
		first := load(t, d)
		s.set(func(s *server) { s.value = "v2" })
		second, _ := d.Refresh(t.Context(), first)
		takes(t, 0, func() {
			if snapshot, err := d.Refresh(t.Context(), first); err != nil || snapshot != second {
				t.Errorf("%+v, %v", snapshot, err)
			}
		})
		wantFetches(t, s, 2)
	})
}

func TestRefreshWithoutValue(t *testing.T) {
	bubble(t, func(t *testing.T, s *server) {
		d := s.document(t)
		takes(t, time.Second, func() {
			if snapshot, err := d.Refresh(t.Context(), Snapshot[string]{}); err != nil || snapshot.Value != "v1" {
				t.Errorf("%+v, %v", snapshot, err)
			}
		})
	})
}

// Covers RS21.
func TestConcurrentRefreshesShareOneFetch(t *testing.T) {
	bubble(t, func(t *testing.T, s *server) {
		d := s.document(t)
		first := load(t, d)
		s.set(func(s *server) { s.value = "v2" })
		var all sync.WaitGroup
		for range 1000 {
			all.Go(func() {
				takes(t, time.Second, func() {
					if snapshot, err := d.Refresh(t.Context(), first); err != nil || snapshot.Value != "v2" {
						t.Errorf("%+v, %v", snapshot, err)
					}
				})
			})
		}
		all.Wait()
		wantFetches(t, s, 2)
	})
}

// Whatever comes of a forced fetch, the next one has to wait.
// Covers RS21.
func TestCooldown(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change func(*server)
		cause  error
		left   time.Duration // to wait after the fetch, which takes a second
	}{
		"success": {func(*server) {}, nil, 4 * time.Second},
		"failure": {func(s *server) { s.err = errDown }, errDown, 5 * time.Second},
		"empty":   {func(s *server) { s.value = "" }, errEmpty, 5 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, s *server) {
				d := s.document(t)
				seen := load(t, d)
				s.set(tt.change)
				snapshot, err := d.Refresh(t.Context(), seen)
				if tt.cause == nil {
					seen = snapshot
				} else {
					wantUnavailable(t, err, tt.cause, 5*time.Second)
				}
				if snapshot != seen {
					t.Errorf("with the error came %+v, want %+v", snapshot, seen)
				}
				for left := tt.left; left > 0; left -= time.Second / 2 {
					takes(t, 0, func() {
						snapshot, err := d.Refresh(t.Context(), seen)
						wantCoolingDown(t, err, tt.cause, left)
						if snapshot != seen {
							t.Errorf("with the error came %+v, want %+v", snapshot, seen)
						}
					})
					get(t, d, "v1")
					time.Sleep(time.Second / 2)
				}
				wantFetches(t, s, 2)
				d.Refresh(t.Context(), seen)
				wantFetches(t, s, 3)
			})
		})
	}
}

// A failure is not mentioned any more once a fetch went well.
func TestCooldownForgetsFailure(t *testing.T) {
	bubble(t, func(t *testing.T, s *server) {
		d := s.document(t)
		seen := load(t, d)
		s.set(func(s *server) { s.err = errDown })
		_, err := d.Refresh(t.Context(), seen)
		wantUnavailable(t, err, errDown, 5*time.Second)
		s.set(func(s *server) { s.err = nil })
		time.Sleep(5 * time.Second)
		if seen, err = d.Refresh(t.Context(), seen); err != nil {
			t.Fatal(err)
		}
		_, err = d.Refresh(t.Context(), seen)
		wantCoolingDown(t, err, nil, 4*time.Second)
	})
}

// A value that is newer than seen, but expired, is none.
func TestRefreshOfExpiredValue(t *testing.T) {
	bubble(t, func(t *testing.T, s *server) {
		d := s.document(t)
		load(t, d)
		time.Sleep(25 * time.Hour)
		s.set(func(s *server) { s.value = "v2" })
		takes(t, time.Second, func() {
			if snapshot, err := d.Refresh(t.Context(), Snapshot[string]{}); err != nil || snapshot.Value != "v2" {
				t.Errorf("%+v, %v", snapshot, err)
			}
		})
	})
}

// A failed background refresh counts too.
func TestCooldownAfterBackgroundFailure(t *testing.T) {
	bubble(t, func(t *testing.T, s *server) {
		d := s.document(t)
		first := load(t, d)
		s.set(func(s *server) { s.err = errDown })
		time.Sleep(9 * time.Minute)
		get(t, d, "v1")
		time.Sleep(2 * time.Second) // the fetch takes one of them
		snapshot, err := d.Refresh(t.Context(), first)
		wantCoolingDown(t, err, errDown, 4*time.Second)
		if snapshot != first {
			t.Errorf("%+v", snapshot)
		}
		wantFetches(t, s, 2)
	})
}

// A regular refresh that went well does not keep the first unknown kid waiting.
func TestNoCooldownAfterBackgroundSuccess(t *testing.T) {
	bubble(t, func(t *testing.T, s *server) {
		d := s.document(t)
		load(t, d)
		time.Sleep(9 * time.Minute)
		get(t, d, "v1")
		time.Sleep(time.Second)
		synctest.Wait()
		second := get(t, d, "v1")
		s.set(func(s *server) { s.value = "v2" })
		if snapshot, err := d.Refresh(t.Context(), second); err != nil || snapshot.Value != "v2" {
			t.Errorf("%+v, %v", snapshot, err)
		}
	})
}

// A forced refresh is as good as a regular one.
func TestForcedRefreshCountsAsRegular(t *testing.T) {
	bubble(t, func(t *testing.T, s *server) {
		d := s.document(t)
		first := load(t, d)
		time.Sleep(7 * time.Minute)
		second, err := d.Refresh(t.Context(), first)
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Until(second.FetchedAt.Add(8*time.Minute)) - 1)
		get(t, d, "v1")
		synctest.Wait()
		wantFetches(t, s, 2)
	})
}

// Refresh joins the fetch that is under way instead of beginning another.
func TestRefreshJoinsBackgroundRefresh(t *testing.T) {
	bubble(t, func(t *testing.T, s *server) {
		d := s.document(t)
		first := load(t, d)
		s.set(func(s *server) { s.value = "v2" })
		time.Sleep(9 * time.Minute)
		get(t, d, "v1")
		time.Sleep(400 * time.Millisecond)
		takes(t, 600*time.Millisecond, func() {
			if snapshot, err := d.Refresh(t.Context(), first); err != nil || snapshot.Value != "v2" {
				t.Errorf("%+v, %v", snapshot, err)
			}
		})
		wantFetches(t, s, 2)
	})
}

func TestRefreshHonoursItsContext(t *testing.T) {
	bubble(t, func(t *testing.T, s *server) {
		d := s.document(t)
		first := load(t, d)
		s.set(func(s *server) { s.hang = true })
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		takes(t, time.Second, func() {
			snapshot, err := d.Refresh(ctx, first)
			if !errors.Is(err, context.DeadlineExceeded) || snapshot != first {
				t.Errorf("%+v, %v", snapshot, err)
			}
			var unavailable *Error
			if errors.As(err, &unavailable) {
				t.Error("the caller's own deadline is called an outage")
			}
		})
	})
}

// Unknown kids without end: the server is asked once per cool-down, whatever
// it answers; known kids never wait; and a rotation is seen within a cool-down.
// Covers RS21.
func TestFlood(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*server){
		"healthy": func(*server) {},
		"slow":    func(s *server) { s.delay = 4 * time.Second },
		"failing": func(s *server) { s.err = errDown },
		"hanging": func(s *server) { s.hang = true },
		"empty":   func(s *server) { s.value = "" },
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, s *server) {
				d := s.document(t)
				load(t, d)
				s.set(change)
				ctx, cancel := context.WithCancel(t.Context())
				var all sync.WaitGroup
				for range 50 {
					all.Go(func() {
						for ctx.Err() == nil {
							seen := get(t, d, "v1")
							d.Refresh(ctx, seen)
							time.Sleep(time.Duration(rand.IntN(1000)) * time.Millisecond)
						}
					})
				}
				for range 600 {
					get(t, d, "v1")
					time.Sleep(100 * time.Millisecond)
				}
				cancel()
				all.Wait()
				checkSpacing(t, s, 5*time.Second)
				if n := s.fetches(); n > 1+60/5+1 {
					t.Errorf("%d fetches in a minute", n)
				}
			})
		})
	}
}

// Covers RS21.
func TestRotationUnderFlood(t *testing.T) {
	bubble(t, func(t *testing.T, s *server) {
		s.delay = 50 * time.Millisecond
		d := s.document(t)
		load(t, d)
		ctx, cancel := context.WithCancel(t.Context())
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() {
				for ctx.Err() == nil {
					seen, _ := d.Get(ctx)
					d.Refresh(ctx, seen)
					time.Sleep(time.Duration(1+rand.IntN(50)) * time.Millisecond)
				}
			})
		}
		for range 12 {
			time.Sleep(time.Duration(rand.IntN(10_000)) * time.Millisecond)
			value := time.Now().String()
			s.set(func(s *server) { s.value = value })
			rotated := time.Now()
			for {
				snapshot, err := d.Get(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				if snapshot.Value == value {
					break
				}
				d.Refresh(t.Context(), snapshot)
				time.Sleep(10 * time.Millisecond)
			}
			if took := time.Since(rotated); took > 5*time.Second+100*time.Millisecond {
				t.Errorf("the rotation was seen after %s", took)
			}
		}
		cancel()
		all.Wait()
		checkSpacing(t, s, 5*time.Second)
	})
}

func TestClose(t *testing.T) {
	bubble(t, func(t *testing.T, s *server) {
		s.hang = true
		d := s.document(t)
		var all sync.WaitGroup
		for range 10 {
			all.Go(func() {
				takes(t, time.Second, func() {
					_, err := d.Get(t.Context())
					wantUnavailable(t, err, ErrClosed, 5*time.Second)
				})
			})
		}
		time.Sleep(time.Second)
		for range 2 {
			all.Go(func() {
				d.Close()
				if n := s.active.Load(); n != 0 {
					t.Errorf("%d fetches after Close", n)
				}
			})
		}
		all.Wait()
		_, err := d.Get(t.Context())
		wantUnavailable(t, err, ErrClosed, 0)
		_, err = d.Refresh(t.Context(), Snapshot[string]{})
		wantUnavailable(t, err, ErrClosed, 0)
		wantFetches(t, s, 1)
	})
}

func TestCloseWaitsForTheFetch(t *testing.T) {
	bubble(t, func(t *testing.T, s *server) {
		d := s.document(t, func(c *Config[string]) {
			c.Fetch = func(ctx context.Context) (Result[string], error) {
				<-ctx.Done()
				time.Sleep(3 * time.Second) // tidies up
				return Result[string]{}, ctx.Err()
			}
		})
		go d.Get(t.Context())
		synctest.Wait()
		takes(t, 3*time.Second, d.Close)
	})
}

func TestClosedDocumentServesWhatItHas(t *testing.T) {
	bubble(t, func(t *testing.T, s *server) {
		d := s.document(t)
		first := load(t, d)
		d.Close()
		d.Close()
		time.Sleep(9 * time.Minute)
		get(t, d, "v1")
		if snapshot, err := d.Refresh(t.Context(), first); snapshot != first || !errors.Is(err, ErrClosed) {
			t.Errorf("%+v, %v", snapshot, err)
		}
		time.Sleep(25 * time.Hour)
		_, err := d.Get(t.Context())
		wantUnavailable(t, err, ErrClosed, 0)
		wantFetches(t, s, 1)
	})
}

func TestCloseUnused(t *testing.T) {
	bubble(t, func(t *testing.T, s *server) { s.document(t).Close() })
}

// Everything at once, for the race detector; one fetch at a time is checked by
// the server itself.
func TestConcurrentUse(t *testing.T) {
	bubble(t, func(t *testing.T, s *server) {
		s.delay = 20 * time.Millisecond
		d := s.document(t, func(c *Config[string]) {
			c.MinFresh, c.DefaultFresh, c.Cooldown, c.MaxStale = time.Millisecond, 50*time.Millisecond, 10*time.Millisecond, time.Second
		})
		var all sync.WaitGroup
		for i := range 100 {
			all.Go(func() {
				var version uint64
				for range 100 {
					snapshot, err := d.Get(t.Context())
					if err == nil && i%2 == 0 {
						snapshot, _ = d.Refresh(t.Context(), snapshot)
					}
					if snapshot.Version != 0 && snapshot.Version < version {
						t.Errorf("version %d after %d", snapshot.Version, version)
					}
					version = max(version, snapshot.Version)
					time.Sleep(time.Duration(rand.IntN(20)) * time.Millisecond)
				}
			})
		}
		all.Go(func() {
			for i := range 50 {
				s.set(func(s *server) { s.err = []error{nil, errDown, nil, nil}[i%4] })
				time.Sleep(30 * time.Millisecond)
			}
		})
		all.Wait()
	})
}

func TestGetDoesNotAllocate(t *testing.T) {
	s := &server{value: "v1"}
	d := s.document(t)
	load(t, d)
	if n := testing.AllocsPerRun(100, func() { d.Get(t.Context()) }); n != 0 {
		t.Errorf("Get allocates %v times", n)
	}
}

func BenchmarkGet(b *testing.B) {
	s := &server{value: "v1"}
	d := s.document(b)
	load(b, d)
	ctx := context.Background()
	b.Run("serial", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := d.Get(ctx); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("parallel", func(b *testing.B) {
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				if _, err := d.Get(ctx); err != nil {
					b.Error(err)
				}
			}
		})
	})
}

// A value to be renewed, during an outage: the lock is never waited for.
func BenchmarkGetStale(b *testing.B) {
	s := &server{value: "v1"}
	start := time.Now()
	var late atomic.Bool
	d := s.document(b, func(c *Config[string]) {
		c.Now = func() time.Time {
			if late.Load() {
				return start.Add(time.Hour)
			}
			return start
		}
	})
	load(b, d)
	s.set(func(s *server) { s.err = errDown })
	late.Store(true)
	ctx := context.Background()
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := d.Get(ctx); err != nil {
				b.Error(err)
			}
		}
	})
}
