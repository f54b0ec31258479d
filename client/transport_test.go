package client

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// The token goes to the server's URL and nowhere else, redirects included.
//
// Covers CL7.
func TestTokenGoesNowhereElse(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.client(t)
	mustRequest(t, c, "")
	var seen []string
	thief := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		seen = append(seen, r.Header.Get("Authorization")+r.Header.Get("DPoP"))
	}))
	defer thief.Close()
	w.rs.refuse = func(rw http.ResponseWriter, r *http.Request) bool {
		http.Redirect(rw, r, thief.URL+"/mcp", http.StatusTemporaryRedirect)
		return true
	}
	for _, target := range []string{c.ServerURL(), thief.URL + "/mcp"} {
		if _, err := requestTo(t, c.HTTPClient(), target, ""); err != nil {
			t.Fatal(err)
		}
	}
	equal(t, "the thief saw", strings.Join(seen, ","), ",")
	for _, path := range []string{"/", "/mcp/", "/mcp/more", "/other", "/mcp%2f", "/MCP"} {
		if _, err := requestTo(t, c.HTTPClient(), w.rs.URL+path, ""); err != nil {
			t.Fatal(err)
		}
	}
	_, sent := w.rs.requests()
	equal(t, "sent to the protected server", len(sent), 3)
}

// A server that passes on the headers of the request it is handling, as proxies
// do, sends the client's token in place of its caller's, or none.
//
// Covers CL7, RS14.
func TestCallersTokenIsNotPassedOn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var proofs []string
	w.rs.refuse = func(_ http.ResponseWriter, r *http.Request) bool {
		proofs = append(proofs, r.Header.Values("DPoP")...)
		return false
	}
	c := w.client(t)
	for range 2 {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, c.ServerURL(), nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header = http.Header{"Authorization": {"Bearer of-the-caller", "DPoP of-the-caller"}, "Dpop": {"proof.of.caller"}}
		response, err := c.HTTPClient().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		equal(t, "status", response.StatusCode, http.StatusOK)
	}
	_, sent := w.rs.requests()
	equal(t, "sent", strings.Join(sent, ", "), ", Bearer access-one-1, Bearer access-one-1")
	equal(t, "proofs", len(proofs), 0)
}

// Covers CL7.
func TestSameEndpoint(t *testing.T) {
	t.Parallel()
	server, err := url.Parse("https://mcp.example.com/mcp")
	if err != nil {
		t.Fatal(err)
	}
	for raw, want := range map[string]bool{
		"https://mcp.example.com/mcp":         true,
		"https://mcp.example.com/mcp?x=1":     true,
		"HTTPS://MCP.example.com:443/mcp":     true,
		"http://mcp.example.com/mcp":          false,
		"https://mcp.example.com:8443/mcp":    false,
		"https://mcp.example.com/":            false,
		"https://mcp.example.com/mcp/":        false,
		"https://mcp.example.com/mcp/x":       false,
		"https://mcp.example.com/%6dcp":       false,
		"https://mcp.example.com.evil/mcp":    false,
		"https://user@mcp.example.com/mcp":    false,
		"https://mcp.example.com@evil/mcp":    false,
		"https://evil/https://mcp.example.co": false,
	} {
		u, err := url.Parse(raw)
		if err != nil {
			t.Fatal(err)
		}
		equal(t, raw, sameEndpoint(u, server), want)
	}
}

// closeCounter is a body without GetBody, that knows whether it was closed.
type closeCounter struct {
	io.Reader
	closed int
}

func (c *closeCounter) Close() error { c.closed++; return nil }

// A body that cannot be read twice is kept, if it is not too large, and closed
// in any case.
//
// Covers CL8.
func TestBodyIsSentAgain(t *testing.T) {
	t.Parallel()
	for name, size := range map[string]int{"small": 100, "too large": maxReplay + 1} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			c := w.client(t)
			text := strings.Repeat("x", size)
			body := &closeCounter{Reader: strings.NewReader(text)}
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, c.ServerURL(), body)
			if err != nil {
				t.Fatal(err)
			}
			response, err := c.HTTPClient().Do(r)
			if err != nil {
				t.Fatal(err)
			}
			response.Body.Close()
			if body.closed == 0 {
				t.Error("the body was not closed")
			}
			bodies := len(w.rs.bodies)
			if size > maxReplay {
				equal(t, "status", response.StatusCode, http.StatusUnauthorized)
				equal(t, "sent", bodies, 1)
				return
			}
			equal(t, "status", response.StatusCode, http.StatusOK)
			equal(t, "sent", bodies, 2)
			if w.rs.bodies[1] != text {
				t.Error("another body was sent the second time")
			}
		})
	}
}

