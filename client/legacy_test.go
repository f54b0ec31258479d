package client

import (
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mcp-auth/go/client/clienterr"
	"github.com/mcp-auth/go/metadata"
)

const (
	resourcePlace     = "/.well-known/oauth-protected-resource/mcp"
	resourceRootPlace = "/.well-known/oauth-protected-resource"
	serverPlace       = "/.well-known/oauth-authorization-server"
)

// legacyWorld is a world as MCP 2025-03-26 knew it: one origin, which is its own
// authorization server, and no resource metadata.
type legacyWorld struct {
	*world

	mu     sync.Mutex
	faults map[string]http.HandlerFunc // by path
}

func newLegacyWorld(t *testing.T) *legacyWorld {
	t.Helper()
	as := &authServer{issued: map[string][]string{}, name: "one", places: []string{serverPlace}}
	rs := &resourceServer{servers: []*authServer{as}, places: map[string]func(map[string]any){}}
	rs.challenge = func(int, string) string { return "" }
	log := &syncBuffer{}
	w := &legacyWorld{world: &world{as: as, rs: rs, log: log}, faults: map[string]http.HandlerFunc{}}
	server := httptest.NewServer(w)
	t.Cleanup(server.Close)
	as.Server, rs.Server = server, server
	as.issuer, rs.url = server.URL, server.URL+"/mcp"
	w.config = Config{
		ServerURL: rs.url,
		Grant:     AuthorizationCode{Callback: visit},
		Logger:    slog.New(slog.NewTextHandler(log, nil)),
	}
	return w
}

func (w *legacyWorld) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	fault := w.faults[r.URL.Path]
	w.mu.Unlock()
	switch {
	case fault != nil:
		fault(rw, r)
	case r.URL.Path == "/mcp" || strings.HasPrefix(r.URL.Path, resourceRootPlace):
		w.rs.serve(rw, r)
	default:
		w.as.serve(rw, r)
	}
}

func (w *legacyWorld) fault(path string, handler http.HandlerFunc) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.faults[path] = handler
}

// publish gives the server resource metadata, about itself unless changed.
func (w *legacyWorld) publish(path string, change func(map[string]any)) {
	w.rs.mu.Lock()
	defer w.rs.mu.Unlock()
	w.rs.places[path] = change
}

func (w *legacyWorld) withdraw(path string) {
	w.rs.mu.Lock()
	defer w.rs.mu.Unlock()
	delete(w.rs.places, path)
}

// withdrawServerMetadata leaves the default endpoints only.
func (w *legacyWorld) withdrawServerMetadata() {
	w.as.mu.Lock()
	defer w.as.mu.Unlock()
	w.as.places = nil
}

// untouched checks that the authorization server was asked for nothing, not so
// much as its metadata.
func (w *legacyWorld) untouched(t *testing.T) {
	t.Helper()
	w.as.mu.Lock()
	defer w.as.mu.Unlock()
	if len(w.as.paths) > 0 {
		t.Errorf("the origin was taken for an authorization server: %q", w.as.paths)
	}
}

// unused checks that no endpoint was used: no client registered, no user asked.
func (w *legacyWorld) unused(t *testing.T) {
	t.Helper()
	if log := w.as.log(); len(log) > 0 {
		t.Errorf("endpoints of the origin were used: %q", log)
	}
}

func status(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
}

func body(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, text) }
}

