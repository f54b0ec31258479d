package response_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/internal/authtest"
	"github.com/mcp-auth/go/policy"
)

// Covers RS12.
func TestDeny(t *testing.T) {
	t.Parallel()
	deny := func(r *http.Request) bool {
		return mcpauth.SetChallenge(r.Context(), mcpauth.Require(r.Context(), "delete"))
	}
	late := make(chan bool, 1)
	for name, test := range map[string]struct {
		next   func(w http.ResponseWriter, r *http.Request)
		body   string
		status int
		text   string
	}{
		"before the response": {func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/event-stream")
			w.Header().Set("X-Frame-Options", "DENY")
			w.Header().Set("Content-Security-Policy", "default-src 'none'")
			w.Header().Set("Mcp-Session-Id", "new")
			w.Header().Set("Content-Length", "14")
			if !deny(r) {
				t.Error("not possible before the response")
			}
			_, _ = io.WriteString(w, "data: secret\n\n")
			http.NewResponseController(w).Flush()
		}, authtest.CallTool, http.StatusForbidden, `"error":"insufficient_scope"`},
		"without a response": {func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("X-Frame-Options", "DENY")
			w.Header().Set("Content-Security-Policy", "default-src 'none'")
			deny(r)
		}, authtest.CallTool, http.StatusForbidden, `"error":"insufficient_scope"`},
		"after the response": {func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusOK)
			if deny(r) {
				t.Error("possible after the response has begun")
			}
			_, _ = io.WriteString(w, "done")
		}, authtest.CallTool, http.StatusOK, "done"},
		"after a flush": {func(w http.ResponseWriter, r *http.Request) {
			w.(http.Flusher).Flush()
			if deny(r) {
				t.Error("possible after a flush")
			}
		}, authtest.CallTool, http.StatusOK, ""},
		"a batch": {func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.ReadAll(r.Body)
			if deny(r) {
				t.Error("one of several messages has turned the response")
			}
			_, _ = io.WriteString(w, "done")
		}, " [" + authtest.CallTool + "]", http.StatusOK, "done"},
		"another error": {func(w http.ResponseWriter, r *http.Request) {
			if mcpauth.SetChallenge(r.Context(), errors.New("something else")) {
				t.Error("an error that is no challenge has turned the response")
			}
			_, _ = io.WriteString(w, "done")
		}, authtest.CallTool, http.StatusOK, "done"},
		"too late": {func(_ http.ResponseWriter, r *http.Request) {
			go func() { <-r.Context().Done(); late <- deny(r) }()
		}, authtest.CallTool, http.StatusOK, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			g := authtest.Guard(t, nil, func(w http.ResponseWriter, r *http.Request) { test.next(w, r) })
			handler := g.Handler
			g.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handler.ServeHTTP(w, r.WithContext(ctx)) })
			w := g.Post(test.body)
			if w.Code != test.status || !strings.Contains(w.Body.String(), test.text) || strings.Contains(w.Body.String(), "secret") {
				t.Errorf("%d %s", w.Code, w.Body)
			}
			if w.Code == http.StatusForbidden && (w.Header().Get("X-Frame-Options") == "" || w.Header().Get("Content-Security-Policy") == "" || w.Header().Get("Mcp-Session-Id") != "" ||
				w.Header().Get("Content-Type") != "application/json" || w.Header().Get("Content-Length") == "14") {
				t.Errorf("the headers are %v", w.Header())
			}
			if cancel(); name == "too late" && <-late {
				t.Error("possible after the response")
			}
		})
	}
}

// denyingSessions asks for a denial while it binds a session.
type denyingSessions struct{ t *testing.T }

func (s denyingSessions) Bind(ctx context.Context, _, owner string) (string, error) {
	if mcpauth.SetChallenge(ctx, mcpauth.Require(ctx, "delete")) {
		s.t.Error("the store has turned a response that has begun")
	}
	return owner, nil
}

// What the door itself calls, to filter a list or to bind a session, may ask it
// for a denial. The response has begun by then, so the answer is no, at once.
//
// Covers RS12, RS23.
func TestDenyFromBelowTheDoor(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ kind, before, after string }{
		"a body":   {"application/json", "", ""},
		"a stream": {"text/event-stream", "data: ", "\n\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var asked atomic.Int32
			check := func(ctx context.Context, _ policy.Caller, op policy.Operation) (bool, error) {
				if err := mcpauth.Require(ctx, "delete"); err == nil || mcpauth.SetChallenge(ctx, err) {
					t.Errorf("a check has turned a response that has begun: %v", err)
				}
				asked.Add(1)
				return op.Name == "a", nil
			}
			g := authtest.Guard(t, func(r *mcpauth.Resource) {
				r.Sessions = denyingSessions{t}
				r.Policy = &policy.Policy{Tools: map[string]policy.Requirement{"*": policy.Check("denies", check)}}
			}, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", test.kind)
				w.Header().Set("Mcp-Session-Id", "new")
				fmt.Fprint(w, test.before, `{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"a"},{"name":"b"}]}}`, test.after)
			})
			answered := make(chan *httptest.ResponseRecorder, 1)
			go func() { answered <- g.Post(`{"jsonrpc":"2.0","id":1,"method":"tools/list"}`) }()
			select {
			case w := <-answered:
				if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), `"tools":[{"name":"a"}]`) || asked.Load() != 2 {
					t.Errorf("%d %s, asked %d times", w.Code, w.Body, asked.Load())
				}
			case <-time.After(30 * time.Second):
				t.Fatal("the door waits for itself")
			}
		})
	}
}

