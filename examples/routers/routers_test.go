package routers

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/gofiber/fiber/v3"
	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/gosdk"
	"github.com/mcp-auth/go/mcpauthtest"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

func TestMain(m *testing.M) {
	gin.SetMode(gin.TestMode)
	m.Run()
}

// routers starts the server on each router.
func routers() map[string]func(*testing.T, net.Listener, *mcpauth.Auth, http.Handler) {
	netHTTP := func(build func(*mcpauth.Auth, http.Handler) (http.Handler, error)) func(*testing.T, net.Listener, *mcpauth.Auth, http.Handler) {
		return func(t *testing.T, listener net.Listener, auth *mcpauth.Auth, server http.Handler) {
			t.Helper()
			handler, err := build(auth, server)
			if err != nil {
				t.Fatal(err)
			}
			web := &httptest.Server{Listener: listener, Config: &http.Server{Handler: handler}}
			web.Start()
			t.Cleanup(web.Close)
		}
	}
	return map[string]func(*testing.T, net.Listener, *mcpauth.Auth, http.Handler){
		"chi": netHTTP(Chi), "gin": netHTTP(Gin), "echo": netHTTP(Echo),
		"fiber": func(t *testing.T, listener net.Listener, auth *mcpauth.Auth, server http.Handler) {
			t.Helper()
			app := Fiber(auth, server)
			stopped := make(chan error, 1)
			go func() { stopped <- app.Listener(listener, fiber.ListenConfig{DisableStartupMessage: true}) }()
			t.Cleanup(func() { _ = errors.Join(app.Shutdown(), <-stopped) })
		},
	}
}

// site is a server on a router, with a tool and notes that count their calls.
type site struct {
	url, token, poor string
	calls            *atomic.Int32
}

func newSite(t *testing.T, start func(*testing.T, net.Listener, *mcpauth.Auth, http.Handler)) site {
	t.Helper()
	as, err := mcpauthtest.NewServer(mcpauthtest.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(as.Close)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	url := "http://" + listener.Addr().String()
	auth, err := mcpauth.New(mcpauth.Config{Resources: []mcpauth.Resource{{
		Identifier:           url + "/mcp",
		AuthorizationServers: []mcpauth.AuthorizationServer{{Issuer: as.Issuer()}},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = auth.Close() })
	s := site{url: url, calls: new(atomic.Int32)}
	start(t, listener, auth, mcpServer(s.calls))
	for scope, token := range map[string]*string{"read:notes": &s.token, "other": &s.poor} {
		if *token, err = as.Token(mcpauthtest.TokenClaims{Audience: []string{url + "/mcp"}, Subject: "alice", Scopes: []string{scope}}); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func mcpServer(calls *atomic.Int32) http.Handler {
	server := mcp.NewServer(&mcp.Implementation{Name: "notes", Version: "1.0.0"}, nil)
	server.AddReceivingMiddleware(gosdk.Middleware())
	mcp.AddTool(server, &mcp.Tool{Name: "whoami"}, whoami)
	handler := mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return server }, nil)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		calls.Add(1)
		handler.ServeHTTP(w, r)
	})
}

// send returns a response, also as text.
func (s site) send(t *testing.T, method, path string, header http.Header) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, s.url+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header = header
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	var body strings.Builder
	if err := resp.Write(&body); err != nil {
		t.Fatal(err)
	}
	return resp, body.String()
}

