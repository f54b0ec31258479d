package mcpgo_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/internal/mcptest"
	"github.com/mcp-auth/go/mcpgo"
	"github.com/mcp-auth/go/policy"
)

// newStateless is a server without sessions, whose tool tells its caller
// something in private.
func newStateless(t *testing.T, options ...server.StreamableHTTPOption) *notes {
	t.Helper()
	n := newNotes(t, setup{
		transport: append(options, server.WithStateLess(true)),
		resource:  func(r *mcpauth.Resource) { r.Policy = &policy.Policy{Default: policy.Authenticated()} },
	})
	n.mcp.AddTool(mcp.NewTool("private"), func(ctx context.Context, _ mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		info, _ := mcpauth.FromContext(ctx)
		for range 20 {
			if err := n.mcp.SendNotificationToClient(ctx, "notifications/message", map[string]any{"data": "for " + info.Subject}); err != nil {
				return nil, err
			}
		}
		return mcp.NewToolResultText("result for " + info.Subject), nil
	})
	return n
}

// Covers RS23. In a server without sessions, a stream brings nobody what is for
// another caller.
func TestStatelessStreamsAreApart(t *testing.T) {
	t.Parallel()
	n := newStateless(t)
	ctx, cancel := context.WithCancel(t.Context())
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, n.web.URL+"/mcp", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+n.token(t, "mallory"))
	r.Header.Set("Accept", "text/event-stream")
	stream, err := http.DefaultClient.Do(r)
	if err != nil || stream.StatusCode != http.StatusOK {
		t.Fatalf("%+v, %v", stream, err)
	}
	heard := make(chan string)
	go func() {
		text, _ := io.ReadAll(stream.Body)
		_ = stream.Body.Close()
		heard <- string(text)
	}()
	for range 10 {
		if got := n.Post(t, legacy, "", n.token(t, "alice"), "tools/call", `"name":"private"`); !strings.Contains(got.Body, "result for alice") {
			t.Errorf("%+v", got)
		}
	}
	cancel()
	if text := <-heard; strings.Contains(text, "for alice") {
		t.Errorf("mallory hears %s", text)
	}
}

// Covers RS23. Nor are events of another caller replayed, whose identifiers are
// easily guessed.
func TestStatelessEventsAreApart(t *testing.T) {
	t.Parallel()
	n := newStateless(t, server.WithEventStore(server.NewInMemoryEventStore()))
	alice, mallory := n.token(t, "alice"), n.token(t, "mallory")
	if got := n.Post(t, legacy, "", alice, "tools/call", `"name":"private"`); !strings.HasPrefix(got.Body, "id: 1\n") {
		t.Fatalf("%+v", got)
	}
	for token, want := range map[string]int{alice: http.StatusOK, mallory: http.StatusBadRequest} {
		got := n.Send(t, http.MethodGet, token, "", map[string]string{"Last-Event-ID": "1"})
		if got.Status != want || strings.Contains(got.Body, "result for alice") != (token == alice) {
			t.Errorf("%+v, want %d", got, want)
		}
	}
}

// Covers RS23. Callers without a token are nobody together: each request of theirs is
// one by itself.
func TestStatelessAnonymousAreApart(t *testing.T) {
	t.Parallel()
	var ids sync.Map
	n := newNotes(t, setup{
		transport: []server.StreamableHTTPOption{
			server.WithStateLess(true), server.WithEventStore(server.NewInMemoryEventStore()),
			server.WithHTTPContextFunc(func(ctx context.Context, r *http.Request) context.Context {
				if _, seen := ids.LoadOrStore(r.Header.Get("Mcp-Session-Id"), true); seen {
					t.Error("two requests have one identifier")
				}
				return ctx
			}),
		},
		resource: func(r *mcpauth.Resource) {
			r.Policy = &policy.Policy{Default: policy.Public(), Methods: map[string]policy.Requirement{"*": policy.Public()}}
		},
	})
	n.mcp.AddTool(mcp.NewTool("private"), func(ctx context.Context, _ mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		_ = n.mcp.SendNotificationToClient(ctx, "notifications/message", map[string]any{"data": "note"})
		return mcp.NewToolResultText("result"), nil
	})
	if got := n.Post(t, legacy, "", "", "tools/call", `"name":"private"`); !strings.Contains(got.Body, "result") {
		t.Fatalf("%+v", got)
	}
	if got := n.Send(t, http.MethodGet, "", "", map[string]string{"Last-Event-ID": "1"}); strings.Contains(got.Body, "result") || got.Status == http.StatusOK {
		t.Errorf("another's answer is replayed: %+v", got)
	}
}

