package check_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mcp-auth/go/check"
	"github.com/mcp-auth/go/mcpauthtest"
	"github.com/mcp-auth/go/metadata"
	"github.com/mcp-auth/go/network"
)

// TestDevelopmentServer holds that the server of package mcpauthtest has
// nothing to be warned of.
func TestDevelopmentServer(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"", "/tenant"} {
		as, err := mcpauthtest.NewServer(mcpauthtest.Config{Path: path})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { as.Close() })
		report, err := check.AuthorizationServer(t.Context(), as.Issuer(), check.Options{})
		if err != nil {
			t.Fatal(err)
		}
		wantTroubles(t, report)
		golden(t, report, "authserver/mcpauthtest"+strings.ReplaceAll(path, "/", "_"), as.Issuer(), "http://as.test"+path, strings.TrimSuffix(as.Issuer(), path), "http://as.test")
	}
}

// brokenServer is a fake server with planted faults, and the errors and
// warnings that tell of them.
type brokenServer struct {
	name  string
	path  string
	plant func(*testing.T, *fakeServer)
	want  []check.Code
}

func html(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write([]byte("<!doctype html>\n<title>Welcome</title>"))
}

func status(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
}

const (
	oauthPath = "/.well-known/oauth-authorization-server"
	oidcPath  = "/.well-known/openid-configuration"
)

