package client

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// The token goes only to the server's URL, even if the server redirects.
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

// If a server passes on the headers of the request it is handling, as proxies do,
// the client replaces its caller's token with its own, or removes it.
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

// closeCounter is a body without GetBody, that knows whether it was closed.
type closeCounter struct {
	io.Reader
	closed int
}

func (c *closeCounter) Close() error { c.closed++; return nil }

// A body that cannot be read twice is kept, unless it is too large, and always
// closed.
//
// Covers CL8.
func TestBodyIsSentAgain(t *testing.T) {
	t.Parallel()
	for name, size := range map[string]int{"small": 100, "too large": 8<<20 + 1} {
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
			if size > 8<<20 {
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

// Nothing that a client hands out shows a secret when it is printed or logged.
//
// Covers CL9.
func TestPrintingShowsNoSecret(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	store := NewMemoryStore()
	w.config.Store = store
	w.config.Credentials = []Credentials{{Issuer: w.as.issuer, ClientID: "known", ClientSecret: "s3cret-s3cret"}}
	w.config.ServerURL += "?key=s3cret-in-url"
	w.config.MetadataDocumentKey = &ClientKey{PrivateKey: newKey(t), KeyID: "k1"}
	w.config.MetadataDocumentURL = "https://client.example.com/c.json"
	c := w.client(t)
	mustRequest(t, c, "")
	token, err := c.Token(t.Context())
	must(t, err)
	for _, value := range []any{c, c.Transport(nil), c.HTTPClient(), c.HTTPClient().Transport, c.OAuthHandler(), *c.OAuthHandler(), store, token, w.config.Credentials, w.config.MetadataDocumentKey} {
		var out strings.Builder
		logger := slog.New(slog.NewTextHandler(&out, nil))
		logger.Info("a value", "value", value)
		slog.New(slog.NewJSONHandler(&out, nil)).Info("a value", "value", value)
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			fmt.Fprintf(&out, verb+"\n", value)
		}
		for _, secret := range []string{"access-one", "refresh-one", "s3cret", "access", fmt.Sprint([]byte("access-one"))} {
			if strings.Contains(out.String(), strings.Trim(secret, "[]")) {
				t.Errorf("%T shows %q: %s", value, secret, out.String())
			}
		}
	}
}

// A refusal whose body never ends does not hold the next request.
func TestDrippingRefusal(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.rs.refuse = func(rw http.ResponseWriter, r *http.Request) bool {
		if r.Header.Get("Authorization") != "" {
			return false
		}
		rw.Header().Set("WWW-Authenticate", `Bearer resource_metadata="`+w.rs.URL+`/.well-known/oauth-protected-resource/mcp"`)
		rw.WriteHeader(http.StatusUnauthorized)
		_ = http.NewResponseController(rw).Flush()
		<-r.Context().Done() // until the client leaves
		return true
	}
	begin := time.Now()
	mustRequest(t, w.client(t), "")
	if took := time.Since(begin); took > 5*time.Second {
		t.Errorf("the request took %s", took)
	}
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
