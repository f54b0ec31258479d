package account

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"
)

// quietTime is how long a server may take before the user is told what the
// command waits for.
const quietTime = 3 * time.Second

// patience bounds the time that a server takes for each answer, its body
// included. After the first one that does not come, no other is waited for.
type patience struct {
	base   http.RoundTripper
	server string
	limit  time.Duration
	out    io.Writer

	mu   sync.Mutex
	told bool
	over error // an *unansweredError once the time was over
}

func newPatience(server string, limit time.Duration, out io.Writer) *patience {
	base := http.DefaultTransport
	if standard, ok := base.(*http.Transport); ok {
		base = standard.Clone() // with the environment's proxy
	}
	return &patience{base: base, server: server, limit: limit, out: out}
}

// unansweredError says that a server took too long.
type unansweredError struct {
	server string
	limit  time.Duration
}

func (e *unansweredError) Error() string {
	return fmt.Sprintf("%s did not answer within %s. If it needs more time, set --answer-timeout", e.server, e.limit)
}

// expired returns an [*unansweredError] if the server took too long.
func (p *patience) expired() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.over
}

// tell says once what the command waits for.
func (p *patience) tell() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.told {
		p.told = true
		fmt.Fprintf(p.out, "waiting for an answer of %s, for %s at most\n", p.server, p.limit)
	}
}

func (p *patience) end(cancel context.CancelCauseFunc) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.over = &unansweredError{p.server, p.limit}
	cancel(p.over)
}

// RoundTrip sends a request.
func (p *patience) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := p.expired(); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancelCause(r.Context())
	late := time.AfterFunc(quietTime, p.tell)
	over := time.AfterFunc(p.limit, func() { p.end(cancel) })
	stop := func() {
		late.Stop()
		over.Stop()
		cancel(nil)
	}
	response, err := p.base.RoundTrip(r.WithContext(ctx))
	if err != nil {
		stop()
		return nil, err
	}
	response.Body = &timedBody{response.Body, stop}
	return response, nil
}

// timedBody ends the time when the body ends.
type timedBody struct {
	io.ReadCloser
	stop func()
}

func (b *timedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil {
		b.stop()
	}
	return n, err
}

func (b *timedBody) Close() error {
	defer b.stop()
	return b.ReadCloser.Close()
}
