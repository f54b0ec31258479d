package origin_test

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/internal/authtest"
)

// Covers RS20.
func TestCORSOfProtectedHandler(t *testing.T) {
	t.Parallel()
	auth := authtest.NewAuth(t, authtest.OneResource())
	called := false
	handler := auth.Protect(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { called = true }))
	preflight := authtest.Do(t, handler, http.MethodOptions, "/mcp", "Origin", "https://app.example",
		"Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "authorization,content-type,mcp-param-x")
	if preflight.Code/100 != 2 || called {
		t.Errorf("preflight: %d, reached the handler: %t", preflight.Code, called)
	}
	allowed := strings.ToLower(preflight.Header().Get("Access-Control-Allow-Headers"))
	if !strings.Contains(allowed, "authorization") || !strings.Contains(allowed, "*") {
		t.Errorf("Access-Control-Allow-Headers: %q", allowed)
	}
	w := authtest.Do(t, handler, http.MethodPost, "/mcp", "Origin", "https://app.example")
	exposed := strings.ToLower(w.Header().Get("Access-Control-Expose-Headers"))
	for _, name := range []string{"www-authenticate", "mcp-session-id", "dpop-nonce"} {
		if !strings.Contains(exposed, name) {
			t.Errorf("401 does not expose %s: %q", name, exposed)
		}
	}
	if w.Code != http.StatusUnauthorized || w.Header().Get("Access-Control-Allow-Origin") != "*" {
		t.Errorf("401: %d, %v", w.Code, w.Header())
	}
}

// Covers RS20.
func TestCORSChoices(t *testing.T) {
	t.Parallel()
	config := authtest.OneResource()
	config.CORS.Origins = []string{"https://app.example"}
	listed := authtest.NewAuth(t, config).Protect(http.NotFoundHandler())
	if got := authtest.Do(t, listed, http.MethodPost, "/mcp", "Origin", "https://app.example").Header().Get("Access-Control-Allow-Origin"); got != "https://app.example" {
		t.Errorf("listed origin: %q", got)
	}
	if got := authtest.Do(t, listed, http.MethodPost, "/mcp", "Origin", "https://other.example").Header().Get("Access-Control-Allow-Origin"); got != "" {
		t.Errorf("other origin: %q", got)
	}
	config.CORS = mcpauth.CORS{Disabled: true}
	own := authtest.NewAuth(t, config).Protect(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) }))
	if w := authtest.Do(t, own, http.MethodOptions, "/mcp", "Origin", "https://app.example", "Access-Control-Request-Method", "POST"); w.Code != http.StatusTeapot {
		t.Errorf("preflight with CORS left to the caller: %d", w.Code)
	}
	preflight := httptest.NewRequest(http.MethodOptions, "/mcp", strings.NewReader(authtest.CallTool))
	for name, value := range map[string]string{"Origin": "https://app.example", "Access-Control-Request-Method": "POST", "Upgrade": "websocket", "Connection": "Upgrade"} {
		preflight.Header.Set(name, value)
	}
	authtest.NewAuth(t, config).Protect(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if body, err := io.ReadAll(r.Body); len(body) > 0 || r.ContentLength != 0 || err != nil || r.Header.Get("Upgrade") != "" {
			t.Errorf("a preflight brings %q of %d bytes, %v, %v", body, r.ContentLength, err, r.Header)
		}
	})).ServeHTTP(httptest.NewRecorder(), preflight)
	if w := authtest.Do(t, own, http.MethodOptions, "/mcp"); w.Code != http.StatusUnauthorized {
		t.Errorf("OPTIONS that is no preflight: %d", w.Code)
	}
	if w := authtest.Do(t, own, http.MethodPost, "/mcp", "Origin", "https://app.example"); w.Header().Get("Access-Control-Allow-Origin") != "" {
		t.Error("CORS headers although disabled")
	}
}

