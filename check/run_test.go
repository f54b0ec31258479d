package check

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/mcp-auth/go/internal/fetch"
	"github.com/mcp-auth/go/metadata"
)

func TestEvidenceIsCleaned(t *testing.T) {
	t.Parallel()
	const token = "opaque-and-secret"
	c := newChecker(KindServer, "test", false, Options{Token: token})
	defer c.close()
	tests := []struct{ text, want string }{
		{"plain", "plain"},
		{"two\r\n  lines\tand more", "two lines and more"},
		{"\x1b[31mred\x07\u202e\xff", "?[31mred???"},
		{"Bearer " + token + ", and " + token + "!", "Bearer [token], and [token]!"},
		{"cut: " + token[:tellingStart] + "...", "cut: [token]"},
		{"altered: " + token[:len(token)-1] + "X; again", "altered: [token]; again"},
		{"seen eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl here", "seen [token] here"},
		{"seen eyJhbGciOiJFUzI1NiJ9.eyJzdWIi", "seen [token]"},
		{strings.Repeat("é", maxEvidence), strings.Repeat("é", (maxEvidence-3)/2) + "..."},
	}
	for _, test := range tests {
		if got := c.clean(test.text, maxEvidence); got != test.want {
			t.Errorf("clean(%q) = %q, want %q", test.text, got, test.want)
		}
	}
}

// TestCertificateLifetimes holds that certificates that live for days only are
// not told to end soon all the time.
func TestCertificateLifetimes(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	for _, test := range []struct {
		lifetime, left time.Duration
		want           Code
	}{
		{90 * day, 15 * day, TLSTrusted}, {90 * day, 13 * day, CertificateExpiring},
		{6 * day, 3 * day, TLSTrusted}, {6 * day, day, CertificateExpiring}, {6 * day, -day, CertificateExpiring},
	} {
		now := time.Now()
		c := newChecker(KindServer, "test", false, Options{Now: func() time.Time { return now }})
		defer c.close()
		ends := now.Add(test.left)
		certificate := &x509.Certificate{NotBefore: ends.Add(-test.lifetime), NotAfter: ends}
		c.connection(&fetch.Response{TLS: &tls.ConnectionState{PeerCertificates: []*x509.Certificate{certificate}}})
		if got := c.report.Findings[0].Code; got != test.want {
			t.Errorf("%s left of %s: %s, want %s", test.left, test.lifetime, got, test.want)
		}
	}
}

// TestPublicTargetsLeadNotHere holds that what a public server names is not
// asked for on this machine, though a server on this machine may name others on
// it. Covers RS21.
func TestPublicTargetsLeadNotHere(t *testing.T) {
	t.Parallel()
	asked := 0
	here := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked++ }))
	defer here.Close()
	for _, test := range []struct {
		loopback bool
		want     int
	}{{false, 0}, {true, 1}} {
		c := newChecker(KindServer, "test", test.loopback, Options{})
		defer c.close()
		resp, err := c.part(KindAuthorizationServer, here.URL).do(t.Context(), "test", fetch.Request{URL: here.URL})
		if asked != test.want || (err == nil) != test.loopback {
			t.Errorf("loopback %t: asked %d times, answer %v, error %v", test.loopback, asked, resp, err)
		}
		if exchanges := c.report.Parts[0].Exchanges; len(exchanges) != 1 || (exchanges[0].Error == "") != test.loopback {
			t.Errorf("loopback %t: exchanges %+v", test.loopback, exchanges)
		}
	}
}

func TestShownURLHoldsNoSecrets(t *testing.T) {
	t.Parallel()
	c := newChecker(KindServer, "test", false, Options{})
	defer c.close()
	for raw, want := range map[string]string{
		"https://as.example/a/?code=secret":      "https://as.example/a/",
		"https://as.example#token=secret":        "https://as.example",
		"https://user:secret@as.example/a@b":     "https://as.example/a@b",
		"https://user:secret@as.example":         "https://as.example",
		"https://as.example/@x/?next=https://a@": "https://as.example/@x/",
	} {
		if got := c.shownURL(raw); got != want {
			t.Errorf("shownURL(%q) = %q, want %q", raw, got, want)
		}
	}
}

// FuzzKeys holds that no JWK Set makes a report with control characters or with
// a private member in it, and none a panic.
func FuzzKeys(f *testing.F) {
	f.Add([]byte(`{"keys":[{"kty":"oct","k":"c2VjcmV0c2VjcmV0c2VjcmV0"},{"kty":"RSA","n":"AQ","e":"AQAB","kid":"\u0007"},1,{}]}`))
	f.Add([]byte(`{"keys":[{"kty":"EC","crv":"P-256","x":"AA","y":"AA","d":"c2VjcmV0c2VjcmV0c2VjcmV0","kid":""},{"use":"enc","key_ops":[]}]}`))
	f.Add([]byte(`<html>`))
	f.Fuzz(func(t *testing.T, body []byte) {
		c := newChecker(KindAuthorizationServer, "test", false, Options{})
		defer c.close()
		s := &issuerCheck{checker: c, document: &metadata.AuthorizationServer{}}
		s.readKeys(body)
		report, err := json.Marshal(c.report)
		if err != nil {
			t.Fatal(err)
		}
		if s.keys != nil && bytes.Contains(report, []byte("c2VjcmV0c2VjcmV0c2VjcmV0")) {
			t.Errorf("the report shows a secret: %s", report)
		}
		for _, f := range c.report.Findings {
			for _, text := range []string{f.Message, f.Evidence} {
				if !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl) {
					t.Errorf("not printable: %q", text)
				}
			}
		}
	})
}
