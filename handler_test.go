package mcpauth_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"
	"weak"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/internal/challenge"
	"github.com/mcp-auth/go/internal/mcptest"
	"github.com/mcp-auth/go/mcpauthtest"
	"github.com/mcp-auth/go/metadata"
	"github.com/mcp-auth/go/policy"
)

func resources(identifiers ...string) mcpauth.Config {
	var config mcpauth.Config
	for _, id := range identifiers {
		config.Resources = append(config.Resources, mcpauth.Resource{
			Identifier: id, Name: id, AuthorizationServers: []mcpauth.AuthorizationServer{{Issuer: issuerID}},
		})
	}
	return config
}

// Covers RS1, RS2.
func TestMetadataPaths(t *testing.T) {
	t.Parallel()
	const root, one, two = "/.well-known/oauth-protected-resource", "/.well-known/oauth-protected-resource/one", "/.well-known/oauth-protected-resource/two"
	for name, test := range map[string]struct {
		identifiers []string
		host        string
		want        map[string]string // path to identifier, "" for 404
	}{
		"one with path":       {[]string{"https://a.example/one"}, "", map[string]string{one: "https://a.example/one", root: "https://a.example/one", two: "", root + "/": "", one + "/": ""}},
		"root":                {[]string{"https://a.example"}, "", map[string]string{root: "https://a.example", one: ""}},
		"root slash":          {[]string{"https://a.example/"}, "", map[string]string{root: "https://a.example/"}},
		"trailing slash":      {[]string{"https://a.example/one/"}, "", map[string]string{one + "/": "https://a.example/one/", one: ""}},
		"query":               {[]string{"https://a.example/one?x=1"}, "", map[string]string{one + "?x=1": "https://a.example/one?x=1", one: "", one + "?x=2": "", root: "https://a.example/one?x=1"}},
		"ignored query":       {[]string{"https://a.example/one"}, "", map[string]string{one + "?x=1": "https://a.example/one"}},
		"two paths":           {[]string{"https://a.example/one", "https://a.example/two"}, "", map[string]string{one: "https://a.example/one", two: "https://a.example/two", root: ""}},
		"root and path":       {[]string{"https://a.example/", "https://a.example/two"}, "", map[string]string{root: "https://a.example/", two: "https://a.example/two"}},
		"two hosts, a":        {[]string{"https://a.example/one", "https://b.example/one"}, "a.example", map[string]string{one: "https://a.example/one", root: "https://a.example/one"}},
		"two hosts, b":        {[]string{"https://a.example/one", "https://b.example/one"}, "B.example", map[string]string{one: "https://b.example/one", root: "https://b.example/one"}},
		"unknown host":        {[]string{"https://a.example/one", "https://b.example/one"}, "c.example", map[string]string{one: "", root: ""}},
		"one, any host":       {[]string{"https://a.example/one"}, "evil.example", map[string]string{one: "https://a.example/one"}},
		"root elsewhere":      {[]string{"https://a.example", "https://b.example/two"}, "b.example", map[string]string{root: "https://b.example/two", two: "https://b.example/two"}},
		"root behind a proxy": {[]string{"https://a.example", "https://a.example/two"}, "internal", map[string]string{root: "https://a.example", two: "https://a.example/two"}},
		"three, two here":     {[]string{"https://a.example/one", "https://a.example/two", "https://b.example/one"}, "a.example", map[string]string{root: "", one: "https://a.example/one"}},
		"two by query":        {[]string{"https://a.example/one?x=1", "https://a.example/one?x=2"}, "", map[string]string{root: "", one + "?x=2": "https://a.example/one?x=2"}},
		"escaped":             {[]string{"https://a.example/a%2Fb"}, "", map[string]string{root + "/a%2Fb": "https://a.example/a%2Fb", root + "/a/b": ""}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			handler := newAuth(t, resources(test.identifiers...)).MetadataHandler()
			for path, want := range test.want {
				r := httptest.NewRequest(http.MethodGet, path, nil)
				if test.host != "" {
					r.Host = test.host
				}
				w := httptest.NewRecorder()
				handler.ServeHTTP(w, r)
				if want == "" {
					if w.Code != http.StatusNotFound {
						t.Errorf("%s: status %d, want 404", path, w.Code)
					}
					continue
				}
				doc, err := metadata.ParseProtectedResource(w.Body.Bytes())
				if err != nil {
					t.Fatalf("%s: status %d: %v", path, w.Code, err)
				}
				if doc.Resource != want || !slices.Equal(doc.AuthorizationServers, []string{issuerID}) {
					t.Errorf("%s: resource %q by %q, want %q", path, doc.Resource, doc.AuthorizationServers, want)
				}
			}
		})
	}
}

