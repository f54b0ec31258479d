package gosdk_test

import (
	"net/http"
	"strings"
	"testing"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/internal/mcptest"
	"github.com/mcp-auth/go/policy"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// A public tool is called without a token, a list shows what is public, and
// all else asks for a token.
func TestWithoutToken(t *testing.T) {
	t.Parallel()
	for name, transport := range transports() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := newNotes(t, &transport.options, 0, door{})
			session := n.Open(t, transport.version, "")
			if got := n.Post(t, transport.version, session, "", "tools/call", `"name":"help"`); got.Status != http.StatusOK || !strings.Contains(got.Body, "done by help") {
				t.Errorf("public tool: %+v", got)
			}
			if got := n.Post(t, transport.version, session, "", "tools/call", `"name":"read"`); got.Status != http.StatusUnauthorized || !strings.Contains(got.Challenge, `scope="read", resource_metadata="`) {
				t.Errorf("tool: %+v", got)
			}
			got := n.Post(t, transport.version, session, "", "tools/list", "")
			if got.Status != http.StatusOK || !strings.Contains(got.Body, `"name":"help"`) || strings.Contains(got.Body, `"name":"read"`) {
				t.Errorf("list: %+v", got)
			}
			checkPublish(t, transport.options.Stateless, n.Post(t, transport.version, session, "", "tools/call", `"name":"publish"`))
		})
	}
}

// checkPublish looks at the refusal of a handler that needs a token after all.
// In a session, the SDK has no place to tell a handler which request it serves
// that nobody in particular sent.
func checkPublish(t *testing.T, isStateless bool, got mcptest.Answer) {
	t.Helper()
	if isStateless && (got.Status != http.StatusUnauthorized || !strings.Contains(got.Challenge, `scope="delete", resource_metadata="`)) {
		t.Errorf("handler: %+v", got)
	}
	if !isStateless && (got.Status != http.StatusOK || !strings.Contains(got.Body, `"mcp/www_authenticate":["Bearer scope=\"delete\", resource_metadata=`)) {
		t.Errorf("handler: %+v", got)
	}
}

// Covers RS23. Whoever first uses a token in a session that was opened without
// one owns it. The SDK's own check does not know that.
func TestSessionOpenedWithoutToken(t *testing.T) {
	t.Parallel()
	n := newNotes(t, nil, 0, door{})
	session := n.Open(t, legacy, "")
	for _, step := range []struct {
		subject string
		want    int
	}{
		{"", http.StatusOK}, {"alice", http.StatusOK}, {"mallory", http.StatusForbidden}, {"", http.StatusUnauthorized}, {"alice", http.StatusOK},
	} {
		if got := n.Post(t, legacy, session, n.token(t, step.subject, "read"), "tools/call", `"name":"help"`); got.Status != step.want {
			t.Errorf("%q: %+v, want %d", step.subject, got, step.want)
		}
	}
	// Not anonymous any more, though the session's context is.
	if got := n.Post(t, legacy, session, n.token(t, "alice", "read"), "tools/call", `"name":"publish"`); got.Status != http.StatusForbidden {
		t.Errorf("%+v", got)
	}
}

// Covers RS23. A session identifier is of no use to somebody else, whatever the
// method, and one that nobody opened is not known.
func TestSessionIsBound(t *testing.T) {
	t.Parallel()
	// The first has no public operation: then every session has an owner.
	private := door{resource: func(r *mcpauth.Resource) { r.Policy = &policy.Policy{Default: policy.Authenticated()} }}
	n := newNotes(t, nil, 0, private)
	alice, mallory := n.token(t, "alice"), n.token(t, "mallory")
	session := n.Open(t, legacy, alice)
	for _, test := range []struct {
		name, method, session, token string
		want                         int
	}{
		{"GET of another", http.MethodGet, session, mallory, http.StatusForbidden},
		{"POST of another", http.MethodPost, session, mallory, http.StatusForbidden},
		{"DELETE of another", http.MethodDelete, session, mallory, http.StatusForbidden},
		{"DELETE of nobody", http.MethodDelete, session, "", http.StatusUnauthorized},
		{"unknown", http.MethodPost, "made-up", alice, http.StatusNotFound},
		{"unknown DELETE", http.MethodDelete, "made-up", alice, http.StatusNotFound},
		{"POST", http.MethodPost, session, alice, http.StatusOK},
		{"DELETE", http.MethodDelete, session, alice, http.StatusNoContent},
		{"after the end", http.MethodPost, session, alice, http.StatusNotFound},
		{"after the end, of another", http.MethodPost, session, mallory, http.StatusForbidden},
	} {
		got := n.Send(t, test.method, test.token, `{"jsonrpc":"2.0","id":9,"method":"ping"}`, map[string]string{"Mcp-Protocol-Version": legacy, "Mcp-Session-Id": test.session})
		if got.Status != test.want {
			t.Errorf("%s: %+v, want %d", test.name, got, test.want)
		}
	}
}

// Covers RS23. The SDK's own check holds where the door's is switched off.
func TestSDKBindsSessions(t *testing.T) {
	t.Parallel()
	n := newNotes(t, nil, 0, door{resource: func(r *mcpauth.Resource) { r.DangerouslyShareSessions = true }})
	session := n.Open(t, legacy, n.token(t, "alice", "read"))
	for subject, want := range map[string]int{"alice": http.StatusOK, "mallory": http.StatusForbidden, "": http.StatusForbidden} {
		if got := n.Post(t, legacy, session, n.token(t, subject, "read"), "tools/call", `"name":"help"`); got.Status != want {
			t.Errorf("%q: %+v, want %d", subject, got, want)
		}
	}
}

// Covers RS23. A stateless server opens no session, and a made-up one is
// refused unless the policy lets callers without a token have sessions.
func TestStatelessHasNoSession(t *testing.T) {
	t.Parallel()
	private := door{resource: func(r *mcpauth.Resource) { r.Policy = &policy.Policy{Default: policy.Authenticated()} }}
	n := newNotes(t, &mcp.StreamableHTTPOptions{Stateless: true}, 0, private)
	alice := n.token(t, "alice")
	if session := n.Open(t, legacy, alice); session != "" {
		t.Errorf("session %q", session)
	}
	if got := n.Post(t, legacy, "", alice, "tools/call", `"name":"read"`); got.Status != http.StatusOK {
		t.Errorf("%+v", got)
	}
	if got := n.Post(t, legacy, "made-up", alice, "tools/call", `"name":"read"`); got.Status != http.StatusNotFound {
		t.Errorf("%+v", got)
	}
	if got := n.Send(t, http.MethodDelete, alice, "", nil); got.Status != http.StatusMethodNotAllowed {
		t.Errorf("%+v", got)
	}
}
