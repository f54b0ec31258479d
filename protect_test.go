package mcpauth_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/internal/authtest"
	"github.com/mcp-auth/go/internal/mcptest"
	"github.com/mcp-auth/go/mcpauthtest"
	"github.com/mcp-auth/go/metadata"
)

// A door's mistake is answered with 500, not with a panic or with 200.
func TestWriteChallengeOfNothing(t *testing.T) {
	t.Parallel()
	for _, err := range []error{nil, (*mcpauth.Challenge)(nil), &mcpauth.Challenge{}, &mcpauth.Challenge{Status: 200}, http.ErrNoCookie} {
		w := httptest.NewRecorder()
		mcpauth.WriteChallenge(w, err)
		if w.Code != http.StatusInternalServerError || w.Header().Get("WWW-Authenticate") != "" {
			t.Errorf("%#v: %d, %v", err, w.Code, w.Header())
		}
	}
}

// Mounts as a router does: on a ServeMux, below a stripped prefix.
func TestQueryTokenBehindStrippedPrefix(t *testing.T) {
	t.Parallel()
	handler := http.StripPrefix("/api", authtest.NewAuth(t, authtest.OneResource()).Protect(http.NotFoundHandler()))
	if w := authtest.Get(t, handler, "/api/mcp?access_token=x"); w.Code != http.StatusBadRequest {
		t.Errorf("status %d, want 400", w.Code)
	}
}

// A mistake in the program shows at start, and says what it is.
func TestNilPanics(t *testing.T) {
	t.Parallel()
	auth := authtest.NewAuth(t, authtest.OneResource())
	middleware, err := auth.Middleware()
	if err != nil {
		t.Fatal(err)
	}
	var none *mcpauth.Auth
	handler := http.NotFoundHandler()
	for _, tc := range []struct {
		name, want string
		call       func()
	}{
		{"Protect", "mcpauth: the handler to protect is nil", func() { auth.Protect(nil) }},
		{"Middleware", "mcpauth: the handler to protect is nil", func() { middleware(nil) }},
		{"a nil function", "mcpauth: the handler to protect is nil", func() { auth.Protect(http.HandlerFunc(nil)) }},
		{"Protect of a nil Auth", "mcpauth: the Auth is nil; New returns one unless it returns an error", func() { none.Protect(handler) }},
		{"Middleware of a nil Auth", "mcpauth: the Auth is nil; New returns one unless it returns an error", func() { _, _ = none.Middleware() }},
	} {
		if got := mcptest.PanicOf(tc.call); got != tc.want {
			t.Errorf("%s: got %v, want %v", tc.name, got, tc.want)
		}
	}
}

// wiretap keeps all that a server is sent, as it was on the wire.
type wiretap struct {
	*httptest.Server
	next http.Handler

	mu   sync.Mutex
	seen []string
}

func newWiretap(t *testing.T) *wiretap {
	t.Helper()
	tap := &wiretap{next: http.NotFoundHandler()}
	tap.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		data, err := httputil.DumpRequest(r, true)
		if err != nil {
			t.Error(err)
		}
		tap.mu.Lock()
		tap.seen = append(tap.seen, string(data))
		tap.mu.Unlock()
		tap.next.ServeHTTP(w, r)
	}))
	t.Cleanup(tap.Close)
	return tap
}

// requests are those that were seen since the last call.
func (w *wiretap) requests() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	seen := w.seen
	w.seen = nil
	return seen
}

// lastPart is what nobody else has of a token: the signature, or all of it.
func lastPart(token string) string { return token[strings.LastIndex(token, ".")+1:] }

