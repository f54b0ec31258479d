package account

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// roundTripper is a server as a function.
type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// silent is a body that never comes to an end.
type silent struct{ ctx context.Context }

func (s silent) Read([]byte) (int, error) {
	<-s.ctx.Done()
	return 0, context.Cause(s.ctx)
}
func (silent) Close() error { return nil }

// A server that does not answer, or whose answer does not end, holds a command no
// longer than the user allows; the user is told what it waits for.
func TestPatience(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]roundTripper{
		"no answer": func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, context.Cause(r.Context())
		},
		"no end": func(r *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: http.StatusOK, Body: silent{r.Context()}}, nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var out strings.Builder
				p := newPatience("https://mcp.example.com/mcp", 30*time.Second, &out)
				p.base = answer
				start := time.Now()
				for range 2 { // the second one is not waited for
					if err := exchange(t.Context(), p); err == nil {
						t.Error("no error")
					}
				}
				if took := time.Since(start); took != 30*time.Second {
					t.Errorf("it took %s", took)
				}
				if _, ok := errors.AsType[*unansweredError](p.expired()); !ok || !strings.Contains(p.expired().Error(), "--answer-timeout") {
					t.Errorf("error %v", p.expired())
				}
				if strings.Count(out.String(), "waiting for an answer of https://mcp.example.com/mcp, for 30s at most") != 1 {
					t.Errorf("the user was told %q", out.String())
				}
			})
		})
	}
}

// A server that answers in time is not spoken of, and the time ends with its answer.
func TestPatienceWithQuickServer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var out strings.Builder
		p := newPatience("https://mcp.example.com/mcp", 30*time.Second, &out)
		p.base = roundTripper(func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader("{}"))}, nil
		})
		if err := exchange(t.Context(), p); err != nil {
			t.Error(err)
		}
		time.Sleep(time.Minute)
		if p.expired() != nil || out.Len() > 0 {
			t.Errorf("%v, %q", p.expired(), out.String())
		}
	})
}

func exchange(ctx context.Context, p *patience) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "https://mcp.example.com/mcp", nil)
	if err != nil {
		return err
	}
	response, err := p.RoundTrip(r)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	_, err = io.ReadAll(response.Body)
	return err
}
