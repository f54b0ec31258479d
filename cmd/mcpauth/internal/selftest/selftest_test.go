package selftest

import (
	"context"
	"encoding/base64"
	"net/url"
	"strings"
	"testing"

	"github.com/mcp-auth/go/cmd/mcpauth/internal/demo"
	"github.com/mcp-auth/go/mcpauthtest"
)

// The self-test is worth something only if it fails where something is wrong:
// each case breaks one thing and names the step that must notice.
func TestSelftestNotices(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		spoil func(*flow)
		step  string
	}{
		"another resource in the metadata": {func(f *flow) { f.demo.Facts.MCPURL = strings.Replace(f.demo.Facts.MCPURL, "127.0.0.1", "localhost", 1) }, "resource metadata"},
		"an unexpected issuer":             {func(f *flow) { f.demo.Facts.AuthorizationServer += "/other" }, "resource metadata"},
		"another issuer in the document": {func(f *flow) {
			f.demo.Authorization.SetFaults(mcpauthtest.Faults{MetadataIssuer: "https://evil.example"})
		}, "discovery"},
		"a wrong password": {func(f *flow) { f.user.Password = "wrong" }, "authorization"},
		"keys that are not published": {func(f *flow) {
			f.demo.Authorization.SetFaults(mcpauthtest.Faults{UnknownKey: true})
		}, "initialize"},
		"another user": {func(f *flow) { f.user = f.demo.Facts.Users[1] }, ""}, // nothing is wrong with that
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFlow(newTestDemo(t))
			t.Cleanup(f.close)
			test.spoil(f)
			var report Report
			err := report.run(t.Context(), func(Step) {}, f.steps())
			if test.step == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			last := report.Steps[len(report.Steps)-1]
			if err == nil || last.OK || last.Name != test.step {
				t.Errorf("ended at step %+v with %v, want failure at %q", last, err, test.step)
			}
			if strings.Contains(last.Detail, "eyJ") {
				t.Errorf("the detail %q holds a token", last.Detail)
			}
		})
	}
}

// Covers RS7, RS9, RS10, RS12.
// The refusals are due to what the steps say: without it the token is good.
func TestExpectRefusalNotices(t *testing.T) {
	t.Parallel()
	f := newFlow(newTestDemo(t))
	t.Cleanup(f.close)
	if _, err := f.challenge(t.Context()); err != nil {
		t.Fatal(err)
	}
	if detail, err := f.refuseMinted(t.Context(), f.claims(), 401, "invalid_token"); err == nil {
		t.Errorf("a good token: %q, want an error", detail)
	}
	if detail, err := f.refuseMinted(t.Context(), f.claims(), 403, "invalid_token", mcpauthtest.Expired()); err == nil {
		t.Errorf("another status: %q, want an error", detail)
	}
	if detail, err := f.refuseMinted(t.Context(), f.claims(), 401, "insufficient_scope", mcpauthtest.Expired()); err == nil {
		t.Errorf("another code: %q, want an error", detail)
	}
	if _, err := f.refuseMinted(t.Context(), f.claims(), 401, "invalid_token", mcpauthtest.Expired()); err != nil {
		t.Error(err)
	}
}

// Covers RS8.
func TestCheckCallback(t *testing.T) {
	t.Parallel()
	const good = redirectURI + "?code=c&state=s&iss=https%3A%2F%2Fas.example"
	f := &flow{issuer: "https://as.example"}
	for raw, want := range map[string]bool{
		good: true,
		strings.Replace(good, "state=s", "state=t", 1):                      false,
		strings.Replace(good, "&state=s", "", 1):                            false,
		strings.Replace(good, "as.example", "as.example%2F", 1):             false,
		strings.Replace(good, "&iss=https%3A%2F%2Fas.example", "", 1):       false,
		strings.Replace(good, "code=c", "error=access_denied", 1):           false,
		strings.Replace(good, "code=c&", "", 1):                             false,
		strings.Replace(good, "127.0.0.1/callback", "127.0.0.1/other", 1):   false,
		strings.Replace(good, "127.0.0.1/callback", "evil.example/back", 1): false,
	} {
		callback, err := url.Parse(raw)
		if err != nil {
			t.Fatal(err)
		}
		code, err := f.checkCallback(callback, "s")
		if got := err == nil && code == "c"; got != want {
			t.Errorf("%s: accepted %t (%v), want %t", raw, got, err, want)
		}
	}
}

func TestTamper(t *testing.T) {
	t.Parallel()
	encode := base64.RawURLEncoding.EncodeToString
	token := encode([]byte(`{"alg":"ES256"}`)) + "." + encode([]byte(`{"sub":"alice"}`)) + ".c2ln"
	got, err := tamper(token)
	if err != nil {
		t.Fatal(err)
	}
	want := encode([]byte(`{"alg":"ES256"}`)) + "." + encode([]byte(`{"sub":"mallory"}`)) + ".c2ln"
	if got != want {
		t.Errorf("tamper = %q, want %q", got, want)
	}
	for _, bad := range []string{"", "a.b", "a.!.c", "a." + encode([]byte("x")) + ".c"} {
		if _, err := tamper(bad); err == nil {
			t.Errorf("tamper(%q) gave no error", bad)
		}
	}
}

func newTestDemo(t *testing.T) *demo.Demo {
	t.Helper()
	d, err := demo.Start(t.Context(), demo.Options{Listen: "127.0.0.1:0", AuthListen: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(context.Background()); err != nil {
			t.Errorf("closing the demo: %v", err)
		}
	})
	return d
}
