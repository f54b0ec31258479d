package mcpgo_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/mcpgo"
	"github.com/mcp-auth/go/policy"
)

// ownDoor knows its callers by a header, as a gateway's might be: "alice read".
func ownDoor(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		words := strings.Fields(strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "))
		if len(words) > 0 {
			info := &mcpauth.AuthInfo{Issuer: "https://auth.example.com", Subject: words[0], Scopes: words[1:]}
			r = r.WithContext(mcpauth.NewContext(r.Context(), info))
		}
		next.ServeHTTP(w, r)
	})
}

func inside(a *mcpauth.Auth) server.ServerOption { return mcpgo.Authorize(a, "") }

const (
	refusedTool = `"mcp/www_authenticate":["Bearer error=\"insufficient_scope\", scope=\"admin\", resource_metadata=`
	lacking     = "does not have all scopes"
	noToken     = "An access token is required."
)

// Covers RS4, RS12. The policy holds inside mcp-go as it does at the door, for
// every method.
func TestAuthorizeInside(t *testing.T) {
	t.Parallel()
	n := newNotes(t, setup{wrap: ownDoor, inside: inside})
	const reader = "alice read"
	for _, test := range []struct{ version, token, method, params, want string }{
		{legacy, reader, "tools/call", `"name":"read"`, "done by read"},
		{legacy, reader, "tools/call", `"name":"secret"`, refusedTool},
		{modern, reader, "tools/call", `"name":"secret"`, refusedTool},
		{legacy, reader, "tools/call", `"name":"task","task":{}`, lacking},
		{legacy, "root admin", "tools/call", `"name":"task","task":{}`, `"taskId"`},
		{legacy, reader, "tools/call", `"name":"unheard"`, "not found"},
		{legacy, reader, "prompts/get", `"name":"open"`, `"messages":`},
		{legacy, reader, "prompts/get", `"name":"closed"`, lacking},
		{legacy, reader, "resources/read", `"uri":"note://all"`, `"text":"text"`},
		{legacy, reader, "resources/read", `"uri":"note://1"`, lacking},
		{legacy, reader, "resources/read", `"uri":"note://by-template"`, lacking},
		{legacy, reader, "resources/subscribe", `"uri":"note://1"`, lacking},
		{legacy, reader, "completion/complete", `"ref":{"type":"ref/prompt","name":"closed"},"argument":{"name":"a","value":"b"}`, lacking},
		{legacy, reader, "completion/complete", `"ref":{"type":"ref/resource","uri":"note://1"},"argument":{"name":"a","value":"b"}`, lacking},
		{legacy, reader, "completion/complete", `"ref":{"type":"ref/else"},"argument":{"name":"a","value":"b"}`, "cannot be read"},
		{legacy, reader, "tasks/list", ``, "not permitted"},
		{modern, reader, "subscriptions/listen", `"notifications":{"resourceSubscriptions":["note://all","note://1"]}`, lacking},
		{legacy, "", "tools/call", `"name":"help"`, "done by help"},
		{legacy, "", "tools/call", `"name":"read"`, `"mcp/www_authenticate":["Bearer scope=\"read\", resource_metadata=`},
		{legacy, "", "resources/read", `"uri":"note://all"`, noToken},
		{legacy, "", "prompts/list", ``, noToken},
		{legacy, "", "ping", ``, noToken},
	} {
		session := n.Open(t, test.version, "root admin")
		if got := n.Post(t, test.version, session, test.token, test.method, test.params); !strings.Contains(got.Body, test.want) {
			t.Errorf("%s %q %s %s: %+v, want %s", test.version, test.token, test.method, test.params, got, test.want)
		}
	}
}

// Behind a door of mcpauth that does not read requests, a refusal inside mcp-go
// is an HTTP response.
func TestAuthorizeBehindDoor(t *testing.T) {
	t.Parallel()
	var open *mcpauth.Auth
	n := newNotes(t, setup{inside: inside, wrap: func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { mcpgo.Protect(open, next).ServeHTTP(w, r) })
	}})
	var err error
	open, err = mcpauth.New(mcpauth.Config{Resources: []mcpauth.Resource{{
		Identifier: n.web.URL + "/mcp", AuthorizationServers: []mcpauth.AuthorizationServer{{Issuer: n.as.Issuer()}}, DangerouslyShareSessions: true,
	}}})
	if err != nil {
		t.Fatal(err)
	}
	for _, version := range versions() {
		token := n.token(t, "alice", "read")
		session := n.Open(t, version, token)
		for method, params := range map[string]string{
			"tools/call": `"name":"secret"`, "prompts/get": `"name":"closed"`, "resources/read": `"uri":"note://1"`,
			"completion/complete": `"ref":{"type":"ref/prompt","name":"closed"},"argument":{"name":"a","value":"b"}`,
		} {
			if got := n.Post(t, version, session, token, method, params); got.Status != http.StatusForbidden || !strings.Contains(got.Challenge, `scope="admin"`) {
				t.Errorf("%s %s: %+v", version, method, got)
			}
		}
	}
}

