package mcpauthtest

import (
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mcp-auth/go/metadata"
)

// Covers AS2.
func TestMetadataWhereClientsLook(t *testing.T) {
	t.Parallel()
	const oauth, oidc = "/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"
	for _, test := range []struct {
		issuer  string
		present []string
		absent  []string
	}{
		{"https://as.example", []string{oauth, oidc}, []string{oauth + "/tenant1", oidc + "/"}},
		{"https://as.example/", []string{oauth, oidc}, []string{oauth + "/"}},
		{
			"https://as.example/tenant1",
			[]string{oauth + "/tenant1", oidc + "/tenant1", "/tenant1" + oidc},
			[]string{oauth, oidc, "/tenant1" + oauth},
		},
		{
			"https://as.example/a/b/",
			[]string{oauth + "/a/b", oidc + "/a/b", "/a/b" + oidc},
			[]string{oauth + "/a/b/", oauth + "/a", "/a/b/" + oauth},
		},
	} {
		t.Run(test.issuer, func(t *testing.T) {
			t.Parallel()
			s := start(t, func(c *Config) { c.Issuer = test.issuer })
			base := strings.TrimSuffix(test.issuer, "/")
			for _, path := range test.present {
				var m metadata.AuthorizationServer
				r := get(t, s, path)
				decode(t, r, http.StatusOK, &m)
				if m.Issuer != test.issuer {
					t.Errorf("%s: issuer %q, want %q", path, m.Issuer, test.issuer)
				}
				if m.AuthorizationEndpoint != base+"/authorize" || m.TokenEndpoint != base+"/token" ||
					m.RegistrationEndpoint != base+"/register" || m.JWKSURI != base+"/jwks" {
					t.Errorf("%s: endpoints of another place: %+v", path, m)
				}
				if r.Header.Get("Cache-Control") == "" || r.Header.Get("Content-Type") != "application/json" {
					t.Errorf("%s: header %v", path, r.Header)
				}
			}
			for _, path := range test.absent {
				if r := get(t, s, path); r.StatusCode != http.StatusNotFound {
					t.Errorf("%s: status %d, want 404", path, r.StatusCode)
				}
			}
		})
	}
}

// Covers AS1, AS2.
func TestMetadataAdvertisesWhatIsOffered(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	var got map[string]any
	decode(t, get(t, s, "/.well-known/oauth-authorization-server"), http.StatusOK, &got)
	for name, want := range map[string]any{
		"code_challenge_methods_supported":               []any{"S256"},
		"response_types_supported":                       []any{"code"},
		"grant_types_supported":                          []any{"authorization_code", "refresh_token", "client_credentials"},
		"authorization_response_iss_parameter_supported": true,
		"token_endpoint_auth_methods_supported":          []any{"none", "client_secret_basic", "client_secret_post", "private_key_jwt"},
		"client_id_metadata_document_supported":          true,
		"revocation_endpoint":                            testIssuer + "/revoke",
		"scopes_supported":                               []any{"read", "write", "admin", "openid", "profile", "email", "offline_access"},
		"subject_types_supported":                        []any{"public"},
		"id_token_signing_alg_values_supported":          []any{"ES256"},
		"request_uri_parameter_supported":                false,
	} {
		if !reflect.DeepEqual(got[name], want) {
			t.Errorf("%s: %v, want %v", name, got[name], want)
		}
	}
	for _, finding := range s.Metadata().Validate().Findings {
		if finding.Severity != metadata.Success {
			t.Errorf("%s: %s", finding.Code, finding.Message)
		}
	}
}

// Covers AS2.
func TestDiscovery(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"", "/", "/tenant1", "/tenant1/"} {
		s, err := NewServer(Config{Path: path})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(s.Close)
		for _, kind := range []metadata.ServerType{metadata.OAuth, metadata.OIDC, metadata.AnyType} {
			s.SetFaults(Faults{})
			found, err := metadata.Discover(t.Context(), metadata.Source{Issuer: s.Issuer(), Type: kind})
			if err != nil {
				t.Errorf("path %q, type %q: %v", path, kind, err)
				continue
			}
			if !reflect.DeepEqual(found, s.Metadata()) {
				t.Errorf("path %q, type %q: found %+v, want %+v", path, kind, found, s.Metadata())
			}
			s.SetFaults(Faults{MetadataIssuer: s.Issuer() + "/other"})
			if _, err := metadata.Discover(t.Context(), metadata.Source{Issuer: s.Issuer(), Type: kind}); err == nil {
				t.Errorf("path %q, type %q: the wrong issuer was taken", path, kind)
			}
		}
	}
}