func brokenServers() []brokenServer {
	return []brokenServer{
		{name: "in_order", plant: func(*testing.T, *fakeServer) {}},
		{name: "in_order_with_path", path: "/realms/one", plant: func(*testing.T, *fakeServer) {}},
		{name: "in_order_with_slash", path: "/", plant: func(*testing.T, *fakeServer) {}},
		{
			name: "no_pkce",
			plant: func(_ *testing.T, f *fakeServer) {
				f.set("code_challenge_methods_supported", nil)
			},
			want: []check.Code{check.Code(metadata.PKCENotAdvertised)},
		},
		{
			name: "plain_only",
			plant: func(_ *testing.T, f *fakeServer) {
				f.set("code_challenge_methods_supported", []string{"plain"})
			},
			want: []check.Code{check.Code(metadata.S256NotSupported)},
		},
		{
			name: "plain_beside_s256",
			plant: func(_ *testing.T, f *fakeServer) {
				f.set("code_challenge_methods_supported", []string{"plain", "S256"})
			},
			want: []check.Code{"plain_pkce"},
		},
		{
			name: "issuer_with_slash",
			plant: func(_ *testing.T, f *fakeServer) {
				f.set("issuer", f.issuer+"/")
			},
			want: []check.Code{"issuer_mismatch"},
		},
		{
			name: "issuer_with_other_port_and_path", path: "/one",
			plant: func(_ *testing.T, f *fakeServer) {
				f.set("issuer", "http://127.0.0.1/two")
			},
			want: []check.Code{"issuer_mismatch"},
		},
		{
			name: "weak_key_and_duplicate_kid",
			plant: func(t *testing.T, f *fakeServer) {
				f.keys = []any{
					publicKey(t, rsaKey(t, 1024), "rsa", "RS256"), publicKey(t, rsaKey(t, 2048), "rsa", "RS256"),
					publicKey(t, ecKey(t), "rsa", "ES256"), // of another type: may have the same kid
				}
			},
			want: []check.Code{"key_weak", "key_id_duplicate"},
		},
		{
			name: "private_key",
			plant: func(t *testing.T, f *fakeServer) {
				f.keys = append(f.keys, privateKey(t, ecKey(t), "secret", "ES256"))
			},
			want: []check.Code{"private_key_published"},
		},
		{
			name: "symmetric_key_only",
			plant: func(_ *testing.T, f *fakeServer) {
				f.keys = []any{map[string]any{"kty": "oct", "kid": "hs", "k": "c2VjcmV0IHNlY3JldCBzZWNyZXQ"}}
			},
			want: []check.Code{"symmetric_key_published", "no_usable_key"},
		},
		{
			name: "odd_keys",
			plant: func(t *testing.T, f *fakeServer) {
				encryption := publicKey(t, rsaKey(t, 2048), "enc", "RSA-OAEP")
				encryption["use"] = "enc"
				short := publicKey(t, ecKey(t), "short", "ES256")
				short["x"] = "AA"
				f.keys = append(f.keys, "no object", encryption, short,
					map[string]any{"kty": "FUTURE", "kid": "type"},
					map[string]any{"kty": "EC", "crv": "secp256k1", "kid": "curve", "x": "AA", "y": "AA"},
					publicKey(t, ecKey(t), "", ""),
					publicKey(t, edKey(t), "ed", "EdDSA"))
			},
			want: []check.Code{"key_malformed", "key_malformed", "key_id_missing"},
		},
		{
			name: "keys_of_another_algorithm",
			plant: func(_ *testing.T, f *fakeServer) {
				f.set("id_token_signing_alg_values_supported", []string{"RS256", "HS256"})
			},
			want: []check.Code{"algorithms_without_key"},
		},
		{
			name: "keys_status_500",
			plant: func(_ *testing.T, f *fakeServer) {
				f.answers["/jwks"] = status(http.StatusInternalServerError)
			},
			want: []check.Code{"keys_unavailable"},
		},
		{
			name: "keys_html",
			plant: func(_ *testing.T, f *fakeServer) {
				f.answers["/jwks"] = html
			},
			want: []check.Code{"keys_malformed"},
		},
		{
			name: "keys_cached_too_long",
			plant: func(_ *testing.T, f *fakeServer) {
				f.keysHeader.Set("Cache-Control", "max-age=2592000")
				f.keysHeader.Set("Content-Type", "text/plain")
			},
			want: []check.Code{"keys_cached_too_long"},
		},
		{
			name: "html_everywhere", path: "/app",
			plant: func(_ *testing.T, f *fakeServer) {
				f.answers[oauthPath+"/app"] = html
				f.answers[oidcPath+"/app"] = html
				f.answers["/app"+oidcPath] = html
			},
			want: []check.Code{"metadata_malformed", "metadata_malformed", "metadata_malformed"},
		},
		{
			name: "html_before_the_document",
			plant: func(_ *testing.T, f *fakeServer) {
				f.answers[oauthPath] = html
			},
			want: []check.Code{"metadata_malformed"},
		},
		{
			name: "http_endpoint",
			plant: func(_ *testing.T, f *fakeServer) {
				f.set("token_endpoint", "http://as.example/token?tenant=1")
				f.set("authorization_endpoint", "javascript:alert(1)")
			},
			want: []check.Code{check.Code(metadata.EndpointInvalid), check.Code(metadata.EndpointInvalid)},
		},
		{
			name: "documents_differ",
			plant: func(_ *testing.T, f *fakeServer) {
				f.oidc["token_endpoint"] = f.URL + "/other/token"
				f.oidc["scopes_supported"] = []string{"offline_access", "write", "read"} // the same set
				f.oidc["claims_supported"] = []string{"sub"}                             // OpenID Connect's own
				delete(f.oidc, "code_challenge_methods_supported")
			},
			want: []check.Code{"documents_differ"},
		},
		{
			name: "second_document_of_another_issuer",
			plant: func(_ *testing.T, f *fakeServer) {
				f.oidc["issuer"] = strings.ToUpper(f.issuer)
			},
			want: []check.Code{"issuer_mismatch"},
		},
		{
			name: "no_cors",
			plant: func(_ *testing.T, f *fakeServer) {
				f.noCORS = true
			},
			want: []check.Code{"metadata_without_cors", "metadata_without_cors", "token_endpoint_without_cors", "registration_without_cors"},
		},
		{
			name: "clock_off",
			plant: func(_ *testing.T, f *fakeServer) {
				f.header.Set("Date", time.Now().Add(-5*time.Minute).UTC().Format(http.TimeFormat))
			},
			want: []check.Code{"clock_off"},
		},
		{
			name: "clock_of_a_cache",
			plant: func(_ *testing.T, f *fakeServer) {
				f.header.Set("Date", time.Now().Add(-5*time.Minute).UTC().Format(http.TimeFormat))
				f.header.Set("Age", "300")
			},
			// A cache has had the answer for five minutes.
		},
		{
			name: "closed_to_public_clients",
			plant: func(_ *testing.T, f *fakeServer) {
				f.set("registration_endpoint", nil)
				f.set("client_id_metadata_document_supported", nil)
				f.set("token_endpoint_auth_methods_supported", []string{"client_secret_post"})
				f.set("grant_types_supported", []string{"authorization_code"})
				f.set("authorization_response_iss_parameter_supported", nil)
				f.set("require_pushed_authorization_requests", true)
			},
			want: []check.Code{
				check.Code(metadata.RegistrationNotSupported), check.Code(metadata.IssParameterNotSupported),
				"public_clients_not_advertised", "refresh_token_not_advertised", "pushed_requests_required",
			},
		},
		{
			name: "little_said",
			plant: func(_ *testing.T, f *fakeServer) {
				for _, name := range []string{
					"grant_types_supported", "token_endpoint_auth_methods_supported", "scopes_supported", "dpop_signing_alg_values_supported",
					"introspection_endpoint_auth_methods_supported", "revocation_endpoint", "client_id_metadata_document_supported",
				} {
					f.set(name, nil)
				}
				f.oauth = nil
				f.header = http.Header{"Content-Type": {"application/json"}}
			},
		},
		{
			name: "wrong_types_and_flows",
			plant: func(_ *testing.T, f *fakeServer) {
				f.set("client_id_metadata_document_supported", "true")
				f.set("response_types_supported", []string{"token"})
				f.set("grant_types_supported", []string{"implicit", "refresh_token"})
				f.set("dpop_signing_alg_values_supported", []string{"HS256"})
				f.set("introspection_endpoint_auth_methods_supported", []string{"none"})
				f.set("jwks_uri", nil)
				f.set("token_endpoint", nil)
			},
			want: []check.Code{
				check.Code(metadata.MemberOfWrongType), check.Code(metadata.CodeResponseTypeNotSupported),
				check.Code(metadata.AuthorizationCodeGrantUnsupported),
				check.Code(metadata.TokenEndpointMissing), "dpop_algorithms_unfit", "introspection_open",
			},
		},
		{
			name: "legacy_grants",
			plant: func(_ *testing.T, f *fakeServer) {
				f.set("response_types_supported", []string{"code", "id_token", "id_token token"})
				f.set("grant_types_supported", []string{"authorization_code", "refresh_token", "password", "implicit"})
			},
			want: []check.Code{"legacy_grants_advertised"},
		},
		{
			name: "refused_in_a_place_without_a_document",
			plant: func(_ *testing.T, f *fakeServer) {
				f.answers[oauthPath] = status(http.StatusUnauthorized)
			},
		},
		{
			name: "null_for_what_is_absent",
			plant: func(_ *testing.T, f *fakeServer) {
				f.set("grant_types_supported", nil)
				f.oauth["grant_types_supported"], f.oauth["introspection_endpoint"] = nil, nil
				delete(f.oidc, "introspection_endpoint")
			},
		},
		{
			name: "nothing_there",
			plant: func(_ *testing.T, f *fakeServer) {
				f.oauth, f.oidc = nil, nil
			},
			want: []check.Code{"metadata_not_found"},
		},
		{
			name: "document_behind_status_502",
			plant: func(_ *testing.T, f *fakeServer) {
				f.answers[oauthPath] = status(http.StatusBadGateway)
			},
			want: []check.Code{"metadata_unavailable"},
		},
		{
			name: "down",
			plant: func(_ *testing.T, f *fakeServer) {
				f.Close()
			},
			want: []check.Code{"unreachable"},
		},
		{
			name: "redirect_and_content_type",
			plant: func(_ *testing.T, f *fakeServer) {
				f.answers[oauthPath] = func(w http.ResponseWriter, r *http.Request) {
					http.Redirect(w, r, oidcPath+"?token=secret", http.StatusFound)
				}
				f.header.Set("Content-Type", "text/plain; charset=utf-8")
				f.keysHeader.Set("Content-Type", "application/jwk-set+json")
			},
			want: []check.Code{"metadata_redirected", "metadata_content_type", "metadata_content_type"},
		},
		{
			name: "token_endpoint_refuses_preflight",
			plant: func(_ *testing.T, f *fakeServer) {
				f.answers["/token"] = status(http.StatusMethodNotAllowed)
			},
			want: []check.Code{"token_endpoint_without_cors"},
		},
	}
}

