// Package flight lets callers that want the same thing wait for one piece of
// work. The work belongs to none of them: a caller that goes away takes nothing
// from the others.
package flight

import (
	"context"
	"errors"

	"github.com/mcp-auth/go/internal/panics"
)

// ErrNoReturn is the outcome of work that ended its goroutine.
var ErrNoReturn = errors.New("the work ended its goroutine")

// Flight is work that several callers wait for.
type Flight[T any] struct {
	landed chan struct{}
	value  T     // written before landed is closed
	err    error // written before landed is closed
}

// New returns a flight that has not landed.
func New[T any]() *Flight[T] { return &Flight[T]{landed: make(chan struct{})} }

// Wait returns the outcome, or the error of ctx if ctx ends first.
func (f *Flight[T]) Wait(ctx context.Context) (value T, err error) {
	select {
	case <-f.landed:
		return f.value, f.err
	case <-ctx.Done():
		return value, ctx.Err()
	}
}

// Land gives the outcome to all callers. It is called once.
func (f *Flight[T]) Land(value T, err error) {
	f.value, f.err = value, err
	close(f.landed)
}

// Run calls work, and then done with the outcome, exactly once and whatever
// work does: a flight that never landed would keep its callers waiting. The
// error of work that panicked is a [*panics.Error], and the error of work that
// ended its goroutine [ErrNoReturn].
func Run[R any](work func() (R, error), done func(R, error)) {
	var result R
	err := ErrNoReturn
	defer func() { done(result, err) }()
	result, err = panics.Call("a shared request", work)
}
