package mutex

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// A caller waits no longer than its context.
func TestWaitingEndsWithContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := New()
		unlock, err := m.Lock(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		start := time.Now()
		if _, err := m.Lock(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v, want the context's", err)
		}
		if waited := time.Since(start); waited != time.Minute {
			t.Errorf("waited %v, want a minute", waited)
		}
		unlock()
		if _, err := m.Lock(t.Context()); err != nil {
			t.Errorf("a mutex that is free: %v", err)
		}
	})
}

func TestKeyed(t *testing.T) {
	t.Parallel()
	var k Keyed
	if _, err := k.Lock(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	if _, err := k.Lock(t.Context(), "b"); err != nil {
		t.Errorf("another key: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := k.Lock(ctx, "a"); !errors.Is(err, context.Canceled) {
		t.Errorf("the same key: %v, want canceled", err)
	}
}
