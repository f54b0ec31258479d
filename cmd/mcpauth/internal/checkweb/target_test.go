package checkweb

import (
	"net/url"
	"strings"
	"testing"
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