func hang(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

func abort(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

// checkLogin checks the requests of one login at the origin.
func (w *legacyWorld) checkLogin(t *testing.T, i int) {
	t.Helper()
	query, form := w.as.authorizations[i], w.as.tokens[i]
	equal(t, "resource of the authorization request", query.Get("resource"), w.rs.url)
	equal(t, "resource of the token request", form.Get("resource"), w.rs.url)
	equal(t, "code_challenge_method", query.Get("code_challenge_method"), "S256")
	equal(t, "code_challenge", query.Get("code_challenge"), s256(form.Get("code_verifier")))
}

// Metadata at the origin of a server without resource metadata is used like any
// other. The issuer is the origin, as the document writes it.
//
// Covers CL1, CL2, CL3, CL4, CL7.
func TestLegacyMetadata(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		slash string
		place string
		gone  int
	}{
		"as RFC 8414 has it": {place: serverPlace, gone: http.StatusNotFound},
		"with a slash":       {slash: "/", place: serverPlace, gone: http.StatusNotFound},
		"as OpenID has it":   {place: "/.well-known/openid-configuration", gone: http.StatusNotFound},
		"gone for good":      {place: serverPlace, gone: http.StatusGone},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newLegacyWorld(t)
			w.as.issuer += test.slash
			w.as.places = []string{test.place}
			w.config.Store = NewMemoryStore()
			w.fault(resourcePlace, status(test.gone))
			c := w.client(t)
			mustRequest(t, c, "")
			w.checkLogin(t, 0)
			token, err := c.Token(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			equal(t, "issuer", token.Issuer, w.as.issuer)
			equal(t, "resource", token.Resource, w.config.ServerURL)
			for _, key := range []string{tokenKey(w.as.issuer, w.config.ServerURL), clientKey(w.as.issuer)} {
				if kept, err := read(t, w.config.Store, key); err != nil || kept == "" {
					t.Errorf("nothing is kept under %q, %v", key, err)
				}
			}
		})
	}
}

// Covers CL4, CL8.
func TestLegacyMetadataStepUpAndRefresh(t *testing.T) {
	t.Parallel()
	w := newLegacyWorld(t)
	now := newClock()
	w.config.Now = now.Now
	w.rs.challenge = func(_ int, need string) string { return `Bearer scope="` + need + `"` }
	c := w.client(t)
	mustRequest(t, c, "read")
	mustRequest(t, c, "write")
	equal(t, "scope", w.as.authorizations[1].Get("scope"), "read write")
	now.advance(2 * time.Hour)
	mustRequest(t, c, "")
	equal(t, "grant_type", w.as.tokens[2].Get("grant_type"), "refresh_token")
	equal(t, "resource", w.as.tokens[2].Get("resource"), w.rs.url)
	w.as.revokeAll()
	mustRequest(t, c, "")
	equal(t, "grant_type", w.as.tokens[3].Get("grant_type"), "refresh_token")
	equal(t, "registrations", len(w.as.registrations), 1)
}

// Whatever is allowed, nothing replaces what the metadata at the origin lacks: a
// document that exists decides.
//
// Covers CL2, CL3.
func TestLegacyMetadataRules(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(map[string]any){
		"without PKCE":          func(d map[string]any) { delete(d, "code_challenge_methods_supported") },
		"plain PKCE":            func(d map[string]any) { d["code_challenge_methods_supported"] = []string{"plain"} },
		"no token endpoint":     func(d map[string]any) { delete(d, "token_endpoint") },
		"no authorization":      func(d map[string]any) { delete(d, "authorization_endpoint") },
		"PAR only":              func(d map[string]any) { d["require_pushed_authorization_requests"] = true },
		"another issuer":        func(d map[string]any) { d["issuer"] = "https://idp.example.com" },
		"the server as issuer":  func(d map[string]any) { d["issuer"] = d["issuer"].(string) + "/mcp" },
		"two slashes":           func(d map[string]any) { d["issuer"] = d["issuer"].(string) + "//" },
		"issuer in capitals":    func(d map[string]any) { d["issuer"] = strings.ToUpper(d["issuer"].(string)) },
		"no issuer":             func(d map[string]any) { delete(d, "issuer") },
		"an endpoint that runs": func(d map[string]any) { d["authorization_endpoint"] = "javascript:alert(1)" },
		"an endpoint in http":   func(d map[string]any) { d["token_endpoint"] = "http://idp.example.com/token" },
	} {
		for _, mode := range []LegacyDiscovery{LegacyMetadata, DangerouslyAssumeEndpoints} {
			t.Run(name+" "+string(mode), func(t *testing.T) {
				t.Parallel()
				w := newLegacyWorld(t)
				w.as.metadata = change
				w.config.LegacyDiscovery = mode
				_, err := request(t, w.client(t), "")
				var unsuitable *clienterr.UnsuitableError
				var discovery *metadata.DiscoveryError
				if !errors.As(err, &unsuitable) && !errors.As(err, &discovery) {
					t.Errorf("error %v, want one about the authorization server", err)
				}
				w.unused(t)
			})
		}
	}
}