// Covers RS1.
func TestMetadataMembers(t *testing.T) {
	t.Parallel()
	config := oneResource()
	r := &config.Resources[0]
	r.ScopesSupported = []string{"read"}
	r.Name, r.Documentation, r.PolicyURI, r.TOSURI = "Notes", "https://d.example", "https://p.example", "https://t.example"
	r.JWKSURI, r.SigningAlgValues, r.AuthorizationDetailsTypes = "https://k.example", []string{"ES256"}, []string{"x"}
	r.Extra = map[string]any{"resource_name#de": "Notizen"}
	w := get(t, newAuth(t, config).MetadataHandler(), "/.well-known/oauth-protected-resource/mcp")
	var got, want map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(`{
		"resource": "https://api.example.com/mcp", "authorization_servers": ["https://auth.example.com"],
		"scopes_supported": ["read"], "bearer_methods_supported": ["header"], "resource_name": "Notes",
		"resource_documentation": "https://d.example", "resource_policy_uri": "https://p.example",
		"resource_tos_uri": "https://t.example", "jwks_uri": "https://k.example",
		"resource_signing_alg_values_supported": ["ES256"], "authorization_details_types_supported": ["x"],
		"resource_name#de": "Notizen"}`), &want); err != nil {
		t.Fatal(err)
	}
	if g, w := marshal(t, got), marshal(t, want); g != w {
		t.Errorf("got  %s\nwant %s", g, w)
	}
}

