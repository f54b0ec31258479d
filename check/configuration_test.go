package check_test

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/mcp-auth/go/check"
	"github.com/mcp-auth/go/metadata"
)

// setupOf is a configuration that is in order for the fake server.
func setupOf(f *fakeServer) check.Setup {
	return check.Setup{
		Name:   "test",
		Leeway: 5 * time.Second,
		Resources: []check.ResourceSetup{{
			Identifier:      "https://mcp.test/notes",
			ScopesSupported: []string{"read", "write"},
			Servers: []check.ServerSetup{{
				ServerSource: check.ServerSource{Source: metadata.Source{Issuer: f.issuer}},
				Algorithms:   []string{"ES256"},
				TokenTypes:   []string{"at+jwt"},
			}},
		}},
	}
}

func TestConfiguration(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		path string // of the issuer
		// change plants a fault in the setup or in the server.
		change func(*testing.T, *fakeServer, *check.Setup)
		want   []check.Code
	}{
		{name: "in_order", change: func(*testing.T, *fakeServer, *check.Setup) {}},
		{
			name: "refused_and_doubtful",
			change: func(_ *testing.T, _ *fakeServer, s *check.Setup) {
				s.Faults = []check.Problem{{"Resources[0].Identifier", "x\ny", "it is no URL"}}
				s.Warnings = []check.Problem{{"Resources[0].Policy", "", "it is doubtful"}}
				s.Resources = nil
			},
			want: []check.Code{check.ConfigRefused, check.ConfigDoubtful},
		},
		{
			name: "settings",
			change: func(_ *testing.T, _ *fakeServer, s *check.Setup) {
				s.Leeway, s.ShowsErrorDetails = time.Minute, true
			},
			want: []check.Code{check.ConfigLeewayWide, check.ConfigErrorDetails},
		},
		{
			name: "details_on_loopback",
			change: func(_ *testing.T, _ *fakeServer, s *check.Setup) {
				s.ShowsErrorDetails = true
				s.Resources[0].Identifier = "http://localhost:8080/mcp/"
				s.Resources[0].ScopesSupported = nil
				s.Resources[0].Servers[0].TokenTypes = nil
			},
		},
		{
			name: "identifier_root_and_case",
			change: func(_ *testing.T, _ *fakeServer, s *check.Setup) {
				s.Resources[0].Identifier = "https://MCP.test:443"
			},
			want: []check.Code{check.ConfigIdentifierRoot, check.ConfigIdentifierRewritten},
		},
		{
			name: "identifier_root_with_audience",
			change: func(_ *testing.T, _ *fakeServer, s *check.Setup) {
				s.Resources[0].Identifier = "https://mcp.test"
				s.Resources[0].Servers[0].Audiences = []string{"https://mcp.test/"}
			},
		},
		{
			name: "identifier_query",
			change: func(_ *testing.T, _ *fakeServer, s *check.Setup) {
				s.Resources[0].Identifier += "?tenant=1"
			},
			want: []check.Code{check.ConfigIdentifierQuery},
		},
		{
			name: "scopes_unknown",
			change: func(_ *testing.T, _ *fakeServer, s *check.Setup) {
				s.Resources[0].ScopesSupported = []string{"read", "delete"}
			},
			want: []check.Code{check.ConfigScopeUnknown},
		},
		{
			name: "scopes_of_openid_connect_alone",
			change: func(_ *testing.T, f *fakeServer, _ *check.Setup) {
				f.set("scopes_supported", []string{"openid", "offline_access"})
			},
		},
		{
			name: "algorithms_without_key",
			change: func(_ *testing.T, _ *fakeServer, s *check.Setup) {
				s.Resources[0].Servers[0].Algorithms = []string{"RS256", "EdDSA"}
			},
			want: []check.Code{check.ConfigAlgorithmsWithoutKey},
		},
		{
			name: "no_keys_and_no_introspection",
			change: func(_ *testing.T, f *fakeServer, _ *check.Setup) {
				f.set("jwks_uri", nil)
				f.set("introspection_endpoint", nil)
			},
			want: []check.Code{check.Code(metadata.JWKSURIMissing), check.ConfigKeysMissing},
		},
		{
			name: "verifier_of_its_own", // such as provider.Google
			change: func(_ *testing.T, f *fakeServer, s *check.Setup) {
				f.set("jwks_uri", nil)
				f.set("introspection_endpoint", nil)
				server := &s.Resources[0].Servers[0]
				server.CustomVerifier, server.Keyless = true, true
				server.Algorithms, server.TokenTypes = nil, nil
				server.Audiences = []string{"1234-abc.apps.googleusercontent.com"}
			},
		},
		{
			name: "introspection_without_endpoint",
			change: func(_ *testing.T, f *fakeServer, s *check.Setup) {
				f.set("introspection_endpoint", nil)
				s.Resources[0].Servers[0].Introspection = &check.IntrospectionSetup{AuthMethod: "client_secret_basic"}
			},
			want: []check.Code{check.ConfigIntrospectionMissing},
		},
		{
			name: "introspection_method",
			change: func(_ *testing.T, _ *fakeServer, s *check.Setup) {
				s.Resources[0].Servers[0].Introspection = &check.IntrospectionSetup{AuthMethod: "private_key_jwt"}
			},
			want: []check.Code{check.ConfigIntrospectionMethod},
		},
		{
			name: "introspection_endpoint_of_its_own",
			change: func(_ *testing.T, f *fakeServer, s *check.Setup) {
				f.answers["/jwks"] = status(http.StatusInternalServerError) // not asked for
				s.Resources[0].Servers[0].Introspection = &check.IntrospectionSetup{Endpoint: "https://other.test/introspect", AuthMethod: "private_key_jwt"}
				s.Resources[0].Servers[0].Keyless = true
			},
		},
		{
			name: "dpop_required",
			change: func(_ *testing.T, _ *fakeServer, s *check.Setup) {
				s.Resources[0].DPoPRequired, s.Resources[0].DPoPAlgorithms = true, []string{"EdDSA"}
			},
			want: []check.Code{check.ConfigDPoPNotSupported},
		},
		{
			name: "audiences", path: "/realms/one",
			change: func(_ *testing.T, f *fakeServer, s *check.Setup) {
				s.Resources[0].Servers[0].TokenTypes = nil
				s.Resources[0].Servers[0].Audiences = []string{
					"account", f.issuer + "/userinfo", // for others
					"6c1b9b5e-7d3c-4f2a-9b1e-0123456789ab", "0oa1b2c3d4e5f6g7h8i9", // client ids
					"https://api.test", "notes-api", "api://notes", "notesforeverybodyathome",
				}
				second := s.Resources[0]
				second.Identifier = "https://mcp.test/other"
				second.Servers = []check.ServerSetup{second.Servers[0]}
				second.Servers[0].Audiences = []string{"notes-api"}
				s.Resources = append(s.Resources, second)
			},
			want: []check.Code{
				check.ConfigAudienceShared, check.ConfigAudienceShared, check.ConfigAudienceShared,
				check.ConfigAudienceClientID, check.ConfigAudienceClientID,
			},
		},
		{
			name: "documents_by_hand",
			change: func(t *testing.T, f *fakeServer, s *check.Setup) {
				document := metadata.AuthorizationServer{}
				encoded, err := json.Marshal(f.oauth)
				if err != nil {
					t.Fatal(err)
				}
				if err := json.Unmarshal(encoded, &document); err != nil {
					t.Fatal(err)
				}
				server := &s.Resources[0].Servers[0]
				server.Metadata = &document
				if server.JWKS, err = json.Marshal(map[string]any{"keys": f.keys}); err != nil {
					t.Fatal(err)
				}
				f.oauth, f.oidc = nil, nil // not fetched
				f.answers["/jwks"] = status(http.StatusInternalServerError)
			},
		},
		{
			name: "keys_by_hand_of_a_server_that_is_down",
			change: func(t *testing.T, f *fakeServer, s *check.Setup) {
				keys, err := json.Marshal(map[string]any{"keys": f.keys})
				if err != nil {
					t.Fatal(err)
				}
				s.Resources[0].Servers[0].JWKS, s.Resources[0].Servers[0].Algorithms = keys, []string{"RS256"}
				f.Close()
			},
			want: []check.Code{check.Unreachable, check.ConfigAlgorithmsWithoutKey},
		},
		{
			name: "metadata_url_and_repair",
			change: func(_ *testing.T, f *fakeServer, s *check.Setup) {
				wrapped := map[string]any{"broken": f.oauth}
				f.answers["/metadata"] = func(w http.ResponseWriter, r *http.Request) { f.document(w, r, wrapped, nil) }
				f.oauth, f.oidc = nil, nil // not asked for
				s.Resources[0].Servers[0].URL = f.URL + "/metadata"
				s.Resources[0].Servers[0].Repair = func(document []byte) ([]byte, error) {
					var w struct{ Broken json.RawMessage }
					err := json.Unmarshal(document, &w)
					return w.Broken, err
				}
			},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			f := newFakeServer(t, test.path, false)
			setup := setupOf(f)
			test.change(t, f, &setup)
			report, err := check.Configuration(t.Context(), setup, check.Options{})
			if err != nil {
				t.Fatal(err)
			}
			wantTroubles(t, report, test.want...)
			golden(t, report, "configuration/"+test.name, f.URL, "http://as.test")
		})
	}
}