// Origins are checked where CORS headers are left to the caller, too.
//
// Covers RS16.
func TestOriginsWithoutCORS(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		resource string
		listed   []string
		origin   string
		status   int
	}{
		"listed":                  {"https://api.example.com/mcp", []string{"https://app.example"}, "https://app.example", http.StatusUnauthorized},
		"not listed":              {"https://api.example.com/mcp", []string{"https://app.example"}, "https://other.example", http.StatusForbidden},
		"a suffix":                {"https://api.example.com/mcp", []string{"https://app.example"}, "https://app.example.evil.example", http.StatusForbidden},
		"null":                    {"https://api.example.com/mcp", []string{"https://app.example"}, "null", http.StatusForbidden},
		"no page":                 {"https://api.example.com/mcp", []string{"https://app.example"}, "", http.StatusUnauthorized},
		"any, on a public host":   {"https://api.example.com/mcp", nil, "https://other.example", http.StatusUnauthorized},
		"a local page":            {"http://localhost:8080/mcp", nil, "http://127.0.0.1:3000", http.StatusUnauthorized},
		"no local page":           {"http://localhost:8080/mcp", nil, "https://other.example", http.StatusForbidden},
		"a name bound to our own": {"http://localhost:8080/mcp", nil, "http://rebound.example:8080", http.StatusForbidden},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config := authtest.OneResource()
			config.Resources[0].Identifier = test.resource
			config.CORS = mcpauth.CORS{Disabled: true, Origins: test.listed}
			handler := authtest.NewAuth(t, config).Protect(http.NotFoundHandler())
			var header []string
			if test.origin != "" {
				header = []string{"Origin", test.origin}
			}
			w := authtest.Do(t, handler, http.MethodPost, "/mcp", header...)
			if w.Code != test.status {
				t.Errorf("status %d, want %d", w.Code, test.status)
			}
			if got := w.Header().Get("Access-Control-Allow-Origin"); got != "" {
				t.Errorf("Access-Control-Allow-Origin %q", got)
			}
		})
	}
}

// A page of another site whose name was bound to loopback reads without an
// Origin: its Host gives it away.
//
// Covers RS16.
func TestReboundHost(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	for name, test := range map[string]struct {
		identifier string
		cors       mcpauth.CORS
		host       string
		want       int
	}{
		"own":                  {"http://localhost:3001/mcp", mcpauth.CORS{}, "127.0.0.1:3001", http.StatusUnauthorized},
		"own, IPv6":            {"http://localhost:3001/mcp", mcpauth.CORS{}, "[::1]:3001", http.StatusUnauthorized},
		"own, by name":         {"http://127.0.0.1:3001/mcp", mcpauth.CORS{}, "LocalHost", http.StatusUnauthorized},
		"rebound":              {"http://localhost:3001/mcp", mcpauth.CORS{}, "evil.example:3001", http.StatusForbidden},
		"rebound, looks local": {"http://localhost:3001/mcp", mcpauth.CORS{}, "127.0.0.1.evil.example", http.StatusForbidden},
		"rebound, own CORS":    {"http://localhost:3001/mcp", mcpauth.CORS{Disabled: true}, "evil.example", http.StatusForbidden},
		"rebound, listed":      {"http://localhost:3001/mcp", mcpauth.CORS{Origins: []string{"https://app.example.com"}}, "evil.example", http.StatusForbidden},
		"all admitted":         {"http://localhost:3001/mcp", mcpauth.CORS{Origins: []string{"*"}}, "other.example", http.StatusUnauthorized},
		"behind a proxy":       {"https://api.example.com/mcp", mcpauth.CORS{}, "api.example.com", http.StatusUnauthorized},
	} {
		config := authtest.OneResource()
		config.Logger = slog.New(slog.NewTextHandler(&log, nil))
		config.Resources[0].Identifier, config.CORS = test.identifier, test.cors
		server := httptest.NewServer(authtest.NewAuth(t, config).Protect(http.NotFoundHandler()))
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/mcp", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Host = test.host
		resp, err := server.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		server.Close() // the log is written
		if resp.StatusCode != test.want {
			t.Errorf("%s: %d, want %d", name, resp.StatusCode, test.want)
		}
		if ofHost := strings.Contains(string(body), "names of loopback only"); ofHost != (test.want == http.StatusForbidden) {
			t.Errorf("%s: %s", name, body)
		}
	}
	if text := log.String(); !strings.Contains(text, "reason=wrong_host") || !strings.Contains(text, "the connection is on loopback, and the Host is not") || strings.Contains(text, "wrong_origin") {
		t.Errorf("the log: %s", text)
	}
}
