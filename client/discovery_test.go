package client

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/mcp-auth/go/metadata"
)

// A document about another resource than the server stops everything: the
// authorization server it names is not asked for so much as its metadata.
//
// Covers CL1.
func TestResourceMustMatch(t *testing.T) {
	t.Parallel()
	for name, resource := range map[string]func(server string) string{
		"another host":        func(string) string { return "https://evil.example.com/mcp" },
		"above":               func(s string) string { return strings.TrimSuffix(s, "/mcp") },
		"a sibling":           func(s string) string { return s + "2" },
		"below":               func(s string) string { return s + "/admin" },
		"a slash more":        func(s string) string { return s + "/" },
		"with a query":        func(s string) string { return s + "?x=1" },
		"another case":        func(s string) string { return strings.Replace(s, "/mcp", "/MCP", 1) },
		"another scheme":      func(s string) string { return strings.Replace(s, "http:", "https:", 1) },
		"another port":        func(s string) string { return strings.Replace(s, "/mcp", "0/mcp", 1) },
		"percent-encoded":     func(s string) string { return strings.Replace(s, "/mcp", "/%6dcp", 1) },
		"the host as a label": func(s string) string { return strings.Replace(s, "/mcp", ".evil.example/mcp", 1) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.rs.places["/.well-known/oauth-protected-resource/mcp"] = func(d map[string]any) { d["resource"] = resource(w.rs.url) }
			_, err := request(t, w.client(t), "")
			var failure *ResourceError
			if !errors.As(err, &failure) || failure.Kind != ResourceMismatch {
				t.Errorf("error %v, want a resource mismatch", err)
			}
			if len(w.as.paths) != 0 {
				t.Errorf("the authorization server was asked for %q", w.as.paths)
			}
		})
	}
}

// Covers CL1.
func TestResourceOfRootURL(t *testing.T) {
	t.Parallel()
	for _, slash := range []string{"", "/"} {
		w := newWorld(t)
		w.rs.url = w.rs.URL + "/"
		w.config.ServerURL = w.rs.URL + slash
		other := map[string]string{"": "/", "/": ""}[slash]
		w.rs.places = map[string]func(map[string]any){
			"/.well-known/oauth-protected-resource": func(d map[string]any) { d["resource"] = w.rs.URL + other },
		}
		w.rs.challenge = func(int, string) string { return "" }
		mustRequest(t, w.client(t), "")
		equal(t, "resource", w.as.tokens[0].Get("resource"), w.rs.URL+other)
	}
}

