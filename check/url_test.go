package check_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/mcp-auth/go/check"
	"github.com/mcp-auth/go/network"
)

// TestURLFindsOutWhatItIs holds that a URL is recognized by what is there, and
// that nothing but GET is sent for that.
func TestURLFindsOutWhatItIs(t *testing.T) {
	t.Parallel()
	as, mcp := newFakeServer(t, "/tenant", false), newFakeMCP(t, "/mcp")
	open := newFakeMCP(t, "/open")
	open.path, open.root, open.accepts = nil, nil, func(string) bool { return true }
	// An MCP server at the root of its authorization server, and one whose
	// authorization server also answers below the path of the MCP server.
	root := newFakeMCP(t, "/")
	root.root = root.path
	root.ownAS = map[string]any{"issuer": root.URL}
	legacy := newFakeMCP(t, "/mcp")
	legacy.root = map[string]any{"resource": legacy.url, "authorization_servers": []string{legacy.URL}}
	legacy.ownAS = map[string]any{"issuer": legacy.URL}
	page := httptest.NewServer(http.HandlerFunc(html))
	t.Cleanup(page.Close)
	for name, c := range map[string]struct {
		url  string
		want check.Kind
	}{
		"issuer":                       {as.issuer, check.KindAuthorizationServer},
		"issuer with a slash":          {as.issuer + "/", check.KindAuthorizationServer},
		"metadata":                     {as.URL + oauthPath + "/tenant", check.KindAuthorizationServer},
		"no metadata there":            {as.URL + oauthPath + "/nobody", check.KindAuthorizationServer},
		"MCP server":                   {mcp.url, check.KindServer},
		"MCP server with a slash":      {mcp.url + "/", check.KindServer},
		"MCP server with a query":      {mcp.url + "?project=1", check.KindServer},
		"open MCP server":              {open.url, check.KindServer},
		"both at the root":             {root.url, check.KindServer},
		"origin of an all-in-one":      {legacy.URL, check.KindAuthorizationServer},
		"MCP server of an all-in-one":  {legacy.url, check.KindServer},
		"web site":                     {page.URL, check.KindAuthorizationServer},
		"path of a web site":           {page.URL + "/mcp", check.KindServer},
		"plain http":                   {"http://auth.example", check.KindAuthorizationServer},
		"plain http with a path":       {"http://mcp.example/mcp", check.KindServer},
		"private address":              {"https://10.0.0.1", check.KindAuthorizationServer},
		"private address, with a path": {"https://10.0.0.1/mcp", check.KindServer},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			report, err := check.URL(t.Context(), c.url, check.Options{Network: network.Settings{Timeout: 2 * time.Second}})
			if err != nil {
				t.Fatal(err)
			}
			if report.Kind != c.want {
				t.Errorf("it is taken for a %s", report.Kind)
			}
		})
	}
	for _, target := range []string{"", "mcp.example", "ftp://mcp.example/mcp", "https://user:secret@mcp.example/mcp", "https://mcp.example/mcp#x", mcp.URL + "/.well-known/oauth-protected-resource/mcp"} {
		report, err := check.URL(t.Context(), target, check.Options{})
		if err == nil || report != nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: %v, %v", target, report, err)
		}
	}
}

// TestTokenIsForTheMCPServer holds that an authorization server never gets the
// token, whatever the URL turns out to be.
func TestTokenIsForTheMCPServer(t *testing.T) {
	t.Parallel()
	as := newFakeServer(t, "", false)
	report, err := check.URL(t.Context(), as.issuer, check.Options{Token: validToken, WrongAudienceToken: wrongTokenOfAll})
	if err != nil || report.Kind != check.KindAuthorizationServer {
		t.Fatalf("%v, %v", report, err)
	}
	as.mu.Lock()
	defer as.mu.Unlock()
	if tokens := strings.Join(as.tokens, ""); tokens != "" {
		t.Errorf("%s was sent", tokens)
	}
}
