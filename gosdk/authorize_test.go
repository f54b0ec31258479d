package gosdk_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/gosdk"
	"github.com/mcp-auth/go/policy"
	"github.com/modelcontextprotocol/go-sdk/auth"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// ownDoor knows its callers by a header, as a gateway's might be: "alice read".
func ownDoor(_ *mcpauth.Auth, next http.Handler) http.Handler {
	bridged := gosdk.Bridge(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		words := strings.Fields(strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "))
		if len(words) == 0 {
			next.ServeHTTP(w, r)
			return
		}
		info := &mcpauth.AuthInfo{Issuer: "https://auth.example.com", Subject: words[0], Scopes: words[1:]}
		bridged.ServeHTTP(w, r.WithContext(mcpauth.NewContext(r.Context(), info)))
	})
}

func inside(a *mcpauth.Auth) mcp.Middleware { return gosdk.Authorize(a, "") }

// Covers RS4, RS12. The policy holds inside the SDK as it does at the door.
func TestAuthorizeInside(t *testing.T) {
	t.Parallel()
	for name, transport := range transports() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := newNotes(t, &transport.options, 0, door{wrap: ownDoor, inside: inside})
			const reader = "alice read"
			session := n.Open(t, transport.version, reader)
			for _, test := range []struct{ token, method, params, want string }{
				{reader, "tools/call", `"name":"read"`, "done by read"},
				{reader, "tools/call", `"name":"secret"`, `"mcp/www_authenticate":["Bearer error=\"insufficient_scope\", scope=\"admin\", resource_metadata=`},
				{reader, "tools/call", `"name":"unheard"`, "not permitted"},
				{reader, "prompts/get", `"name":"open"`, `"result"`},
				{reader, "prompts/get", `"name":"closed"`, `"data":{"_meta":{"mcp/www_authenticate":["Bearer error=`},
				{reader, "resources/read", `"uri":"note://all"`, `"text":"text"`},
				{reader, "resources/read", `"uri":"note://1"`, `"data":{"_meta":{"mcp/www_authenticate":["Bearer error=`},
				{reader, "completion/complete", `"ref":{"type":"ref/prompt","name":"closed"},"argument":{"name":"a","value":"b"}`, `scope=\"admin\"`},
			} {
				if got := n.Post(t, transport.version, session, test.token, test.method, test.params); !strings.Contains(got.Body, test.want) {
					t.Errorf("%s %s: %+v, want %s", test.method, test.params, got, test.want)
				}
			}
		})
	}
}

// Covers RS12. Without an AuthInfo, only what is public is open.
func TestAuthorizeFailsClosed(t *testing.T) {
	t.Parallel()
	n := newNotes(t, &mcp.StreamableHTTPOptions{Stateless: true, JSONResponse: true}, 0, door{wrap: ownDoor, inside: inside})
	for _, test := range []struct{ method, params, want string }{
		{"tools/call", `"name":"help"`, "done by help"},
		{"tools/call", `"name":"read"`, `"mcp/www_authenticate":["Bearer scope=\"read\", resource_metadata=`},
		{"prompts/list", ``, `"code":-32003`},
		{"resources/read", `"uri":"note://all"`, `"code":-32003`},
	} {
		if got := n.Post(t, legacy, "", "", test.method, test.params); !strings.Contains(got.Body, test.want) {
			t.Errorf("%s %s: %+v, want %s", test.method, test.params, got, test.want)
		}
	}
}

// sdkDoor is the SDK's own, with tokens that mcpauth verifies.
func sdkDoor(t *testing.T, n **notes) func(*mcpauth.Auth, http.Handler) http.Handler {
	t.Helper()
	open := sync.OnceValues(func() (*mcpauth.Auth, error) {
		return mcpauth.New(mcpauth.Config{Resources: []mcpauth.Resource{{
			Identifier: (*n).web.URL + "/mcp", AuthorizationServers: []mcpauth.AuthorizationServer{{Issuer: (*n).as.Issuer()}},
		}}})
	})
	verify := func(ctx context.Context, _ string, r *http.Request) (*auth.TokenInfo, error) {
		tokens, err := open()
		if err != nil {
			return nil, err
		}
		info, err := tokens.Authorize(ctx, mcpauth.Request{Method: r.Method, URL: r.RequestURI, Header: http.Header{"Authorization": r.Header["Authorization"]}})
		if err != nil {
			return nil, fmt.Errorf("%w: %w", auth.ErrInvalidToken, err)
		}
		return gosdk.TokenInfo(info), nil
	}
	return func(_ *mcpauth.Auth, next http.Handler) http.Handler {
		return auth.RequireBearerToken(verify, nil)(next)
	}
}

