package mcpauthtest

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mcp-auth/go/internal/authserver/clientdoc"
)

const loopbackIssuer = "http://127.0.0.1:9000"

// onLoopback is a configuration change: the server is one of this computer, so
// that it fetches documents from there. Nothing listens at it.
func onLoopback(c *Config) { c.Issuer = loopbackIssuer }

// documentHost serves one client metadata document.
type documentHost struct {
	*httptest.Server
	id      string // URL of the document
	members map[string]any
	header  http.Header
	status  int
	fetched atomic.Int64
}

func newDocumentHost(t *testing.T, changes ...any) *documentHost {
	t.Helper()
	h := &documentHost{status: http.StatusOK, header: http.Header{"Content-Type": {"application/json"}}}
	h.Server = httptest.NewServer(http.HandlerFunc(h.serve))
	t.Cleanup(h.Close)
	h.id = h.URL + "/client.json"
	h.members = map[string]any{
		"client_id": h.id, "client_name": "Described App", "redirect_uris": []string{testRedirect, "https://app.example/cb"},
	}
	for i := 0; i+1 < len(changes); i += 2 {
		name, _ := changes[i].(string)
		h.members[name] = changes[i+1]
	}
	return h
}

func (h *documentHost) serve(w http.ResponseWriter, r *http.Request) {
	h.fetched.Add(1)
	for name, values := range h.header {
		w.Header()[name] = values
	}
	if r.URL.Path == "/moved.json" {
		http.Redirect(w, r, "/client.json", http.StatusFound)
		return
	}
	w.WriteHeader(h.status)
	_ = json.NewEncoder(w).Encode(h.members)
}

// Covers AS6.
func TestClientDocument(t *testing.T) {
	t.Parallel()
	h := newDocumentHost(t,
		"grant_types", []string{"authorization_code", "refresh_token", "urn:example:unknown", "client_credentials"},
		"unknown", map[string]any{"a": []int{1}}, "jwks_uri", "https://unused.example", "logo_uri", nil,
	)
	s := start(t, onLoopback)
	answer := redeem(t, s, login(t, s, "client_id", h.id))
	_, claims := verified(t, s, answer.AccessToken)
	if claims["client_id"] != h.id || answer.RefreshToken == "" {
		t.Errorf("client_id %v, refresh token present: %v", claims["client_id"], answer.RefreshToken != "")
	}
	wantError(t, postForm(s, tokenEndpoint(s), url.Values{"grant_type": {"client_credentials"}, "client_id": {h.id}}),
		http.StatusBadRequest, "unauthorized_client")
}

// Covers AS6, AS8.
func TestConsentShowsWhoAClientIs(t *testing.T) {
	t.Parallel()
	h := newDocumentHost(t)
	s := start(t, func(c *Config) { onLoopback(c); withPages(c) })
	host := strings.TrimPrefix(h.URL, "http://")
	_, challenge := pkce()
	for _, test := range []struct {
		redirect    string
		want, leave string
	}{
		{"http://127.0.0.1:7777/callback", "application on this computer", "not the host that identifies"},
		{"https://app.example/cb", "not the host that identifies", "on this computer"},
	} {
		page := body(t, get(t, s, base(s)+"/authorize?"+authorization(challenge, "client_id", h.id, "redirect_uri", test.redirect).Encode()))
		u, _ := url.Parse(test.redirect)
		for _, want := range []string{"Described App", "<code>" + host + "</code>", "<code>" + u.Host + "</code>", "chose its name itself", test.want} {
			if !strings.Contains(page, want) {
				t.Errorf("%s: the page lacks %q: %s", test.redirect, want, page)
			}
		}
		if strings.Contains(page, test.leave) {
			t.Errorf("%s: the page has %q", test.redirect, test.leave)
		}
	}
	registered := register(t, s, `{"redirect_uris":["https://x.example/cb"],"token_endpoint_auth_method":"none"}`)
	page := body(t, get(t, s, base(s)+"/authorize?"+authorization(challenge, "client_id", registered.ClientID, "redirect_uri", "").Encode()))
	if !strings.Contains(page, "No one here has checked who runs <code>x.example</code>") {
		t.Errorf("no warning of an unknown host: %s", page)
	}
}

// refusedClient checks that the page says so and that nothing is redirected.
func refusedClient(t *testing.T, s *Server, id string) string {
	t.Helper()
	_, challenge := pkce()
	r := get(t, s, base(s)+"/authorize?"+authorization(challenge, "client_id", id).Encode())
	if r.StatusCode != http.StatusBadRequest || r.Header.Get("Location") != "" {
		t.Errorf("%s: status %d, Location %q", id, r.StatusCode, r.Header.Get("Location"))
	}
	return body(t, r)
}

