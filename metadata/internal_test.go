package metadata

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mcp-auth/go/internal/fetch"
)

type fetcherFunc func(context.Context, fetch.Request) (*fetch.Response, error)

func (f fetcherFunc) Do(ctx context.Context, r fetch.Request) (*fetch.Response, error) {
	return f(ctx, r)
}

// TestTimeIsShared has the first places hang: the last is asked all the same.
func TestTimeIsShared(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		hang := fetcherFunc(func(ctx context.Context, r fetch.Request) (*fetch.Response, error) {
			if strings.HasSuffix(r.URL, oidcWellKnown) {
				return &fetch.Response{Status: http.StatusOK, URL: r.URL, Body: []byte(`{"issuer":"https://auth.example.com/t"}`)}, nil
			}
			<-ctx.Done()
			return nil, &fetch.Error{URL: r.URL, Kind: fetch.Timeout, Err: ctx.Err()}
		})
		src := Source{Issuer: "https://auth.example.com/t"}
		ctx, cancel := context.WithTimeout(t.Context(), 9*time.Second)
		defer cancel()
		start := time.Now()
		got, err := src.find(ctx, hang)
		if err != nil || got.URL != "https://auth.example.com/t"+oidcWellKnown {
			t.Errorf("got %+v, %v", got, err)
		}
		if took := time.Since(start); took != 6*time.Second {
			t.Errorf("took %v, want two parts of three", took)
		}
	})
}

// TestTimeRunsOut has every place hang.
func TestTimeRunsOut(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		asked := 0
		hang := fetcherFunc(func(ctx context.Context, _ fetch.Request) (*fetch.Response, error) {
			asked++
			<-ctx.Done()
			return nil, ctx.Err()
		})
		src := Source{Issuer: "https://auth.example.com/t"}
		ctx, cancel := context.WithTimeout(t.Context(), 9*time.Second)
		defer cancel()
		start := time.Now()
		_, err := src.find(ctx, hang)
		var e *DiscoveryError
		if !errors.As(err, &e) || e.Kind != Unavailable || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		if took := time.Since(start); took != 9*time.Second || asked != 3 {
			t.Errorf("asked %d places in %v", asked, took)
		}
	})
}

// TestCanceled asks no further place.
func TestCanceled(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	asked := 0
	leave := fetcherFunc(func(ctx context.Context, r fetch.Request) (*fetch.Response, error) {
		asked++
		cancel()
		return nil, &fetch.Error{URL: r.URL, Kind: fetch.Canceled, Err: ctx.Err()}
	})
	src := Source{Issuer: "https://auth.example.com/t"}
	_, err := src.find(ctx, leave)
	var e *DiscoveryError
	if !errors.As(err, &e) || e.Kind != Unavailable || !errors.Is(err, context.Canceled) || asked != 1 {
		t.Errorf("asked %d places: %v", asked, err)
	}
}

// TestLoopbackIsAllowedByTheURL looks at what the fetcher is told.
// Covers RS21.
func TestLoopbackIsAllowedByTheURL(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		src  Source
		want bool
	}{
		{Source{Issuer: "https://auth.example.com"}, false},
		{Source{Issuer: "http://localhost:3000/t"}, true},
		{Source{Issuer: "https://[::1]"}, true},
		{Source{Issuer: "https://auth.example.com", URL: "http://127.0.0.1:1/doc"}, true},
		{Source{Issuer: "http://localhost:3000", URL: "https://auth.example.com/doc"}, false},
	} {
		refuse := fetcherFunc(func(_ context.Context, r fetch.Request) (*fetch.Response, error) {
			if r.AllowLoopback != tc.want {
				t.Errorf("%s: loopback allowed: %t", r.URL, r.AllowLoopback)
			}
			return &fetch.Response{Status: http.StatusNotFound}, nil
		})
		if _, err := tc.src.find(t.Context(), refuse); err == nil {
			t.Errorf("%+v: found", tc.src)
		}
	}
}
