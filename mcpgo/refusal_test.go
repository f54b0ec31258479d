package mcpgo_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
	mcpauth "github.com/mcp-auth/go"
)

const stepUp = `Bearer error="insufficient_scope", scope="read delete", resource_metadata="`

// Covers RS12. A handler's refusal is the HTTP response, and a handler knows its
// caller without anything else to be set.
func TestRefusalOfHandler(t *testing.T) {
	t.Parallel()
	n := newNotes(t, setup{})
	for _, version := range versions() {
		token := n.token(t, "alice", "read")
		session := n.open(t, version, token)
		for method, params := range map[string]string{
			"tools/call": `"name":"delete"`, "prompts/get": `"name":"late"`, "resources/read": `"uri":"note://late"`,
		} {
			got := n.post(t, version, session, token, method, params)
			if got.status != http.StatusForbidden || !strings.HasPrefix(got.challenge, stepUp) {
				t.Errorf("%s %s: %+v", version, method, got)
			}
			if strings.Contains(got.body, "jsonrpc") {
				t.Errorf("%s %s: mcp-go's answer is sent besides: %s", version, method, got.body)
			}
		}
		if got := n.post(t, version, session, n.token(t, "alice", "read", "delete"), "tools/call", `"name":"delete"`); got.status != http.StatusOK || !strings.Contains(got.body, "done by delete") {
			t.Errorf("%s: after the step-up: %+v", version, got)
		}
		if got := n.post(t, version, session, token, "tools/call", `"name":"whoami"`); !strings.Contains(got.body, "called by alice") {
			t.Errorf("%s: %+v", version, got)
		}
	}
}

// Covers RS12. mcp-go begins its response with a notification that a tool sends.
// Then the result carries the challenge.
func TestRefusalAfterNotification(t *testing.T) {
	t.Parallel()
	for _, version := range versions() {
		n := newNotes(t, setup{})
		heard := make(chan struct{})
		n.mcp.AddTool(mcp.NewTool("noisy"), func(ctx context.Context, r mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			if err := server.ServerFromContext(ctx).SendNotificationToClient(ctx, "notifications/progress", map[string]any{"progressToken": "p", "progress": 1}); err != nil {
				t.Error(err)
				return nil, err
			}
			select {
			case <-heard:
			case <-ctx.Done():
			}
			return late(ctx, r)
		})
		token := n.token(t, "alice", "read")
		session := n.open(t, version, token)
		got := n.postHearing(t, version, session, token, heard)
		if got.status != http.StatusOK || !strings.Contains(got.body, `"isError":true`) ||
			!strings.Contains(got.body, `"mcp/www_authenticate":["Bearer error=\"insufficient_scope\", scope=\"read delete\", resource_metadata=`) {
			t.Errorf("%s: %+v", version, got)
		}
	}
}

// postHearing calls the tool noisy and tells when the response has begun.
func (n *notes) postHearing(t *testing.T, version, session, token string, heard chan struct{}) answer {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, n.web.URL+"/mcp", nil)
	if err != nil {
		t.Fatal(err)
	}
	body := `{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"noisy"}}`
	if version >= modern {
		body = `{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"noisy","_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientInfo":{"name":"t","version":"1"},"io.modelcontextprotocol/clientCapabilities":{}}}}`
		r.Header.Set("Mcp-Method", "tools/call")
		r.Header.Set("Mcp-Name", "noisy")
	} else {
		r.Header.Set("Mcp-Session-Id", session)
	}
	r.Body = io.NopCloser(strings.NewReader(body))
	r.Header.Set("Mcp-Protocol-Version", version)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json, text/event-stream")
	r.Header.Set("Authorization", "Bearer "+token)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	close(heard)
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{resp.StatusCode, resp.Header.Get("WWW-Authenticate"), "", string(data)}
}

