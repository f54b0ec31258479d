package mcpauth_test

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
	"github.com/mcp-auth/go/mcpauthtest"
	"github.com/mcp-auth/go/policy"
	"github.com/mcp-auth/go/reason"
)

// guarded is a handler behind the net/http door of a resource with a policy,
// and a token with the scope read.
type guarded struct {
	handler http.Handler
	token   string
}

func guard(t *testing.T, change func(*mcpauth.Resource), next http.HandlerFunc, opts ...mcpauth.Option) guarded {
	t.Helper()
	server := newServer(t, mcpauthtest.Config{})
	config := trusting(server.Issuer())
	if change != nil {
		change(&config.Resources[0])
	}
	return guarded{newAuth(t, config).Protect(next, opts...), mint(t, server)}
}

func (g guarded) post(body string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, "/mcp", strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+g.token)
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	g.handler.ServeHTTP(w, r)
	return w
}

// postOver posts over a connection. The caller closes the body.
func (g guarded) postOver(t *testing.T, origin string, body io.Reader) *http.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, origin+"/mcp", body)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+g.token)
	r.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	return resp
}

const callTool = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"t"}}`

// Covers RS4, RS12.
func TestRequire(t *testing.T) {
	t.Parallel()
	broader := func(r *mcpauth.Resource) { r.ScopeIncludes = map[string][]string{"read": {"peek"}} }
	var failed error
	g := guard(t, broader, func(w http.ResponseWriter, r *http.Request) {
		if err := mcpauth.Require(r.Context(), "peek"); err != nil {
			t.Error("a broader scope:", err)
		}
		failed = mcpauth.Require(r.Context(), "delete")
		mcpauth.WriteChallenge(w, failed)
	}, mcpauth.Scopes("read"))
	w := g.post(callTool)
	const want = `Bearer error="insufficient_scope", scope="read delete", resource_metadata="https://api.example.com/.well-known/oauth-protected-resource/mcp", ` +
		`error_description="The access token does not have all scopes that this operation needs."`
	if got := w.Header().Get("WWW-Authenticate"); w.Code != http.StatusForbidden || got != want {
		t.Errorf("%d\n got %s\nwant %s", w.Code, got, want)
	}
	var c *mcpauth.Challenge
	if !errors.As(failed, &c) || c.Reason != reason.InsufficientScope {
		t.Errorf("the error is %v", failed)
	}
	if err := mcpauth.Require(context.Background(), "read"); !errors.As(err, &c) || c.Status != http.StatusUnauthorized {
		t.Errorf("nobody is calling: %v", err)
	}
}

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
		}, callTool, http.StatusForbidden, `"error":"insufficient_scope"`},
		"without a response": {func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("X-Frame-Options", "DENY")
			w.Header().Set("Content-Security-Policy", "default-src 'none'")
			deny(r)
		}, callTool, http.StatusForbidden, `"error":"insufficient_scope"`},
		"after the response": {func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusOK)
			if deny(r) {
				t.Error("possible after the response has begun")
			}
			_, _ = io.WriteString(w, "done")
		}, callTool, http.StatusOK, "done"},
		"after a flush": {func(w http.ResponseWriter, r *http.Request) {
			w.(http.Flusher).Flush()
			if deny(r) {
				t.Error("possible after a flush")
			}
		}, callTool, http.StatusOK, ""},
		"a batch": {func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.ReadAll(r.Body)
			if deny(r) {
				t.Error("one of several messages has turned the response")
			}
			_, _ = io.WriteString(w, "done")
		}, " [" + callTool + "]", http.StatusOK, "done"},
		"another error": {func(w http.ResponseWriter, r *http.Request) {
			if mcpauth.SetChallenge(r.Context(), errors.New("something else")) {
				t.Error("an error that is no challenge has turned the response")
			}
			_, _ = io.WriteString(w, "done")
		}, callTool, http.StatusOK, "done"},
		"too late": {func(_ http.ResponseWriter, r *http.Request) {
			go func() { <-r.Context().Done(); late <- deny(r) }()
		}, callTool, http.StatusOK, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			g := guard(t, nil, func(w http.ResponseWriter, r *http.Request) { test.next(w, r) })
			handler := g.handler
			g.handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handler.ServeHTTP(w, r.WithContext(ctx)) })
			w := g.post(test.body)
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
			g := guard(t, func(r *mcpauth.Resource) {
				r.Sessions = denyingSessions{t}
				r.Policy = &policy.Policy{Tools: map[string]policy.Requirement{"*": policy.Check("denies", check)}}
			}, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", test.kind)
				w.Header().Set("Mcp-Session-Id", "new")
				fmt.Fprint(w, test.before, `{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"a"},{"name":"b"}]}}`, test.after)
			})
			answered := make(chan *httptest.ResponseRecorder, 1)
			go func() { answered <- g.post(`{"jsonrpc":"2.0","id":1,"method":"tools/list"}`) }()
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

// An engine without a door for HTTP has no response to turn.
func TestDenyWithoutDoor(t *testing.T) {
	t.Parallel()
	server := newServer(t, mcpauthtest.Config{})
	auth := newAuth(t, trusting(server.Issuer()))
	info, err := auth.Authorize(t.Context(), bearer(mint(t, server)))
	if err != nil {
		t.Fatal(err)
	}
	ctx := mcpauth.NewContext(t.Context(), info)
	if err := mcpauth.Require(ctx, "delete"); err == nil || mcpauth.SetChallenge(ctx, err) {
		t.Errorf("%v, and it could be answered", err)
	}
}

// Events reach the client when they are written, filtered or not.
func TestStreamIsNotHeldBack(t *testing.T) {
	t.Parallel()
	more := make(chan struct{})
	g := guard(t, func(r *mcpauth.Resource) { r.Policy = &policy.Policy{} }, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		fmt.Fprint(w, "data: {\"method\":\"notifications/progress\"}\n\n")
		w.(http.Flusher).Flush()
		<-more
		fmt.Fprint(w, "data: {\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"tools\":[{\"name\":\"x\"}]}}\n\n")
	})
	server := httptest.NewServer(g.handler)
	defer server.Close()
	resp := g.postOver(t, server.URL, strings.NewReader(`{"jsonrpc":"2.0","id":1,"method":"tools/list"}`))
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

// A check tells a list, for which it gets no arguments, from a call without any.
//
// Covers RS12.
func TestCheckTellsListFromCall(t *testing.T) {
	t.Parallel()
	seen := make(chan string, 1)
	check := func(_ context.Context, _ policy.Caller, op policy.Operation) (bool, error) {
		seen <- fmt.Sprintf("%s %q %t", op.Name, string(op.Arguments), op.Arguments == nil)
		return true, nil
	}
	g := guard(t, func(r *mcpauth.Resource) {
		r.Policy = &policy.Policy{
			Tools:   map[string]policy.Requirement{"*": policy.Check("looks", check)},
			Prompts: map[string]policy.Requirement{"*": policy.Check("looks", check)},
		}
	}, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"t"}]}}`)
	})
	for body, want := range map[string]string{
		callTool: `t "{}" false`,
		`{"jsonrpc":"2.0","id":1,"method":"prompts/get","params":{"name":"p"}}`:                    `p "{}" false`,
		`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"t","arguments":null}}`:    `t "null" false`,
		`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"t","arguments":{"a":1}}}`: `t "{\"a\":1}" false`,
		`{"jsonrpc":"2.0","id":1,"method":"tools/list"}`:                                           `t "" true`,
	} {
		if w := g.post(body); w.Code != http.StatusOK {
			t.Errorf("%s: %d %s", body, w.Code, w.Body)
		}
		if got := <-seen; got != want {
			t.Errorf("%s: the check gets %s, want %s", body, got, want)
		}
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

// send makes a request with the token and reads the answer.
func (g guarded) send(t *testing.T, server *httptest.Server, method, body string) (*http.Response, string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, server.URL+"/mcp", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+g.token)
	r.Header.Set("Content-Type", "application/json")
	resp, err := server.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return resp, string(text), err
}

