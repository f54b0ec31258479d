package checkweb

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/mcp-auth/go/check"
)

func TestReadTarget(t *testing.T) {
	t.Parallel()
	tests := []struct{ url, kind, problem string }{
		{"https://mcp.example.com/mcp", "", ""},
		{" https://mcp.example.com/mcp\n", "mcp_server", ""},
		{"http://127.0.0.1:3001/mcp", "mcp_server", ""},
		{"http://mcp.example.com/mcp", "", ""}, // the report says what is wrong with it
		{"https://auth.example.com/.well-known/openid-configuration", "authorization_server", ""},
		{"https://mcp.example.com/.well-known/oauth-protected-resource/mcp", "", "the URL of the MCP server itself"},
		{"", "", "Enter a URL"},
		{"mcp.example.com", "", "a whole URL"},
		{"https://", "", "a whole URL"},
		{"ftp://mcp.example.com/", "", "a whole URL"},
		{"https://mcp.example.com/#top", "", "fragment"},
		{"https://mcp.example.com/" + strings.Repeat("x", 5000), "", "too long"},
		{"https://mcp.example.com/", "x", "Choose"},
	}
	for _, tt := range tests {
		got, problem := readTarget(url.Values{"url": {tt.url}, "kind": {tt.kind}})
		if (problem == "") != (tt.problem == "") || !strings.Contains(problem, tt.problem) {
			t.Errorf("%.60q, %q: problem %q, want %q", tt.url, tt.kind, problem, tt.problem)
		}
		if problem == "" && (got.URL != strings.TrimSpace(tt.url) || string(got.Kind) != tt.kind) {
			t.Errorf("%.60q, %q: %+v", tt.url, tt.kind, got)
		}
	}
}

// An authorization server is told by its metadata, even where the issuer has a
// slash too much; everything else is an MCP server.
func TestFindOut(t *testing.T) {
	t.Parallel()
	var origin string
	mux := http.NewServeMux()
	mux.HandleFunc("/.well-known/oauth-authorization-server/good", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"issuer":"` + origin + `/good","authorization_endpoint":"` + origin + `/a","token_endpoint":"` + origin + `/t"}`))
	})
	mux.HandleFunc("/.well-known/oauth-authorization-server/page", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`<!DOCTYPE html><title>A page for every path</title>`))
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	origin = server.URL
	for path, want := range map[string]check.Kind{
		"/good":  check.KindAuthorizationServer,
		"/good/": check.KindAuthorizationServer,
		"/.well-known/oauth-authorization-server/nothing": check.KindAuthorizationServer,
		"/mcp":  check.KindServer,
		"/page": check.KindServer,
		"":      check.KindServer,
	} {
		if got := findOut(t.Context(), origin+path, check.Options{}); got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
}