// Only a server that certainly has no resource metadata is treated as an old one,
// not one with outages, refusals, malformed documents or challenges that name
// metadata.
//
// Covers CL1, CL3.
func TestNoDowngradeOfResourceMetadata(t *testing.T) {
	t.Parallel()
	elsewhere := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(elsewhere.Close)
	type faults map[string]http.HandlerFunc
	moved := func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, elsewhere.URL+r.URL.Path, http.StatusFound)
	}
	about := func(change func(map[string]any)) func(*legacyWorld) {
		return func(w *legacyWorld) { w.publish(resourcePlace, change) }
	}
	for name, test := range map[string]struct {
		faults  faults
		prepare func(*legacyWorld)
		kind    clienterr.ResourceKind
	}{
		"500":                    {faults{resourcePlace: status(500)}, nil, clienterr.ResourceUnavailable},
		"502":                    {faults{resourcePlace: status(502)}, nil, clienterr.ResourceUnavailable},
		"503":                    {faults{resourcePlace: status(503)}, nil, clienterr.ResourceUnavailable},
		"429":                    {faults{resourcePlace: status(429)}, nil, clienterr.ResourceUnavailable},
		"500 at the root":        {faults{resourceRootPlace: status(500)}, nil, clienterr.ResourceUnavailable},
		"no answer":              {faults{resourcePlace: hang}, nil, clienterr.ResourceUnavailable},
		"no answer at the root":  {faults{resourceRootPlace: hang}, nil, clienterr.ResourceUnavailable},
		"a broken connection":    {faults{resourcePlace: abort}, nil, clienterr.ResourceUnavailable},
		"400":                    {faults{resourcePlace: status(400)}, nil, clienterr.ResourceNotFound},
		"401":                    {faults{resourcePlace: status(401)}, nil, clienterr.ResourceNotFound},
		"403":                    {faults{resourcePlace: status(403)}, nil, clienterr.ResourceNotFound},
		"403 at the root":        {faults{resourceRootPlace: status(403)}, nil, clienterr.ResourceNotFound},
		"405":                    {faults{resourcePlace: status(405)}, nil, clienterr.ResourceNotFound},
		"204":                    {faults{resourcePlace: status(204)}, nil, clienterr.ResourceNotFound},
		"a web page":             {faults{resourcePlace: body("<!doctype html>")}, nil, clienterr.ResourceMalformed},
		"a web page at the root": {faults{resourceRootPlace: body("<!doctype html>")}, nil, clienterr.ResourceMalformed},
		"an empty page":          {faults{resourcePlace: body("")}, nil, clienterr.ResourceMalformed},
		"half a document":        {faults{resourcePlace: body(`{"resource":`)}, nil, clienterr.ResourceMalformed},
		"too large":              {faults{resourcePlace: body(strings.Repeat(" ", 4<<20))}, nil, clienterr.ResourceUnavailable},
		"moved, and missing":     {faults{resourcePlace: moved}, nil, clienterr.ResourceNotFound},
		"moved in a circle":      {faults{resourcePlace: func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, r.URL.Path, http.StatusFound) }}, nil, clienterr.ResourceUnavailable},
		"about another":          {nil, about(func(d map[string]any) { d["resource"] = "https://evil.example.com/mcp" }), clienterr.ResourceMismatch},
		"about one below":        {nil, about(func(d map[string]any) { d["resource"] = d["resource"].(string) + "/admin" }), clienterr.ResourceMismatch},
		"without a server":       {nil, about(func(d map[string]any) { delete(d, "authorization_servers") }), clienterr.ResourceMalformed},
		"about another, at root": {nil, func(w *legacyWorld) {
			w.publish(resourceRootPlace, func(d map[string]any) { d["resource"] = "https://evil.example.com" })
		}, clienterr.ResourceMismatch},
		"named and missing":       {nil, func(w *legacyWorld) { w.rs.challenge = named(w.rs.URL + resourceRootPlace + "/nosuch") }, clienterr.ResourceNotFound},
		"named and not fetchable": {nil, func(w *legacyWorld) { w.rs.challenge = named("/nosuch") }, clienterr.ResourceMalformed},
		"named without a scheme":  {nil, func(w *legacyWorld) { w.rs.challenge = refusedWith(`resource_metadata="` + w.rs.URL + `/nosuch"`) }, clienterr.ResourceNotFound},
		"named beyond reading":    {nil, func(w *legacyWorld) { w.rs.challenge = refusedWith(`Bearer Resource_Metadata="` + w.rs.URL) }, clienterr.ResourceNotFound},
		"named to other clients":  {nil, func(w *legacyWorld) { w.rs.challenge = refusedWith(`Custom resource_metadata="/nosuch"`) }, clienterr.ResourceNotFound},
		"named as nothing":        {nil, func(w *legacyWorld) { w.rs.challenge = refusedWith(`Bearer resource_metadata=""`) }, clienterr.ResourceNotFound},
		"named at its place":      {nil, func(w *legacyWorld) { w.rs.challenge = named(w.rs.URL + resourcePlace) }, clienterr.ResourceNotFound},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newLegacyWorld(t)
			w.config.LegacyDiscovery = DangerouslyAssumeEndpoints
			for path, handler := range test.faults {
				w.fault(path, handler)
				if strings.HasPrefix(name, "no answer") {
					w.config.Network.Timeout = 300 * time.Millisecond
				}
			}
			if test.prepare != nil {
				test.prepare(w)
			}
			_, err := request(t, w.client(t), "")
			var failure *clienterr.ResourceError
			if !errors.As(err, &failure) || failure.Kind != test.kind {
				t.Errorf("error %v, want %s", err, test.kind)
			}
			w.untouched(t)
		})
	}
}

