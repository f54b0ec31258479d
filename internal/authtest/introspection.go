package authtest

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	mcpauth "github.com/mcp-auth/go"
)

// OpaqueToken is a token that is no JWT. ClientID and ClientSecret, which need
// escaping, are what [Introspecting] authenticates with.
const (
	OpaqueToken  = "opaque-2YotnFZFEjr1zCsicMWpAA-of-alice"
	ClientID     = "resource server: 1"
	ClientSecret = "100% geheim: ü+/="
)

// Endpoint is an introspection endpoint under the test's control.
type Endpoint struct {
	*httptest.Server
	Calls atomic.Int64 // how many were made

	mu     sync.Mutex
	handle http.HandlerFunc
}

// NewEndpoint starts an endpoint that answers with handle, which finds the form parsed.
func NewEndpoint(t *testing.T, handle http.HandlerFunc) *Endpoint {
	t.Helper()
	e := &Endpoint{handle: handle}
	e.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		e.Calls.Add(1)
		if err := r.ParseForm(); err != nil { // read before anything else, or the server does not notice that the client has gone
			t.Error(err)
		}
		e.mu.Lock()
		handle := e.handle
		e.mu.Unlock()
		handle(w, r)
	}))
	t.Cleanup(e.Close)
	return e
}

// Answer changes what the endpoint answers with.
func (e *Endpoint) Answer(handle http.HandlerFunc) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.handle = handle
}

// Answering answers every token with a status and a body.
func Answering(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// Active is the answer for a valid token of alice.
func Active(expires time.Time) string {
	return fmt.Sprintf(`{"active":true,"aud":%q,"sub":"alice","client_id":"app","scope":"read","exp":%d}`, ResourceID, expires.Unix())
}

// Introspecting is a configuration that asks e. Unless it is nil, change changes how.
func Introspecting(e *Endpoint, change func(*mcpauth.Introspection)) mcpauth.Config {
	config := Trusting(IssuerID)
	in := &mcpauth.Introspection{Endpoint: e.URL + "/introspect", ClientID: ClientID, ClientSecret: ClientSecret}
	if change != nil {
		change(in)
	}
	config.Resources[0].AuthorizationServers[0].Introspection = in
	return config
}