func marshal(t *testing.T, v any) string {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// Covers RS2, RS20.
func TestMetadataMethods(t *testing.T) {
	t.Parallel()
	handler := newAuth(t, oneResource()).MetadataHandler()
	const path = "/.well-known/oauth-protected-resource/mcp"
	full := get(t, handler, path, "Origin", "https://app.example", "Mcp-Protocol-Version", "2025-11-25")
	etag := full.Header().Get("ETag")
	for name, want := range map[string]string{
		"Content-Type": "application/json", "Cache-Control": "public, max-age=300", "Access-Control-Allow-Origin": "*",
	} {
		if got := full.Header().Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	head := do(t, handler, http.MethodHead, path)
	if head.Code != http.StatusOK || head.Body.Len() != 0 || head.Header().Get("Content-Length") != full.Header().Get("Content-Length") {
		t.Errorf("HEAD: %d with %d bytes, headers %v", head.Code, head.Body.Len(), head.Header())
	}
	if w := get(t, handler, path, "If-None-Match", `"x", W/`+etag); w.Code != http.StatusNotModified || w.Body.Len() != 0 {
		t.Errorf("If-None-Match: %d with %d bytes", w.Code, w.Body.Len())
	}
	preflight := do(t, handler, http.MethodOptions, path, "Origin", "https://app.example",
		"Access-Control-Request-Method", "GET", "Access-Control-Request-Headers", "mcp-protocol-version")
	if preflight.Code/100 != 2 || preflight.Header().Get("Access-Control-Allow-Origin") != "*" || preflight.Header().Get("Access-Control-Allow-Headers") == "" {
		t.Errorf("preflight: %d, %v", preflight.Code, preflight.Header())
	}
	if w := do(t, handler, http.MethodOptions, path); w.Code != http.StatusNoContent || w.Header().Get("Allow") == "" {
		t.Errorf("OPTIONS: %d, %v", w.Code, w.Header())
	}
	for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete, "X"} {
		if w := do(t, handler, method, path); w.Code != http.StatusMethodNotAllowed || w.Header().Get("Allow") != "GET, HEAD, OPTIONS" {
			t.Errorf("%s: %d, Allow %q", method, w.Code, w.Header().Get("Allow"))
		}
	}
}

// Covers RS20.
func TestCORSOfProtectedHandler(t *testing.T) {
	t.Parallel()
	auth := newAuth(t, oneResource())
	called := false
	handler := auth.Protect(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { called = true }))
	preflight := do(t, handler, http.MethodOptions, "/mcp", "Origin", "https://app.example",
		"Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "authorization,content-type,mcp-param-x")
	if preflight.Code/100 != 2 || called {
		t.Errorf("preflight: %d, reached the handler: %t", preflight.Code, called)
	}
	allowed := strings.ToLower(preflight.Header().Get("Access-Control-Allow-Headers"))
	if !strings.Contains(allowed, "authorization") || !strings.Contains(allowed, "*") {
		t.Errorf("Access-Control-Allow-Headers: %q", allowed)
	}
	w := do(t, handler, http.MethodPost, "/mcp", "Origin", "https://app.example")
	exposed := strings.ToLower(w.Header().Get("Access-Control-Expose-Headers"))
	for _, name := range []string{"www-authenticate", "mcp-session-id", "dpop-nonce"} {
		if !strings.Contains(exposed, name) {
			t.Errorf("401 does not expose %s: %q", name, exposed)
		}
	}
	if w.Code != http.StatusUnauthorized || w.Header().Get("Access-Control-Allow-Origin") != "*" {
		t.Errorf("401: %d, %v", w.Code, w.Header())
	}
}

// Covers RS20.
func TestCORSChoices(t *testing.T) {
	t.Parallel()
	config := oneResource()
	config.CORS.Origins = []string{"https://app.example"}
	listed := newAuth(t, config).Protect(http.NotFoundHandler())
	if got := do(t, listed, http.MethodPost, "/mcp", "Origin", "https://app.example").Header().Get("Access-Control-Allow-Origin"); got != "https://app.example" {
		t.Errorf("listed origin: %q", got)
	}
	if got := do(t, listed, http.MethodPost, "/mcp", "Origin", "https://other.example").Header().Get("Access-Control-Allow-Origin"); got != "" {
		t.Errorf("other origin: %q", got)
	}
	config.CORS = mcpauth.CORS{Disabled: true}
	own := newAuth(t, config).Protect(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) }))
	if w := do(t, own, http.MethodOptions, "/mcp", "Origin", "https://app.example", "Access-Control-Request-Method", "POST"); w.Code != http.StatusTeapot {
		t.Errorf("preflight with CORS left to the caller: %d", w.Code)
	}
	preflight := httptest.NewRequest(http.MethodOptions, "/mcp", strings.NewReader(callTool))
	for name, value := range map[string]string{"Origin": "https://app.example", "Access-Control-Request-Method": "POST", "Upgrade": "websocket", "Connection": "Upgrade"} {
		preflight.Header.Set(name, value)
	}
	newAuth(t, config).Protect(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if body, err := io.ReadAll(r.Body); len(body) > 0 || r.ContentLength != 0 || err != nil || r.Header.Get("Upgrade") != "" {
			t.Errorf("a preflight brings %q of %d bytes, %v, %v", body, r.ContentLength, err, r.Header)
		}
	})).ServeHTTP(httptest.NewRecorder(), preflight)
	if w := do(t, own, http.MethodOptions, "/mcp"); w.Code != http.StatusUnauthorized {
		t.Errorf("OPTIONS that is no preflight: %d", w.Code)
	}
	if w := do(t, own, http.MethodPost, "/mcp", "Origin", "https://app.example"); w.Header().Get("Access-Control-Allow-Origin") != "" {
		t.Error("CORS headers although disabled")
	}
}