// What a handler writes after it has returned goes nowhere.
func TestWriteAfterReturn(t *testing.T) {
	t.Parallel()
	left, written := make(chan struct{}), make(chan error)
	g := guard(t, nil, func(w http.ResponseWriter, _ *http.Request) {
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
		g.handler.ServeHTTP(w, r)
		left <- struct{}{}
		for _, what := range []string{"write", "flush"} {
			if err := <-written; err == nil {
				t.Errorf("%s: a late %s was taken", r.Proto, what)
			}
		}
	}))
	for protocol, server := range servers {
		resp, text, err := g.send(t, server, http.MethodPost, callTool)
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
	g := guard(t, func(r *mcpauth.Resource) { r.Policy = &policy.Policy{} }, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		fmt.Fprint(w, "data: {\"method\":\"notifications/progress\"}\n\n")
		w.(http.Flusher).Flush()
		fmt.Fprint(w, "data: {\"result\":{\"tools\":[],\"tools\":[{\"name\":\"secret\"}]}}\n\n")
		<-r.Context().Done()
	})
	for protocol, server := range protocols(t, g.handler) {
		resp, text, err := g.send(t, server, http.MethodGet, "")
		if err == nil || errors.Is(err, context.DeadlineExceeded) || resp.Proto != protocol || !strings.Contains(text, "progress") || strings.Contains(text, "secret") {
			t.Errorf("%s: %q, %v", protocol, text, err)
		}
	}
}

// failingSessions is a store that is down.
type failingSessions struct{}

func (failingSessions) Bind(context.Context, string, string) (string, error) {
	return "", errors.New("down")
}

