package client

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/mcp-auth/go/client/clienterr"
	"github.com/mcp-auth/go/internal/fetch"
	"github.com/mcp-auth/go/metadata"
)

// Covers CL2.
func TestServerMetadataPlaces(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		path   string
		places []string
	}{
		{"/tenant1", []string{
			"/.well-known/oauth-authorization-server/tenant1",
			"/.well-known/openid-configuration/tenant1",
			"/tenant1/.well-known/openid-configuration",
		}},
		{"", []string{"/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"}},
	} {
		for i := range test.places {
			as := newAuthServer(t, "one", test.path)
			as.places = test.places[i : i+1]
			w := newWorld(t)
			w.rs.moveTo(as)
			mustRequest(t, w.client(t), "")
			var asked []string
			for _, p := range as.paths {
				if strings.Contains(p, "/.well-known/") {
					asked = append(asked, strings.TrimPrefix(p, "GET "))
				}
			}
			if !slices.Equal(asked, test.places[:i+1]) {
				t.Errorf("asked for %q, want %q", asked, test.places[:i+1])
			}
		}
	}
}

// Covers CL2.
func TestServerMetadataOfAnotherIssuer(t *testing.T) {
	t.Parallel()
	for name, issuer := range map[string]func(string) string{
		"another":      func(string) string { return "https://evil.example.com" },
		"a slash more": func(s string) string { return s + "/" },
		"another case": func(s string) string { return strings.ToUpper(s[:4]) + s[4:] },
		"a path more":  func(s string) string { return s + "/tenant" },
		"empty":        func(string) string { return "" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.as.metadata = func(d map[string]any) { d["issuer"] = issuer(w.as.issuer) }
			_, err := request(t, w.client(t), "")
			var failure *metadata.DiscoveryError
			if !errors.As(err, &failure) {
				t.Errorf("error %v, want a discovery error", err)
			}
			if log := w.as.log(); len(log) > 0 {
				t.Errorf("the server was used: %q", log)
			}
		})
	}
}

// Covers CL3.
func TestServerWithoutPKCE(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(map[string]any){
		"absent":      func(d map[string]any) { delete(d, "code_challenge_methods_supported") },
		"empty":       func(d map[string]any) { d["code_challenge_methods_supported"] = []string{} },
		"plain":       func(d map[string]any) { d["code_challenge_methods_supported"] = []string{"plain"} },
		"lower case":  func(d map[string]any) { d["code_challenge_methods_supported"] = []string{"s256"} },
		"a string":    func(d map[string]any) { d["code_challenge_methods_supported"] = "S256" },
		"no endpoint": func(d map[string]any) { delete(d, "authorization_endpoint") },
		"no token":    func(d map[string]any) { delete(d, "token_endpoint") },
		"PAR only":    func(d map[string]any) { d["require_pushed_authorization_requests"] = true },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.as.metadata = change
			_, err := request(t, w.client(t), "")
			var unsuitable *clienterr.UnsuitableError
			if !errors.As(err, &unsuitable) || unsuitable.Issuer != w.as.issuer {
				t.Errorf("error %v, want an unsuitable server", err)
			}
			if log := w.as.log(); len(log) > 0 {
				t.Errorf("the server was used: %q", log)
			}
		})
	}
}

// Of several authorization servers the one with credentials is chosen.
//
// Covers CL7.
func TestChoiceOfServer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	second := newAuthServer(t, "two", "")
	w.rs.moveTo(w.as, second)
	w.config.Credentials = []Credentials{{Issuer: second.issuer, ClientID: "known"}}
	mustRequest(t, w.client(t), "")
	equal(t, "client_id", second.authorizations[0].Get("client_id"), "known")
	if len(w.as.paths) > 0 {
		t.Errorf("the other server was asked: %q", w.as.paths)
	}
}

// The page where a user logs in is a web page: a browser is sent to no other scheme,
// and to plain http on loopback only.
//
// Covers CL12.
func TestLoginPageIsAWebPage(t *testing.T) {
	t.Parallel()
	for _, endpoint := range []string{
		"javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "ms-msdt:/id", "vscode://x", "http://as.example.com/authorize", "//as.example.com", "/authorize",
		"https://user@as.example.com/authorize", "",
	} {
		w := newWorld(t)
		w.as.metadata = func(d map[string]any) { d["authorization_endpoint"] = endpoint }
		w.config.Grant = AuthorizationCode{OpenURL: func(context.Context, string) error {
			t.Errorf("the browser was sent to %q", endpoint)
			return errors.New("no")
		}}
		if err := w.client(t).Login(t.Context()); err == nil {
			t.Errorf("%q: no error", endpoint)
		}
	}
}

// A server cannot have its clients send requests into their own networks.
//
// Covers CL14.
func TestServerNamesPrivateAddresses(t *testing.T) {
	t.Parallel()
	for _, issuer := range []string{
		"https://10.0.0.1", "https://192.168.1.1/realms/x", "https://169.254.169.254", "https://[fd00::1]", "https://[::ffff:10.0.0.1]", "https://100.64.0.1",
	} {
		w := newWorld(t)
		w.rs.places["/.well-known/oauth-protected-resource/mcp"] = func(d map[string]any) { d["authorization_servers"] = []string{issuer} }
		var blocked *fetch.Error
		if err := w.client(t).Login(t.Context()); !errors.As(err, &blocked) || blocked.Kind != fetch.BlockedAddress {
			t.Errorf("%s: error %v, want a blocked address", issuer, err)
		}
	}
}