// Origins are checked where CORS headers are left to the caller, too.
//
// Covers RS16.
func TestOriginsWithoutCORS(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		resource string
		listed   []string
		origin   string
		status   int
	}{
		"listed":                  {"https://api.example.com/mcp", []string{"https://app.example"}, "https://app.example", http.StatusUnauthorized},
		"not listed":              {"https://api.example.com/mcp", []string{"https://app.example"}, "https://other.example", http.StatusForbidden},
		"a suffix":                {"https://api.example.com/mcp", []string{"https://app.example"}, "https://app.example.evil.example", http.StatusForbidden},
		"null":                    {"https://api.example.com/mcp", []string{"https://app.example"}, "null", http.StatusForbidden},
		"no page":                 {"https://api.example.com/mcp", []string{"https://app.example"}, "", http.StatusUnauthorized},
		"any, on a public host":   {"https://api.example.com/mcp", nil, "https://other.example", http.StatusUnauthorized},
		"a local page":            {"http://localhost:8080/mcp", nil, "http://127.0.0.1:3000", http.StatusUnauthorized},
		"no local page":           {"http://localhost:8080/mcp", nil, "https://other.example", http.StatusForbidden},
		"a name bound to our own": {"http://localhost:8080/mcp", nil, "http://rebound.example:8080", http.StatusForbidden},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config := oneResource()
			config.Resources[0].Identifier = test.resource
			config.CORS = mcpauth.CORS{Disabled: true, Origins: test.listed}
			handler := newAuth(t, config).Protect(http.NotFoundHandler())
			var header []string
			if test.origin != "" {
				header = []string{"Origin", test.origin}
			}
			w := do(t, handler, http.MethodPost, "/mcp", header...)
			if w.Code != test.status {
				t.Errorf("status %d, want %d", w.Code, test.status)
			}
			if got := w.Header().Get("Access-Control-Allow-Origin"); got != "" {
				t.Errorf("Access-Control-Allow-Origin %q", got)
			}
		})
	}
}

// Covers RS3, RS12. Every challenge in the verdict files is read by strict
// RFC 9110 rules.
func TestChallengesParse(t *testing.T) {
	t.Parallel()
	headers := challengesOfVerdicts(t)
	if len(headers) < 10 {
		t.Fatalf("only %d different challenges", len(headers))
	}
	for _, header := range headers {
		own, err := challenge.Parse([]string{header})
		if err != nil || len(own) != 1 {
			t.Errorf("%s: %d challenges, %v", header, len(own), err)
			continue
		}
		if !strings.HasPrefix(own[0].Params["resource_metadata"], "https://") {
			t.Errorf("%s: no absolute resource_metadata", header)
		}
	}
}

// Covers RS2. The 2025-03-26 revision looks for the authorization server's
// metadata at the MCP server.
func TestLegacyMetadata(t *testing.T) {
	t.Parallel()
	server := newServer(t, mcpauthtest.Config{})
	handler, err := newAuth(t, trusting(server.Issuer())).LegacyMetadataHandler()
	if err != nil {
		t.Fatal(err)
	}
	w := get(t, handler, "/.well-known/oauth-authorization-server")
	md, err := metadata.ParseAuthorizationServer(w.Body.Bytes())
	if err != nil {
		t.Fatal(w.Code, err)
	}
	if md.Issuer != server.Issuer() || md.TokenEndpoint == "" || w.Header().Get("Access-Control-Allow-Origin") != "*" {
		t.Errorf("got %+v, headers %v", md, w.Header())
	}
	if w := do(t, handler, http.MethodPost, "/.well-known/oauth-authorization-server"); w.Code != http.StatusMethodNotAllowed {
		t.Errorf("POST: %d", w.Code)
	}
	down, err := newAuth(t, trusting("http://127.0.0.1:1")).LegacyMetadataHandler()
	if err != nil {
		t.Fatal(err)
	}
	if w := get(t, down, "/"); w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" {
		t.Errorf("with the server down: %d, %v", w.Code, w.Header())
	}
}

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
	handler := http.StripPrefix("/api", newAuth(t, oneResource()).Protect(http.NotFoundHandler()))
	if w := get(t, handler, "/api/mcp?access_token=x"); w.Code != http.StatusBadRequest {
		t.Errorf("status %d, want 400", w.Code)
	}
}