// Where a challenge names no document it is looked for at the path's well-known
// place, then at the root's.
//
// Covers CL1.
func TestWellKnownPlaces(t *testing.T) {
	t.Parallel()
	const path, root = "/.well-known/oauth-protected-resource/mcp", "/.well-known/oauth-protected-resource"
	about := func(resource string) func(map[string]any) {
		return func(d map[string]any) { d["resource"] = resource }
	}
	tests := map[string]struct {
		places   func(w *world) map[string]func(map[string]any)
		asked    []string
		resource func(w *world) string
		kind     ResourceKind
	}{
		"the path's": {
			places: func(*world) map[string]func(map[string]any) {
				return map[string]func(map[string]any){path: nil, root: nil}
			},
			asked:    []string{path},
			resource: func(w *world) string { return w.rs.url },
		},
		"the root's, about the server": {
			places:   func(*world) map[string]func(map[string]any) { return map[string]func(map[string]any){root: nil} },
			asked:    []string{path, root},
			resource: func(w *world) string { return w.rs.url },
		},
		"the root's, about the origin": {
			places: func(w *world) map[string]func(map[string]any) {
				return map[string]func(map[string]any){root: about(w.rs.URL)}
			},
			asked:    []string{path, root},
			resource: func(w *world) string { return w.rs.URL },
		},
		"none": {
			places: func(*world) map[string]func(map[string]any) { return nil },
			asked:  []string{path, root},
			kind:   ResourceNotFound,
		},
		"the path's about the origin": {
			places: func(w *world) map[string]func(map[string]any) {
				return map[string]func(map[string]any){path: about(w.rs.URL), root: nil}
			},
			asked: []string{path},
			kind:  ResourceMismatch,
		},
		"the root's about another path": {
			places: func(w *world) map[string]func(map[string]any) {
				return map[string]func(map[string]any){root: about(w.rs.URL + "/other")}
			},
			asked: []string{path, root},
			kind:  ResourceMismatch,
		},
		"without authorization servers": {
			places: func(*world) map[string]func(map[string]any) {
				return map[string]func(map[string]any){path: func(d map[string]any) { delete(d, "authorization_servers") }, root: nil}
			},
			asked: []string{path},
			kind:  ResourceMalformed,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.rs.challenge = func(int, string) string { return "Bearer" }
			w.rs.places = test.places(w)
			w.config.LegacyDiscovery = LegacyOff
			_, err := request(t, w.client(t), "")
			paths, _ := w.rs.requests()
			var asked []string
			for _, p := range paths {
				if place, ok := strings.CutPrefix(p, "GET "); ok {
					asked = append(asked, place)
				}
			}
			if !slices.Equal(asked, test.asked) {
				t.Errorf("asked for %q, want %q", asked, test.asked)
			}
			if test.kind == "" {
				if err != nil {
					t.Fatal(err)
				}
				equal(t, "resource", w.as.tokens[0].Get("resource"), test.resource(w))
				return
			}
			var failure *ResourceError
			if !errors.As(err, &failure) || failure.Kind != test.kind {
				t.Errorf("error %v, want %s", err, test.kind)
			}
			if log := w.as.log(); len(log) > 0 {
				t.Errorf("the authorization server was asked: %q", log)
			}
		})
	}
}

// The document a challenge names is the one, and it must stand where a document
// may be fetched from.
//
// Covers CL1.
func TestChallengedPlace(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		place string
		kind  ResourceKind
	}{
		"relative":               {"/.well-known/oauth-protected-resource/mcp", ResourceMalformed},
		"without scheme":         {"//127.0.0.1/x", ResourceMalformed},
		"http on another host":   {"http://example.com/x", ResourceMalformed},
		"a file":                 {"file:///etc/passwd", ResourceMalformed},
		"a private address":      {"https://192.168.0.1/x", ResourceMalformed},
		"a cloud's metadata":     {"https://169.254.169.254/latest/meta-data", ResourceMalformed},
		"with userinfo":          {"https://user:secret@example.com/x", ResourceMalformed},
		"missing: no other then": {"HERE/nosuch", ResourceNotFound},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.rs.challenge = func(int, string) string {
				return `Bearer resource_metadata="` + strings.Replace(test.place, "HERE", w.rs.URL, 1) + `"`
			}
			_, err := request(t, w.client(t), "")
			var failure *ResourceError
			if !errors.As(err, &failure) || failure.Kind != test.kind {
				t.Fatalf("error %v, want %s", err, test.kind)
			}
			if strings.Contains(err.Error(), "secret") {
				t.Errorf("%v shows the userinfo", err)
			}
			if len(w.as.paths) > 0 {
				t.Errorf("the authorization server was asked for %q", w.as.paths)
			}
		})
	}
}

// A place that cannot answer now may have a document: no other is taken
// instead, be it a good one.
//
// Covers CL1.
func TestResourceOutageHidesNoPlace(t *testing.T) {
	t.Parallel()
	const path, root = "/.well-known/oauth-protected-resource/mcp", "/.well-known/oauth-protected-resource"
	for _, status := range []int{http.StatusInternalServerError, http.StatusServiceUnavailable, http.StatusTooManyRequests} {
		t.Run(http.StatusText(status), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.rs.challenge = func(int, string) string { return "Bearer" }
			w.rs.places = map[string]func(map[string]any){root: nil}
			next := w.rs.Config.Handler
			w.rs.Config.Handler = http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
				if r.URL.Path == path {
					rw.WriteHeader(status)
					return
				}
				next.ServeHTTP(rw, r)
			})
			_, err := request(t, w.client(t), "")
			var failure *ResourceError
			if !errors.As(err, &failure) || failure.Kind != ResourceUnavailable {
				t.Errorf("error %v, want unavailable", err)
			}
			paths, _ := w.rs.requests()
			if log := w.as.log(); len(log) > 0 || slices.Contains(paths, "GET "+root) {
				t.Errorf("looked on: %q, %q", paths, log)
			}
		})
	}
}