// TestBrokenServers holds that each planted fault is found, and nothing else is
// complained of.
func TestBrokenServers(t *testing.T) {
	t.Parallel()
	for _, test := range brokenServers() {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			f := newFakeServer(t, test.path, false)
			test.plant(t, f)
			report, err := check.AuthorizationServer(t.Context(), f.issuer, check.Options{})
			if err != nil {
				t.Fatal(err)
			}
			wantTroubles(t, report, test.want...)
			golden(t, report, "authserver/"+test.name, f.URL, "http://as.test", strings.ToUpper(f.URL), "HTTP://AS.TEST")
			f.mu.Lock()
			defer f.mu.Unlock()
			for _, method := range f.requests {
				if method != http.MethodGet && method != http.MethodOptions {
					t.Errorf("%s was sent, which may change something", method)
				}
			}
		})
	}
}

func TestAuthorizationServerOverTLS(t *testing.T) {
	t.Parallel()
	f := newFakeServer(t, "", true)
	roots := x509.NewCertPool()
	roots.AddCert(f.Certificate())
	now := time.Now()
	for _, test := range []struct {
		name string
		opts check.Options
		want []check.Code
	}{
		{"tls", check.Options{Network: network.Settings{RootCAs: roots}}, nil},
		{"tls_untrusted", check.Options{}, []check.Code{"tls_failed"}},
		{"tls_certificate_expiring", check.Options{Network: network.Settings{RootCAs: roots}, Now: func() time.Time {
			return f.Certificate().NotAfter.Add(-13 * 24 * time.Hour)
		}}, []check.Code{"certificate_expiring", "clock_off"}},
		{"tls_clock_within_a_minute", check.Options{Network: network.Settings{RootCAs: roots}, Now: func() time.Time { return now.Add(50 * time.Second) }}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			report, err := check.AuthorizationServer(t.Context(), f.issuer, test.opts)
			if err != nil {
				t.Fatal(err)
			}
			wantTroubles(t, report, test.want...)
			golden(t, report, "authserver/"+test.name, f.URL, "https://as.test")
		})
	}
}

