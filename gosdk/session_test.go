package gosdk_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/gosdk"
	"github.com/mcp-auth/go/mcpauthtest"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// seen is what the tool of the test server saw of its caller, in three ways.
type seen struct {
	Context, Request, SDK string
	Header                string // Authorization, as it came
	Scopes                []string
}

// protectedServer is an MCP server with a tool that tells what it sees.
func protectedServer(t *testing.T, as *mcpauthtest.Server, withMiddleware bool, opts ...mcpauth.Option) *httptest.Server {
	t.Helper()
	web := httptest.NewUnstartedServer(nil)
	resource := "http://" + web.Listener.Addr().String() + "/mcp"
	auth, err := mcpauth.New(mcpauth.Config{Resources: []mcpauth.Resource{{
		Identifier: resource, AuthorizationServers: []mcpauth.AuthorizationServer{{Issuer: as.Issuer()}},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	server := mcp.NewServer(&mcp.Implementation{Name: "test", Version: "1"}, nil)
	if withMiddleware {
		server.AddReceivingMiddleware(gosdk.Middleware())
	}
	mcp.AddTool(server, &mcp.Tool{Name: "look"}, look)
	handler := mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return server }, nil)
	web.Config.Handler = gosdk.Protect(auth, handler, append(opts, mcpauth.Scopes("use"))...)
	web.Start()
	t.Cleanup(web.Close)
	return web
}

func look(ctx context.Context, req *mcp.CallToolRequest, _ struct{}) (*mcp.CallToolResult, seen, error) {
	s := seen{Header: req.Extra.Header.Get("Authorization")}
	if info, ok := mcpauth.FromContext(ctx); ok {
		s.Context, s.Scopes = info.Subject, info.Scopes
	}
	if info, ok := gosdk.AuthInfo(req); ok {
		s.Request = info.Subject
	}
	if req.Extra.TokenInfo != nil {
		s.SDK = req.Extra.TokenInfo.UserID
	}
	return nil, s, nil
}

// carrier sends a token that can be exchanged.
type carrier struct{ token atomic.Pointer[string] }

func (c *carrier) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+*c.token.Load())
	return http.DefaultTransport.RoundTrip(r)
}

func newAS(t *testing.T) *mcpauthtest.Server {
	t.Helper()
	as, err := mcpauthtest.NewServer(mcpauthtest.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(as.Close)
	return as
}

func token(t *testing.T, as *mcpauthtest.Server, web *httptest.Server, subject string, scopes ...string) *string {
	t.Helper()
	token, err := as.Token(mcpauthtest.TokenClaims{Audience: []string{web.URL + "/mcp"}, Subject: subject, Scopes: scopes})
	if err != nil {
		t.Fatal(err)
	}
	return &token
}

func connect(t *testing.T, web *httptest.Server, c *carrier) *mcp.ClientSession {
	t.Helper()
	client := mcp.NewClient(&mcp.Implementation{Name: "test", Version: "1"}, nil)
	session, err := client.Connect(t.Context(), &mcp.StreamableClientTransport{
		Endpoint: web.URL + "/mcp", HTTPClient: &http.Client{Transport: c},
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = session.Close() })
	return session
}

func call(t *testing.T, session *mcp.ClientSession) seen {
	t.Helper()
	result, err := session.CallTool(t.Context(), &mcp.CallToolParams{Name: "look"})
	if err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(result.StructuredContent)
	if err != nil {
		t.Fatal(err)
	}
	var s seen
	if err := json.Unmarshal(data, &s); err != nil {
		t.Fatal(err)
	}
	return s
}

// Covers RS23. A tool sees the caller of this very request, in a session too,
// whose own context is that of its first request.
func TestToolSeesThisRequest(t *testing.T) {
	t.Parallel()
	as := newAS(t)
	web := protectedServer(t, as, true)
	var c carrier
	c.token.Store(token(t, as, web, "alice", "use"))
	session := connect(t, web, &c)
	first := call(t, session)
	if first.Context != "alice" || first.Request != "alice" || !strings.Contains(first.SDK, "alice") || !strings.Contains(first.SDK, as.Issuer()) {
		t.Errorf("first call: %+v", first)
	}
	c.token.Store(token(t, as, web, "alice", "use", "more"))
	if second := call(t, session); len(second.Scopes) != 2 {
		t.Errorf("after a step-up the tool sees the scopes %q", second.Scopes)
	}
}

// Without the middleware the context has no AuthInfo rather than a stale one.
// Covers RS14.
func TestToolWithoutToken(t *testing.T) {
	t.Parallel()
	as := newAS(t)
	for header, opts := range map[string][]mcpauth.Option{"Bearer": nil, "": {mcpauth.WithoutToken()}} {
		web := protectedServer(t, as, true, opts...)
		var c carrier
		c.token.Store(token(t, as, web, "alice", "use"))
		got := call(t, connect(t, web, &c))
		if kind, _, _ := strings.Cut(got.Header, " "); kind != header || got.Context != "alice" {
			t.Errorf("with %d options the tool sees %q of %s", len(opts), kind, got.Context)
		}
	}
}

func TestContextWithoutMiddleware(t *testing.T) {
	t.Parallel()
	as := newAS(t)
	web := protectedServer(t, as, false)
	var c carrier
	c.token.Store(token(t, as, web, "alice", "use"))
	if got := call(t, connect(t, web, &c)); got.Context != "" || got.Request != "alice" {
		t.Errorf("got %+v, want it from the request only", got)
	}
}

// Covers RS23. A session identifier is of no use to somebody else.
func TestSessionOfSomebodyElse(t *testing.T) {
	t.Parallel()
	as := newAS(t)
	web := protectedServer(t, as, true)
	var c carrier
	c.token.Store(token(t, as, web, "alice", "use"))
	session := connect(t, web, &c)
	for subject, want := range map[string]int{"alice": http.StatusOK, "mallory": http.StatusForbidden} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, web.URL+"/mcp", strings.NewReader(`{"jsonrpc":"2.0","id":9,"method":"ping"}`))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+*token(t, as, web, subject, "use"))
		r.Header.Set("Mcp-Session-Id", session.ID())
		r.Header.Set("Mcp-Protocol-Version", "2025-06-18")
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Accept", "application/json, text/event-stream")
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("%s: status %d, want %d", subject, resp.StatusCode, want)
		}
	}
}

// A request that no door let in does not reach the SDK.
func TestBridgeWithoutDoor(t *testing.T) {
	t.Parallel()
	handler := gosdk.Bridge(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodOptions {
			t.Error("reached without a door")
		}
		w.WriteHeader(http.StatusNoContent)
	}))
	for method, want := range map[string]int{http.MethodPost: http.StatusInternalServerError, http.MethodOptions: http.StatusNoContent} {
		r := httptest.NewRequest(method, "/mcp", nil)
		r.Header.Set("Authorization", "Bearer verified")
		r.Header.Set("Access-Control-Request-Method", "POST")
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		if w.Code != want {
			t.Errorf("%s: %d, want %d", method, w.Code, want)
		}
	}
}
