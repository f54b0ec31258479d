package client

import (
	"strings"
	"testing"

	"github.com/mcp-auth/go/internal/authserver/oauth"
)

// Covers AS1.
func TestRedirectMatching(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		registered, asked string
		want              bool
	}{
		{"https://app.example/cb", "https://app.example/cb", true},
		{"https://app.example/cb", "https://app.example:443/cb", false},
		{"https://app.example/cb", "https://app.example:8443/cb", false},
		{"https://app.example/cb", "https://app.example/cb/", false},
		{"https://app.example/cb", "https://app.example/cb?x=1", false},
		{"https://app.example/cb", "https://app.example/CB", false},
		{"https://app.example/cb", "https://app.example/cb/../evil", false},
		{"https://app.example/cb", "https://app.example.evil.example/cb", false},
		{"https://app.example/cb", "https://app.example@evil.example/cb", false},
		{"https://app.example/cb", "http://app.example/cb", false},
		{"https://app.example/cb", "https://app.example/cb#x", false},
		{"http://127.0.0.1/cb", "http://127.0.0.1/cb", true},
		{"http://127.0.0.1/cb", "http://127.0.0.1:1/cb", true},
		{"http://127.0.0.1:4000/cb", "http://127.0.0.1:65535/cb", true},
		{"http://127.0.0.1:4000/cb", "http://127.0.0.1/cb", true},
		{"http://[::1]/cb", "http://[::1]:4000/cb", true},
		{"http://localhost/cb", "http://localhost:4000/cb", true},
		{"http://localhost:4000", "http://localhost:5000", true},
		{"http://localhost/cb", "http://127.0.0.1/cb", false},
		{"http://127.0.0.1/cb", "http://localhost:4000/cb", false},
		{"http://127.0.0.1/cb", "http://[::1]:4000/cb", false},
		{"http://127.0.0.1/cb", "https://127.0.0.1:4000/cb", false},
		{"https://127.0.0.1/cb", "https://127.0.0.1:4000/cb", false},
		{"http://127.0.0.1/cb", "http://127.0.0.1:4000/other", false},
		{"http://127.0.0.1/cb", "http://127.0.0.1:4000/cb?x=1", false},
		{"http://127.0.0.1/cb?a=1", "http://127.0.0.1:4000/cb?a=1", true},
		{"http://127.0.0.1/cb", "http://127.0.0.1:/cb", false},
		{"http://127.0.0.1/cb", "http://127.0.0.1:4000@evil.example/cb", false},
		{"http://127.0.0.1/cb", "http://127.0.0.1:x/cb", false},
		{"http://127.0.0.1/cb", "http://127.0.0.1:-1/cb", false},
		{"http://127.0.0.1/cb", "http://127.0.0.1.evil.example/cb", false},
		{"http://127.0.0.1/cb", "http://127.0.0.2:4000/cb", false},
		{"http://localhost/cb", "http://localhost.evil.example/cb", false},
		{"http://localhost/cb", "http://LOCALHOST/cb", false},
	} {
		c := &Client{RedirectURIs: []string{test.registered}}
		got, ok := c.RedirectURI(test.asked)
		if ok != test.want || ok && got != test.asked {
			t.Errorf("%q for %q: %q, %v, want %v", test.asked, test.registered, got, ok, test.want)
		}
	}
}

// Covers AS1.
func TestRedirectURIsThatCannotBe(t *testing.T) {
	t.Parallel()
	for _, uri := range []string{
		"", "/cb", "app.example/cb", "http://app.example/cb", "javascript:alert(1)", "javascript://x/%0aalert(1)", "data:text/html,x",
		"data:/text", "vbscript:x", "file:///etc/passwd", "blob:https://x.example/1", "about:blank", "view-source:https://x.example/",
		"ms-msdt:/id", "search-ms://x", "mailto:a@x.example", "tel:/1", "intent://x", "ssh://x", "cursor:cb", "cursor:", "cursor://",
		"cursor://user@cb", "cursor://cb#f", "cursor://c b", "JavaScript:/x",
		"https:///cb", "https://user@app.example/cb", "https://app.example/cb#", "http://127.0.0.1.evil.example/cb",
		"http://[::1%25lo]/cb", "https://[fe80::1%25eth0]/cb", "http://[::1%25]:80/cb", "http://[::1%2flo]/cb",
		"https://app.example/c b", "https://app.example/cb\r\nSet-Cookie:x", "https://app.example/ü", "https://app.example/" + strings.Repeat("a", oauth.MaxValueBytes),
	} {
		if CheckRedirectURI(uri, true) == nil {
			t.Errorf("%q passes", uri)
		}
	}
}

// Covers AS1.
func TestPrivateUseSchemes(t *testing.T) {
	t.Parallel()
	for _, uri := range []string{
		"cursor://anysphere.cursor-mcp/oauth/callback", "vscode://dynamic.client/callback?x=1", "com.example.app:/cb", "com.example.app:///cb", "x+y.z-1://cb",
	} {
		if err := CheckRedirectURI(uri, true); err != nil {
			t.Errorf("%q: %v", uri, err)
		}
		if CheckRedirectURI(uri, false) == nil {
			t.Errorf("%q passes where private-use schemes are not allowed", uri)
		}
		c := &Client{RedirectURIs: []string{uri}}
		if _, ok := c.RedirectURI(uri); !ok {
			t.Errorf("%q does not match itself", uri)
		}
		if _, ok := c.RedirectURI(uri + "/x"); ok {
			t.Errorf("%q matches a longer one", uri)
		}
	}
}
