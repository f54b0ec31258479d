package authorizer

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mcp-auth/go/client/internal/record"
	"github.com/mcp-auth/go/client/internal/tokencache"
)

// emptyStore has no records and keeps none.
type emptyStore struct{}

func (emptyStore) Update(_ context.Context, _ string, change func([]byte) ([]byte, error)) error {
	_, err := change(nil)
	return err
}

// A caller waits for the login of another caller no longer than its context.
func TestWaitingEndsWithContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cache := tokencache.New(tokencache.Config{Records: record.New(emptyStore{}), Now: time.Now})
		a := New(Config{Cache: cache})
		unlock, err := a.turn.Lock(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		start := time.Now()
		if _, err := a.Token(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v, want the context's", err)
		}
		if waited := time.Since(start); waited != time.Minute {
			t.Errorf("waited %v, want a minute", waited)
		}
		unlock()
		if token, err := a.Token(t.Context()); token != nil || err != nil {
			t.Errorf("token %v, error %v, want none", token, err)
		}
	})
}