func TestJWKSHoldsPublicKeysOnly(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	r := get(t, s, base(s)+"/jwks")
	if got := r.Header.Get("Cache-Control"); !strings.Contains(got, "max-age=") {
		t.Errorf("Cache-Control %q, want a max-age", got)
	}
	var set struct{ Keys []map[string]any }
	decode(t, r, http.StatusOK, &set)
	if len(set.Keys) != 2 {
		t.Fatalf("%d keys, want the current and the next", len(set.Keys))
	}
	for _, key := range set.Keys {
		if got, want := sortedKeys(key), []string{"alg", "crv", "kid", "kty", "use", "x", "y"}; !slices.Equal(got, want) {
			t.Errorf("members %v, want %v", got, want)
		}
	}
	byHand, err := s.JWKS()
	if err != nil {
		t.Fatal(err)
	}
	if served := body(t, get(t, s, base(s)+"/jwks")); string(byHand) != served {
		t.Errorf("JWKS() = %s, served %s", byHand, served)
	}
}

func TestCORS(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	for _, test := range []struct {
		method, path string
		origin       string // Access-Control-Allow-Origin
		status       int
	}{
		{"GET", "/.well-known/oauth-authorization-server", "*", http.StatusOK},
		{"HEAD", "/.well-known/openid-configuration", "*", http.StatusOK},
		{"OPTIONS", "/.well-known/oauth-authorization-server", "*", http.StatusNoContent},
		{"GET", "/.well-known/oauth-authorization-server/none", "*", http.StatusNotFound},
		{"GET", "/jwks", "*", http.StatusOK},
		{"OPTIONS", "/jwks", "*", http.StatusNoContent},
		{"POST", "/token", "*", http.StatusBadRequest},
		{"OPTIONS", "/token", "*", http.StatusNoContent},
		{"POST", "/register", "*", http.StatusBadRequest},
		{"OPTIONS", "/register", "*", http.StatusNoContent},
		{"GET", "/token", "*", http.StatusMethodNotAllowed},
		{"DELETE", "/jwks", "*", http.StatusMethodNotAllowed},
		{"GET", "/authorize", "", http.StatusBadRequest},
		{"OPTIONS", "/authorize", "", http.StatusMethodNotAllowed},
		{"PUT", "/authorize", "", http.StatusMethodNotAllowed},
	} {
		request := httptest.NewRequest(test.method, test.path, nil)
		request.Header.Set("Origin", "https://inspector.example")
		request.Header.Set("Access-Control-Request-Method", "POST")
		r := do(s, request)
		if r.StatusCode != test.status {
			t.Errorf("%s %s: status %d, want %d", test.method, test.path, r.StatusCode, test.status)
		}
		if got := r.Header.Get("Access-Control-Allow-Origin"); got != test.origin {
			t.Errorf("%s %s: Access-Control-Allow-Origin %q, want %q", test.method, test.path, got, test.origin)
		}
		if got := r.Header.Get("Access-Control-Allow-Credentials"); got != "" {
			t.Errorf("%s %s: credentials are allowed", test.method, test.path)
		}
		if test.status == http.StatusMethodNotAllowed && r.Header.Get("Allow") == "" {
			t.Errorf("%s %s: no Allow header", test.method, test.path)
		}
		if test.status == http.StatusNoContent && !strings.Contains(r.Header.Get("Access-Control-Allow-Headers"), "Authorization") {
			t.Errorf("%s %s: a script cannot send Authorization", test.method, test.path)
		}
	}
}