// Covers CL1.
func TestResourceOutageIsNoAnswer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.rs.challenge = func(int, string) string { return "" }
	gone := newResourceServer(t, "/mcp")
	w.config.ServerURL = gone.url
	c := w.client(t)
	gone.Close()
	_, err := c.resource(t.Context(), "")
	var failure *ResourceError
	if !errors.As(err, &failure) || failure.Kind != ResourceUnavailable {
		t.Errorf("error %v, want unavailable", err)
	}
}

// A public server cannot have a service on this machine asked.
//
// Covers CL1, CL2.
func TestPublicServerNamesLoopback(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.config.ServerURL = "https://mcp.example.com/mcp"
	c := w.client(t)
	var unsuitable *UnsuitableError
	if _, err := c.server(t.Context(), w.as.issuer); !errors.As(err, &unsuitable) {
		t.Errorf("error %v, want an unsuitable server", err)
	}
	if _, err := c.resourceAt(t.Context(), w.rs.URL+"/.well-known/oauth-protected-resource/mcp"); err == nil {
		t.Error("metadata on loopback were taken for a public server")
	}
	if paths, _ := w.rs.requests(); len(paths) > 0 {
		t.Errorf("a server on loopback was asked for %q", paths)
	}
	for _, issuer := range []string{"", "https://as.example.com/?tenant=1", "http://as.example.com", "javascript:alert(1)"} {
		document := &metadata.ProtectedResource{Resource: c.ServerURL(), AuthorizationServers: []string{issuer}}
		if _, err := c.issuer(document, ""); !errors.As(err, &unsuitable) {
			t.Errorf("issuer %q: error %v, want an unsuitable server", issuer, err)
		}
	}
	if len(w.as.paths) > 0 {
		t.Errorf("asked for %q", w.as.paths)
	}
}

// Covers CL2.
func TestServerMetadataPlaces(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		path   string
		places []string
	}{
		{"/tenant1", []string{
			"/.well-known/oauth-authorization-server/tenant1",
			"/.well-known/openid-configuration/tenant1",
			"/tenant1/.well-known/openid-configuration",
		}},
		{"", []string{"/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"}},
	} {
		for i := range test.places {
			as := newAuthServer(t, "one", test.path)
			as.places = test.places[i : i+1]
			w := newWorld(t)
			w.rs.moveTo(as)
			mustRequest(t, w.client(t), "")
			var asked []string
			for _, p := range as.paths {
				if strings.Contains(p, "/.well-known/") {
					asked = append(asked, strings.TrimPrefix(p, "GET "))
				}
			}
			if !slices.Equal(asked, test.places[:i+1]) {
				t.Errorf("asked for %q, want %q", asked, test.places[:i+1])
			}
		}
	}
}

// Covers CL2.
func TestServerMetadataOfAnotherIssuer(t *testing.T) {
	t.Parallel()
	for name, issuer := range map[string]func(string) string{
		"another":      func(string) string { return "https://evil.example.com" },
		"a slash more": func(s string) string { return s + "/" },
		"another case": func(s string) string { return strings.ToUpper(s[:4]) + s[4:] },
		"a path more":  func(s string) string { return s + "/tenant" },
		"empty":        func(string) string { return "" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.as.metadata = func(d map[string]any) { d["issuer"] = issuer(w.as.issuer) }
			_, err := request(t, w.client(t), "")
			var failure *metadata.DiscoveryError
			if !errors.As(err, &failure) {
				t.Errorf("error %v, want a discovery error", err)
			}
			if log := w.as.log(); len(log) > 0 {
				t.Errorf("the server was used: %q", log)
			}
		})
	}
}

