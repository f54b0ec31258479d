package authtest

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/mcpauthtest"
)

// CallTool is a message that calls the tool t.
const CallTool = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"t"}}`

// Guarded is a handler behind the net/http door of a resource, and a token with the scope read.
type Guarded struct {
	Handler http.Handler
	Token   string
}

// Guard protects next at a resource that change may change, unless it is nil.
func Guard(t *testing.T, change func(*mcpauth.Resource), next http.HandlerFunc, opts ...mcpauth.Option) Guarded {
	t.Helper()
	server := NewServer(t, mcpauthtest.Config{})
	config := Trusting(server.Issuer())
	if change != nil {
		change(&config.Resources[0])
	}
	return Guarded{NewAuth(t, config).Protect(next, opts...), Mint(t, server)}
}

// Post posts a message, with headers given by name and value.
func (g Guarded) Post(body string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, "/mcp", strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+g.Token)
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	g.Handler.ServeHTTP(w, r)
	return w
}

// PostOver posts over a connection. The caller closes the body.
func (g Guarded) PostOver(t *testing.T, origin string, body io.Reader) *http.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, origin+"/mcp", body)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+g.Token)
	r.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	return resp
}

// Send makes a request with the token and reads the answer.
func (g Guarded) Send(t *testing.T, server *httptest.Server, method, body string) (*http.Response, string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, server.URL+"/mcp", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+g.Token)
	r.Header.Set("Content-Type", "application/json")
	resp, err := server.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return resp, string(text), err
}
