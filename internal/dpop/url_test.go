package dpop

import (
	"strings"
	"testing"
)

// Covers RS18.
func TestSameURL(t *testing.T) {
	t.Parallel()
	const base = "https://api.example.com/mcp"
	for _, test := range []struct {
		a, b string
		same bool
	}{
		{base, base, true},
		{base + "?a=b", base, true},
		{base + "#a", base, true},
		{base + "?" + strings.Repeat("x", maxURLSize), base, true},
		{base + "?%zz\\", base, true},
		{"HTTPS://API.EXAMPLE.COM/mcp", base, true},
		{"https://api.example.com:443/mcp", base, true},
		{"https://api.example.com:/mcp", base, true},
		{"http://localhost:80", "http://localhost/", true},
		{"https://api.example.com?x", "https://api.example.com/", true},
		{"https://api.example.com/./a/b/../../mcp", base, true},
		{"https://api.example.com/../mcp", base, true},
		{"https://api.example.com/a/..", "https://api.example.com/", true},
		{"https://api.example.com/a/.", "https://api.example.com/a/", true},
		{"https://api.example.com/%2e%2E/mcp", base, true},
		{"https://api.example.com/m%63p", base, true},
		{"https://api.example.com/%c3%a9", "https://api.example.com/%C3%A9", true},
		{"https://api.example.com/.well-known/..x/...", "https://api.example.com/.well-known/..x/...", true},
		{"https://[2001:DB8::1]/mcp", "https://[2001:db8::1]:443/mcp", true},
		{"http://127.0.0.1:8080/mcp", "http://127.0.0.1:8080/mcp", true},

		{base, "http://api.example.com/mcp", false},
		{base, base + "/", false},
		{base, "https://api.example.com/MCP", false},
		{base, "https://api.example.com//mcp", false},
		{"https://api.example.com/a%2Fb", "https://api.example.com/a/b", false},
		{"https://api.example.com/a%3Fb", "https://api.example.com/a?b", false},
		{"https://api.example.com/%2e%2e%2fmcp", base, false},
		{"https://api.example.com/a%25%36%33", "https://api.example.com/a%63", false},
		{base, "https://api.example.com.evil.example/mcp", false},
		{base, "https://api.example.com:8443/mcp", false},
		{base, "https://api.example.com./mcp", false},
		{"https://127.0.0.1/", "https://127.1/", false},

		// What cannot be told for sure is not even like itself.
		{"", "", false},
		{"/mcp", "/mcp", false},
		{"//api.example.com/mcp", "//api.example.com/mcp", false},
		{"https:api.example.com/mcp", "https:api.example.com/mcp", false},
		{"https:///mcp", "https:///mcp", false},
		{"https://:443/mcp", "https://:443/mcp", false},
		{"ftp://api.example.com/mcp", "ftp://api.example.com/mcp", false},
		{"https://u:p@api.example.com/mcp", "https://u:p@api.example.com/mcp", false},
		{"https://api.example.com/%zz", "https://api.example.com/%zz", false},
		{"https://api.example.com\\mcp", "https://api.example.com\\mcp", false},
		{"https://\u212Aelvin.example/", "https://\u212Aelvin.example/", false},
		{"https://api.example.com:port/", "https://api.example.com:port/", false},
		{base + strings.Repeat("x", maxURLSize), base + strings.Repeat("x", maxURLSize), false},
		{base + "\n", base + "\n", false},
	} {
		if got := SameURL(test.a, test.b); got != test.same {
			t.Errorf("%.80q and %.80q: %v", test.a, test.b, got)
		}
		if SameURL(test.a, test.b) != SameURL(test.b, test.a) {
			t.Errorf("%.80q and %.80q: not symmetric", test.a, test.b)
		}
	}
}