func TestMetadataURLAsTarget(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, issuerPath, targetPath string
		plant                        func(*fakeServer)
		want                         []check.Code
	}{
		{name: "url_of_rfc_8414", issuerPath: "/one", targetPath: oauthPath + "/one"},
		{name: "url_of_openid_connect", issuerPath: "/one", targetPath: "/one" + oidcPath},
		{name: "url_with_slash_in_issuer", issuerPath: "/", targetPath: oidcPath},
		{name: "url_with_query", issuerPath: "/one", targetPath: "/one" + oidcPath + "?v=1"},
		{
			name: "url_with_slash", issuerPath: "/o", targetPath: "/o" + oidcPath + "/",
			plant: func(f *fakeServer) {
				f.answers["/o"+oidcPath+"/"] = func(w http.ResponseWriter, r *http.Request) { f.document(w, r, f.oidc, nil) }
				f.answers["/o"+oidcPath] = func(w http.ResponseWriter, r *http.Request) {
					http.Redirect(w, r, r.URL.Path+"/", http.StatusMovedPermanently)
				}
				f.oauth = nil
			},
			want: []check.Code{"metadata_redirected"},
		}, {
			name: "url_with_slash_only", issuerPath: "/o", targetPath: "/o" + oidcPath + "/",
			plant: func(f *fakeServer) {
				document := f.oidc
				f.oauth, f.oidc = nil, nil
				f.answers["/o"+oidcPath+"/"] = func(w http.ResponseWriter, r *http.Request) { f.document(w, r, document, nil) }
			},
			want: []check.Code{"metadata_elsewhere"},
		},
		{
			name: "url_of_nobody", issuerPath: "/one", targetPath: oauthPath + "/two",
			plant: func(f *fakeServer) {
				f.answers[oauthPath+"/two"] = func(w http.ResponseWriter, r *http.Request) { f.document(w, r, f.oauth, nil) }
			},
			want: []check.Code{"issuer_mismatch"},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			f := newFakeServer(t, test.issuerPath, false)
			if test.plant != nil {
				test.plant(f)
			}
			report, err := check.AuthorizationServer(t.Context(), f.URL+test.targetPath, check.Options{})
			if err != nil {
				t.Fatal(err)
			}
			wantTroubles(t, report, test.want...)
			golden(t, report, "authserver/"+test.name, f.URL, "http://as.test")
		})
	}
}

