package client

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/mcp-auth/go/client/clienterr"
)

// A document about another resource than the server ends the login: not even the
// metadata of the authorization server it names is fetched.
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
			var failure *clienterr.ResourceError
			if !errors.As(err, &failure) || failure.Kind != clienterr.ResourceMismatch {
				t.Errorf("error %v, want a resource mismatch", err)
			}
			if len(w.as.paths) != 0 {
				t.Errorf("the authorization server was asked for %q", w.as.paths)
			}
		})
	}
}

// A server's URL with a query is the same resource as without it, unless the
// document has another query. One login serves all.
//
// Covers CL1.
func TestServerURLWithQuery(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.config.Store = NewMemoryStore()
	for i, query := range []string{"?project=a", "", "?project=b"} {
		config := w.config
		config.ServerURL = w.rs.url + query
		c, err := New(config)
		must(t, err)
		defer c.Close()
		if i > 0 {
			if _, err := c.Token(t.Context()); err != nil {
				t.Errorf("%q: %v", query, err)
			}
		}
		mustRequest(t, c, "")
	}
	equal(t, "resource", w.as.tokens[0].Get("resource"), w.rs.url)
	equal(t, "logins", len(w.as.authorizations), 1)

	// The other way round, the query is part of what the token is for.
	w.rs.places["/.well-known/oauth-protected-resource/mcp"] = func(d map[string]any) { d["resource"] = w.rs.url + "?project=a" }
	w.config.Store = nil
	_, err := request(t, w.client(t), "")
	var failure *clienterr.ResourceError
	if !errors.As(err, &failure) || failure.Kind != clienterr.ResourceMismatch || !strings.Contains(err.Error(), "differ in the query") {
		t.Errorf("error %v, want a mismatch that names the query", err)
	}
}

// If a server has no metadata and its challenge cannot be read, the error says
// both.
//
// Covers CL1.
func TestUnreadableChallenge(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.rs.places = nil
	w.rs.challenge = func(int, string) string { return `Bearer resource_metadata=https://mcp.example.com/m` }
	_, err := request(t, w.client(t), "")
	if err == nil || !strings.Contains(err.Error(), "the challenge of the server cannot be read") {
		t.Errorf("error %v", err)
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

// If a challenge names no document, the client fetches it from the well-known URL
// of the path, then of the root.
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
		kind     clienterr.ResourceKind
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
			kind:   clienterr.ResourceNotFound,
		},
		"the path's about the origin": {
			places: func(w *world) map[string]func(map[string]any) {
				return map[string]func(map[string]any){path: about(w.rs.URL), root: nil}
			},
			asked: []string{path},
			kind:  clienterr.ResourceMismatch,
		},
		"the root's about another path": {
			places: func(w *world) map[string]func(map[string]any) {
				return map[string]func(map[string]any){root: about(w.rs.URL + "/other")}
			},
			asked: []string{path, root},
			kind:  clienterr.ResourceMismatch,
		},
		"without authorization servers": {
			places: func(*world) map[string]func(map[string]any) {
				return map[string]func(map[string]any){path: func(d map[string]any) { delete(d, "authorization_servers") }, root: nil}
			},
			asked: []string{path},
			kind:  clienterr.ResourceMalformed,
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
			var failure *clienterr.ResourceError
			if !errors.As(err, &failure) || failure.Kind != test.kind {
				t.Errorf("error %v, want %s", err, test.kind)
			}
			if log := w.as.log(); len(log) > 0 {
				t.Errorf("the authorization server was asked: %q", log)
			}
		})
	}
}

// Only the document that a challenge names counts, and its URL must be one that
// may be fetched.
//
// Covers CL1.
func TestChallengedPlace(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		place string
		kind  clienterr.ResourceKind
	}{
		"relative":               {"/.well-known/oauth-protected-resource/mcp", clienterr.ResourceMalformed},
		"without scheme":         {"//127.0.0.1/x", clienterr.ResourceMalformed},
		"http on another host":   {"http://example.com/x", clienterr.ResourceMalformed},
		"a file":                 {"file:///etc/passwd", clienterr.ResourceMalformed},
		"a private address":      {"https://192.168.0.1/x", clienterr.ResourceMalformed},
		"a cloud's metadata":     {"https://169.254.169.254/latest/meta-data", clienterr.ResourceMalformed},
		"with userinfo":          {"https://user:secret@example.com/x", clienterr.ResourceMalformed},
		"missing: no other then": {"HERE/nosuch", clienterr.ResourceNotFound},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.rs.challenge = func(int, string) string {
				return `Bearer resource_metadata="` + strings.Replace(test.place, "HERE", w.rs.URL, 1) + `"`
			}
			_, err := request(t, w.client(t), "")
			var failure *clienterr.ResourceError
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

// A place that cannot answer now may have a document, so no other document is
// used instead, not even a valid one.
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
			var failure *clienterr.ResourceError
			if !errors.As(err, &failure) || failure.Kind != clienterr.ResourceUnavailable {
				t.Errorf("error %v, want unavailable", err)
			}
			paths, _ := w.rs.requests()
			if log := w.as.log(); len(log) > 0 || slices.Contains(paths, "GET "+root) {
				t.Errorf("looked on: %q, %q", paths, log)
			}
		})
	}
}