func refusedWith(challenge string) func(int, string) string {
	return func(int, string) string { return challenge }
}

func named(place string) func(int, string) string {
	return func(int, string) string { return `Bearer resource_metadata="` + place + `"` }
}

// A server with resource metadata needs authorization server metadata, even if it
// names its own origin.
//
// Covers CL1, CL2.
func TestNoDefaultEndpointsBesideResourceMetadata(t *testing.T) {
	t.Parallel()
	w := newLegacyWorld(t)
	w.config.LegacyDiscovery = DangerouslyAssumeEndpoints
	w.publish(resourcePlace, nil)
	w.withdrawServerMetadata()
	_, err := request(t, w.client(t), "")
	var failure *metadata.DiscoveryError
	if !errors.As(err, &failure) || failure.Kind != metadata.NotFound {
		t.Errorf("error %v, want a discovery error", err)
	}
	w.unused(t)
}

// Endpoints are not assumed unless the caller said so.
//
// Covers CL2, CL3.
func TestDefaultEndpointsAreOptIn(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		mode      LegacyDiscovery
		published bool
		asked     []string
	}{
		"by default":             {LegacyMetadata, false, []string{"GET " + serverPlace, "GET /.well-known/openid-configuration"}},
		"off":                    {LegacyOff, false, nil},
		"off, with metadata":     {LegacyOff, true, nil},
		"allowed, with metadata": {DangerouslyAssumeEndpoints, true, []string{"GET " + serverPlace}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newLegacyWorld(t)
			w.config.LegacyDiscovery = test.mode
			if !test.published {
				w.withdrawServerMetadata()
			}
			_, err := request(t, w.client(t), "")
			if test.mode == DangerouslyAssumeEndpoints {
				if err != nil {
					t.Error(err)
				}
				equal(t, "the endpoint of the metadata", w.as.authorizations[0].Get("tenant"), "one")
				return
			}
			var failure *clienterr.ResourceError
			if !errors.As(err, &failure) || failure.Kind != clienterr.ResourceNotFound {
				t.Errorf("error %v, want one about resource metadata", err)
			}
			if !slices.Equal(w.as.paths, test.asked) {
				t.Errorf("asked for %q, want %q", w.as.paths, test.asked)
			}
		})
	}
}