// Covers RS23. Nobody can send the identifier that stands for a caller.
func TestCallersAreNoSessions(t *testing.T) {
	t.Parallel()
	seen := make(chan string, 2)
	n := newNotes(t, setup{transport: []server.StreamableHTTPOption{
		server.WithStateLess(true),
		server.WithHTTPContextFunc(func(ctx context.Context, r *http.Request) context.Context {
			seen <- r.Header.Get("Mcp-Session-Id")
			return ctx
		}),
	}})
	alice := n.token(t, "alice", "read")
	n.Post(t, legacy, "", alice, "tools/call", `"name":"read"`)
	own := <-seen
	for _, token := range []string{alice, n.token(t, "mallory", "read")} {
		if got := n.Post(t, legacy, own, token, "tools/call", `"name":"read"`); own == "" || got.Status != http.StatusNotFound {
			t.Errorf("%q: %+v", own, got)
		}
	}
}

// Covers RS23. mcp-go lets any caller cancel the requests of others in a version
// without sessions, unless the policy denies it as docs/mcp-go.md says.
func TestCancellationIsDenied(t *testing.T) {
	t.Parallel()
	n := newNotes(t, setup{resource: func(r *mcpauth.Resource) {
		r.Policy = &policy.Policy{Default: policy.Authenticated(), Methods: map[string]policy.Requirement{"notifications/cancelled": policy.Denied()}}
	}})
	begun, end := make(chan struct{}), make(chan struct{})
	n.mcp.AddTool(mcp.NewTool("slow"), func(ctx context.Context, _ mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		close(begun)
		select {
		case <-ctx.Done():
			return mcp.NewToolResultText("cancelled"), nil
		case <-end:
			return mcp.NewToolResultText("finished"), nil
		}
	})
	answered := make(chan mcptest.Answer)
	go func() { answered <- n.Post(t, modern, "", n.token(t, "alice"), "tools/call", `"name":"slow"`) }()
	<-begun
	const cancel = `{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":7,"_meta":{"io.modelcontextprotocol/protocolVersion":"` + modern +
		`","io.modelcontextprotocol/clientInfo":{"name":"t","version":"1"},"io.modelcontextprotocol/clientCapabilities":{}}}}`
	got := n.Send(t, http.MethodPost, n.token(t, "mallory"), cancel, map[string]string{"Mcp-Protocol-Version": modern, "Mcp-Method": "notifications/cancelled"})
	close(end)
	if got.Status != http.StatusForbidden {
		t.Errorf("mallory: %+v", got)
	}
	if got := <-answered; !strings.Contains(got.Body, "finished") {
		t.Errorf("alice: %+v", got)
	}
}

// auth is an Auth for the server's resource, with permission for ping.
func (n *notes) auth(t *testing.T) *mcpauth.Auth {
	t.Helper()
	rules := notesPolicy()
	rules.Methods["ping"] = policy.Authenticated()
	auth, err := mcpauth.New(mcpauth.Config{Resources: []mcpauth.Resource{{
		Identifier: string(n.Endpoint), AuthorizationServers: []mcpauth.AuthorizationServer{{Issuer: n.as.Issuer()}}, Policy: rules,
	}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = auth.Close() })
	return auth
}

// Covers RS23. Auth.Protect does not keep callers apart, so the middleware refuses
// to serve behind it.
func TestMiddlewareNeedsProtect(t *testing.T) {
	t.Parallel()
	for _, stateless := range []bool{true, false} {
		var protect func(http.Handler) http.Handler
		n := newNotes(t, setup{transport: []server.StreamableHTTPOption{server.WithStateLess(stateless)}, wrap: func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { protect(next).ServeHTTP(w, r) })
		}})
		auth := n.auth(t)
		protect = func(next http.Handler) http.Handler { return auth.Protect(next) }
		for _, token := range []string{n.token(t, "alice", "read"), ""} {
			session := n.Open(t, legacy, token)
			if got := n.Post(t, legacy, session, token, "tools/call", `"name":"help"`); !strings.Contains(got.Body, "mcpgo.Protect") {
				t.Errorf("%+v", got)
			}
		}
	}
}

// Covers RS23. The caller is known to what runs after the response, as tools of an
// SSE server and task tools do.
func TestCallerAfterResponse(t *testing.T) {
	t.Parallel()
	var kept context.Context
	n := newNotes(t, setup{})
	handler := mcpgo.Protect(n.auth(t), http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { kept = context.WithoutCancel(r.Context()) }))
	r := httptest.NewRequest(http.MethodPost, "/mcp", strings.NewReader(`{"jsonrpc":"2.0","id":1,"method":"ping"}`))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+n.token(t, "alice"))
	handler.ServeHTTP(httptest.NewRecorder(), r)
	if info, err := mcpauth.RequireAuthInfo(kept); err != nil || info.Subject != "alice" {
		t.Errorf("%+v, %v", info, err)
	}
}
