package client

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/mcp-auth/go/client/clienterr"
)

// pageBrowser is a browser on loopback that keeps the page it ends at.
func pageBrowser(page *string) func(context.Context, string) error {
	return func(ctx context.Context, target string) error {
		callback, err := visit(ctx, target)
		if err != nil {
			return err
		}
		response, err := http.Get(callback)
		if err != nil {
			return err
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		*page = string(body)
		return err
	}
}

// The user's browser, and the error, say how the login ended: by the token
// endpoint's answer, too.
//
// Covers CL5, CL10.
func TestLoginOutcome(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		callback func(url.Values)
		token    func(*http.Request, map[string]any) int
		title    string
		text     []string // of page and error
	}{
		"logged in": {title: "You are logged in"},
		"logged in, status 201": {
			token: func(*http.Request, map[string]any) int { return http.StatusCreated }, title: "You are logged in",
		},
		"denied": {
			callback: func(q url.Values) { q.Del("code"); q.Set("error", "access_denied") },
			title:    "You are not logged in",
		},
		"refused": {
			callback: func(q url.Values) {
				q.Del("code")
				q.Set("error", "server_error")
				q.Set("error_description", "no database")
			},
			title: "The login failed", text: []string{"server_error", "no database"},
		},
		"refused without state": {
			callback: func(q url.Values) {
				clear(q)
				q.Set("error", "invalid_request")
				q.Set("error_description", "no client")
			},
			title: "The login failed", text: []string{"invalid_request", "no client"},
		},
		"refused at the token endpoint, status 200": {
			token: func(_ *http.Request, d map[string]any) int {
				clear(d)
				d["error"], d["error_description"] = "bad_verification_code", "the code has expired"
				return http.StatusOK
			},
			title: "The login failed", text: []string{"bad_verification_code", "the code has expired"},
		},
		"refused in a format of its own": {
			token: func(_ *http.Request, d map[string]any) int {
				clear(d)
				d["error"] = map[string]any{"message": "no such project"}
				return http.StatusOK
			},
			title: "The login failed", text: []string{"no such project"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.as.callback, w.as.token = test.callback, test.token
			var page string
			w.config.Grant = AuthorizationCode{OpenURL: pageBrowser(&page), Timeout: 20 * time.Second}
			err := w.client(t).Login(t.Context())
			if loggedIn := strings.HasPrefix(name, "logged in"); loggedIn != (err == nil) {
				t.Fatalf("error %v", err)
			}
			if !strings.Contains(page, ">"+test.title+"</h1>") {
				t.Errorf("page %s", page)
			}
			for _, want := range test.text {
				if !strings.Contains(page, want) || !strings.Contains(err.Error(), want) {
					t.Errorf("%q is not in the page or not in %v", want, err)
				}
			}
		})
	}
}

// A denial, or a login that timed out, stays so for what it was about until the
// caller wants a login: the next request opens no other page.
//
// Covers CL8.
func TestDenialStays(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	denies := true
	w.as.callback = func(q url.Values) {
		if denies {
			q.Del("code")
			q.Set("error", "access_denied")
		}
	}
	c := w.client(t)
	for range 3 {
		var denied *clienterr.AuthorizationError
		if _, err := request(t, c, "read"); !errors.As(err, &denied) || !strings.Contains(err.Error(), "by the user") {
			t.Fatalf("error %v, want who denied", err)
		}
	}
	equal(t, "visits of the user", len(w.as.authorizations), 1)
	denies = false
	must(t, c.Login(t.Context()))
	mustRequest(t, c, "read")

	denies = true // of a step-up, which does not touch what the token is good for
	for range 2 {
		if _, err := request(t, c, "write"); err == nil {
			t.Error("no error for the step-up")
		}
		mustRequest(t, c, "read")
	}
	visits := len(w.as.authorizations)
	if _, err := request(t, c, "delete"); err == nil { // another step-up is another question
		t.Error("no error for another step-up")
	}
	equal(t, "further visits", len(w.as.authorizations)-visits, 1)
}

// Covers CL8.
func TestLoginTimeoutStays(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	pages := 0
	w.config.Grant = AuthorizationCode{
		OpenURL: func(context.Context, string) error { pages++; return nil }, Timeout: 20 * time.Millisecond,
	}
	c := w.client(t)
	for range 3 {
		var timeout *clienterr.LoginTimeoutError
		if _, err := request(t, c, ""); !errors.As(err, &timeout) {
			t.Errorf("error %v, want a timeout", err)
		}
	}
	equal(t, "pages", pages, 1)
}