// Covers RS12. What is hidden has the text of what is not there.
func TestAuthorizeHides(t *testing.T) {
	t.Parallel()
	n := newNotes(t, setup{wrap: ownDoor, inside: inside, resource: func(r *mcpauth.Resource) {
		r.Policy.HideRefused = true
		r.Policy.Default = policy.Authenticated()
	}})
	const reader = "alice read"
	session := n.Open(t, legacy, reader)
	code := strings.NewReplacer("-32603", "code", "-32602", "code", "-32002", "code")
	for method, params := range map[string][2]string{
		"tools/call":     {`"name":"secret"`, `"name":"nosuch"`},
		"prompts/get":    {`"name":"closed"`, `"name":"nosuch"`},
		"resources/read": {`"uri":"note://1"`, `"uri":"nosuch://1"`},
	} {
		hidden := n.Post(t, legacy, session, reader, method, params[0])
		absent := n.Post(t, legacy, session, reader, method, params[1])
		like := strings.NewReplacer("secret", "nosuch", "closed", "nosuch", "note://1", "nosuch://1")
		if hidden.Status != absent.Status || code.Replace(like.Replace(hidden.Body)) != code.Replace(absent.Body) {
			t.Errorf("%s: hidden %+v, absent %+v", method, hidden, absent)
		}
	}
}

// Hooks that are replaced afterwards would leave lists and tasks open.
func TestAuthorizeNoticesLostHooks(t *testing.T) {
	t.Parallel()
	n := newNotes(t, setup{wrap: ownDoor, inside: func(a *mcpauth.Auth) server.ServerOption {
		return func(s *server.MCPServer) {
			mcpgo.Authorize(a, "")(s)
			server.WithHooks(&server.Hooks{})(s)
		}
	}})
	const admin = "root admin"
	session := n.Open(t, legacy, admin)
	for _, test := range []struct{ method, params, want, never string }{
		{"tools/call", `"name":"secret"`, "not found", "done by"},
		{"tools/call", `"name":"task","task":{}`, "not found", "taskId"},
		{"tools/list", ``, `"tools":[]`, "secret"},
		{"prompts/get", `"name":"closed"`, "not found", "messages"},
		{"prompts/list", ``, `"prompts":[]`, "closed"},
		{"resources/read", `"uri":"note://1"`, "WithHooks", `"text"`},
	} {
		got := n.Post(t, legacy, session, admin, test.method, test.params)
		if !strings.Contains(got.Body, test.want) || strings.Contains(got.Body, test.never) {
			t.Errorf("%s %s: %+v, want %s", test.method, test.params, got, test.want)
		}
	}
}

// Hooks that were there before go on.
func TestAuthorizeKeepsHooks(t *testing.T) {
	t.Parallel()
	hooks, asked := &server.Hooks{}, 0
	hooks.AddBeforeAny(func(context.Context, any, mcp.MCPMethod, any) { asked++ })
	n := newNotes(t, setup{wrap: ownDoor, inside: inside, options: []server.ServerOption{server.WithHooks(hooks)}})
	session := n.Open(t, legacy, "root admin")
	if got := n.Post(t, legacy, session, "root admin", "tools/call", `"name":"secret"`); !strings.Contains(got.Body, "done by secret") || asked != 2 {
		t.Errorf("%+v, asked %d times", got, asked)
	}
}

// Covers RS12. A check tells a list from a call without arguments.
func TestAuthorizeArguments(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	seen := map[string]string{}
	looked := func(r *mcpauth.Resource) {
		check := policy.Check("looks", func(_ context.Context, _ policy.Caller, op policy.Operation) (bool, error) {
			mu.Lock()
			defer mu.Unlock()
			seen[op.Name] = fmt.Sprintf("%q %t", string(op.Arguments), op.Arguments == nil)
			return true, nil
		})
		r.Policy.Tools["read"], r.Policy.Prompts["open"] = check, check
	}
	n := newNotes(t, setup{wrap: ownDoor, inside: inside, resource: looked})
	n.Arguments(t, "alice read", func(name string) string {
		mu.Lock()
		defer mu.Unlock()
		return seen[name]
	})
}