// Covers AS6.
func TestClientDocumentsThatCannotBe(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name    string
		changes []any
		change  func(*documentHost)
	}{
		{"another client_id", []any{"client_id", "https://other.example/client.json"}, nil},
		{"a slash more", nil, func(h *documentHost) { h.members["client_id"] = h.id + "/" }},
		{"no client_id", []any{"client_id", nil}, nil},
		{"no name", []any{"client_name", nil}, nil},
		{"no redirect URIs", []any{"redirect_uris", nil}, nil},
		{"redirect URIs of the wrong type", []any{"redirect_uris", "http://127.0.0.1/callback"}, nil},
		{"an insecure redirect URI", []any{"redirect_uris", []string{"http://x.example/cb"}}, nil},
		{"a secret", []any{"client_secret", "s"}, nil},
		{"client_secret_basic", []any{"token_endpoint_auth_method", "client_secret_basic"}, nil},
		{"client_secret_post", []any{"token_endpoint_auth_method", "client_secret_post"}, nil},
		{"private_key_jwt without keys", []any{"token_endpoint_auth_method", "private_key_jwt"}, nil},
		{"private_key_jwt in a list without keys", []any{"token_endpoint_auth_methods_supported", []string{"private_key_jwt"}}, nil},
		{"a list of the wrong type", []any{"token_endpoint_auth_methods_supported", "private_key_jwt"}, nil},
		{"a symmetric key", []any{"token_endpoint_auth_method", "private_key_jwt", "jwks", map[string]any{"keys": []any{map[string]any{"kty": "oct", "k": "AAAA"}}}}, nil},
		{"no code", []any{"grant_types", []string{"client_credentials"}}, nil},
		{"too large", []any{"x", strings.Repeat("x", clientdoc.MaxDocument)}, nil},
		{"not there", nil, func(h *documentHost) { h.status = http.StatusNotFound }},
		{"created", nil, func(h *documentHost) { h.status = http.StatusCreated }},
		{"moved", nil, func(h *documentHost) { h.id = h.URL + "/moved.json" }},
		{"not JSON", nil, func(h *documentHost) { h.header.Set("Content-Encoding", "br") }},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			h := newDocumentHost(t, test.changes...)
			if test.change != nil {
				test.change(h)
			}
			s := start(t, onLoopback)
			refusedClient(t, s, h.id)
			before := h.fetched.Load()
			refusedClient(t, s, h.id)
			if h.fetched.Load() == before {
				t.Error("the failure was kept")
			}
			wantError(t, postForm(s, tokenEndpoint(s), url.Values{"grant_type": {"refresh_token"}, "client_id": {h.id}, "refresh_token": {"x"}}),
				http.StatusUnauthorized, "invalid_client")
		})
	}
}

// Covers AS6.
func TestClientIDsThatAreNoDocument(t *testing.T) {
	t.Parallel()
	h := newDocumentHost(t)
	s := start(t, onLoopback)
	for _, id := range []string{
		h.URL, h.URL + "/", h.id + "#f", strings.Replace(h.id, "://", "://user@", 1), h.URL + "/./client.json",
		h.URL + "/a/../client.json", h.URL + "/%2e%2e/client.json", "ftp" + strings.TrimPrefix(h.id, "http"), "http://public.example/client.json",
		"//127.0.0.1/client.json", strings.TrimPrefix(h.id, "http:"),
	} {
		if page := refusedClient(t, s, id); !strings.Contains(page, "not registered here") {
			t.Errorf("%s: %s", id, page)
		}
	}
	if got := h.fetched.Load(); got != 0 {
		t.Errorf("%d documents were fetched", got)
	}
}

// Covers AS6.
func TestClientDocumentsAreFetchedWithAGuard(t *testing.T) {
	t.Parallel()
	var fetched atomic.Int64
	host := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fetched.Add(1)
		_ = json.NewEncoder(w).Encode(map[string]any{
			"client_id": "https://" + r.Host + "/c", "client_name": "x", "redirect_uris": []string{testRedirect},
		})
	}))
	t.Cleanup(host.Close)
	roots := host.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	s := start(t, func(c *Config) { c.Network.RootCAs = roots }) // issuer not on loopback
	refusedClient(t, s, host.URL+"/c")
	refusedClient(t, s, strings.Replace(host.URL, "https", "http", 1)+"/c")
	if got := fetched.Load(); got != 0 {
		t.Errorf("%d requests reached a private network", got)
	}
	allowed := start(t, func(c *Config) {
		c.Network.RootCAs, c.Network.AllowedNetworks = roots, []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	})
	redeem(t, allowed, login(t, allowed, "client_id", host.URL+"/c"))
}