// writerFunc is called with what is written.
type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

// A session of an MCP SDK may keep the context of the request that opened it. It
// must not keep the body.
func TestContextKeepsNoBody(t *testing.T) {
	t.Parallel()
	var kept context.Context
	var body weak.Pointer[byte]
	policy := func(r *mcpauth.Resource) { r.Policy = &policy.Policy{Default: policy.Authenticated()} }
	g := guard(t, policy, func(_ http.ResponseWriter, r *http.Request) {
		kept = r.Context()
		_, _ = r.Body.(io.WriterTo).WriteTo(writerFunc(func(p []byte) (int, error) {
			body = weak.Make(&p[0])
			return len(p), nil
		}))
	})
	g.post(callTool)
	for i := 0; i < 10 && body.Value() != nil; i++ {
		runtime.GC()
	}
	if body.Value() != nil {
		t.Error("the context keeps the body")
	}
	runtime.KeepAlive(kept)
}

// idleBody is announced and never comes.
type idleBody struct{ asked int }

func (b *idleBody) Read(p []byte) (int, error) {
	b.asked = max(b.asked, len(p))
	return 0, io.ErrUnexpectedEOF
}

// A caller who announces a large body gets no memory for it before it comes.
func TestAnnouncedBody(t *testing.T) {
	t.Parallel()
	policy := func(r *mcpauth.Resource) { r.Policy = &policy.Policy{} }
	g := guard(t, policy, func(http.ResponseWriter, *http.Request) { t.Error("the handler was reached") })
	body := &idleBody{}
	r := httptest.NewRequest(http.MethodPost, "/mcp", body)
	r.ContentLength = 4 << 20
	r.Header.Set("Authorization", "Bearer "+g.token)
	w := httptest.NewRecorder()
	g.handler.ServeHTTP(w, r)
	if w.Code != http.StatusBadRequest || body.asked > 64<<10 {
		t.Errorf("%d, with %d bytes of memory", w.Code, body.asked)
	}
}

// A page of another site whose name was bound to loopback reads without an
// Origin: its Host gives it away.
//
// Covers RS16.
func TestReboundHost(t *testing.T) {
	t.Parallel()
	var log logBuffer
	for name, test := range map[string]struct {
		identifier string
		cors       mcpauth.CORS
		host       string
		want       int
	}{
		"own":                  {"http://localhost:3001/mcp", mcpauth.CORS{}, "127.0.0.1:3001", http.StatusUnauthorized},
		"own, IPv6":            {"http://localhost:3001/mcp", mcpauth.CORS{}, "[::1]:3001", http.StatusUnauthorized},
		"own, by name":         {"http://127.0.0.1:3001/mcp", mcpauth.CORS{}, "LocalHost", http.StatusUnauthorized},
		"rebound":              {"http://localhost:3001/mcp", mcpauth.CORS{}, "evil.example:3001", http.StatusForbidden},
		"rebound, looks local": {"http://localhost:3001/mcp", mcpauth.CORS{}, "127.0.0.1.evil.example", http.StatusForbidden},
		"rebound, own CORS":    {"http://localhost:3001/mcp", mcpauth.CORS{Disabled: true}, "evil.example", http.StatusForbidden},
		"rebound, listed":      {"http://localhost:3001/mcp", mcpauth.CORS{Origins: []string{"https://app.example.com"}}, "evil.example", http.StatusForbidden},
		"all admitted":         {"http://localhost:3001/mcp", mcpauth.CORS{Origins: []string{"*"}}, "other.example", http.StatusUnauthorized},
		"behind a proxy":       {"https://api.example.com/mcp", mcpauth.CORS{}, "api.example.com", http.StatusUnauthorized},
	} {
		config := oneResource()
		config.Logger = log.logger()
		config.Resources[0].Identifier, config.CORS = test.identifier, test.cors
		server := httptest.NewServer(newAuth(t, config).Protect(http.NotFoundHandler()))
		t.Cleanup(server.Close)
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/mcp", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Host = test.host
		resp, err := server.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		if _ = resp.Body.Close(); resp.StatusCode != test.want {
			t.Errorf("%s: %d, want %d", name, resp.StatusCode, test.want)
		}
		if ofHost := strings.Contains(string(body), "names of loopback only"); ofHost != (test.want == http.StatusForbidden) {
			t.Errorf("%s: %s", name, body)
		}
	}
	if text := log.String(); !strings.Contains(text, "reason=wrong_host") || !strings.Contains(text, "the connection is on loopback, and the Host is not") || strings.Contains(text, "wrong_origin") {
		t.Errorf("the log: %s", text)
	}
}

