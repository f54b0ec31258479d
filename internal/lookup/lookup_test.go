package lookup

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

var errOutage, errPassing = errors.New("outage"), errors.New("passing")

// server answers after a second, and counts the questions. A token's name says
// what it is.
type server struct {
	questions atomic.Int64
	ended     atomic.Int64 // by their context
}

func (s *server) ask(ctx context.Context, token string) (string, error) {
	s.questions.Add(1)
	select {
	case <-time.After(time.Second):
	case <-ctx.Done():
		s.ended.Add(1)
		return "", ctx.Err()
	}
	kind, _, _ := strings.Cut(token, " ")
	switch kind {
	case "outage":
		return "", errOutage
	case "passing":
		return "", errPassing
	case "panic":
		panic(token)
	case "slow":
		<-ctx.Done()
		s.ended.Add(1)
		return "", ctx.Err()
	}
	return kind, nil
}

func (s *server) client(t *testing.T, ttl time.Duration) *Client[string] {
	t.Helper()
	c := New(Config[string]{
		Ask: s.ask, MayPass: func(err error) bool { return err == errPassing }, Timeout: 5 * time.Second, Now: time.Now,
		Retain: func(answer string, asked time.Time) Retention {
			return Retention{Until: asked.Add(ttl), Inactive: answer == "inactive"}
		},
	})
	t.Cleanup(c.Close)
	return c
}

// Covers RS17. Active tokens are remembered as long as Retain says, inactive ones
// for five seconds at most, trouble never.
func TestAnswersAreRemembered(t *testing.T) {
	t.Parallel()
	type step struct {
		wait      time.Duration
		questions int64
	}
	for name, test := range map[string]struct {
		token string
		ttl   time.Duration
		err   error
		steps []step
	}{
		"active":           {"active", time.Minute, nil, []step{{0, 1}, {58 * time.Second, 1}, {time.Second, 2}}},
		"inactive":         {"inactive", time.Minute, nil, []step{{0, 1}, {3 * time.Second, 1}, {time.Second, 2}}},
		"inactive, for 2s": {"inactive", 2 * time.Second, nil, []step{{0, 1}, {0, 1}, {time.Second, 2}}},
		"nothing kept":     {"active", 0, nil, []step{{0, 1}, {0, 2}}},
		"trouble":          {"outage", time.Minute, errOutage, []step{{0, 1}, {0, 2}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var s server
				c := s.client(t, test.ttl)
				for i, step := range test.steps {
					time.Sleep(step.wait)
					if _, err := c.Lookup(t.Context(), test.token, ""); !errors.Is(err, test.err) {
						t.Errorf("step %d: %v", i, err)
					}
					if got := s.questions.Load(); got != step.questions {
						t.Errorf("step %d: %d questions, want %d", i, got, step.questions)
					}
				}
			})
		})
	}
}

// Covers RS17. All who ask about a token at the same time share one question,
// and one that goes away takes nothing from the others.
func TestCallersShareAQuestion(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var s server
		c := s.client(t, 0)
		first, leave := context.WithCancel(t.Context())
		var callers sync.WaitGroup
		callers.Go(func() {
			if _, err := c.Lookup(first, "active", ""); !errors.Is(err, context.Canceled) {
				t.Errorf("the one that left: %v", err)
			}
		})
		synctest.Wait() // the first one has begun the question
		for range 50 {
			callers.Go(func() {
				if answer, err := c.Lookup(t.Context(), "active", ""); answer != "active" || err != nil {
					t.Errorf("%q, %v", answer, err)
				}
			})
		}
		synctest.Wait()
		leave()
		callers.Wait()
		if s.questions.Load() != 1 || s.ended.Load() != 0 {
			t.Errorf("%d questions, %d ended", s.questions.Load(), s.ended.Load())
		}
	})
}

