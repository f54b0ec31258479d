// Package opaque asks a server about tokens that mean nothing to others. It
// knows neither the server nor its answers: it holds how often they are asked for.
package opaque

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"sync"
	"time"
)

const (
	// maxQuestions are asked at a time, maxFlights are under way or wait.
	maxQuestions = 32
	maxFlights   = 1024
	// MaxInactive is the longest that an inactive token is remembered. A token
	// may be asked about before all of the server knows it: that it is inactive
	// is not held against it for long.
	MaxInactive = 5 * time.Second
)

// The errors that are not those of the question.
var (
	ErrBusy     = errors.New("too many tokens are being asked about")
	ErrClosed   = errors.New("the verifier is closed")
	errNoAnswer = errors.New("the question ended without an answer")
)

// Config configures an [Asker]. All of its fields are required.
type Config[A any] struct {
	// Ask asks the server. An error means that nothing is known of the token; it
	// is not remembered. That the token is inactive is an answer.
	Ask func(ctx context.Context, token string) (A, error)
	// Keep says how an answer to a question asked at that time is remembered. It
	// must not block.
	Keep func(answer A, asked time.Time) Keep
	// Timeout bounds one question, with its wait for others.
	Timeout time.Duration
	// Now is the clock of what is remembered.
	Now func() time.Time
}

// Keep says how an answer is remembered.
type Keep struct {
	// Until is when to ask again. If it is not after the time of the question,
	// the answer goes to those who wait for it and is then forgotten.
	Until time.Time
	// Inactive is set for a token that is not acceptable. Such answers are kept
	// apart, and for [MaxInactive] at most.
	Inactive bool
	// Bytes is about what the answer takes.
	Bytes int
}

// Asker asks one server about tokens. Callers that ask about the same token at
// the same time share one question. It belongs to none of them: one that goes
// away takes nothing from the others. At most 32 questions are asked at a time,
// and 10,000 answers for active and 1,000 for inactive tokens are remembered, in
// 32 MiB each.
type Asker[A any] struct {
	config Config[A]
	cache  *cache[A]
	slots  chan struct{}

	ctx    context.Context // of all questions, ended by Close
	cancel context.CancelFunc
	done   sync.WaitGroup // the questions

	mu      sync.Mutex // never held while waiting
	flights map[tokenHash]*flight[A]
	closed  bool
}

// flight is one question, shared by all who wait for it. answer and err are
// written before landed is closed.
type flight[A any] struct {
	landed chan struct{}
	answer A
	err    error
}

// New makes an Asker, which must be closed.
func New[A any](config Config[A]) *Asker[A] {
	a := &Asker[A]{
		config:  config,
		cache:   newCache[A](),
		slots:   make(chan struct{}, maxQuestions),
		flights: map[tokenHash]*flight[A]{},
	}
	a.ctx, a.cancel = context.WithCancel(context.Background())
	return a
}

// Close ends questions under way and waits for them.
func (a *Asker[A]) Close() {
	a.mu.Lock()
	a.closed = true
	a.mu.Unlock()
	a.cancel()
	a.done.Wait()
}

// Ask returns what the server says about the token, or what it has said. The
// answer is shared with other callers, and not to be changed.
func (a *Asker[A]) Ask(ctx context.Context, token string) (answer A, err error) {
	key := tokenHash(sha256.Sum256([]byte(token)))
	if answer, ok := a.cache.get(key, a.config.Now()); ok {
		return answer, nil
	}
	answer, f, err := a.join(key, token)
	if err != nil || f == nil {
		return answer, err
	}
	select {
	case <-f.landed:
		return f.answer, f.err
	case <-ctx.Done():
		return answer, ctx.Err()
	}
}

// join returns the question to wait for, or else the answer that one has just
// brought.
func (a *Asker[A]) join(key tokenHash, token string) (answer A, f *flight[A], err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if f := a.flights[key]; f != nil {
		return answer, f, nil
	}
	if answer, ok := a.cache.get(key, a.config.Now()); ok {
		return answer, nil, nil
	}
	switch {
	case a.closed:
		return answer, nil, ErrClosed
	case len(a.flights) >= maxFlights:
		return answer, nil, ErrBusy
	}
	f = &flight[A]{landed: make(chan struct{})}
	a.flights[key] = f
	a.done.Go(func() { a.run(f, key, token) })
	return answer, f, nil
}

// run is the goroutine of one question. However it ends, it lands: one that
// never did would keep its callers waiting.
func (a *Asker[A]) run(f *flight[A], key tokenHash, token string) {
	asked := a.config.Now()
	f.err = errNoAnswer
	defer func() {
		if p := recover(); p != nil { // a caller's own key may do so; its words stay out of the log
			f.err = fmt.Errorf("the question panicked with a %T", p)
		}
		a.mu.Lock()
		delete(a.flights, key)
		a.mu.Unlock()
		close(f.landed)
	}()
	answer, err := a.question(token)
	if err == nil { // remembered before the flight goes: join looks for both under one lock
		a.cache.add(key, answer, asked, a.config.Keep(answer, asked))
	}
	f.answer, f.err = answer, err
}

// question asks when its turn has come.
func (a *Asker[A]) question(token string) (answer A, err error) {
	ctx, cancel := context.WithTimeout(a.ctx, a.config.Timeout)
	defer cancel()
	select {
	case a.slots <- struct{}{}:
		defer func() { <-a.slots }()
	case <-ctx.Done():
		return answer, ErrBusy
	}
	return a.config.Ask(ctx, token)
}
