package flight

import (
	"context"
	"errors"
	"io"
	"runtime"
	"sync"
	"testing"

	"github.com/mcp-auth/go/internal/panics"
)

// TestRun holds that work lands with an outcome, whatever it does.
func TestRun(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		work  func() (int, error)
		value int
		is    func(error) bool
	}{
		"value":  {func() (int, error) { return 7, nil }, 7, func(err error) bool { return err == nil }},
		"error":  {func() (int, error) { return 0, io.EOF }, 0, func(err error) bool { return errors.Is(err, io.EOF) }},
		"goexit": {func() (int, error) { runtime.Goexit(); return 7, nil }, 0, func(err error) bool { return errors.Is(err, ErrNoReturn) }},
		"panic":  {func() (int, error) { panic("oops") }, 0, isPanic("oops")},
		//lint:ignore SA5000 the panic is the point
		"nil map": {func() (int, error) { var m map[int]int; m[1] = 1; return 7, nil }, 0, isPanic(nil)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := New[int]()
			var work sync.WaitGroup
			work.Go(func() { Run(test.work, f.Land) })
			work.Wait()
			for range 2 { // all who wait get the same
				if value, err := f.Wait(t.Context()); value != test.value || !test.is(err) {
					t.Errorf("%d, %v", value, err)
				}
			}
		})
	}
}

func isPanic(value any) func(error) bool {
	return func(err error) bool {
		p, ok := errors.AsType[*panics.Error](err)
		return ok && len(p.Stack) > 0 && (value == nil || p.Value == value)
	}
}

func TestWaitEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := New[int]().Wait(ctx); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
