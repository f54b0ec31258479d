package gosdk_test

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/gosdk"
	"github.com/mcp-auth/go/mcpauthtest"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// Covers RS16. Behind a reverse proxy on the same machine that passes its own Host on,
// the SDK answers 403 to every caller and says so nowhere: the log does, once.
func TestRefusedHostIsLogged(t *testing.T) {
	t.Parallel()
	const identifier = "https://mcp.example.com/mcp"
	as := newAS(t)
	token, err := as.Token(mcpauthtest.TokenClaims{Audience: []string{identifier}, Subject: "alice"})
	if err != nil {
		t.Fatal(err)
	}
	server := notesServer(0, gosdk.Middleware())
	sdk := func(options *mcp.StreamableHTTPOptions) http.Handler {
		return mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return server }, options)
	}
	for name, test := range map[string]struct {
		handler http.Handler
		host    string
		status  int
		logged  int
	}{
		"the public name":   {sdk(nil), "mcp.example.com", http.StatusForbidden, 1},
		"a loopback name":   {sdk(nil), "localhost:8080", http.StatusOK, 0},
		"switched off":      {sdk(&mcp.StreamableHTTPOptions{DisableLocalhostProtection: true}), "mcp.example.com", http.StatusOK, 0},
		"another refusal":   {http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) }), "mcp.example.com", http.StatusForbidden, 0},
		"a refusal at home": {http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", http.StatusForbidden) }), "127.0.0.1", http.StatusForbidden, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var log bytes.Buffer
			auth, err := mcpauth.New(mcpauth.Config{
				Resources: []mcpauth.Resource{{Identifier: identifier, AuthorizationServers: []mcpauth.AuthorizationServer{{Issuer: as.Issuer()}}}},
				Logger:    slog.New(slog.NewTextHandler(&log, nil)),
			})
			if err != nil {
				t.Fatal(err)
			}
			web := httptest.NewServer(gosdk.Protect(auth, test.handler))
			for range 2 {
				if got := statusFor(t, web.URL+"/mcp", test.host, token); got != test.status {
					t.Errorf("status %d, want %d", got, test.status)
				}
			}
			web.Close()
			_ = auth.Close()
			text := log.String()
			if strings.Count(text, "DisableLocalhostProtection") != test.logged || test.logged > 0 && !strings.Contains(text, "level=WARN") {
				t.Errorf("the log: %s", text)
			}
		})
	}
}

// statusFor is the status of the answer to initialize, sent for a host.
func statusFor(t *testing.T, url, host, token string) int {
	t.Helper()
	body := `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"` + legacy + `","capabilities":{},"clientInfo":{"name":"test","version":"1"}}}`
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Host = host
	for name, value := range map[string]string{"Authorization": "Bearer " + token, "Content-Type": "application/json", "Accept": "application/json, text/event-stream"} {
		r.Header.Set(name, value)
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	return response.StatusCode
}
