package gosdk_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/gosdk"
	"github.com/modelcontextprotocol/go-sdk/auth"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// audit notes whom a handler between Protect and the SDK sees, before and after.
type audit struct {
	mu   sync.Mutex
	seen []string
}

func (a *audit) wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		before := caller(r.Context())
		next.ServeHTTP(w, r)
		a.mu.Lock()
		defer a.mu.Unlock()
		a.seen = append(a.seen, before+" "+caller(r.Context()))
	})
}

func (a *audit) last(t *testing.T) string {
	t.Helper()
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.seen) == 0 {
		t.Fatal("the wrapper was not reached")
	}
	return a.seen[len(a.seen)-1]
}

// caller names the caller and what the token is for.
func caller(ctx context.Context) string {
	info, ok := mcpauth.FromContext(ctx)
	switch {
	case ok:
		return info.Subject + "/" + strings.Join(info.Scopes, "+")
	case mcpauth.Anonymous(ctx):
		return "anonymous"
	}
	return "none"
}

// Covers RS23. A handler between Protect and the SDK sees the caller of each
// request, in sessions and without.
func TestCallerBetweenProtectAndSDK(t *testing.T) {
	t.Parallel()
	for name, transport := range transports() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var seen audit
			n := newNotes(t, &transport.options, 0, door{wrap: func(a *mcpauth.Auth, next http.Handler) http.Handler {
				return gosdk.Protect(a, seen.wrap(next))
			}})
			session := n.Open(t, transport.version, n.token(t, "alice", "admin"))
			for token, want := range map[string]string{
				n.token(t, "alice", "admin"): "alice/admin alice/admin",
				n.token(t, "alice", "read"):  "alice/read alice/read",
			} {
				n.Post(t, transport.version, session, token, "tools/call", `"name":"help"`)
				if got := seen.last(t); got != want {
					t.Errorf("the wrapper saw %q, want %q", got, want)
				}
			}
			session = n.Open(t, transport.version, "")
			n.Post(t, transport.version, session, "", "tools/call", `"name":"help"`)
			if got := seen.last(t); got != "anonymous anonymous" {
				t.Errorf("the wrapper saw %q of a caller without a token", got)
			}
		})
	}
}

// whoSees is a server whose tool says whom it sees in its context, by way of
// mcpauth and of the SDK.
func whoSees(middleware ...mcp.Middleware) *mcp.Server {
	server := mcp.NewServer(&mcp.Implementation{Name: "test", Version: "1"}, nil)
	server.AddReceivingMiddleware(middleware...)
	mcp.AddTool(server, &mcp.Tool{Name: "help"}, func(ctx context.Context, _ *mcp.CallToolRequest, _ struct{}) (*mcp.CallToolResult, any, error) {
		text := "context: " + caller(ctx)
		if info := auth.TokenInfoFromContext(ctx); info != nil {
			text += ", SDK: " + strings.Join(info.Scopes, "+")
		}
		return &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: text}}}, nil, nil
	})
	return server
}

// Covers RS23. Without the middleware, a tool in a session sees no caller at all
// rather than the caller that opened the session, whatever protects the server.
func TestSessionShowsNoOtherRequest(t *testing.T) {
	t.Parallel()
	for name, protect := range map[string]func(*mcpauth.Auth, http.Handler) http.Handler{
		"gosdk.Protect": func(a *mcpauth.Auth, next http.Handler) http.Handler { return gosdk.Protect(a, next) },
		"Auth.Protect":  func(a *mcpauth.Auth, next http.Handler) http.Handler { return a.Protect(next) },
		"own":           ownDoor,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := whoSees()
			n := newNotes(t, nil, 0, door{wrap: func(a *mcpauth.Auth, _ http.Handler) http.Handler {
				return protect(a, mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return server }, nil))
			}})
			admin, read := n.token(t, "alice", "admin"), n.token(t, "alice", "read")
			if name == "own" {
				admin, read = "alice admin", "alice read"
			}
			session := n.Open(t, legacy, admin)
			if got := n.Post(t, legacy, session, read, "tools/call", `"name":"help"`); !strings.Contains(got.Body, `"context: none"`) {
				t.Errorf("%+v", got)
			}
		})
	}
}

// Covers RS23. The middleware refuses to serve requests of which it cannot know
// the caller, instead of calling tools without one.
func TestMiddlewareNeedsBridge(t *testing.T) {
	t.Parallel()
	ownWithoutBridge := func(_ *mcpauth.Auth, next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			next.ServeHTTP(w, r.WithContext(mcpauth.NewContext(r.Context(), &mcpauth.AuthInfo{Subject: "alice"})))
		})
	}
	for name, wrap := range map[string]func(*mcpauth.Auth, http.Handler) http.Handler{
		"Auth.Protect":            func(a *mcpauth.Auth, next http.Handler) http.Handler { return a.Protect(next) },
		"Auth.Protect and others": func(a *mcpauth.Auth, next http.Handler) http.Handler { return a.Protect(new(audit).wrap(next)) },
		"own, without Bridge":     ownWithoutBridge,
	} {
		for mode, transport := range transports() {
			t.Run(name+", "+mode, func(t *testing.T) {
				t.Parallel()
				n := newNotes(t, &transport.options, 0, door{wrap: wrap})
				for _, token := range []string{n.token(t, "alice", "read"), ""} {
					for method, params := range map[string]string{
						"tools/call": `"name":"help"`,
						"initialize": `"protocolVersion":"` + transport.version + `","capabilities":{},"clientInfo":{"name":"t","version":"1"}`,
					} {
						if method == "initialize" && transport.version == modern {
							continue
						}
						got := n.Post(t, transport.version, "", token, method, params)
						if strings.Contains(got.Body, `"result"`) || transport.options.Stateless && !strings.Contains(got.Body, "gosdk.Protect") {
							t.Errorf("%s: %+v", method, got)
						}
					}
				}
			})
		}
	}
}

// The old transport's stream lasts as long as its session, so its caller would be
// taken for the caller of each message.
//
// Covers RS23.
func TestStreamOfOldTransportShowsNobody(t *testing.T) {
	t.Parallel()
	var seen, info string
	handler := gosdk.Bridge(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		seen, info = caller(r.Context()), auth.TokenInfoFromContext(r.Context()).UserID
	}))
	r := httptest.NewRequest(http.MethodGet, "/sse", nil)
	alice := &mcpauth.AuthInfo{Issuer: "https://auth.example.com", Subject: "alice"}
	handler.ServeHTTP(httptest.NewRecorder(), r.WithContext(mcpauth.NewContext(r.Context(), alice)))
	if seen != "none" || info != alice.UserID() {
		t.Errorf("the context shows %q, the SDK %q", seen, info)
	}
}