// The default endpoints, from the login to the logout.
//
// Covers CL3, CL4, CL6, CL7.
func TestDefaultEndpoints(t *testing.T) {
	t.Parallel()
	w := newLegacyWorld(t)
	now := newClock()
	w.config.Now = now.Now
	w.config.Store = NewMemoryStore()
	w.config.LegacyDiscovery = DangerouslyAssumeEndpoints
	w.withdrawServerMetadata()
	c := w.client(t)
	mustRequest(t, c, "")
	w.checkLogin(t, 0)
	equal(t, "requests", strings.Join(w.as.log(), ", "), "POST /register, GET /authorize, POST /token")
	equal(t, "method", w.as.registrations[0]["token_endpoint_auth_method"], any("none"))
	token, err := c.Token(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "issuer", token.Issuer, w.rs.URL)
	if !strings.Contains(w.log.String(), "whether PKCE is checked is unknown") {
		t.Errorf("the log does not warn:\n%s", w.log)
	}

	now.advance(2 * time.Hour)
	careful := w.config
	careful.LegacyDiscovery = LegacyMetadata
	other, err := New(careful)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := other.Token(t.Context()); err == nil {
		t.Error("the token was refreshed at an endpoint that may not be assumed")
	}
	equal(t, "token requests", len(w.as.tokens), 1)

	mustRequest(t, w.client(t), "") // another process
	equal(t, "grant_type", w.as.tokens[1].Get("grant_type"), "refresh_token")
	equal(t, "resource", w.as.tokens[1].Get("resource"), w.rs.url)
	equal(t, "client_id", w.as.tokens[1].Get("client_id"), "client-one-1")

	if err := c.Logout(t.Context()); err != nil {
		t.Error(err)
	}
	equal(t, "revocations", len(w.as.revocations), 0)
}

// Covers CL5, CL10.
func TestDefaultEndpointsCheckTheAnswer(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]clienterr.CallbackFault{"iss": clienterr.IssuerMismatch, "state": clienterr.StateMismatch} {
		w := newLegacyWorld(t)
		w.config.LegacyDiscovery = DangerouslyAssumeEndpoints
		w.withdrawServerMetadata()
		w.as.callback = func(query url.Values) { query[name] = []string{"https://evil.example.com"} }
		_, err := request(t, w.client(t), "")
		var failure *clienterr.CallbackError
		if !errors.As(err, &failure) || failure.Fault != fault {
			t.Errorf("error %v, want %s", err, fault)
		}
		equal(t, "token requests", len(w.as.tokens), 0)
	}
}

// Endpoints are assumed only if the authorization server certainly has no
// metadata.
//
// Covers CL2, CL3.
func TestNoDowngradeOfServerMetadata(t *testing.T) {
	t.Parallel()
	const openID = "/.well-known/openid-configuration"
	elsewhere := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(elsewhere.Close)
	for name, handler := range map[string]http.HandlerFunc{
		"500": status(500), "503": status(503), "429": status(429), "401": status(401), "403": status(403), "400": status(400),
		"no answer": hang, "a broken connection": abort, "a web page": body("<!doctype html>"), "half a document": body(`{"issuer":`),
		"a list": body("[]"), "too large": body(strings.Repeat(" ", 4<<20)),
		"moved":    func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, elsewhere.URL, http.StatusFound) },
		"to login": func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "javascript:x", http.StatusFound) },
	} {
		for _, place := range []string{serverPlace, openID} {
			t.Run(name+" at "+place, func(t *testing.T) {
				t.Parallel()
				w := newLegacyWorld(t)
				w.config.LegacyDiscovery = DangerouslyAssumeEndpoints
				w.withdrawServerMetadata()
				if name == "no answer" {
					w.config.Network.Timeout = 300 * time.Millisecond
				}
				w.fault(place, handler)
				_, err := request(t, w.client(t), "")
				var failure *metadata.DiscoveryError
				if !errors.As(err, &failure) {
					t.Errorf("error %v, want a discovery error", err)
				}
				w.unused(t)
			})
		}
	}
}

// After a login the client does not settle for less: not for the origin after
// resource metadata, nor for default endpoints after metadata at the origin. A
// logout forgets what was found.
//
// Covers CL1, CL2, CL3, CL7.
func TestNoDowngradeAfterLogin(t *testing.T) {
	t.Parallel()
	for name, withdraw := range map[string]func(*legacyWorld){
		"resource metadata":      func(w *legacyWorld) { w.withdraw(resourcePlace) },
		"metadata at the origin": (*legacyWorld).withdrawServerMetadata,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newLegacyWorld(t)
			w.config.Store = NewMemoryStore()
			w.config.LegacyDiscovery = DangerouslyAssumeEndpoints
			if name == "resource metadata" {
				w.publish(resourcePlace, nil)
			}
			mustRequest(t, w.client(t), "")
			withdraw(w)
			w.as.revokeAll()
			before := len(w.as.log())
			for range 2 {
				_, err := request(t, w.client(t), "") // another process
				var failure *clienterr.ResourceError
				if !errors.As(err, &failure) || failure.Kind != clienterr.ResourceNotFound {
					t.Errorf("error %v, want one about resource metadata", err)
				}
			}
			equal(t, "requests to endpoints", len(w.as.log()), before)

			c := w.client(t)
			_ = c.Logout(t.Context()) // its revocation may find no metadata
			mustRequest(t, c, "")
		})
	}
}