// Covers RS17. A question that nobody waits for ends with its timeout, or with
// Close, and its place is free again.
func TestQuestionsEnd(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*Client[string]){
		"timeout": func(*Client[string]) { time.Sleep(5 * time.Second) },
		"close":   func(c *Client[string]) { c.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var s server
				c := s.client(t, time.Minute)
				ctx, cancel := context.WithCancel(t.Context())
				cancel()
				if _, err := c.Lookup(ctx, "slow", ""); !errors.Is(err, context.Canceled) {
					t.Fatal(err)
				}
				synctest.Wait()
				if s.ended.Load() != 0 {
					t.Error("the question ended with its caller")
				}
				end(c)
				synctest.Wait()
				if s.ended.Load() != 1 || len(c.flights) != 0 || c.strangers.asking != 0 {
					t.Errorf("%d ended, %d under way, %d slots taken", s.ended.Load(), len(c.flights), c.strangers.asking)
				}
			})
		})
	}
}

func TestNoQuestionsAfterClose(t *testing.T) {
	t.Parallel()
	var s server
	c := s.client(t, 0)
	c.Close()
	if _, err := c.Lookup(t.Context(), "active", ""); !errors.Is(err, ErrClosed) || s.questions.Load() != 0 {
		t.Errorf("%v after %d questions", err, s.questions.Load())
	}
}

// A panic fails all who wait, without its words, and keeps nobody waiting.
func TestPanicLands(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var s server
		c := s.client(t, time.Minute)
		for range 2 {
			_, err := c.Lookup(t.Context(), "panic secret", "")
			if err == nil || strings.Contains(err.Error(), "secret") {
				t.Errorf("got %v", err)
			}
		}
		if s.questions.Load() != 2 || c.strangers.asking != 0 {
			t.Errorf("%d questions, %d slots taken", s.questions.Load(), c.strangers.asking)
		}
	})
}

// Covers RS17. However many tokens come at once, 32 are asked about at a time,
// 4,096 wait, and the rest is turned away at once.
func TestQuestionsAreBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var s server
		c := s.client(t, 0)
		began := time.Now()
		var answered, late, turnedAway atomic.Int64
		var callers sync.WaitGroup
		for n := range 5000 {
			callers.Go(func() {
				switch _, err := c.Lookup(t.Context(), "active "+strconv.Itoa(n), ""); {
				case err == nil:
					answered.Add(1)
				case errors.Is(err, ErrBusy) && time.Since(began) == 0:
					turnedAway.Add(1)
				default:
					late.Add(1)
				}
			})
		}
		synctest.Wait()
		if got := s.questions.Load(); got != maxQuestions {
			t.Errorf("%d questions at a time", got)
		}
		callers.Wait()
		if turnedAway.Load() != 5000-maxWaiting-maxQuestions || answered.Load()+late.Load() != maxWaiting+maxQuestions || answered.Load() < 4*maxQuestions {
			t.Errorf("%d answered, %d late, %d turned away", answered.Load(), late.Load(), turnedAway.Load())
		}
	})
}

// Covers RS17. A caller that was overtaken between looking into the cache and
// joining a question takes what the question has brought.
func TestJoinLooksIntoTheCacheAgain(t *testing.T) {
	t.Parallel()
	var s server
	c := s.client(t, time.Minute)
	c.Close()
	now := time.Now()
	c.answers.add(numbered(1), "brought", now, Retention{Until: now.Add(time.Hour)})
	if answer, f, err := c.join(numbered(1), "active", ""); answer != "brought" || f != nil || err != nil {
		t.Errorf("got %v, %v, %v; want the answer that is there", answer, f, err)
	}
}

// flood has so many callers from one address ask about made-up tokens without end,
// until stop is called, each about another as soon as it is answered.
func flood(t *testing.T, c *Client[string], callers int, from string) (stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	var all sync.WaitGroup
	for caller := range callers {
		all.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				if _, err := c.Lookup(ctx, fmt.Sprintf("inactive %s %d %d", from, caller, n), from); errors.Is(err, ErrBusy) {
					time.Sleep(time.Second)
				}
			}
		})
	}
	synctest.Wait()
	return func() { cancel(); all.Wait() }
}

