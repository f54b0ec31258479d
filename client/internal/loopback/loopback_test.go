package loopback

import (
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
)

// Nobody beyond this machine reaches the listener (RFC 8252 §7.3).
//
// Covers CL10.
func TestListensOnLoopbackOnly(t *testing.T) {
	t.Parallel()
	for _, redirectURI := range []string{"http://127.0.0.1/callback", "http://localhost/callback", "http://app.localhost/callback", "http://[::1]/callback"} {
		l, err := listenAt(t.Context(), redirectURI)
		if err != nil && strings.Contains(redirectURI, "::1") {
			continue // a machine without IPv6
		}
		if err != nil {
			t.Fatal(err)
		}
		if address, ok := l.Addr().(*net.TCPAddr); !ok || !address.IP.IsLoopback() {
			t.Errorf("%s: listens at %v", redirectURI, l.Addr())
		}
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	}
}

// The browser is shown how the login ended, in the look of all other pages, and
// nothing of its own request.
//
// Covers CL10.
func TestPages(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		page *Page // nil: the receiver is closed first
		want []string
	}{
		"logged in": {&LoggedIn, []string{"<h1 class=\"good\">You are logged in</h1>"}},
		"denied":    {&Denied, []string{"<h1>You are not logged in</h1>", "denied"}},
		"failed": {
			&Page{title: "The login failed", code: "invalid_scope", description: "<b>no</b>"},
			[]string{"<h1>The login failed</h1>", "<code>invalid_scope</code>", "&lt;b&gt;no&lt;/b&gt;"},
		},
		"given up": {nil, []string{"<h1>The login failed</h1>"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, err := Listen(t.Context(), "http://127.0.0.1/callback", "")
			if err != nil {
				t.Fatal(err)
			}
			callback := r.RedirectURI() + "?code=%3Cscript%3E"
			var response *http.Response
			var shown []byte
			open := func() error { // as a function that follows the redirects itself
				if response, err = http.Get(callback); err != nil {
					return err
				}
				defer response.Body.Close()
				shown, err = io.ReadAll(response.Body)
				return err
			}
			got, err := r.Receive(t.Context(), open, func(string) bool { return true })
			if err != nil || got != callback {
				t.Fatalf("received %q, %v, want %q", got, err, callback)
			}
			if test.page != nil {
				r.Show(*test.page)
			}
			r.Close()
			for _, want := range append(test.want, "--ground") {
				if !strings.Contains(string(shown), want) {
					t.Errorf("the page lacks %q:\n%s", want, shown)
				}
			}
			if strings.Contains(string(shown), "script") || response.StatusCode != http.StatusOK {
				t.Errorf("status %d, page %s", response.StatusCode, shown)
			}
			checkPageHeader(t, response.Header)
		})
	}
}

func checkPageHeader(t *testing.T, header http.Header) {
	t.Helper()
	for name, want := range map[string]string{
		"Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store", "Referrer-Policy": "no-referrer",
		"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY",
	} {
		if got := header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if policy := header.Get("Content-Security-Policy"); !strings.Contains(policy, "default-src 'none'") || !strings.Contains(policy, "frame-ancestors 'none'") {
		t.Errorf("policy %q", policy)
	}
}

// The port of a registered redirect URI is used again if nothing else differs.
//
// Covers CL10.
func TestRegisteredPort(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		registered, configured string
		same                   bool
	}{
		{"http://127.0.0.1:1234/callback", "http://127.0.0.1/callback", true},
		{"http://127.0.0.1:1234/callback", "http://127.0.0.1:1234/callback", true},
		{"http://127.0.0.1:1234/callback", "http://127.0.0.1:5678/callback", false},
		{"http://127.0.0.1:1234/other", "http://127.0.0.1/callback", false},
		{"http://localhost:1234/callback", "http://127.0.0.1/callback", false},
		{"http://127.0.0.1/callback", "http://127.0.0.1/callback", false},
		{"://", "http://127.0.0.1/callback", false},
	} {
		if got := differInPort(test.registered, test.configured); got != test.same {
			t.Errorf("%s registered, %s configured: %t, want %t", test.registered, test.configured, got, test.same)
		}
	}
}