func TestTargetsThatAreNotAsked(t *testing.T) {
	t.Parallel()
	report, err := check.AuthorizationServer(t.Context(), "http://as.example", check.Options{})
	if err != nil {
		t.Fatal(err)
	}
	wantTroubles(t, report, "insecure_target")
	if len(report.Exchanges) > 0 {
		t.Error("something was sent in the clear")
	}
	for _, target := range []string{"", "as.example", "ftp://as.example", "https://", "https://user:password@as.example", "https://as.example?x=y", "https://as.example#x", "/.well-known/x"} {
		var fault *metadata.URLError
		if _, err := check.AuthorizationServer(t.Context(), target, check.Options{}); !errors.As(err, &fault) {
			t.Errorf("%q: error %v, want a URLError", target, err)
		}
	}
}

// TestMetadataURLHidesItsQuery holds that a key in the URL is in no report.
func TestMetadataURLHidesItsQuery(t *testing.T) {
	t.Parallel()
	f := newFakeServer(t, "", false)
	for _, place := range []string{"/.well-known/openid-configuration", "/.well-known/other"} {
		report, err := check.AuthorizationServer(t.Context(), f.URL+place+"?key=s3cr3t", check.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if data, err := json.Marshal(report); err != nil || bytes.Contains(data, []byte("s3cr3t")) {
			t.Errorf("%s: the report has the query (%v): %s", place, err, data)
		}
	}
}

func TestPrivateAddressIsBlocked(t *testing.T) {
	t.Parallel()
	report, err := check.AuthorizationServer(t.Context(), "https://10.0.0.1", check.Options{})
	if err != nil {
		t.Fatal(err)
	}
	wantTroubles(t, report, "address_blocked")
}

func TestCanceledCheckSaysSo(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	silent := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	}))
	t.Cleanup(silent.Close)
	report, err := check.AuthorizationServer(ctx, silent.URL, check.Options{})
	if !errors.Is(err, context.Canceled) || report == nil || len(report.Exchanges) != 1 {
		t.Errorf("error %v, report %+v; want canceled, and the one exchange", err, report)
	}
}

// TestTimeIsNoFault holds that a server is not blamed for what it was given no
// time for.
func TestTimeIsNoFault(t *testing.T) {
	t.Parallel()
	hang := func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
	for _, path := range []string{"/.well-known/oauth-authorization-server", "/jwks", "/token"} {
		f := newFakeServer(t, "", false)
		f.answers[path] = hang
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		defer cancel()
		report, err := check.AuthorizationServer(ctx, f.issuer, check.Options{})
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: error %v, want that of the deadline", path, err)
		}
		wantTroubles(t, report)
	}
}

func TestExchangesAreToldAsTheyHappen(t *testing.T) {
	t.Parallel()
	f := newFakeServer(t, "", false)
	var told []check.Exchange
	report, err := check.AuthorizationServer(t.Context(), f.issuer, check.Options{OnExchange: func(e check.Exchange) { told = append(told, e) }})
	if err != nil {
		t.Fatal(err)
	}
	if len(told) != 5 || !slices.Equal(told, report.Exchanges) {
		t.Errorf("told %v, reported %v; want the same five", told, report.Exchanges)
	}
}
