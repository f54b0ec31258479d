// Package mcptest is for the tests of the integrations with MCP SDKs. It speaks
// MCP over plain HTTP.
package mcptest

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// Legacy and Modern are the two eras of the protocol: with sessions, and
// without.
const (
	Legacy = "2025-11-25"
	Modern = "2026-07-28"
)

// Endpoint is the URL of an MCP server.
type Endpoint string

// Answer is what came back over HTTP.
type Answer struct {
	Status    int
	Challenge string
	Session   string
	Body      string
}

// Post sends one message as a client of a protocol version does.
func (e Endpoint) Post(t *testing.T, version, session, token, method, params string) Answer {
	t.Helper()
	return do(t, e.Message(t, version, session, token, method, params))
}

// Message returns the request that Post sends.
func (e Endpoint) Message(t *testing.T, version, session, token, method, params string) *http.Request {
	t.Helper()
	meta := ""
	headers := map[string]string{"Mcp-Protocol-Version": version, "Mcp-Session-Id": session}
	if version >= Modern {
		meta = `"_meta":{"io.modelcontextprotocol/protocolVersion":"` + version + `","io.modelcontextprotocol/clientInfo":{"name":"t","version":"1"},"io.modelcontextprotocol/clientCapabilities":{}},`
		var named struct{ Name, URI string }
		_ = json.Unmarshal([]byte("{"+params+"}"), &named)
		headers["Mcp-Method"], headers["Mcp-Name"] = method, named.Name+named.URI
	}
	body := `{"jsonrpc":"2.0","id":7,"method":"` + method + `","params":{` + strings.TrimSuffix(meta+params, ",") + `}}`
	return e.request(t, http.MethodPost, token, body, headers)
}

// Send sends a request with any body and with the headers that have a value.
func (e Endpoint) Send(t *testing.T, method, token, body string, headers map[string]string) Answer {
	t.Helper()
	return do(t, e.request(t, method, token, body, headers))
}

// Open begins a session, if the version and the server have any.
func (e Endpoint) Open(t *testing.T, version, token string) string {
	t.Helper()
	if version >= Modern {
		return ""
	}
	a := e.Post(t, version, "", token, "initialize", `"protocolVersion":"`+version+`","capabilities":{},"clientInfo":{"name":"t","version":"1"}`)
	if a.Status != http.StatusOK {
		t.Fatalf("initialize: %+v", a)
	}
	if a.Session != "" {
		e.Send(t, http.MethodPost, token, `{"jsonrpc":"2.0","method":"notifications/initialized"}`, map[string]string{"Mcp-Protocol-Version": version, "Mcp-Session-Id": a.Session})
	}
	return a.Session
}

func (e Endpoint) request(t *testing.T, method, token, body string, headers map[string]string) *http.Request {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second) // a stream that should be refused never ends
	t.Cleanup(cancel)
	r, err := http.NewRequestWithContext(ctx, method, string(e), strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json, text/event-stream")
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	for name, value := range headers {
		if value != "" {
			r.Header.Set(name, value)
		}
	}
	return r
}

func do(t *testing.T, r *http.Request) Answer {
	t.Helper()
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	return Read(t, resp)
}

// Read reads a response to its end.
func Read(t *testing.T, resp *http.Response) Answer {
	t.Helper()
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return Answer{resp.StatusCode, resp.Header.Get("WWW-Authenticate"), resp.Header.Get("Mcp-Session-Id"), string(body)}
}

// Arguments calls and lists the tool "read" and the prompt "open". seen tells
// what the check of one was given as arguments, quoted, and whether it was nil:
// nil is for lists, a call without arguments has {}.
func (e Endpoint) Arguments(t *testing.T, token string, seen func(name string) string) {
	t.Helper()
	session := e.Open(t, Legacy, token)
	for _, test := range []struct{ method, params, name, want string }{
		{"tools/call", `"name":"read"`, "read", `"{}" false`},
		{"tools/call", `"name":"read","arguments":{"a":1}`, "read", `"{\"a\":1}" false`},
		{"tools/list", ``, "read", `"" true`},
		{"prompts/get", `"name":"open"`, "open", `"{}" false`},
		{"prompts/get", `"name":"open","arguments":{"a":"b"}`, "open", `"{\"a\":\"b\"}" false`},
		{"prompts/list", ``, "open", `"" true`},
	} {
		cursor := ""
		for range 5 { // pages
			got := e.Post(t, Legacy, session, token, test.method, strings.TrimPrefix(test.params+cursor, ","))
			_, next, more := strings.Cut(got.Body, `"nextCursor":"`)
			if cursor = `,"cursor":"` + strings.Split(next, `"`)[0] + `"`; !more {
				break
			}
		}
		if got := seen(test.name); got != test.want {
			t.Errorf("%s %s: the check gets %s, want %s", test.method, test.params, got, test.want)
		}
	}
}

// PanicOf returns what the call panics with, nil if it does not.
func PanicOf(call func()) (value any) {
	defer func() { value = recover() }()
	call()
	return nil
}
