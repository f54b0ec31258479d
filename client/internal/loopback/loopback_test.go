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

// The page is the same for every answer, and may load nothing.
//
// Covers CL10.
func TestPage(t *testing.T) {
	t.Parallel()
	r, err := Listen(t.Context(), "http://127.0.0.1/callback", "")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	want := r.RedirectURI() + "?code=%3Cscript%3E"
	var response *http.Response
	var shown []byte
	open := func() error {
		if response, err = http.Get(want); err != nil {
			return err
		}
		defer response.Body.Close()
		shown, err = io.ReadAll(response.Body)
		return err
	}
	got, err := r.Receive(t.Context(), open, func(string) bool { return true })
	if err != nil || got != want {
		t.Fatalf("received %q, %v, want %q", got, err, want)
	}
	if response.StatusCode != http.StatusOK || string(shown) != page {
		t.Errorf("status %d, page %q", response.StatusCode, shown)
	}
	for name, want := range map[string]string{
		"Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store", "Referrer-Policy": "no-referrer",
		"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
	} {
		if got := response.Header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
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