// A mistake in the program shows at start, and says what it is.
func TestNilPanics(t *testing.T) {
	t.Parallel()
	auth := newAuth(t, oneResource())
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

// The body lies in memory of different kinds, by its length.
func TestHandlerReadsBodiesOfAllLengths(t *testing.T) {
	t.Parallel()
	policy := func(r *mcpauth.Resource) { r.Policy = &policy.Policy{Default: policy.Authenticated()} }
	for _, read := range []func(io.Reader) ([]byte, error){
		io.ReadAll,
		func(r io.Reader) ([]byte, error) { return io.ReadAll(iotest.OneByteReader(r)) },
		func(r io.Reader) ([]byte, error) {
			var b bytes.Buffer
			_, err := io.Copy(&b, r)
			return b.Bytes(), err
		},
	} {
		var got []byte
		g := guard(t, policy, func(_ http.ResponseWriter, r *http.Request) {
			var err error
			if got, err = read(r.Body); err != nil {
				t.Error(err)
			}
			if n, err := r.Body.Read(make([]byte, 1)); n != 0 || err != io.EOF {
				t.Errorf("behind the end: %d, %v", n, err)
			}
		})
		for _, length := range []int{199, 200, 201, 455, 456, 457, 64 << 10, 64<<10 + 1} {
			body := callTool + strings.Repeat(" ", length-len(callTool))
			if g.post(body); string(got) != body {
				t.Errorf("of %d bytes the handler has read %d", length, len(got))
			}
		}
	}
}

// tunnel answers an upgrade, and then whatever is sent.
func tunnel(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Upgrade") == "" && r.URL.Path != "/hijack" {
		_, _ = io.WriteString(w, "plain")
		return
	}
	conn, rw, err := http.NewResponseController(w).Hijack()
	if err != nil {
		http.Error(w, "no hijack", http.StatusInternalServerError)
		return
	}
	defer func() { _ = conn.Close() }()
	_, _ = rw.WriteString("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
	_ = rw.Flush()
	line, _ := rw.ReadString('\n')
	_, _ = rw.WriteString("unseen " + line)
	_ = rw.Flush()
}

// exchangeRaw sends a request and a line after it over one connection, and returns
// the status line and what the line is answered with.
func exchangeRaw(t *testing.T, server *httptest.Server, request string) (status, answer string) {
	t.Helper()
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := io.WriteString(conn, strings.ReplaceAll(request, "\n", "\r\n")+"\r\n"); err != nil {
		t.Fatal(err)
	}
	r := bufio.NewReader(conn)
	status, _ = r.ReadString('\n')
	if strings.Contains(status, "101") {
		_, _ = io.WriteString(conn, "tools/call\n")
	}
	rest, _ := io.ReadAll(r)
	return strings.TrimSpace(status), string(rest)
}

// Covers RS24: with a policy, no request leaves HTTP, whoever would change the
// protocol. Without one, that is the handler's business.
func TestUpgrade(t *testing.T) {
	t.Parallel()
	backend := httptest.NewServer(http.HandlerFunc(tunnel))
	t.Cleanup(backend.Close)
	target, err := url.Parse(backend.URL)
	if err != nil {
		t.Fatal(err)
	}
	handlers := map[string]http.HandlerFunc{
		"hijack": tunnel,
		"proxy":  (&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) }}).ServeHTTP,
	}
	const host = "Host: x\nConnection: close, Upgrade\n"
	for name, handler := range handlers {
		rules := func(r *mcpauth.Resource) { r.Policy = &policy.Policy{Default: policy.Authenticated()} }
		for _, tc := range []struct {
			policy  func(*mcpauth.Resource)
			request string
			want    string
		}{
			{rules, "GET /mcp HTTP/1.1\n" + host + "Upgrade: websocket\n", "400 Bad Request"},
			{rules, "POST /mcp HTTP/1.1\n" + host + "Upgrade: websocket\nContent-Length: 0\n", "400 Bad Request"},
			{rules, "DELETE /mcp HTTP/1.1\n" + host + "Upgrade: anything/1\n", "400 Bad Request"},
			{rules, "OPTIONS /mcp HTTP/1.1\n" + host + "Upgrade: h2c, websocket\n", "400 Bad Request"},
			{rules, "GET /mcp HTTP/1.1\n" + host + "Upgrade: h2c\nHTTP2-Settings: AAMA\n", "200 OK"},
			{rules, "CONNECT /mcp HTTP/1.1\n" + host, "405 Method Not Allowed"},
			{nil, "GET /mcp HTTP/1.1\n" + host + "Upgrade: websocket\n", "101 Switching Protocols"},
		} {
			g := guard(t, tc.policy, handler)
			server := httptest.NewServer(g.handler)
			status, answer := exchangeRaw(t, server, tc.request+"Authorization: Bearer "+g.token+"\n")
			if status != "HTTP/1.1 "+tc.want || strings.Contains(answer, "unseen") != (tc.policy == nil) {
				t.Errorf("%s, %q: %s\n%s", name, tc.request, status, answer)
			}
			server.Close()
		}
	}
}

