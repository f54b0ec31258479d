package mcpgo_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/internal/mcptest"
	"github.com/mcp-auth/go/policy"
)

const stepUp = `Bearer error="insufficient_scope", scope="read delete", resource_metadata="`

// Covers RS12. A handler's refusal is the HTTP response, and a handler knows its
// caller without anything else to be set.
func TestRefusalOfHandler(t *testing.T) {
	t.Parallel()
	n := newNotes(t, setup{})
	for _, version := range versions() {
		token := n.token(t, "alice", "read")
		session := n.Open(t, version, token)
		for method, params := range map[string]string{
			"tools/call": `"name":"delete"`, "prompts/get": `"name":"late"`, "resources/read": `"uri":"note://late"`,
		} {
			got := n.Post(t, version, session, token, method, params)
			if got.Status != http.StatusForbidden || !strings.HasPrefix(got.Challenge, stepUp) {
				t.Errorf("%s %s: %+v", version, method, got)
			}
			if strings.Contains(got.Body, "jsonrpc") {
				t.Errorf("%s %s: mcp-go's answer is sent besides: %s", version, method, got.Body)
			}
		}
		if got := n.Post(t, version, session, n.token(t, "alice", "read", "delete"), "tools/call", `"name":"delete"`); got.Status != http.StatusOK || !strings.Contains(got.Body, "done by delete") {
			t.Errorf("%s: after the step-up: %+v", version, got)
		}
		if got := n.Post(t, version, session, token, "tools/call", `"name":"whoami"`); !strings.Contains(got.Body, "called by alice") {
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
		session := n.Open(t, version, token)
		got := n.postHearing(t, version, session, token, heard)
		if got.Status != http.StatusOK || !strings.Contains(got.Body, `"isError":true`) ||
			!strings.Contains(got.Body, `"mcp/www_authenticate":["Bearer error=\"insufficient_scope\", scope=\"read delete\", resource_metadata=`) {
			t.Errorf("%s: %+v", version, got)
		}
	}
}

// postHearing calls the tool noisy and tells when the response has begun.
func (n *notes) postHearing(t *testing.T, version, session, token string, heard chan struct{}) mcptest.Answer {
	t.Helper()
	resp, err := http.DefaultClient.Do(n.Message(t, version, session, token, "tools/call", `"name":"noisy"`))
	if err != nil {
		t.Fatal(err)
	}
	close(heard)
	return mcptest.Read(t, resp)
}

// A public tool is called without a token, a list shows what is public, and all
// else asks for a token, also if a handler finds out late.
func TestWithoutToken(t *testing.T) {
	t.Parallel()
	n := newNotes(t, setup{})
	for _, version := range versions() {
		session := n.Open(t, version, "")
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
			got := n.Post(t, version, session, "", test.method, test.params)
			if got.Status != test.status || !strings.Contains(got.Body, test.body) || !strings.HasPrefix(got.Challenge, test.scope) {
				t.Errorf("%s %s %s: %+v", version, test.method, test.params, got)
			}
		}
		got := n.Post(t, version, session, "", "tools/list", "")
		if got.Status != http.StatusOK || !strings.Contains(got.Body, `"name":"help"`) || strings.Contains(got.Body, `"name":"delete"`) {
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
	headers := map[string]string{"Mcp-Session-Id": n.Open(t, version, token)}
	for name, want := range map[string]int{"secret": http.StatusForbidden, "read": http.StatusBadRequest} {
		body := `[{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"read"}},{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"` + name + `"}}]`
		if got := n.Send(t, http.MethodPost, token, body, headers); got.Status != want {
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
		n := newNotes(t, setup{transport: options, resource: func(r *mcpauth.Resource) { r.Policy = &policy.Policy{Default: policy.Authenticated()} }})
		alice, mallory := n.token(t, "alice"), n.token(t, "mallory")
		session := n.Open(t, legacy, alice)
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
			got := n.Send(t, test.method, test.token, `{"jsonrpc":"2.0","id":9,"method":"ping"}`, map[string]string{"Mcp-Protocol-Version": legacy, "Mcp-Session-Id": test.session})
			if got.Status != test.want {
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
	first := n.Open(t, legacy, alice)
	second := n.Post(t, legacy, first, alice, "initialize", `"protocolVersion":"`+legacy+`","capabilities":{},"clientInfo":{"name":"t","version":"1"}`).Session
	if second == "" || second == first {
		t.Fatalf("sessions %q and %q", first, second)
	}
	if got := n.Post(t, legacy, second, n.token(t, "mallory", "read"), "tools/call", `"name":"help"`); got.Status != http.StatusForbidden {
		t.Errorf("%+v", got)
	}
}

// Covers RS23. A stateless server opens no session.
func TestStatelessHasNoSession(t *testing.T) {
	t.Parallel()
	n := newNotes(t, setup{transport: []server.StreamableHTTPOption{server.WithStateLess(true)}})
	alice := n.token(t, "alice", "read")
	if session := n.Open(t, legacy, alice); session != "" {
		t.Errorf("session %q", session)
	}
	if got := n.Post(t, legacy, "", alice, "tools/call", `"name":"delete"`); got.Status != http.StatusForbidden || !strings.HasPrefix(got.Challenge, stepUp) {
		t.Errorf("%+v", got)
	}
}