// Each router passes on what mcpauth needs and runs no handler that it refuses.
//
// Covers RS4, RS8.
func TestRouters(t *testing.T) {
	t.Parallel()
	for name, start := range routers() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, start)
			bearer := func(tokens ...string) http.Header {
				h := http.Header{}
				for _, token := range tokens {
					h.Add("Authorization", "Bearer "+token)
				}
				return h
			}
			preflight := http.Header{"Origin": {"http://localhost:6274"}, "Access-Control-Request-Method": {"POST"}, "Access-Control-Request-Headers": {"authorization"}}
			for _, test := range []struct {
				method, path string
				header       http.Header
				status       int
				want         string
			}{
				{"GET", "/.well-known/oauth-protected-resource/mcp", nil, http.StatusOK, `"resource":"` + s.url + `/mcp"`},
				{"POST", "/mcp", nil, http.StatusUnauthorized, `resource_metadata="` + s.url + `/.well-known/oauth-protected-resource/mcp"`},
				{"POST", "/mcp", bearer("nonsense"), http.StatusUnauthorized, `error="invalid_token"`},
				{"POST", "/mcp", bearer(s.poor), http.StatusForbidden, `error="insufficient_scope"`},
				{"POST", "/mcp", bearer(s.token, s.token), http.StatusBadRequest, `error="invalid_request"`},
				{"POST", "/mcp?access_token=" + s.token, bearer(s.token), http.StatusBadRequest, `error="invalid_request"`},
				{"OPTIONS", "/mcp", preflight, http.StatusNoContent, "Access-Control-Allow-Origin"},
				{"GET", "/notes", nil, http.StatusUnauthorized, `"error":"unauthorized"`},
				{"GET", "/notes", bearer(s.poor), http.StatusForbidden, `"error":"insufficient_scope"`},
				{"GET", "/notes", bearer(s.token), http.StatusOK, "the notes of alice"},
			} {
				resp, body := s.send(t, test.method, test.path, test.header)
				if resp.StatusCode != test.status || !strings.Contains(body, test.want) {
					t.Errorf("%s %s %v: %s, want %d and %s", test.method, test.path, test.header, body, test.status, test.want)
				}
				if test.path == "/notes" && test.status != http.StatusOK && strings.Contains(body, "alice") {
					t.Errorf("the handler has run: %s", body)
				}
			}
			if n := s.calls.Load(); n != 0 {
				t.Errorf("the MCP server was called %d times", n)
			}
			for range 20 { // memory of earlier requests is used again
				s.callTool(t)
			}
		})
	}
}

type bearer string

func (b bearer) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+string(b))
	return http.DefaultTransport.RoundTrip(r)
}

// callTool opens a session with the SDK's client, streams included, and calls the tool.
func (s site) callTool(t *testing.T) {
	t.Helper()
	session, err := mcp.NewClient(&mcp.Implementation{Name: "test", Version: "1"}, nil).Connect(t.Context(),
		&mcp.StreamableClientTransport{Endpoint: s.url + "/mcp", HTTPClient: &http.Client{Transport: bearer(s.token)}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = session.Close() }()
	result, err := session.CallTool(t.Context(), &mcp.CallToolParams{Name: "whoami"})
	if err != nil {
		t.Fatal(err)
	}
	if text, ok := result.Content[0].(*mcp.TextContent); !ok || text.Text != "alice" {
		t.Errorf("%+v", result.Content[0])
	}
}

// gin runs the handlers behind a middleware that only writes an answer.
//
// Covers RS8.
func TestGinStopsAtRefusal(t *testing.T) {
	t.Parallel()
	deny := func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) })
	}
	allow := func(next http.Handler) http.Handler { return next }
	for name, test := range map[string]struct {
		wrap func(http.Handler) http.Handler
		runs int
	}{"refused": {deny, 0}, "allowed": {allow, 1}} {
		runs := 0
		r := gin.New()
		r.GET("/", ginMiddleware(test.wrap), func(c *gin.Context) { runs++; c.Status(http.StatusNoContent) })
		r.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil))
		if runs != test.runs {
			t.Errorf("%s: the handler ran %d times", name, runs)
		}
	}
}

// What a handler keeps of a request on fiber stays as it is when fiber uses the
// memory of the request for others.
func TestFiberRequestsKeepTheirMemory(t *testing.T) {
	t.Parallel()
	var kept []*http.Request
	app := fiber.New()
	app.All("/*", fiberHandler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { kept = append(kept, r) })))
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	stopped := make(chan error, 1)
	go func() { stopped <- app.Listener(listener, fiber.ListenConfig{DisableStartupMessage: true}) }()
	s := site{url: "http://" + listener.Addr().String()}
	for _, name := range []string{"first", "other", "third"} {
		s.send(t, http.MethodGet, "/"+name, http.Header{"Authorization": {"Bearer " + name}})
	}
	for i, name := range []string{"first", "other", "third"} {
		if r := kept[i]; r.URL.Path != "/"+name || r.RequestURI != "/"+name || r.Header.Get("Authorization") != "Bearer "+name {
			t.Errorf("the %s request has become %s %v", name, r.RequestURI, r.Header)
		}
	}
	if err := errors.Join(app.Shutdown(), <-stopped); err != nil {
		t.Error(err)
	}
}

func whoami(ctx context.Context, _ *mcp.CallToolRequest, _ struct{}) (*mcp.CallToolResult, any, error) {
	info, err := mcpauth.RequireAuthInfo(ctx)
	if err != nil {
		return nil, nil, err
	}
	return &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: info.Subject}}}, nil, nil
}