// Events reach the client when they are written, filtered or not.
func TestStreamIsNotHeldBack(t *testing.T) {
	t.Parallel()
	more := make(chan struct{})
	g := authtest.Guard(t, func(r *mcpauth.Resource) { r.Policy = &policy.Policy{} }, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		fmt.Fprint(w, "data: {\"method\":\"notifications/progress\"}\n\n")
		w.(http.Flusher).Flush()
		<-more
		fmt.Fprint(w, "data: {\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"tools\":[{\"name\":\"x\"}]}}\n\n")
	})
	server := httptest.NewServer(g.Handler)
	defer server.Close()
	resp := g.PostOver(t, server.URL, strings.NewReader(`{"jsonrpc":"2.0","id":1,"method":"tools/list"}`))
	defer resp.Body.Close()
	lines := bufio.NewScanner(resp.Body)
	if !lines.Scan() || !strings.Contains(lines.Text(), "progress") {
		t.Fatalf("the first event is %q", lines.Text())
	}
	close(more)
	rest, _ := io.ReadAll(resp.Body)
	for lines.Scan() {
		rest = append(rest, lines.Text()...)
	}
	if !strings.Contains(string(rest), `"tools":[]`) {
		t.Errorf("the list is %s", rest)
	}
}

// protocols serves a handler over HTTP/1.1 and over HTTP/2.
func protocols(t *testing.T, handler http.Handler) map[string]*httptest.Server {
	t.Helper()
	servers := map[string]*httptest.Server{"HTTP/1.1": httptest.NewUnstartedServer(handler), "HTTP/2.0": httptest.NewUnstartedServer(handler)}
	for protocol, server := range servers {
		server.EnableHTTP2 = protocol == "HTTP/2.0"
		server.StartTLS()
		t.Cleanup(server.Close)
	}
	return servers
}

// What a handler writes after it has returned goes nowhere.
func TestWriteAfterReturn(t *testing.T) {
	t.Parallel()
	left, written := make(chan struct{}), make(chan error)
	g := authtest.Guard(t, nil, func(w http.ResponseWriter, _ *http.Request) {
		go func() {
			<-left
			w.Header().Set("Mcp-Session-Id", "late")
			w.WriteHeader(http.StatusTeapot)
			_, err := io.WriteString(w, "late")
			written <- err
			written <- http.NewResponseController(w).Flush()
		}()
	})
	servers := protocols(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		g.Handler.ServeHTTP(w, r)
		left <- struct{}{}
		for _, what := range []string{"write", "flush"} {
			if err := <-written; err == nil {
				t.Errorf("%s: a late %s was taken", r.Proto, what)
			}
		}
	}))
	for protocol, server := range servers {
		resp, text, err := g.Send(t, server, http.MethodPost, authtest.CallTool)
		if err != nil || resp.Proto != protocol || resp.StatusCode != http.StatusOK || text != "" || resp.Header.Get("Mcp-Session-Id") != "" {
			t.Errorf("%s: %v %q, %v", protocol, resp, text, err)
		}
	}
}

// A stream that cannot be filtered any further ends there and then, though its
// handler waits for the client to go.
//
// Covers RS12.
func TestBrokenStreamEnds(t *testing.T) {
	t.Parallel()
	g := authtest.Guard(t, func(r *mcpauth.Resource) { r.Policy = &policy.Policy{} }, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		fmt.Fprint(w, "data: {\"method\":\"notifications/progress\"}\n\n")
		w.(http.Flusher).Flush()
		fmt.Fprint(w, "data: {\"result\":{\"tools\":[],\"tools\":[{\"name\":\"secret\"}]}}\n\n")
		<-r.Context().Done()
	})
	for protocol, server := range protocols(t, g.Handler) {
		resp, text, err := g.Send(t, server, http.MethodGet, "")
		if err == nil || errors.Is(err, context.DeadlineExceeded) || resp.Proto != protocol || !strings.Contains(text, "progress") || strings.Contains(text, "secret") {
			t.Errorf("%s: %q, %v", protocol, text, err)
		}
	}
}
