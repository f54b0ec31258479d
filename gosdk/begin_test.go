package gosdk_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/mcp-auth/go/internal/mcptest"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// transports are the ways in which the SDK answers over HTTP.
func transports() map[string]struct {
	options mcp.StreamableHTTPOptions
	version string
} {
	type transport = struct {
		options mcp.StreamableHTTPOptions
		version string
	}
	return map[string]transport{
		"stateful, SSE":          {mcp.StreamableHTTPOptions{}, legacy},
		"stateful, JSON":         {mcp.StreamableHTTPOptions{JSONResponse: true}, legacy},
		"stateless, SSE":         {mcp.StreamableHTTPOptions{Stateless: true}, legacy},
		"stateless, JSON":        {mcp.StreamableHTTPOptions{Stateless: true, JSONResponse: true}, legacy},
		"stateless, SSE, modern": {mcp.StreamableHTTPOptions{Stateless: true}, modern},
		"stateless, JSON, modern": {
			mcp.StreamableHTTPOptions{Stateless: true, JSONResponse: true}, modern,
		},
	}
}

const stepUp = `Bearer error="insufficient_scope", scope="read delete", resource_metadata="`

// Covers RS12. A handler's refusal is the HTTP response: the SDK begins it with
// the answer, in every mode.
func TestRefusalOfHandler(t *testing.T) {
	t.Parallel()
	for name, transport := range transports() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := newNotes(t, &transport.options, 0, door{})
			token := n.token(t, "alice", "read")
			session := n.Open(t, transport.version, token)
			for method, params := range map[string][]string{
				"tools/call":     {`"name":"delete"`, `"name":"raw"`},
				"prompts/get":    {`"name":"late"`},
				"resources/read": {`"uri":"note://late"`},
			} {
				for _, param := range params {
					got := n.Post(t, transport.version, session, token, method, param)
					if got.Status != http.StatusForbidden || !strings.HasPrefix(got.Challenge, stepUp) {
						t.Errorf("%s %s: %+v", method, param, got)
					}
					if strings.Contains(got.Body, "jsonrpc") {
						t.Errorf("%s %s: the SDK's answer is sent besides: %s", method, param, got.Body)
					}
				}
			}
			if got := n.Post(t, transport.version, session, n.token(t, "alice", "read", "delete"), "tools/call", `"name":"delete"`); got.Status != http.StatusOK || !strings.Contains(got.Body, "done by delete") {
				t.Errorf("after the step-up: %+v", got)
			}
		})
	}
}

// Covers RS12. Where the response has begun, the result carries the challenge.
// In JSON mode it begins with the answer, whatever the tool sent before.
func TestRefusalAfterNotification(t *testing.T) {
	t.Parallel()
	for name, transport := range transports() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := newNotes(t, &transport.options, 0, door{})
			token := n.token(t, "alice", "read")
			session := n.Open(t, transport.version, token)
			got := n.Post(t, transport.version, session, token, "tools/call", `"name":"noisy"`)
			if transport.options.JSONResponse {
				if got.Status != http.StatusForbidden || !strings.HasPrefix(got.Challenge, stepUp) {
					t.Errorf("%+v", got)
				}
				return
			}
			checkInBand(t, got)
		})
	}
}

func checkInBand(t *testing.T, got mcptest.Answer) {
	t.Helper()
	want := `"mcp/www_authenticate":["Bearer error=\"insufficient_scope\", scope=\"read delete\", resource_metadata=`
	if got.Status != http.StatusOK || !strings.Contains(got.Body, want) || !strings.Contains(got.Body, `"isError":true`) {
		t.Errorf("%+v", got)
	}
}

// Covers RS12. With an event store, the SDK begins each response of 2025-11-25
// with an event of its own, and no response of other versions.
func TestRefusalWithEventStore(t *testing.T) {
	t.Parallel()
	for _, version := range []string{legacy, "2025-06-18"} {
		n := newNotes(t, &mcp.StreamableHTTPOptions{EventStore: mcp.NewMemoryEventStore(nil)}, 0, door{})
		token := n.token(t, "alice", "read")
		session := n.Open(t, version, token)
		got := n.Post(t, version, session, token, "tools/call", `"name":"delete"`)
		if version == legacy {
			checkInBand(t, got)
			got = n.Post(t, version, session, token, "prompts/get", `"name":"late"`)
			if got.Status != http.StatusOK || !strings.Contains(got.Body, `"data":{"_meta":{"mcp/www_authenticate":["Bearer error=`) {
				t.Errorf("prompt: %+v", got)
			}
		} else if got.Status != http.StatusForbidden {
			t.Errorf("%s: %+v", version, got)
		}
	}
}

// Covers RS12. A batch has several answers, so that none can be the response.
func TestRefusalInBatch(t *testing.T) {
	t.Parallel()
	const version = "2025-03-26"
	call := func(id int, name string) string {
		return fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":"tools/call","params":{"name":%q}}`, id, name)
	}
	for _, options := range []mcp.StreamableHTTPOptions{{}, {JSONResponse: true}} {
		n := newNotes(t, &options, 0, door{})
		token := n.token(t, "alice", "read")
		headers := map[string]string{"Mcp-Protocol-Version": version, "Mcp-Session-Id": n.Open(t, version, token)}
		got := n.Send(t, http.MethodPost, token, "["+call(1, "read")+","+call(2, "delete")+"]", headers)
		checkInBand(t, got)
		if !strings.Contains(got.Body, "done by read") {
			t.Errorf("the other call is not answered: %+v", got)
		}
		// What the policy refuses, it refuses for the whole batch.
		got = n.Send(t, http.MethodPost, token, "["+call(1, "read")+","+call(2, "secret")+"]", headers)
		if got.Status != http.StatusForbidden || !strings.Contains(got.Challenge, `scope="read admin"`) {
			t.Errorf("%+v", got)
		}
	}
}