// A round tripper must not change the request it is given.
func TestRequestStaysAsItIs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.client(t)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, c.ServerURL(), nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-Other", "1")
	response, err := c.Transport(http.DefaultTransport).RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	equal(t, "status", response.StatusCode, http.StatusOK)
	if len(r.Header) != 1 {
		t.Errorf("the header is now %v", r.Header)
	}
}

// Neither logs nor errors show a secret, whatever happens.
//
// Covers CL9.
func TestSecretsStayInside(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.config.Credentials = []Credentials{{Issuer: w.as.issuer, ClientID: "known", ClientSecret: "s3cret-s3cret"}}
	w.as.metadata = func(d map[string]any) { d["token_endpoint_auth_methods_supported"] = []string{"client_secret_post"} }
	c := w.client(t)
	mustRequest(t, c, "")
	w.as.revokeAll()
	mustRequest(t, c, "") // refreshes
	var failures []string
	w.as.token = func(r *http.Request, d map[string]any) int {
		clear(d)
		d["error"] = "server_error: " + strings.Join(values(r.PostForm), " ")
		d["error_description"] = strings.Join(values(r.PostForm), " ")
		return http.StatusInternalServerError
	}
	w.as.revokeAll()
	for range 2 {
		_, err := request(t, c, "")
		failures = append(failures, err.Error())
		failures = append(failures, c.Login(t.Context()).Error())
	}
	for _, secret := range []string{"access-one", "refresh-one", "s3cret", w.as.tokens[0].Get("code_verifier"), w.as.authorizations[0].Get("state")} {
		if strings.Contains(w.log.String(), secret) {
			t.Errorf("the log shows %q:\n%s", secret, w.log)
		}
		if strings.Contains(strings.Join(failures, "\n"), secret) {
			t.Errorf("an error shows %q: %q", secret, failures)
		}
	}
	if w.log.String() == "" {
		t.Error("nothing was logged")
	}
}

// Covers CL9.
func TestToken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.client(t)
	var login *LoginRequiredError
	if _, err := c.Token(t.Context()); !errors.As(err, &login) || login.ServerURL != w.rs.url {
		t.Errorf("error %v, want a login", err)
	}
	equal(t, "logins", len(w.as.authorizations), 0)
	if err := c.Login(t.Context()); err != nil {
		t.Fatal(err)
	}
	token, err := c.Token(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "token", token.AccessToken, "access-one-1")
	equal(t, "type", token.Type, "Bearer")
	equal(t, "issuer", token.Issuer, w.as.issuer)
	equal(t, "resource", token.Resource, w.rs.url)
	if token.ExpiresAt.IsZero() {
		t.Error("no expiry")
	}
	if err := c.Logout(t.Context()); err != nil {
		t.Fatal(err)
	}
	equal(t, "revoked", w.as.revocations[0].Get("token"), "refresh-one-1")
	if _, err := c.Token(t.Context()); !errors.As(err, &login) {
		t.Errorf("error %v after the logout, want a login", err)
	}
}

// Nobody to ask is an error of its own.
func TestNobodyToAsk(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.config.Grant = nil
	_, err := request(t, w.client(t), "")
	var login *LoginRequiredError
	if !errors.As(err, &login) {
		t.Errorf("error %v, want a login", err)
	}
	if log := w.as.log(); len(log) > 0 {
		t.Errorf("the server was used: %q", log)
	}
}

// The SDK's way: token source, request, authorize, request.
//
// Covers CL8.
func TestOAuthHandler(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	h := w.client(t).OAuthHandler()
	source, err := h.TokenSource(t.Context())
	if err != nil || source != nil {
		t.Fatalf("source %v, %v", source, err)
	}
	for i, need := range []string{"read", "write"} {
		r, response := send(t, h, w.rs.url, need)
		equal(t, "status", response.StatusCode, []int{401, 403}[i])
		if err := h.Authorize(t.Context(), r, response); err != nil {
			t.Fatal(err)
		}
		_, response = send(t, h, w.rs.url, need)
		equal(t, "status afterwards", response.StatusCode, http.StatusOK)
		response.Body.Close()
	}
	equal(t, "logins", len(w.as.authorizations), 2)
}

func send(t *testing.T, h *OAuthHandler, target, need string) (*http.Request, *http.Response) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, target, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set(needHeader, need)
	source, err := h.TokenSource(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if source != nil {
		token, err := source.Token()
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+token.AccessToken)
	}
	response, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	return r, response
}

// A handler cannot make proofs, and says so instead of sending a bound token
// as a Bearer token.
//
// Covers CL11.
func TestOAuthHandlerWithoutProofs(t *testing.T) {
	t.Parallel()
	w := dpopWorld(t, false)
	c := w.client(t)
	mustRequest(t, c, "")
	var unsuitable *UnsuitableError
	if _, err := c.OAuthHandler().TokenSource(context.Background()); !errors.As(err, &unsuitable) {
		t.Errorf("error %v, want an unsuitable server", err)
	}
}