// What mcpauth itself sends for a caller holds nothing of the token, good or
// bad. Only introspection is asked about it, at the server that issued it, and
// only in the place for it.
//
// Covers RS14, RS17.
func TestTokenStaysHere(t *testing.T) {
	t.Parallel()
	tap := newWiretap(t)
	server, err := mcpauthtest.New(mcpauthtest.Config{Issuer: tap.URL, Clients: []mcpauthtest.Client{{ID: "rs", Secret: "s3cret"}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	tap.next = server.Handler()
	config := authtest.Trusting(tap.URL)
	config.Resources[0].AuthorizationServers[0].Introspection = &mcpauth.Introspection{ClientID: "rs", ClientSecret: "s3cret"}
	for name, test := range map[string]struct {
		options []mcpauthtest.TokenOption
		status  int
	}{
		"good":          {nil, http.StatusOK},
		"expired":       {[]mcpauthtest.TokenOption{mcpauthtest.Expired()}, http.StatusUnauthorized},
		"unknown key":   {[]mcpauthtest.TokenOption{mcpauthtest.UnknownKey()}, http.StatusUnauthorized},
		"embedded key":  {[]mcpauthtest.TokenOption{mcpauthtest.EmbeddedKey()}, http.StatusUnauthorized},
		"key elsewhere": {[]mcpauthtest.TokenOption{mcpauthtest.Header("jku", tap.URL+"/jwks")}, http.StatusOK},
		"other server":  {[]mcpauthtest.TokenOption{mcpauthtest.WrongIssuer()}, http.StatusUnauthorized},
		"other service": {[]mcpauthtest.TokenOption{mcpauthtest.WrongAudience()}, http.StatusUnauthorized},
		"opaque":        {[]mcpauthtest.TokenOption{mcpauthtest.Opaque()}, http.StatusOK},
	} {
		token := authtest.Mint(t, server, test.options...)
		if got := authtest.Status(authtest.NewAuth(t, config), token); got != test.status {
			t.Errorf("%s: status %d, want %d", name, got, test.status)
		}
		asked := 0
		for _, request := range tap.requests() {
			head, body, _ := strings.Cut(request, "\r\n\r\n")
			if strings.Contains(head, lastPart(token)) {
				t.Errorf("%s: the token stands in a URL or header:\n%s", name, head)
			}
			if !strings.Contains(body, lastPart(token)) {
				continue
			}
			asked++
			if !strings.HasPrefix(head, "POST /introspect ") || !strings.Contains(body, "token="+token) {
				t.Errorf("%s: the token was sent with\n%s", name, request)
			}
		}
		if (asked == 1) != (name == "opaque") {
			t.Errorf("%s: introspected %d times", name, asked)
		}
	}
}

// A handler that calls another service with the request's context, and sends it
// what it knows of the caller, sends no token unless it says Reveal.
//
// Covers RS14.
func TestTokenDoesNotTravelWithAuthInfo(t *testing.T) {
	t.Parallel()
	upstream := newWiretap(t)
	server := authtest.NewServer(t, mcpauthtest.Config{})
	token := authtest.Mint(t, server)
	handler := authtest.NewAuth(t, authtest.Trusting(server.Issuer())).Protect(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		info, _ := mcpauth.FromContext(r.Context())
		encoded, err := json.Marshal(map[string]any{"info": info, "token": info.Token})
		if err != nil {
			t.Error(err)
		}
		body := io.MultiReader(bytes.NewReader(encoded), strings.NewReader(fmt.Sprintf("%+v %s", info, r.Context())))
		call, err := http.NewRequestWithContext(r.Context(), http.MethodPost, upstream.URL+"/?caller="+info.Subject, body)
		if err != nil {
			t.Error(err)
			return
		}
		call.Header.Set("Authorization", fmt.Sprintf("Bearer %s", info.Token))
		resp, err := upstream.Client().Do(call)
		if err != nil {
			t.Error(err)
			return
		}
		resp.Body.Close()
	}))
	authtest.Get(t, handler, "/mcp", "Authorization", "Bearer "+token)
	sent := strings.Join(upstream.requests(), "\n")
	if !strings.Contains(sent, "Authorization: Bearer [redacted]") || !strings.Contains(sent, authtest.ResourceID) {
		t.Errorf("the call did not arrive: %s", sent)
	}
	if strings.Contains(sent, lastPart(token)) {
		t.Error("the token went upstream")
	}
}

// A reverse proxy passes on every header that it is given.
//
// Covers RS14.
func TestWithoutToken(t *testing.T) {
	t.Parallel()
	upstream := newWiretap(t)
	target, err := url.Parse(upstream.URL)
	if err != nil {
		t.Fatal(err)
	}
	server := authtest.NewServer(t, mcpauthtest.Config{})
	token := authtest.Mint(t, server)
	var revealed string
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(target)
		info, _ := mcpauth.FromContext(r.In.Context())
		revealed = info.Token.Reveal()
	}}
	handler := authtest.NewAuth(t, authtest.Trusting(server.Issuer())).Protect(proxy, mcpauth.WithoutToken())
	request := httptest.NewRequest(http.MethodGet, "/mcp", nil)
	request.Header = http.Header{"Authorization": {"Bearer " + token}, "Dpop": {"a proof"}, "X-Other": {"stays"}}
	handler.ServeHTTP(httptest.NewRecorder(), request)

	sent := strings.Join(upstream.requests(), "\n")
	if !strings.Contains(sent, "X-Other: stays") {
		t.Errorf("the call did not arrive: %s", sent)
	}
	if strings.Contains(sent, "Authorization") || strings.Contains(sent, "Dpop") || strings.Contains(sent, lastPart(token)) {
		t.Errorf("went upstream: %s", sent)
	}
	if revealed != token {
		t.Error("the handler cannot have the token")
	}
	if request.Header.Get("Authorization") == "" || request.Header.Get("DPoP") == "" {
		t.Error("the request of the handlers further out was changed")
	}
}