// Resource metadata that appears is used at once, and tokens of the origin are
// not sent to the server that it names.
//
// Covers CL1, CL7.
func TestLegacyServerGetsResourceMetadata(t *testing.T) {
	t.Parallel()
	for _, mode := range []LegacyDiscovery{LegacyMetadata, DangerouslyAssumeEndpoints} {
		w := newLegacyWorld(t)
		w.config.LegacyDiscovery = mode
		if mode == DangerouslyAssumeEndpoints {
			w.withdrawServerMetadata()
		}
		c := w.client(t)
		mustRequest(t, c, "")
		other := newAuthServer(t, "two", "")
		w.rs.moveTo(other)
		w.publish(resourcePlace, nil)
		mustRequest(t, c, "")
		equal(t, "requests", strings.Join(other.log(), ", "), "POST /register, GET /authorize, POST /token")
		equal(t, "grant_type", other.tokens[0].Get("grant_type"), "authorization_code")
		token, err := c.Token(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		equal(t, "issuer", token.Issuer, other.issuer)
	}
}

// A server that names itself as authorization server, after it was used without
// any metadata, has to have some.
//
// Covers CL1, CL2.
func TestNoDefaultEndpointsForRefreshBesideResourceMetadata(t *testing.T) {
	t.Parallel()
	w := newLegacyWorld(t)
	w.config.LegacyDiscovery = DangerouslyAssumeEndpoints
	w.withdrawServerMetadata()
	c := w.client(t)
	mustRequest(t, c, "")
	w.publish(resourcePlace, nil)
	w.as.revokeAll()
	if _, err := request(t, c, ""); err == nil {
		t.Error("default endpoints were used beside resource metadata")
	}
	equal(t, "token requests", len(w.as.tokens), 1)
}

// A server that refuses no request is not treated as an old one.
//
// Covers CL1.
func TestNoLegacyDiscoveryWithoutRefusal(t *testing.T) {
	t.Parallel()
	for _, code := range []int{http.StatusOK, http.StatusForbidden, http.StatusNotFound} {
		w := newLegacyWorld(t)
		w.config.LegacyDiscovery = DangerouslyAssumeEndpoints
		w.rs.refuse = func(rw http.ResponseWriter, _ *http.Request) bool { rw.WriteHeader(code); return true }
		var failure *clienterr.ResourceError
		if err := w.client(t).Login(t.Context()); !errors.As(err, &failure) {
			t.Errorf("status %d: error %v, want one about resource metadata", code, err)
		}
		w.untouched(t)
	}
}

// Credentials of another issuer stay where they belong.
//
// Covers CL7.
func TestLegacyCredentials(t *testing.T) {
	t.Parallel()
	for _, mode := range []LegacyDiscovery{LegacyMetadata, DangerouslyAssumeEndpoints} {
		for _, other := range []bool{false, true} {
			w := newLegacyWorld(t)
			w.config.LegacyDiscovery = mode
			if mode == DangerouslyAssumeEndpoints {
				w.withdrawServerMetadata()
			}
			w.config.Grant = ClientCredentials{}
			credentials := Credentials{Issuer: w.rs.URL, ClientID: "report", ClientSecret: "s3cret-s3cret"}
			if other {
				credentials.Issuer = "https://as.example.com"
			}
			w.config.Credentials = []Credentials{credentials}
			_, err := request(t, w.client(t), "")
			var failure *clienterr.RegistrationError
			if other != (errors.As(err, &failure) && failure.Kind == clienterr.OtherIssuer) {
				t.Errorf("mode %q, credentials of another %t: error %v", mode, other, err)
			}
			if other {
				w.unused(t)
				continue
			}
			equal(t, "grant_type", w.as.tokens[0].Get("grant_type"), "client_credentials")
			equal(t, "resource", w.as.tokens[0].Get("resource"), w.rs.url)
		}
	}
}