// Covers AS6, AS9.
func TestClientDocumentsWithKeys(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name         string
		methods      any // token_endpoint_auth_methods_supported
		method       any // token_endpoint_auth_method
		needsItsKeys bool
	}{
		{"one method", nil, "private_key_jwt", true},
		{"a list of one", []string{"private_key_jwt"}, nil, true},
		{"chosen from a list", []string{"none", "private_key_jwt"}, "private_key_jwt", true},
		{"left open", []string{"none", "private_key_jwt"}, nil, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c := newClock()
			s := start(t, func(config *Config) { onLoopback(config); config.Now = c.now })
			h := newDocumentHost(t, "token_endpoint_auth_method", test.method, "token_endpoint_auth_methods_supported", test.methods)
			client := newParty(t, h.id)
			h.members["jwks"] = json.RawMessage(client.jwks)

			form := login(t, s, "client_id", h.id)
			if test.needsItsKeys {
				wantError(t, postForm(s, tokenEndpoint(s), form), http.StatusUnauthorized, "invalid_client")
			} else {
				redeem(t, s, form)
			}
			form = login(t, s, "client_id", h.id)
			form.Set("client_assertion_type", assertionTypeJWT)
			form.Set("client_assertion", client.sign(t, c.now(), map[string]any{"sub": h.id, "aud": loopbackIssuer}, nil))
			redeem(t, s, form)
			stranger := &party{newParty(t, "x").key, h.id, nil}
			form = login(t, s, "client_id", h.id)
			form.Set("client_assertion_type", assertionTypeJWT)
			form.Set("client_assertion", stranger.sign(t, c.now(), map[string]any{"sub": h.id, "aud": loopbackIssuer}, nil))
			wantError(t, postForm(s, tokenEndpoint(s), form), http.StatusUnauthorized, "invalid_client")
		})
	}
}

// findClient reports whether the server finds a client.
func findClient(t *testing.T, s *Server, id string) bool {
	t.Helper()
	_, challenge := pkce()
	request := base(s) + "/authorize?" + authorization(challenge, "client_id", id).Encode()
	return get(t, s, request).StatusCode == http.StatusFound
}

// Covers AS6.
func TestNoClientDocuments(t *testing.T) {
	t.Parallel()
	h := newDocumentHost(t)
	s := start(t, func(c *Config) { onLoopback(c); c.NoClientDocuments = true })
	if s.Metadata().ClientIDMetadataDocumentSupported {
		t.Error("advertised")
	}
	refusedClient(t, s, h.id)
	if got := h.fetched.Load(); got != 0 {
		t.Errorf("%d documents were fetched", got)
	}
	register(t, s, `{"redirect_uris":["http://127.0.0.1/callback"]}`)
}

// How a fetch fails would say which ports are open.
//
// Covers AS6.
func TestErrorsOfClientDocumentsLookTheSame(t *testing.T) {
	t.Parallel()
	s := start(t, onLoopback)
	open, closed, other := newDocumentHost(t), newDocumentHost(t), newDocumentHost(t, "client_id", "https://x.example/c")
	open.status = http.StatusNotFound
	closed.Close()
	pages := map[string]bool{}
	for _, h := range []*documentHost{open, closed, other} {
		pages[refusedClient(t, s, h.id)] = true
	}
	if len(pages) != 1 {
		t.Errorf("%d different pages", len(pages))
	}
}

// Covers AS6.
func TestClientDocumentsAreCachedAsHTTPSays(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		header [2]string
		later  time.Duration
		want   int64 // fetches of two uses
	}{
		{"max-age", [2]string{"Cache-Control", "max-age=600"}, 599 * time.Second, 1},
		{"max-age is over", [2]string{"Cache-Control", "max-age=600"}, 600 * time.Second, 2},
		{"no-store", [2]string{"Cache-Control", "no-store"}, 0, 2},
		{"no-cache", [2]string{"Cache-Control", "no-cache"}, 0, 2},
		{"expired", [2]string{"Expires", "0"}, 0, 2},
		{"nothing said", [2]string{"X", "y"}, documentFresh - 1, 1},
		{"nothing said, later", [2]string{"X", "y"}, documentFresh, 2},
		{"a year", [2]string{"Cache-Control", "max-age=31536000"}, maxDocumentFresh, 2},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c := newClock()
			h := newDocumentHost(t)
			h.header.Set(test.header[0], test.header[1])
			s := start(t, func(config *Config) { onLoopback(config); config.Now = c.now })
			for range 2 {
				if !findClient(t, s, h.id) {
					t.Fatal("the client is not found")
				}
				c.advance(test.later)
			}
			if got := h.fetched.Load(); got != test.want {
				t.Errorf("%d fetches, want %d", got, test.want)
			}
		})
	}
}

// Covers AS6.
func TestFetchesAreRateLimited(t *testing.T) {
	t.Parallel()
	c := newClock()
	h := newDocumentHost(t)
	h.header.Set("Cache-Control", "no-store")
	s := start(t, func(config *Config) { onLoopback(config); config.Now = c.now })
	for range fetchBurst + 5 {
		findClient(t, s, h.id)
	}
	if got := h.fetched.Load(); got != fetchBurst {
		t.Errorf("%d fetches, want %d", got, fetchBurst)
	}
	c.advance(time.Second)
	if !findClient(t, s, h.id) {
		t.Error("the client is not found")
	}
}