// Covers RS7: a handler that is reached under another resource's path admits tokens
// that are not for it, which the log says once.
func TestHandlerAtAnotherPath(t *testing.T) {
	t.Parallel()
	const notes, todo = "https://api.example.com/notes", "https://api.example.com/todo%20list"
	for name, test := range map[string]struct {
		paths []string
		want  []string
	}{
		"its own":                  {[]string{"/notes", "/notes/", "/notes/mcp", "/notes?a=b", "/%6eotes"}, nil},
		"another resource's":       {[]string{"/todo%20list", "/todo%20list/mcp", "/notes"}, []string{"WARN", "path=/todo%20list ", "path_of=" + todo}},
		"nobody's":                 {[]string{"/mcp", "/mcp"}, []string{"INFO", "path=/mcp"}},
		"a name that begins alike": {[]string{"/notes2"}, []string{"INFO", "path=/notes2"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var log bytes.Buffer
			config := authtest.OneResource()
			config.Logger = slog.New(slog.NewTextHandler(&log, nil))
			second := config.Resources[0]
			config.Resources[0].Identifier, second.Identifier = notes, todo
			config.Resources = append(config.Resources, second)
			handler := authtest.NewAuth(t, config).Protect(http.NotFoundHandler(), mcpauth.ForResource(notes))
			for _, path := range test.paths {
				authtest.Get(t, handler, path)
			}
			var said []string
			for line := range strings.Lines(log.String()) {
				if strings.Contains(line, "not its resource's") {
					said = append(said, line)
				}
			}
			if len(test.want) == 0 != (len(said) == 0) || len(said) > 1 {
				t.Fatalf("said %q", said)
			}
			for _, part := range test.want {
				if !strings.Contains(said[0], part) {
					t.Errorf("%q lacks %q", said[0], part)
				}
			}
		})
	}
}

func TestNilAuth(t *testing.T) {
	t.Parallel()
	var auth *mcpauth.Auth
	for name, use := range map[string]func(){
		"MetadataHandler":       func() { auth.MetadataHandler() },
		"LegacyMetadataHandler": func() { _, _ = auth.LegacyMetadataHandler() },
		"Protect":               func() { auth.Protect(http.NotFoundHandler()) },
		"Authorize":             func() { _, _ = auth.Authorize(t.Context(), mcpauth.Request{}) },
		"Ready":                 func() { _ = auth.Ready(t.Context()) },
		"Warnings":              func() { auth.Warnings() },
		"Close":                 func() { _ = auth.Close() },
	} {
		func() {
			defer func() {
				if text, _ := recover().(string); !strings.Contains(text, "the Auth is nil; New returns one unless") {
					t.Errorf("%s: panicked with %q", name, text)
				}
			}()
			use()
		}()
	}
}

// Covers RS2. The 2025-03-26 revision looks for the authorization server's
// metadata at the MCP server.
func TestLegacyMetadata(t *testing.T) {
	t.Parallel()
	server := authtest.NewServer(t, mcpauthtest.Config{})
	handler, err := authtest.NewAuth(t, authtest.Trusting(server.Issuer())).LegacyMetadataHandler()
	if err != nil {
		t.Fatal(err)
	}
	w := authtest.Get(t, handler, "/.well-known/oauth-authorization-server")
	md, err := metadata.ParseAuthorizationServer(w.Body.Bytes())
	if err != nil {
		t.Fatal(w.Code, err)
	}
	if md.Issuer != server.Issuer() || md.TokenEndpoint == "" || w.Header().Get("Access-Control-Allow-Origin") != "*" {
		t.Errorf("got %+v, headers %v", md, w.Header())
	}
	if w := authtest.Do(t, handler, http.MethodPost, "/.well-known/oauth-authorization-server"); w.Code != http.StatusMethodNotAllowed {
		t.Errorf("POST: %d", w.Code)
	}
	down, err := authtest.NewAuth(t, authtest.Trusting("http://127.0.0.1:1")).LegacyMetadataHandler()
	if err != nil {
		t.Fatal(err)
	}
	if w := authtest.Get(t, down, "/"); w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" {
		t.Errorf("with the server down: %d, %v", w.Code, w.Header())
	}
}