// Covers RS23.
func TestSessionStoreDown(t *testing.T) {
	t.Parallel()
	g := guard(t, func(r *mcpauth.Resource) { r.Sessions = failingSessions{} }, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Mcp-Session-Id") != "" {
			t.Error("the handler was reached with a session that could not be checked")
		} else {
			w.Header().Set("Mcp-Session-Id", "new")
		}
		_, _ = io.WriteString(w, "secret")
	})
	for name, headers := range map[string][]string{"a session is opened": nil, "a session is used": {"Mcp-Session-Id", "old"}} {
		w := g.post(callTool, headers...)
		if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" || w.Header().Get("Mcp-Session-Id") != "" ||
			strings.Contains(w.Body.String(), "secret") {
			t.Errorf("%s: %d %v %s", name, w.Code, w.Header(), w.Body)
		}
	}
}

// A handler that opens a session and writes nothing opens it all the same.
//
// Covers RS23.
func TestSessionWithoutBody(t *testing.T) {
	t.Parallel()
	g := guard(t, nil, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Mcp-Session-Id") == "" {
			w.Header().Set("Mcp-Session-Id", "new")
		}
	})
	if w := g.post(callTool, "Mcp-Session-Id", "new"); w.Code != http.StatusNotFound {
		t.Errorf("before it is opened: %d", w.Code)
	}
	if w := g.post(callTool); w.Header().Get("Mcp-Session-Id") != "new" {
		t.Error("no session")
	}
	if w := g.post(callTool, "Mcp-Session-Id", "new"); w.Code != http.StatusOK {
		t.Errorf("afterwards: %d", w.Code)
	}
}

// A handler must not hand out the session of somebody else.
//
// Covers RS23.
func TestSessionGivenTwice(t *testing.T) {
	t.Parallel()
	server := newServer(t, mcpauthtest.Config{})
	handler := newAuth(t, trusting(server.Issuer())).Protect(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Mcp-Session-Id", "same")
	}))
	alice, err := server.Token(mcpauthtest.TokenClaims{Subject: "alice", Audience: []string{resourceID}})
	if err != nil {
		t.Fatal(err)
	}
	bob, err := server.Token(mcpauthtest.TokenClaims{Subject: "bob", Audience: []string{resourceID}})
	if err != nil {
		t.Fatal(err)
	}
	if w := (guarded{handler, alice}).post(callTool); w.Code != http.StatusOK {
		t.Errorf("the first: %d", w.Code)
	}
	if w := (guarded{handler, bob}).post(callTool); w.Code != http.StatusServiceUnavailable || w.Header().Get("Mcp-Session-Id") != "" {
		t.Errorf("the second: %d %v", w.Code, w.Header())
	}
}

// Covers RS23.
func TestSharedSessions(t *testing.T) {
	t.Parallel()
	g := guard(t, func(r *mcpauth.Resource) { r.DangerouslyShareSessions = true }, func(http.ResponseWriter, *http.Request) {})
	if w := g.post(callTool, "Mcp-Session-Id", "any"); w.Code != http.StatusOK {
		t.Errorf("%d", w.Code)
	}
}

// The decision is made on exactly the bytes that the handler reads.
//
// Covers RS15.
func TestHandlerReadsTheSameBytes(t *testing.T) {
	t.Parallel()
	const body = " " + `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"t","arguments":{"a":[1, 2.50,"\u00e9"]}}}` + "\n"
	g := guard(t, func(r *mcpauth.Resource) {
		r.Policy = &policy.Policy{Default: policy.Authenticated()}
	}, func(w http.ResponseWriter, r *http.Request) {
		got, err := io.ReadAll(r.Body)
		if err != nil || string(got) != body || r.ContentLength != int64(len(body)) || len(r.TransferEncoding) > 0 {
			t.Errorf("%q, length %d, %v, %v", got, r.ContentLength, r.TransferEncoding, err)
		}
	})
	server := httptest.NewServer(g.handler)
	defer server.Close()
	for name, reader := range map[string]io.Reader{"length": strings.NewReader(body), "chunked": io.MultiReader(strings.NewReader(body))} {
		resp := g.postOver(t, server.URL, reader)
		if resp.Body.Close(); resp.StatusCode != http.StatusOK {
			t.Errorf("%s: %d", name, resp.StatusCode)
		}
	}
}

// Covers RS15.
func TestBodyLimit(t *testing.T) {
	t.Parallel()
	g := guard(t, func(r *mcpauth.Resource) {
		r.Policy = &policy.Policy{Default: policy.Authenticated(), MaxBody: int64(len(callTool))}
	}, func(http.ResponseWriter, *http.Request) {})
	server := httptest.NewServer(g.handler)
	defer server.Close()
	for name, test := range map[string]struct {
		reader io.Reader
		want   int
	}{
		"at the limit":            {strings.NewReader(callTool), http.StatusOK},
		"at the limit, chunked":   {io.MultiReader(strings.NewReader(callTool)), http.StatusOK},
		"over the limit":          {strings.NewReader(callTool + " "), http.StatusRequestEntityTooLarge},
		"over the limit, chunked": {io.MultiReader(strings.NewReader(callTool + " ")), http.StatusRequestEntityTooLarge},
	} {
		resp := g.postOver(t, server.URL, test.reader)
		if resp.Body.Close(); resp.StatusCode != test.want {
			t.Errorf("%s: %d", name, resp.StatusCode)
		}
	}
}
