package client

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// world is a resource server, its authorization server and a client's
// configuration.
type world struct {
	as     *authServer
	rs     *resourceServer
	config Config
	log    *syncBuffer
}

func newWorld(t *testing.T) *world {
	t.Helper()
	as := newAuthServer(t, "one", "")
	rs := newResourceServer(t, "/mcp", as)
	log := &syncBuffer{}
	return &world{as, rs, Config{
		ServerURL: rs.url,
		Grant:     AuthorizationCode{Callback: visit},
		Logger:    slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}, log}
}

func (w *world) client(t *testing.T) *Client {
	t.Helper()
	c, err := New(w.config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// visit is a browser whose user consents to everything.
func visit(ctx context.Context, authorizationURL string) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, authorizationURL, nil)
	if err != nil {
		return "", err
	}
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	return response.Header.Get("Location"), nil
}

// request sends a request to the protected server, and returns its status.
func request(t *testing.T, c *Client, need string) (int, error) {
	t.Helper()
	return requestTo(t, c.HTTPClient(), c.ServerURL(), need)
}

func requestTo(t *testing.T, client *http.Client, target, need string) (int, error) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, target, strings.NewReader("the body"))
	if err != nil {
		t.Fatal(err)
	}
	if need != "" {
		r.Header.Set(needHeader, need)
	}
	response, err := client.Do(r)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	_, _ = io.Copy(io.Discard, response.Body)
	return response.StatusCode, nil
}

// mustRequest is request for a request that must succeed.
func mustRequest(t *testing.T, c *Client, need string) {
	t.Helper()
	status, err := request(t, c, need)
	if err != nil {
		t.Fatal(err)
	}
	if status != http.StatusOK {
		t.Fatalf("status %d, want 200", status)
	}
}

// together calls do n times at once.
func together(t *testing.T, n int, do func() error) {
	t.Helper()
	start := make(chan struct{})
	var wait sync.WaitGroup
	for range n {
		wait.Go(func() {
			<-start
			if err := do(); err != nil {
				t.Error(err)
			}
		})
	}
	close(start)
	wait.Wait()
}

func put(t *testing.T, s Store, key, value string) {
	t.Helper()
	if err := s.Update(t.Context(), key, func([]byte) ([]byte, error) { return []byte(value), nil }); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, s Store, key string) (value string, err error) {
	t.Helper()
	err = s.Update(t.Context(), key, func(record []byte) ([]byte, error) { value = string(record); return record, nil })
	return value, err
}

type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// clock is moved by the test.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Now()} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func equal[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s %v, want %v", what, got, want)
	}
}
