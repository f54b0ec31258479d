package discovery

import (
	"testing"
)

// Covers CL2.
func TestIssuerOfOrigin(t *testing.T) {
	t.Parallel()
	for server, want := range map[string]string{
		"https://mcp.example.com/a/mcp?x=1": "https://mcp.example.com",
		"https://mcp.example.com":           "https://mcp.example.com",
		"HTTPS://MCP.Example.com:8443/":     "https://mcp.example.com:8443",
		"http://[::1]:3000/mcp":             "http://[::1]:3000",
	} {
		parsed, err := ParseServer(server, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := parsed.issuer(); got != want {
			t.Errorf("%s: issuer %q, want %q", server, got, want)
		}
		if got := defaultEndpoints(parsed.issuer()).TokenEndpoint; got != want+"/token" {
			t.Errorf("%s: token endpoint %q, want %q", server, got, want+"/token")
		}
	}
}