// Covers RS12, RS23. The policy holds behind the SDK's own door, too, whose
// callers its sessions are bound to.
func TestAuthorizeBehindRequireBearerToken(t *testing.T) {
	t.Parallel()
	for name, transport := range transports() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var n *notes
			n = newNotes(t, &transport.options, 0, door{wrap: sdkDoor(t, &n), inside: inside})
			reader := n.token(t, "alice", "read")
			session := n.Open(t, transport.version, reader)
			for _, test := range []struct{ token, method, params, want string }{
				{reader, "tools/call", `"name":"read"`, "done by read"},
				{reader, "tools/call", `"name":"secret"`, `"mcp/www_authenticate":["Bearer error=\"insufficient_scope\", scope=\"admin\", resource_metadata=`},
				{reader, "tools/call", `"name":"delete"`, `scope=\"delete\"`}, // of the handler's Require
				{reader, "resources/read", `"uri":"note://1"`, `"data":{"_meta":{"mcp/www_authenticate":["Bearer error=`},
				{n.token(t, "alice", "admin"), "tools/call", `"name":"secret"`, "done by secret"},
				{reader + "x", "tools/call", `"name":"read"`, "invalid token"},
				{"", "tools/call", `"name":"help"`, "no bearer token"},
			} {
				if got := n.Post(t, transport.version, session, test.token, test.method, test.params); !strings.Contains(got.Body, test.want) {
					t.Errorf("%s %s: %+v, want %s", test.method, test.params, got, test.want)
				}
			}
			if session == "" {
				return
			}
			if got := n.Post(t, transport.version, session, n.token(t, "mallory", "read"), "tools/call", `"name":"read"`); got.Status != http.StatusForbidden {
				t.Errorf("another's session: %+v", got)
			}
		})
	}
}

// Whom nobody let in, the SDK's door does not either.
func TestTokenInfoOfNobody(t *testing.T) {
	t.Parallel()
	if got := gosdk.TokenInfo(nil); got != nil {
		t.Errorf("%+v", got)
	}
}

// Behind a door of mcpauth, a refusal inside the SDK is an HTTP response, too.
func TestAuthorizeBehindDoor(t *testing.T) {
	t.Parallel()
	// The door of the other resource has no policy: it does not read requests.
	var open *mcpauth.Auth
	n := newNotes(t, nil, 0, door{inside: inside, wrap: func(a *mcpauth.Auth, next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			gosdk.Protect(open, next).ServeHTTP(w, r)
		})
	}})
	var err error
	open, err = mcpauth.New(mcpauth.Config{Resources: []mcpauth.Resource{{
		Identifier: n.web.URL + "/mcp", AuthorizationServers: []mcpauth.AuthorizationServer{{Issuer: n.as.Issuer()}},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	token := n.token(t, "alice", "read")
	session := n.Open(t, legacy, token)
	if got := n.Post(t, legacy, session, token, "tools/call", `"name":"secret"`); got.Status != http.StatusForbidden || !strings.Contains(got.Challenge, `scope="admin"`) {
		t.Errorf("%+v", got)
	}
}

// Covers RS12. What is hidden is answered as the SDK answers for what is not
// there.
func TestAuthorizeHides(t *testing.T) {
	t.Parallel()
	for name, transport := range transports() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := newNotes(t, &transport.options, 0, door{wrap: ownDoor, inside: inside, resource: func(r *mcpauth.Resource) {
				r.Policy.HideRefused = true
				r.Policy.Default = policy.Authenticated()
			}})
			const reader = "alice read"
			session := n.Open(t, transport.version, reader)
			for method, params := range map[string][2]string{
				"tools/call":     {`"name":"secret"`, `"name":"nosuch"`},
				"prompts/get":    {`"name":"closed"`, `"name":"nosuch"`},
				"resources/read": {`"uri":"note://1"`, `"uri":"nosuch://1"`},
			} {
				hidden := n.Post(t, transport.version, session, reader, method, params[0])
				absent := n.Post(t, transport.version, session, reader, method, params[1])
				like := strings.NewReplacer("secret", "nosuch", "closed", "nosuch", "note://1", "nosuch://1")
				if hidden.Status != absent.Status || like.Replace(hidden.Body) != absent.Body {
					t.Errorf("%s: hidden %+v, absent %+v", method, hidden, absent)
				}
			}
			for ref, want := range map[string]string{
				`"type":"ref/prompt","name":"closed"`:    `unknown prompt`,
				`"type":"ref/resource","uri":"note://1"`: `Resource not found`,
			} {
				got := n.Post(t, transport.version, session, reader, "completion/complete", `"ref":{`+ref+`},"argument":{"name":"a","value":"b"}`)
				if !strings.Contains(got.Body, want) || strings.Contains(got.Body, "admin") {
					t.Errorf("completion: %+v", got)
				}
			}
			if transport.version == legacy {
				if got := n.Post(t, legacy, session, reader, "resources/subscribe", `"uri":"note://1"`); !strings.Contains(got.Body, "Resource not found") || strings.Contains(got.Body, "admin") {
					t.Errorf("subscription: %+v", got)
				}
			}
		})
	}
}