// Covers CL3.
func TestServerWithoutPKCE(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(map[string]any){
		"absent":      func(d map[string]any) { delete(d, "code_challenge_methods_supported") },
		"empty":       func(d map[string]any) { d["code_challenge_methods_supported"] = []string{} },
		"plain":       func(d map[string]any) { d["code_challenge_methods_supported"] = []string{"plain"} },
		"lower case":  func(d map[string]any) { d["code_challenge_methods_supported"] = []string{"s256"} },
		"a string":    func(d map[string]any) { d["code_challenge_methods_supported"] = "S256" },
		"no endpoint": func(d map[string]any) { delete(d, "authorization_endpoint") },
		"no token":    func(d map[string]any) { delete(d, "token_endpoint") },
		"PAR only":    func(d map[string]any) { d["require_pushed_authorization_requests"] = true },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.as.metadata = change
			_, err := request(t, w.client(t), "")
			var unsuitable *UnsuitableError
			if !errors.As(err, &unsuitable) || unsuitable.Issuer != w.as.issuer {
				t.Errorf("error %v, want an unsuitable server", err)
			}
			if log := w.as.log(); len(log) > 0 {
				t.Errorf("the server was used: %q", log)
			}
		})
	}
}

// Covers CL3, CL4.
func TestAuthorizationRequest(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.config.Grant = AuthorizationCode{Callback: visit, RedirectURI: "http://localhost:3000/callback"}
	mustRequest(t, w.client(t), "read")
	mustRequest(t, w.client(t), "read") // another login
	if len(w.as.authorizations) != 2 || len(w.as.tokens) != 2 {
		t.Fatalf("%d authorizations and %d token requests, want 2 of each", len(w.as.authorizations), len(w.as.tokens))
	}
	for i, query := range w.as.authorizations {
		form := w.as.tokens[i]
		equal(t, "response_type", query.Get("response_type"), "code")
		equal(t, "resource", query.Get("resource"), w.rs.url)
		equal(t, "resource of the token request", form.Get("resource"), w.rs.url)
		equal(t, "redirect_uri", query.Get("redirect_uri"), "http://localhost:3000/callback")
		equal(t, "redirect_uri of the token request", form.Get("redirect_uri"), "http://localhost:3000/callback")
		equal(t, "scope", query.Get("scope"), "read")
		equal(t, "the endpoint's own parameter", query.Get("tenant"), "one")
		equal(t, "code_challenge_method", query.Get("code_challenge_method"), "S256")
		equal(t, "code_challenge", query.Get("code_challenge"), s256(form.Get("code_verifier")))
		if verifier := form.Get("code_verifier"); len(verifier) < 43 || len(verifier) > 128 {
			t.Errorf("the code verifier has %d characters", len(verifier))
		}
		equal(t, "code", form.Get("code"), "code-one")
		equal(t, "client_id", form.Get("client_id"), query.Get("client_id"))
	}
	for _, name := range []string{"state", "code_challenge"} {
		if w.as.authorizations[0].Get(name) == w.as.authorizations[1].Get(name) {
			t.Errorf("%s was used twice", name)
		}
	}
}

// The resource goes into every kind of token request.
//
// Covers CL4.
func TestResourceInRefresh(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	now := newClock()
	w.config.Now = now.Now
	c := w.client(t)
	mustRequest(t, c, "")
	now.advance(2 * 3600e9)
	mustRequest(t, c, "")
	form := w.as.tokens[1]
	equal(t, "grant_type", form.Get("grant_type"), "refresh_token")
	equal(t, "resource", form.Get("resource"), w.rs.url)
	equal(t, "refresh_token", form.Get("refresh_token"), "refresh-one-1")
}

func TestNoChallengeNoToken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.rs.refuse = func(rw http.ResponseWriter, _ *http.Request) bool { rw.WriteHeader(http.StatusNoContent); return true }
	status, err := request(t, w.client(t), "")
	if err != nil || status != http.StatusNoContent {
		t.Errorf("status %d, %v", status, err)
	}
	if len(w.as.paths) > 0 {
		t.Errorf("a server that wants no token had %q asked", w.as.paths)
	}
}
