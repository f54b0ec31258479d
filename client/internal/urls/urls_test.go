package urls

import (
	"net/url"
	"testing"
)

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
		if got := SameEndpoint(u, server); got != want {
			t.Errorf("%s: %t, want %t", raw, got, want)
		}
	}
}