// Covers RS12. What the door hides has the status, and with tools and prompts
// the code, that the SDK has for what is not there.
func TestDoorHides(t *testing.T) {
	t.Parallel()
	for name, transport := range transports() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := newNotes(t, &transport.options, 0, door{resource: func(r *mcpauth.Resource) {
				r.Policy.HideRefused = true
				r.Policy.Default = policy.Authenticated()
			}})
			token := n.token(t, "alice", "read")
			session := n.Open(t, transport.version, token)
			for method, params := range map[string][2]string{
				"tools/call":     {`"name":"secret"`, `"name":"nosuch"`},
				"prompts/get":    {`"name":"closed"`, `"name":"nosuch"`},
				"resources/read": {`"uri":"note://1"`, `"uri":"nosuch://1"`},
			} {
				hidden := n.Post(t, transport.version, session, token, method, params[0])
				absent := n.Post(t, transport.version, session, token, method, params[1])
				const code = `"code":-32602`
				if hidden.Status != absent.Status || method != "resources/read" && strings.Contains(hidden.Body, code) != strings.Contains(absent.Body, code) {
					t.Errorf("%s: hidden %+v, absent %+v", method, hidden, absent)
				}
			}
		})
	}
}

// The SDK puts the middleware of a later call around that of earlier ones:
// added last, Authorize keeps from them what it refuses.
func TestAuthorizeAddedLast(t *testing.T) {
	t.Parallel()
	auth, err := mcpauth.New(mcpauth.Config{Resources: []mcpauth.Resource{{
		Identifier:           "https://mcp.example.com/mcp",
		AuthorizationServers: []mcpauth.AuthorizationServer{{Issuer: "https://auth.example.com"}},
		Policy:               notesPolicy(),
	}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = auth.Close() })
	var seen []string
	server := notesServer(0, func(next mcp.MethodHandler) mcp.MethodHandler {
		return func(ctx context.Context, method string, req mcp.Request) (mcp.Result, error) {
			if call, ok := req.GetParams().(*mcp.CallToolParamsRaw); ok {
				seen = append(seen, call.Name)
			}
			return next(ctx, method, req)
		}
	})
	server.AddReceivingMiddleware(gosdk.Authorize(auth, ""))
	here, there := mcp.NewInMemoryTransports()
	running, err := server.Connect(t.Context(), there, nil)
	if err != nil {
		t.Fatal(err)
	}
	session, err := mcp.NewClient(&mcp.Implementation{Name: "test", Version: "1"}, nil).Connect(t.Context(), here, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, tool := range []string{"read", "help"} {
		if _, err := session.CallTool(t.Context(), &mcp.CallToolParams{Name: tool}); err != nil {
			t.Error(err)
		}
	}
	if err := session.Close(); err != nil {
		t.Error(err)
	}
	_ = running.Wait()
	if !slices.Equal(seen, []string{"help"}) {
		t.Errorf("other middleware saw %q", seen)
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
	n := newNotes(t, &mcp.StreamableHTTPOptions{Stateless: true, JSONResponse: true}, 0, door{wrap: ownDoor, inside: inside, resource: looked})
	n.Arguments(t, "alice read", func(name string) string {
		mu.Lock()
		defer mu.Unlock()
		return seen[name]
	})
}
