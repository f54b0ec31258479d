package authtest

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"sync"
	"testing"
)

// TokenEndpoint is the token endpoint of an authorization server, at /token, with
// metadata that name it. Its answers are under the test's control.
type TokenEndpoint struct {
	*httptest.Server

	mu     sync.Mutex
	status int
	body   string
	gate   chan struct{} // nil: it answers at once
	asked  []TokenRequest
}

// TokenRequest is a request to a token endpoint.
type TokenRequest struct {
	Form          url.Values
	Authorization string
}

// NewTokenEndpoint starts an endpoint that answers with 200 and a body.
func NewTokenEndpoint(t *testing.T, body string) *TokenEndpoint {
	t.Helper()
	e := &TokenEndpoint{status: http.StatusOK, body: body}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/oauth-authorization-server", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = fmt.Fprintf(w, `{"issuer":%q,"token_endpoint":%q,"response_types_supported":[]}`, e.URL, e.URL+"/token")
	})
	mux.HandleFunc("POST /token", e.token)
	e.Server = httptest.NewServer(mux)
	t.Cleanup(e.Close)
	return e
}

func (e *TokenEndpoint) token(w http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm()
	e.mu.Lock()
	e.asked = append(e.asked, TokenRequest{r.PostForm, r.Header.Get("Authorization")})
	status, body, gate := e.status, e.body, e.gate
	e.mu.Unlock()
	if gate != nil {
		select {
		case <-gate:
		case <-r.Context().Done():
			return
		}
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body)
}

// Answer sets the answer.
func (e *TokenEndpoint) Answer(status int, body string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.status, e.body = status, body
}

// Hold has requests wait until the function that it returns is called.
func (e *TokenEndpoint) Hold() (release func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	gate := make(chan struct{})
	e.gate = gate
	return func() { close(gate) }
}

// Asked returns the requests so far.
func (e *TokenEndpoint) Asked() []TokenRequest {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.asked)
}