// Covers RS17. Tokens that were active lately do not wait for made-up ones, of
// which there are as many as anyone likes, even if nothing is remembered.
func TestActiveTokensPassFloods(t *testing.T) {
	t.Parallel()
	for name, ttl := range map[string]time.Duration{"nothing remembered": 0, "remembered": 3 * time.Second} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var s server
				c := s.client(t, ttl)
				const good = 50
				var all sync.WaitGroup
				for n := range good {
					all.Go(func() { c.Lookup(t.Context(), "active "+strconv.Itoa(n), "192.0.2.1:1") })
				}
				all.Wait()
				stop := flood(t, c, 1500, "192.0.2.1:2") // the same address
				for range 4 {
					for n := range good {
						all.Go(func() {
							began := time.Now()
							_, err := c.Lookup(t.Context(), "active "+strconv.Itoa(n), "192.0.2.1:1")
							if took := time.Since(began); err != nil || took > 2*time.Second {
								t.Errorf("%v after %s", err, took)
							}
						})
					}
					all.Wait()
					time.Sleep(time.Second)
				}
				stop()
			})
		})
	}
}

// Covers RS17. A token that is new here waits for its address's share only.
func TestNewTokensPassFloodsFromElsewhere(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var s server
		c := s.client(t, 0)
		stop := flood(t, c, maxWaiting+100, "192.0.2.1:2")
		for n, from := range []string{"192.0.2.7:1", "[2001:db8::1]:1", "192.0.2.8:1", "[2001:db8:0:1::1]:1"} {
			if callerHash(c.seed, from)%lines == callerHash(c.seed, "192.0.2.1:2")%lines {
				continue // one in 64 shares its line
			}
			began := time.Now()
			_, err := c.Lookup(t.Context(), "active "+strconv.Itoa(n), from)
			if took := time.Since(began); err != nil || took > 2*time.Second {
				t.Errorf("from %s: %v after %s", from, err, took)
			}
		}
		stop()
	})
}

// Covers RS17. A token that is active no more has no place of its own.
func TestInactiveTokensAreNotKnown(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		answer := "active"
		c := New(Config[string]{
			Ask: func(context.Context, string) (string, error) { return answer, nil }, MayPass: func(error) bool { return false }, Timeout: time.Second, Now: time.Now,
			Retain: func(answer string, asked time.Time) Retention {
				return Retention{Until: asked, Inactive: answer != "active"}
			},
		})
		t.Cleanup(c.Close)
		known := func() int { c.Lookup(t.Context(), "token", ""); return c.known.Len() }
		if got := known(); got != 1 {
			t.Errorf("active: %d known", got)
		}
		answer = "inactive"
		if got := known(); got != 0 {
			t.Errorf("inactive: %d known", got)
		}
	})
}

// Questions that wait end with Close, and with the end of their time.
func TestWaitingQuestionsEnd(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		end  func(*Client[string])
		want error
	}{
		"timeout": {func(*Client[string]) { time.Sleep(5 * time.Second) }, ErrBusy},
		"close":   {func(c *Client[string]) { c.Close() }, ErrClosed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var s server
				c := s.client(t, 0)
				var all sync.WaitGroup
				for n := range 2 * maxQuestions {
					all.Go(func() {
						if _, err := c.Lookup(t.Context(), "slow "+strconv.Itoa(n), ""); err == nil {
							t.Error("answered")
						} else if n >= maxQuestions && !errors.Is(err, test.want) {
							t.Errorf("%v, want %v", err, test.want)
						}
					})
					synctest.Wait()
				}
				test.end(c)
				all.Wait()
				synctest.Wait()
				if len(c.flights) != 0 || c.strangers.asking != 0 || c.strangers.waiting.length != 0 {
					t.Errorf("%d under way, %d asking, %d waiting", len(c.flights), c.strangers.asking, c.strangers.waiting.length)
				}
			})
		})
	}
}

// Covers RS17. What may pass is asked again, of a server that fails for long only
// so often.
func TestQuestionsAreAskedAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var s server
		c := s.client(t, 0)
		ask := func(token string) {
			t.Helper()
			want := errOutage
			if token == "passing" {
				want = errPassing
			}
			if _, err := c.Lookup(t.Context(), token, ""); !errors.Is(err, want) {
				t.Errorf("%s: %v", token, err)
			}
		}
		ask("outage")
		if got := s.questions.Load(); got != 1 {
			t.Errorf("%d questions in an outage, want 1", got)
		}
		ask("passing")
		if got := s.questions.Load(); got != 4 {
			t.Errorf("%d questions, want 3 more", got)
		}
		for range 100 {
			ask("passing")
		}
		if got := s.questions.Load(); got != 4+100+18 {
			t.Errorf("%d questions, want one for each and 18 more", got)
		}
	})
}