// A public tool is called without a token, a list shows what is public, and all
// else asks for a token, also if a handler finds out late.
func TestWithoutToken(t *testing.T) {
	t.Parallel()
	n := newNotes(t, setup{})
	for _, version := range versions() {
		session := n.open(t, version, "")
		for _, test := range []struct {
			method, params string
			status         int
			body, scope    string
		}{
			{"tools/call", `"name":"help"`, http.StatusOK, "done by help", ""},
			{"tools/call", `"name":"read"`, http.StatusUnauthorized, "", `Bearer scope="read", resource_metadata="`},
			{"tools/call", `"name":"publish"`, http.StatusUnauthorized, "", `Bearer scope="delete", resource_metadata="`},
			{"prompts/list", ``, http.StatusUnauthorized, "", `Bearer resource_metadata="`},
		} {
			got := n.post(t, version, session, "", test.method, test.params)
			if got.status != test.status || !strings.Contains(got.body, test.body) || !strings.HasPrefix(got.challenge, test.scope) {
				t.Errorf("%s %s %s: %+v", version, test.method, test.params, got)
			}
		}
		got := n.post(t, version, session, "", "tools/list", "")
		if got.status != http.StatusOK || !strings.Contains(got.body, `"name":"help"`) || strings.Contains(got.body, `"name":"delete"`) {
			t.Errorf("%s: %+v", version, got)
		}
	}
}

// mcp-go knows no batches.
func TestBatch(t *testing.T) {
	t.Parallel()
	n := newNotes(t, setup{})
	const version = "2025-03-26"
	token := n.token(t, "alice", "read")
	headers := map[string]string{"Mcp-Session-Id": n.open(t, version, token)}
	for name, want := range map[string]int{"secret": http.StatusForbidden, "read": http.StatusBadRequest} {
		body := `[{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"read"}},{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"` + name + `"}}]`
		if got := n.send(t, http.MethodPost, token, body, headers); got.status != want {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// Covers RS23. mcp-go itself takes any session identifier of its form from
// anybody.
func TestSessionIsBound(t *testing.T) {
	t.Parallel()
	for name, options := range map[string][]server.StreamableHTTPOption{
		"default": nil, "stateful": {server.WithStateful(true)},
	} {
		n := newNotes(t, setup{transport: options, resource: func(r *mcpauth.Resource) { r.Policy = &mcpauth.Policy{Default: mcpauth.Authenticated()} }})
		alice, mallory := n.token(t, "alice"), n.token(t, "mallory")
		session := n.open(t, legacy, alice)
		madeUp := "mcp-session-00000000-0000-4000-8000-000000000000"
		for _, test := range []struct {
			name, method, session, token string
			want                         int
		}{
			{"GET of another", http.MethodGet, session, mallory, http.StatusForbidden},
			{"POST of another", http.MethodPost, session, mallory, http.StatusForbidden},
			{"DELETE of another", http.MethodDelete, session, mallory, http.StatusForbidden},
			{"DELETE of nobody", http.MethodDelete, session, "", http.StatusUnauthorized},
			{"unknown", http.MethodPost, madeUp, alice, http.StatusNotFound},
			{"unknown DELETE", http.MethodDelete, madeUp, alice, http.StatusNotFound},
			{"POST", http.MethodPost, session, alice, http.StatusOK},
			{"DELETE", http.MethodDelete, session, alice, http.StatusOK},
		} {
			got := n.send(t, test.method, test.token, `{"jsonrpc":"2.0","id":9,"method":"ping"}`, map[string]string{"Mcp-Protocol-Version": legacy, "Mcp-Session-Id": test.session})
			if got.status != test.want {
				t.Errorf("%s, %s: %+v, want %d", name, test.name, got, test.want)
			}
		}
	}
}

// Covers RS23. A session that is opened from within another is bound, too:
// mcp-go opens one for each initialize.
func TestSecondSessionIsBound(t *testing.T) {
	t.Parallel()
	n := newNotes(t, setup{})
	alice := n.token(t, "alice", "read")
	first := n.open(t, legacy, alice)
	second := n.post(t, legacy, first, alice, "initialize", `"protocolVersion":"`+legacy+`","capabilities":{},"clientInfo":{"name":"t","version":"1"}`).session
	if second == "" || second == first {
		t.Fatalf("sessions %q and %q", first, second)
	}
	if got := n.post(t, legacy, second, n.token(t, "mallory", "read"), "tools/call", `"name":"help"`); got.status != http.StatusForbidden {
		t.Errorf("%+v", got)
	}
}

// Covers RS23. A stateless server opens no session.
func TestStatelessHasNoSession(t *testing.T) {
	t.Parallel()
	n := newNotes(t, setup{transport: []server.StreamableHTTPOption{server.WithStateLess(true)}})
	alice := n.token(t, "alice", "read")
	if session := n.open(t, legacy, alice); session != "" {
		t.Errorf("session %q", session)
	}
	if got := n.post(t, legacy, "", alice, "tools/call", `"name":"delete"`); got.status != http.StatusForbidden || !strings.HasPrefix(got.challenge, stepUp) {
		t.Errorf("%+v", got)
	}
}
