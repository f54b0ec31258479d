package gateway_test

import (
	"context"
	"errors"
	"net/http"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/gateway"
	"github.com/mcp-auth/go/gateway/ratelimit"
	"github.com/mcp-auth/go/mcpauthtest"
	"github.com/mcp-auth/go/policy"
)

// counting is an upstream that counts its requests.
func counting(n *atomic.Int32) http.Handler {
	return http.HandlerFunc(func(http.ResponseWriter, *http.Request) { n.Add(1) })
}

func ruled(t *testing.T, rules ...ratelimit.Rule) func(*gateway.Config) {
	t.Helper()
	limiter, err := ratelimit.New(rules...)
	if err != nil {
		t.Fatal(err)
	}
	return func(c *gateway.Config) { c.Limiter = limiter }
}

// A request over the limit is answered with 429 and its id, before the upstream and the
// credential see it, and the hook learns of it.
func TestRateLimit(t *testing.T) {
	t.Parallel()
	var asked, applied atomic.Int32
	events := make(chan gateway.LimitEvent, 10)
	w := newWorld(t, counting(&asked), ruled(t, ratelimit.Rule{Key: ratelimit.Subject, Requests: 1, Per: time.Hour}), func(c *gateway.Config) {
		c.Hooks.Limited = func(_ context.Context, e gateway.LimitEvent) { events <- e }
		c.Resources[0].Credential = credentialFunc(func(context.Context, *mcpauth.AuthInfo, http.Header) error {
			applied.Add(1)
			return nil
		})
	})
	if r := w.send(w.post(ping)); r.StatusCode != http.StatusOK {
		t.Fatalf("status %d", r.StatusCode)
	}
	r := w.send(w.post(ping))
	body := readAll(t, r)
	if r.StatusCode != http.StatusTooManyRequests || r.Header.Get("Retry-After") != "3600" || r.Header.Get("WWW-Authenticate") != "" {
		t.Errorf("status %d, %v", r.StatusCode, r.Header)
	}
	if !strings.Contains(body, `"id":7`) || !strings.Contains(body, `"code":-32000`) {
		t.Errorf("the body is %s", body)
	}
	if r := w.send(w.get()); r.StatusCode != http.StatusTooManyRequests || !strings.Contains(readAll(t, r), `"id":null`) {
		t.Errorf("GET: status %d", r.StatusCode)
	}
	if asked.Load() != 1 || applied.Load() != 1 {
		t.Errorf("the upstream was asked %d times, the credential %d times", asked.Load(), applied.Load())
	}
	e := <-events
	if e.Resource != w.identifier || e.Method != http.MethodPost || e.Limit != "subject 1/1h0m0s" || e.RetryAfter <= 59*time.Minute || e.Err != nil {
		t.Errorf("the event is %+v", e)
	}
}

// Only requests that were let in count, and each caller for itself.
func TestRateLimitIsOfCallers(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	w := newWorld(t, counting(&asked), ruled(t, ratelimit.Rule{Key: ratelimit.Subject, Requests: 1, Per: time.Hour}))
	for range 5 {
		if r := w.send(w.post(ping, "Authorization", "Bearer x")); r.StatusCode == http.StatusOK || r.StatusCode == http.StatusTooManyRequests {
			t.Errorf("a request with two tokens: status %d", r.StatusCode)
		}
	}
	for _, subject := range []string{"ann", "bob"} {
		w.token = w.tokenFor(w.identifier, func(c *mcpauthtest.TokenClaims) { c.Subject = subject })
		if r := w.send(w.post(ping)); r.StatusCode != http.StatusOK {
			t.Errorf("%s: status %d", subject, r.StatusCode)
		}
	}
}

// Callers without a token are counted by address, which trusted proxies name.
func TestRateLimitWithoutToken(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	w := newWorld(t, counting(&asked), ruled(t, ratelimit.Rule{Key: ratelimit.Subject, Requests: 1, Per: time.Hour}), func(c *gateway.Config) {
		c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
		c.Resources[0].Policy = &policy.Policy{Methods: map[string]policy.Requirement{"ping": policy.Public()}}
	})
	for _, tt := range []struct {
		address string
		status  int
	}{{"192.0.2.1", 200}, {"192.0.2.2", 200}, {"192.0.2.1", 429}} {
		r := w.post(ping, "X-Forwarded-For", tt.address)
		r.Header.Del("Authorization")
		if got := w.send(r); got.StatusCode != tt.status {
			t.Errorf("%s: status %d, want %d", tt.address, got.StatusCode, tt.status)
		}
	}
}

// A call of a tool counts for the tool, as the body names it.
func TestRateLimitOfTool(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	w := newWorld(t, counting(&asked), ruled(t, ratelimit.Rule{Key: ratelimit.SubjectTool, Tools: []string{"send_mail"}, Requests: 1, Per: time.Hour}))
	for _, tt := range []struct {
		tool   string
		status int
	}{{"send_mail", 200}, {"read", 200}, {"send_mail", 429}, {"read", 200}} {
		body := `{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"` + tt.tool + `"}}`
		if r := w.send(w.post(body)); r.StatusCode != tt.status {
			t.Errorf("%s: status %d, want %d", tt.tool, r.StatusCode, tt.status)
		}
	}
}

// brokenLimiter cannot tell.
type brokenLimiter struct{ panics bool }

func (l brokenLimiter) Take(context.Context, gateway.LimitedRequest) error {
	if l.panics {
		panic("limiter")
	}
	return errors.New("the store is down")
}

// If limits cannot be told, requests go on, and it is logged.
func TestRateLimitUnknown(t *testing.T) {
	t.Parallel()
	for _, limiter := range []brokenLimiter{{false}, {true}} {
		var asked atomic.Int32
		events := make(chan gateway.LimitEvent, 1)
		w := newWorld(t, counting(&asked), func(c *gateway.Config) {
			c.Limiter = limiter
			c.Hooks.Limited = func(_ context.Context, e gateway.LimitEvent) { events <- e }
		})
		if r := w.send(w.post(ping)); r.StatusCode != http.StatusOK || asked.Load() != 1 {
			t.Errorf("status %d", r.StatusCode)
		}
		if e := <-events; e.Err == nil {
			t.Error("the event has no error")
		}
		if !strings.Contains(w.log.String(), "limits cannot be checked") {
			t.Errorf("the log is %s", w.log)
		}
	}
}

// The hook Streaming is called when a stream begins, and Upstream when it ends.
func TestStreamingHook(t *testing.T) {
	t.Parallel()
	begun := make(chan gateway.UpstreamEvent, 10)
	finish := make(chan struct{})
	w := newWorld(t, http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			rw.Header().Set("Content-Type", "text/event-stream")
			event(t, rw, "data: 0\n\n")
			<-finish
		}
	}), func(c *gateway.Config) {
		c.Hooks.Streaming = func(_ context.Context, e gateway.UpstreamEvent) { begun <- e }
	})
	if r := w.send(w.post(ping)); r.StatusCode != http.StatusOK || w.event().Stream || len(begun) != 0 {
		t.Error("a response that is no stream")
	}
	r := w.send(w.get())
	if e := <-begun; e.Resource != w.identifier || e.Method != http.MethodGet || !e.Stream {
		t.Errorf("the event is %+v", e)
	}
	if len(w.events) != 0 {
		t.Error("the stream has ended at once")
	}
	close(finish)
	readAll(t, r)
	if e := w.event(); !e.Stream || e.Err != nil {
		t.Errorf("the event is %+v", e)
	}
}