// Covers RS24: nor does a handler take the connection over that nobody asked for it.
func TestNoHijack(t *testing.T) {
	t.Parallel()
	rules := func(r *mcpauth.Resource) { r.Policy = &policy.Policy{Default: policy.Authenticated()} }
	for name, handler := range map[string]http.HandlerFunc{
		"hijack": tunnel,
		"switching protocols": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Upgrade", "websocket")
			w.WriteHeader(http.StatusSwitchingProtocols)
		},
	} {
		g := guard(t, rules, handler)
		server := httptest.NewServer(g.handler)
		status, answer := exchangeRaw(t, server, "GET /hijack HTTP/1.1\nHost: x\nConnection: close\nAuthorization: Bearer "+g.token+"\n")
		if status != "HTTP/1.1 500 Internal Server Error" || strings.Contains(answer, "unseen") {
			t.Errorf("%s: %s\n%s", name, status, answer)
		}
		server.Close()
	}
}

// Covers RS24: a caller of Authorize is told of the upgrade, which it would not see.
func TestAuthorizeUpgrade(t *testing.T) {
	t.Parallel()
	config := oneResource()
	config.Resources[0].Policy = &policy.Policy{Default: policy.Public()}
	_, err := newAuth(t, config).Authorize(context.Background(), mcpauth.Request{
		Method: http.MethodGet, URL: "/mcp", Header: http.Header{"Upgrade": {"h2c"}},
	})
	if c, ok := err.(*mcpauth.Challenge); !ok || c.Status != http.StatusBadRequest {
		t.Errorf("%v", err)
	}
}