func TestFaults(t *testing.T) {
	t.Parallel()
	const oauth, oidc, jwks = "/.well-known/oauth-authorization-server", "/.well-known/openid-configuration", "/jwks"
	for _, test := range []struct {
		name   string
		faults Faults
		path   string
		status int
		want   string // in the body
		not    string // not in the body
	}{
		{"none", Faults{}, oauth, 200, `"issuer":"https://as.example"`, ""},
		{"wrong issuer, OAuth", Faults{MetadataIssuer: "https://evil.example"}, oauth, 200, `"issuer":"https://evil.example"`, ""},
		{"wrong issuer, OIDC", Faults{MetadataIssuer: "https://evil.example"}, oidc, 200, `"issuer":"https://evil.example"`, ""},
		{"no OAuth document", Faults{HideOAuthMetadata: true}, oauth, 404, "", "issuer"},
		{"but the other", Faults{HideOAuthMetadata: true}, oidc, 200, "issuer", ""},
		{"no OIDC document", Faults{HideOIDCMetadata: true}, oidc, 404, "", "issuer"},
		{"metadata fails", Faults{Metadata: DocumentFault{Status: 503}}, oauth, 503, "", ""},
		{"metadata is garbage", Faults{Metadata: DocumentFault{Body: []byte("<html>")}}, oidc, 200, "<html>", "issuer"},
		{"keys fail", Faults{JWKS: DocumentFault{Status: 500, Body: []byte{}}}, jwks, 500, "", "keys"},
		{"keys are garbage", Faults{JWKS: DocumentFault{Body: []byte(`{"keys":`)}}, jwks, 200, `{"keys":`, "kid"},
		{"no keys", Faults{EmptyJWKS: true}, jwks, 200, `{"keys":[]}`, "kid"},
		{"odd keys", Faults{OddKeys: true}, jwks, 200, `"kty":"FUTURE"`, ""},
		{"no alg", Faults{NoKeyAlgorithm: true}, jwks, 200, `"kid"`, `"alg"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := start(t, nil)
			s.SetFaults(test.faults)
			r := get(t, s, test.path)
			got := body(t, r)
			if r.StatusCode != test.status || !strings.Contains(got, test.want) || test.not != "" && strings.Contains(got, test.not) {
				t.Errorf("status %d, body %s", r.StatusCode, got)
			}
			if test.status >= 500 && r.Header.Get("Cache-Control") != "" {
				t.Error("a failure may be cached")
			}
			s.SetFaults(Faults{})
			if r := get(t, s, test.path); r.StatusCode != http.StatusOK {
				t.Errorf("status %d after healing", r.StatusCode)
			}
		})
	}
}

func TestUnknownKeyFault(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	s.SetFaults(Faults{UnknownKey: true})
	for _, token := range []string{
		redeem(t, s, login(t, s)).AccessToken,
		mint(t, s, TokenClaims{Audience: []string{testResource}}),
	} {
		kid, _ := part(t, token, 0)["kid"].(string)
		if kid == "" || len(keySet(t, s).Key(kid)) != 0 {
			t.Errorf("kid %q is missing or published", kid)
		}
	}
}

func TestSlowDocument(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := start(t, func(c *Config) { c.Now = nil })
		s.SetFaults(Faults{JWKS: DocumentFault{Delay: 10 * time.Second}})
		began := time.Now()
		if r := get(t, s, "/jwks"); r.StatusCode != http.StatusOK || time.Since(began) != 10*time.Second {
			t.Errorf("status %d after %v", r.StatusCode, time.Since(began))
		}
		began = time.Now()
		time.AfterFunc(time.Second, s.Close)
		get(t, s, "/jwks")
		if got := time.Since(began); got != time.Second {
			t.Errorf("closing ended the wait after %v", got)
		}
	})
}

func TestRequestsAreCounted(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	s.SetFaults(Faults{HideOAuthMetadata: true, JWKS: DocumentFault{Status: 500}})
	get(t, s, "/.well-known/oauth-authorization-server")
	get(t, s, "/.well-known/openid-configuration")
	get(t, s, "/jwks")
	postForm(s, "/token", nil)
	postForm(s, "/register", nil)
	get(t, s, "/authorize")
	want := Requests{Metadata: 2, JWKS: 1, Token: 1, Register: 1, Authorize: 1}
	if got := s.Requests(); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}