// A client that registers itself has a redirect URI for each issuer, so that a
// code cannot be redirected from one server's login to another's. One that a user
// chose stays as it is, and the log warns if nothing else would show a mix-up.
//
// Covers CL5, CL10.
func TestRedirectURIPerIssuer(t *testing.T) {
	t.Parallel()
	redirects := map[string]bool{}
	for range 2 {
		w := newWorld(t)
		w.config.Grant = AuthorizationCode{OpenURL: browser(t, nil)}
		must(t, w.client(t).Login(t.Context()))
		u, err := url.Parse(w.as.authorizations[0].Get("redirect_uri"))
		must(t, err)
		if !strings.HasPrefix(u.Path, "/callback/") {
			t.Errorf("redirect URI %s", u)
		}
		redirects[u.Path] = true
	}
	equal(t, "redirect URIs of two servers", len(redirects), 2)

	for name, test := range map[string]struct {
		change func(d map[string]any, other string)
		warns  bool
	}{
		"iss promised": {func(d map[string]any, other string) { d["authorization_endpoint"] = other + "/authorize" }, false},
		"one origin":   {func(d map[string]any, _ string) { delete(d, "authorization_response_iss_parameter_supported") }, false},
		"two origins": {func(d map[string]any, other string) {
			d["authorization_endpoint"] = other + "/authorize"
			delete(d, "authorization_response_iss_parameter_supported")
		}, true},
	} {
		w := newWorld(t)
		other := newAuthServer(t, "other", "")
		other.callback = func(q url.Values) { q.Set("iss", w.as.issuer) }
		w.as.metadata = func(d map[string]any) { test.change(d, other.URL) }
		w.config.Credentials = []Credentials{{ClientID: "known"}}
		must(t, w.client(t).Login(t.Context()))
		if warned := strings.Contains(w.log.String(), "different origins"); warned != test.warns {
			t.Errorf("%s: warned: %t, want %t", name, warned, test.warns)
		}
	}
}

// A token that lives for seconds is used for most of them.
//
// Covers CL9.
func TestShortToken(t *testing.T) {
	t.Parallel()
	for _, lifetime := range []any{1, "5", 10, 0, -1} {
		w := newWorld(t)
		w.as.token = func(_ *http.Request, d map[string]any) int {
			delete(d, "refresh_token")
			d["expires_in"] = lifetime
			return http.StatusOK
		}
		c := w.client(t)
		must(t, c.Login(t.Context()))
		mustRequest(t, c, "")
		equal(t, "visits of the user", len(w.as.authorizations), 1)
	}
}

// A server that lets a client request only the scopes that it registered: the
// client registers anew with all that may be needed.
//
// Covers CL6, CL8.
func TestRegistrationWithScopes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.rs.places["/.well-known/oauth-protected-resource/mcp"] = func(d map[string]any) { d["scopes_supported"] = []string{"list"} }
	w.as.callback = func(q url.Values) {
		asked := w.as.authorizations[len(w.as.authorizations)-1].Get("scope")
		registered, _ := w.as.registrations[len(w.as.registrations)-1]["scope"].(string)
		for _, scope := range strings.Fields(asked) {
			if !strings.Contains(" "+registered+" ", " "+scope+" ") {
				q.Del("code")
				q.Set("error", "invalid_scope")
			}
		}
	}
	c := w.client(t)
	mustRequest(t, c, "read")
	equal(t, "registrations", len(w.as.registrations), 2)
	equal(t, "scope", w.as.registrations[1]["scope"], any("list read"))
	mustRequest(t, c, "write") // a scope that nobody named before
	equal(t, "scope", w.as.registrations[2]["scope"], any("list read write"))
	equal(t, "visits of the user", len(w.as.authorizations), 4)
}

// A client whose scopes are refused though they are registered is not registered
// again and again.
//
// Covers CL6.
func TestScopesRefusedForGood(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.as.callback = func(q url.Values) { q.Del("code"); q.Set("error", "invalid_scope") }
	if _, err := request(t, w.client(t), "read"); err == nil {
		t.Error("no error")
	}
	equal(t, "registrations", len(w.as.registrations), 2)
}

// A client whose metadata document has a key proves that it has it, at servers
// that support private_key_jwt; at others it is a public client.
//
// Covers CL6, CL11.
func TestDocumentWithKey(t *testing.T) {
	t.Parallel()
	const document = "https://client.example.com/client.json"
	for name, methods := range map[string][]string{
		"private_key_jwt": {"none", "private_key_jwt"},
		"none":            {"none"},
	} {
		w := newWorld(t)
		now := newClock()
		key := newKey(t)
		w.as.metadata = func(d map[string]any) {
			d["client_id_metadata_document_supported"], d["token_endpoint_auth_methods_supported"] = true, methods
		}
		w.config.MetadataDocumentURL, w.config.MetadataDocumentKey = document, &ClientKey{PrivateKey: key, KeyID: "k1"}
		w.config.Now = now.Now
		c := w.client(t)
		mustRequest(t, c, "")
		now.advance(2 * time.Hour)
		mustRequest(t, c, "")
		equal(t, "client_id", w.as.authorizations[0].Get("client_id"), document)
		equal(t, "token requests", len(w.as.tokens), 2) // the code and the refresh
		for _, form := range w.as.tokens {
			if name == "none" {
				equal(t, "client_id", form.Get("client_id"), document)
				equal(t, "assertion", form.Get("client_assertion"), "")
				continue
			}
			verify(t, form.Get("client_assertion"), key)
			header, claims := claimsOf(t, form.Get("client_assertion"))
			if header["kid"] != "k1" || claims["sub"] != document || claims["aud"] != w.as.issuer {
				t.Errorf("header %v, claims %v", header, claims)
			}
		}
	}
}
