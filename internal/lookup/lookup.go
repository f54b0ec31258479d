// Package lookup asks a server about tokens that mean nothing to others. It
// knows neither the server nor its answers: it decides how often the server is
// asked, and for how long an answer is remembered.
package lookup

import (
	"context"
	"crypto/sha256"
	"errors"
	"hash/maphash"
	"sync"
	"time"

	"github.com/mcp-auth/go/internal/cache"
	"github.com/mcp-auth/go/internal/flight"
	"github.com/mcp-auth/go/internal/retry"
)

const (
	// maxQuestions are asked at a time in each lane.
	maxQuestions = 32
	// maxKnown is how many tokens that were active are known as such.
	maxKnown   = 10_000
	knownBytes = 64
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
	// MayPass reports whether to ask again at once after an error. A server that
	// fails for long is not asked much more for that.
	MayPass func(error) bool
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
// the same time share one question, which belongs to none of them. At most 10,000
// answers for active and 1,000 for inactive tokens are remembered, in 32 MiB each.
//
// Any caller can make up tokens, so tokens that were active when they were last
// asked about, of which 10,000 are known by their hashes, are asked about in a lane
// of their own. Each lane asks 32 questions at a time, and lets 4,096 wait, of
// which callers from different addresses get equal shares.
type Client[A any] struct {
	config  Config[A]
	answers *answers[A]
	known   *cache.Cache[tokenHash, struct{}]
	seed    maphash.Seed
	retries retry.Budget

	ctx    context.Context // of all questions, ended by Close
	cancel context.CancelFunc
	done   sync.WaitGroup // the questions

	mu        sync.Mutex // never held while waiting
	flights   map[tokenHash]*flight.Flight[A]
	active    lane[A] // for tokens that were active
	strangers lane[A]
	closed    bool
}

// lane is a part of the questions that cannot hold up the others.
type lane[A any] struct {
	asking  int
	waiting queue[A]
}

// New makes a Client, which must be closed.
func New[A any](config Config[A]) *Client[A] {
	c := &Client[A]{
		config:  config,
		answers: newAnswers[A](),
		known:   cache.New[tokenHash, struct{}](cache.Limits{Entries: maxKnown, Bytes: maxKnown * knownBytes}, tokenHash.shard),
		seed:    maphash.MakeSeed(),
		flights: map[tokenHash]*flight.Flight[A]{},
	}
	c.ctx, c.cancel = context.WithCancel(context.Background())
	return c
}

// TakeOver makes the client share what another one remembers. It is called before
// the first use.
func (c *Client[A]) TakeOver(from *Client[A]) { c.answers = from.answers }

// Close ends questions under way and waits for them.
func (c *Client[A]) Close() {
	c.mu.Lock()
	c.closed = true
	for _, l := range [...]*lane[A]{&c.active, &c.strangers} {
		for q := l.waiting.pop(); q != nil; q = l.waiting.pop() {
			c.turnAway(q, ErrClosed)
		}
	}
	c.mu.Unlock()
	c.cancel()
	c.done.Wait()
}

// Lookup returns what the server says about the token, or what it has said. The
// answer is shared with other callers and must not be changed. The caller's address
// and port decide whom a question has to wait for.
func (c *Client[A]) Lookup(ctx context.Context, token, from string) (answer A, err error) {
	key := tokenHash(sha256.Sum256([]byte(token)))
	if answer, ok := c.answers.get(key, c.config.Now()); ok {
		return answer, nil
	}
	answer, f, err := c.join(key, token, from)
	if err != nil || f == nil {
		return answer, err
	}
	return f.Wait(ctx)
}

// join returns the question to wait for, or else the answer that one has just
// brought.
func (c *Client[A]) join(key tokenHash, token, from string) (answer A, f *flight.Flight[A], err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if f := c.flights[key]; f != nil {
		return answer, f, nil
	}
	if answer, ok := c.answers.get(key, c.config.Now()); ok {
		return answer, nil, nil
	}
	if c.closed {
		return answer, nil, ErrClosed
	}
	q := &question[A]{flight: flight.New[A](), key: key, token: token, deadline: time.Now().Add(c.config.Timeout)}
	c.flights[key] = q.flight
	c.enter(q, from)
	return answer, q.flight, nil
}

// enter begins a question, or has it wait for its turn. The caller holds the lock.
func (c *Client[A]) enter(q *question[A], from string) {
	l := &c.strangers
	if _, known := c.known.Get(q.key); known {
		l = &c.active
	}
	if l.asking < maxQuestions {
		l.asking++
		c.done.Go(func() { c.run(l, q) })
		return
	}
	q.timer = time.AfterFunc(c.config.Timeout, func() { c.expire(l, q) })
	if late := l.waiting.push(q, callerHash(c.seed, from)); late != nil {
		c.turnAway(late, ErrBusy)
	}
}

// expire turns a question away that has waited for too long.
func (c *Client[A]) expire(l *lane[A], q *question[A]) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if q.line != nil {
		l.waiting.remove(q)
		c.turnAway(q, ErrBusy)
	}
}

// turnAway ends a question that was not asked. The caller holds the lock.
func (c *Client[A]) turnAway(q *question[A], err error) {
	q.timer.Stop()
	delete(c.flights, q.key)
	var none A
	q.flight.Land(none, err)
}

// run is the goroutine of one question.
func (c *Client[A]) run(l *lane[A], q *question[A]) {
	flight.Run(func() (A, error) { return c.ask(q) }, func(answer A, err error) {
		c.mu.Lock()
		delete(c.flights, q.key)
		if next := l.waiting.pop(); next != nil {
			c.done.Go(func() { c.run(l, next) })
		} else {
			l.asking--
		}
		c.mu.Unlock()
		q.flight.Land(answer, err)
	})
}

// ask asks the server, and remembers the answer before the flight goes: join looks
// for both under one lock.
func (c *Client[A]) ask(q *question[A]) (A, error) {
	ctx, cancel := context.WithDeadline(c.ctx, q.deadline)
	defer cancel()
	if ctx.Err() != nil { // its turn came too late
		var none A
		return none, ErrBusy
	}
	asked := c.config.Now()
	answer, err := retry.Do(ctx, c.mayRetry, func(ctx context.Context) (A, error) { return c.config.Ask(ctx, q.token) })
	if err != nil {
		return answer, err
	}
	c.retries.Earn()
	retention := c.config.Retain(answer, asked)
	if retention.Inactive {
		c.known.Delete(q.key)
	} else {
		c.known.Add(q.key, struct{}{}, knownBytes)
	}
	c.answers.add(q.key, answer, asked, retention)
	return answer, nil
}

func (c *Client[A]) mayRetry(err error) bool { return c.config.MayPass(err) && c.retries.Spend() }
