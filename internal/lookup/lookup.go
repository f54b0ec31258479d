// Package lookup asks a server about tokens that mean nothing to others. It
// knows neither the server nor its answers: it decides how often the server is
// asked, and for how long an answer is remembered.
package lookup

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/mcp-auth/go/internal/flight"
)

const (
	// maxQuestions are asked at a time, maxFlights are under way or wait.
	maxQuestions = 32
	maxFlights   = 1024
	// MaxInactive is how long an inactive token is remembered at most. A token
	// may be asked about before every part of the server knows it, so that it is
	// inactive is not held against it for long.
	MaxInactive = 5 * time.Second
)

// The errors of a [Client] itself.
var (
	ErrBusy   = errors.New("too many tokens are being asked about")
	ErrClosed = errors.New("the verifier is closed")
)

// Config configures a [Client]. All of its fields are required.
type Config[A any] struct {
	// Ask asks the server. An error means that nothing is known of the token; it
	// is not remembered. That the token is inactive is an answer.
	Ask func(ctx context.Context, token string) (A, error)
	// Retain says how long an answer to a question asked at that time is
	// remembered. It must not block.
	Retain func(answer A, asked time.Time) Retention
	// Timeout bounds one question and its wait for others.
	Timeout time.Duration
	// Now is the clock of what is remembered.
	Now func() time.Time
}

// Retention says how long an answer is remembered.
type Retention struct {
	// Until is when to ask again. If it is not after the time of the question,
	// the callers that wait for the answer get it, and it is then forgotten.
	Until time.Time
	// Inactive is set for a token that is not acceptable. Such answers are held
	// apart from others, and for [MaxInactive] at most.
	Inactive bool
	// Bytes is about what the answer takes.
	Bytes int
}

// Client asks one server about tokens. Callers that ask about the same token at
// the same time share one question, which belongs to none of them. At most 32
// questions are asked at a time. At most 10,000 answers for active and 1,000 for
// inactive tokens are remembered, in 32 MiB each.
type Client[A any] struct {
	config  Config[A]
	answers *answers[A]
	slots   chan struct{}

	ctx    context.Context // of all questions, ended by Close
	cancel context.CancelFunc
	done   sync.WaitGroup // the questions

	mu      sync.Mutex // never held while waiting
	flights map[tokenHash]*flight.Flight[A]
	closed  bool
}

// New makes a Client, which must be closed.
func New[A any](config Config[A]) *Client[A] {
	c := &Client[A]{
		config:  config,
		answers: newAnswers[A](),
		slots:   make(chan struct{}, maxQuestions),
		flights: map[tokenHash]*flight.Flight[A]{},
	}
	c.ctx, c.cancel = context.WithCancel(context.Background())
	return c
}

// Close ends questions under way and waits for them.
func (c *Client[A]) Close() {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	c.cancel()
	c.done.Wait()
}

// Lookup returns what the server says about the token, or what it has said. The
// answer is shared with other callers and must not be changed.
func (c *Client[A]) Lookup(ctx context.Context, token string) (answer A, err error) {
	key := tokenHash(sha256.Sum256([]byte(token)))
	if answer, ok := c.answers.get(key, c.config.Now()); ok {
		return answer, nil
	}
	answer, f, err := c.join(key, token)
	if err != nil || f == nil {
		return answer, err
	}
	return f.Wait(ctx)
}

// join returns the question to wait for, or else the answer that one has just
// brought.
func (c *Client[A]) join(key tokenHash, token string) (answer A, f *flight.Flight[A], err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if f := c.flights[key]; f != nil {
		return answer, f, nil
	}
	if answer, ok := c.answers.get(key, c.config.Now()); ok {
		return answer, nil, nil
	}
	switch {
	case c.closed:
		return answer, nil, ErrClosed
	case len(c.flights) >= maxFlights:
		return answer, nil, ErrBusy
	}
	f = flight.New[A]()
	c.flights[key] = f
	c.done.Go(func() { c.run(f, key, token) })
	return answer, f, nil
}

// run is the goroutine of one question.
func (c *Client[A]) run(f *flight.Flight[A], key tokenHash, token string) {
	flight.Run(func() (A, error) {
		asked := c.config.Now()
		answer, err := c.question(token)
		if err == nil { // remembered before the flight goes: join looks for both under one lock
			c.answers.add(key, answer, asked, c.config.Retain(answer, asked))
		}
		return answer, err
	}, func(answer A, err error) {
		c.mu.Lock()
		delete(c.flights, key)
		c.mu.Unlock()
		f.Land(answer, withoutWords(err))
	})
}

// withoutWords keeps the words of a panic out of logs: a caller's own signing
// key may panic with a secret.
func withoutWords(err error) error {
	if p, ok := err.(*flight.PanicError); ok { // as Run returns it
		return fmt.Errorf("the question panicked with a %T", p.Value)
	}
	return err
}

// question asks when its turn has come.
func (c *Client[A]) question(token string) (answer A, err error) {
	ctx, cancel := context.WithTimeout(c.ctx, c.config.Timeout)
	defer cancel()
	select {
	case c.slots <- struct{}{}:
		defer func() { <-c.slots }()
	case <-ctx.Done():
		return answer, ErrBusy
	}
	return c.config.Ask(ctx, token)
}
