package check_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/check"
	"github.com/mcp-auth/go/mcpauthtest"
	"github.com/mcp-auth/go/metadata"
	"github.com/mcp-auth/go/policy"
)

const configSecret = "hush-hush-hush"

// configOf returns a configuration that is in order for the fake server.
func configOf(f *fakeServer) mcpauth.Config {
	return mcpauth.Config{
		Leeway: 5 * time.Second,
		Resources: []mcpauth.Resource{{
			Identifier:      "https://mcp.test/notes",
			ScopesSupported: []string{"read", "write"},
			AuthorizationServers: []mcpauth.AuthorizationServer{{
				Issuer:     f.issuer,
				Algorithms: []string{"ES256"},
				TokenTypes: []string{"at+jwt"},
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
		change func(*testing.T, *fakeServer, *mcpauth.Config)
		want   []check.Code
	}{
		{name: "in_order", change: func(*testing.T, *fakeServer, *mcpauth.Config) {}},
		{
			name: "refused",
			change: func(_ *testing.T, _ *fakeServer, c *mcpauth.Config) {
				c.Resources[0].Identifier = "x\ny"
				c.Resources[0].AuthorizationServers[0].Algorithms = []string{"HS256"}
				c.Leeway = time.Hour
				second := c.Resources[0]
				second.Identifier = "https://user:" + configSecret + "@mcp.test/notes"
				c.Resources = append(c.Resources, second)
			},
			want: []check.Code{"config_refused", "config_refused", "config_refused", "config_refused", "config_refused"},
		},
		{
			name: "doubtful",
			change: func(_ *testing.T, _ *fakeServer, c *mcpauth.Config) {
				c.Resources[0].Policy = &policy.Policy{Default: policy.Scopes("delete")}
			},
			want: []check.Code{"config_doubtful"},
		},
		{
			name: "settings",
			change: func(_ *testing.T, _ *fakeServer, c *mcpauth.Config) {
				c.Leeway, c.DangerouslyShowErrorDetails = time.Minute, true
			},
			want: []check.Code{"config_leeway_wide", "config_error_details"},
		},
		{
			name: "details_on_loopback",
			change: func(_ *testing.T, _ *fakeServer, c *mcpauth.Config) {
				c.DangerouslyShowErrorDetails = true
				c.Resources[0].Identifier = "http://localhost:8080/mcp/"
				c.Resources[0].ScopesSupported = nil
				c.Resources[0].AuthorizationServers[0].TokenTypes = nil
			},
		},
		{
			name: "identifier_root_and_case",
			change: func(_ *testing.T, _ *fakeServer, c *mcpauth.Config) {
				c.Resources[0].Identifier = "https://MCP.test:443"
			},
			want: []check.Code{"config_identifier_root", "config_identifier_rewritten"},
		},
		{
			name: "identifier_root_with_audience",
			change: func(_ *testing.T, _ *fakeServer, c *mcpauth.Config) {
				c.Resources[0].Identifier = "https://mcp.test"
				c.Resources[0].AuthorizationServers[0].Audiences = []string{"https://mcp.test/"}
			},
		},
		{
			name: "identifier_query",
			change: func(_ *testing.T, _ *fakeServer, c *mcpauth.Config) {
				c.Resources[0].Identifier += "?tenant=1"
			},
			want: []check.Code{"config_identifier_query"},
		},
		{
			name: "scopes_unknown",
			change: func(_ *testing.T, _ *fakeServer, c *mcpauth.Config) {
				c.Resources[0].ScopesSupported = []string{"read", "delete"}
			},
			want: []check.Code{"config_scope_unknown"},
		},
		{
			name: "scopes_of_openid_connect_alone",
			change: func(_ *testing.T, f *fakeServer, _ *mcpauth.Config) {
				f.set("scopes_supported", []string{"openid", "offline_access"})
			},
		},
		{
			name: "algorithms_without_key",
			change: func(_ *testing.T, _ *fakeServer, c *mcpauth.Config) {
				c.Resources[0].AuthorizationServers[0].Algorithms = []string{"RS256", "EdDSA"}
			},
			want: []check.Code{"config_algorithms_without_key"},
		},
		{
			name: "no_keys_and_no_introspection",
			change: func(_ *testing.T, f *fakeServer, _ *mcpauth.Config) {
				f.set("jwks_uri", nil)
				f.set("introspection_endpoint", nil)
			},
			want: []check.Code{"config_keys_missing"},
		},
		{
			name: "verifier_of_its_own", // such as provider.Google
			change: func(_ *testing.T, f *fakeServer, c *mcpauth.Config) {
				f.set("jwks_uri", nil)
				f.set("introspection_endpoint", nil)
				server := &c.Resources[0].AuthorizationServers[0]
				server.Verifier = noVerifier()
				server.Algorithms, server.TokenTypes = nil, nil
				server.Audiences = []string{"1234-abc.apps.googleusercontent.com"}
			},
		},
		{
			name: "introspection_without_endpoint",
			change: func(_ *testing.T, f *fakeServer, c *mcpauth.Config) {
				f.set("introspection_endpoint", nil)
				c.Resources[0].AuthorizationServers[0].Introspection = introspection("client_secret_basic")
			},
			want: []check.Code{"config_introspection_missing"},
		},
		{
			name: "introspection_method",
			change: func(_ *testing.T, _ *fakeServer, c *mcpauth.Config) {
				c.Resources[0].AuthorizationServers[0].Introspection = introspection("client_secret_post")
			},
			want: []check.Code{"config_introspection_method"},
		},
		{
			name: "introspection_endpoint_of_its_own",
			change: func(_ *testing.T, f *fakeServer, c *mcpauth.Config) {
				f.answers["/jwks"] = status(http.StatusInternalServerError) // not asked for
				in := introspection("client_secret_post")
				in.Endpoint, in.Tokens = "https://other.test/introspect", mcpauth.AllTokens
				c.Resources[0].AuthorizationServers[0].Introspection = in
			},
		},
		{
			name: "dpop_required",
			change: func(_ *testing.T, _ *fakeServer, c *mcpauth.Config) {
				c.Resources[0].DPoP = &mcpauth.DPoP{Required: true, Algorithms: []string{"EdDSA"}}
			},
			want: []check.Code{"config_dpop_not_supported"},
		},
		{
			name: "audiences", path: "/realms/one",
			change: func(_ *testing.T, f *fakeServer, c *mcpauth.Config) {
				c.Resources[0].AuthorizationServers[0].TokenTypes = nil
				c.Resources[0].AuthorizationServers[0].Audiences = []string{
					"account", f.issuer + "/userinfo", // for others
					"6c1b9b5e-7d3c-4f2a-9b1e-0123456789ab", "0oa1b2c3d4e5f6g7h8i9", // client ids
					"https://api.test", "notes-api", "api://notes", "notesforeverybodyathome",
				}
				second := c.Resources[0]
				second.Identifier = "https://mcp.test/other"
				second.AuthorizationServers = slices.Clone(second.AuthorizationServers)
				second.AuthorizationServers[0].Audiences = []string{"notes-api"}
				c.Resources = append(c.Resources, second)
			},
			want: []check.Code{
				"config_audience_shared", "config_audience_shared", "config_audience_shared",
				"config_audience_client_id", "config_audience_client_id",
			},
		},
		{
			name: "documents_by_hand",
			change: func(t *testing.T, f *fakeServer, c *mcpauth.Config) {
				document := metadata.AuthorizationServer{}
				encoded, err := json.Marshal(f.oauth)
				if err != nil {
					t.Fatal(err)
				}
				if err := json.Unmarshal(encoded, &document); err != nil {
					t.Fatal(err)
				}
				server := &c.Resources[0].AuthorizationServers[0]
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
			change: func(t *testing.T, f *fakeServer, c *mcpauth.Config) {
				keys, err := json.Marshal(map[string]any{"keys": f.keys})
				if err != nil {
					t.Fatal(err)
				}
				c.Resources[0].AuthorizationServers[0].JWKS, c.Resources[0].AuthorizationServers[0].Algorithms = keys, []string{"RS256"}
				f.Close()
			},
			want: []check.Code{"unreachable", "config_algorithms_without_key"},
		},
		{
			name: "metadata_url_and_repair",
			change: func(_ *testing.T, f *fakeServer, c *mcpauth.Config) {
				wrapped := map[string]any{"broken": f.oauth}
				f.answers["/metadata"] = func(w http.ResponseWriter, r *http.Request) { f.document(w, r, wrapped, nil) }
				f.oauth, f.oidc = nil, nil // not asked for
				c.Resources[0].AuthorizationServers[0].MetadataURL = f.URL + "/metadata"
				c.Resources[0].AuthorizationServers[0].RepairMetadata = func(document []byte) ([]byte, error) {
					var w struct{ Broken json.RawMessage }
					err := json.Unmarshal(document, &w)
					return w.Broken, err
				}
			},
		},
		{
			name: "keys_repaired",
			change: func(_ *testing.T, f *fakeServer, c *mcpauth.Config) {
				sound := f.keys
				f.keys = nil // not in the form of a set, until repaired
				c.Resources[0].AuthorizationServers[0].RepairJWKS = func([]byte) ([]byte, error) {
					return json.Marshal(map[string]any{"keys": sound})
				}
			},
		},
		{
			name: "repair_fails",
			change: func(_ *testing.T, _ *fakeServer, c *mcpauth.Config) {
				c.Resources[0].AuthorizationServers[0].RepairJWKS = func([]byte) ([]byte, error) { panic(configSecret) }
			},
			want: []check.Code{"keys_malformed"},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			f := newFakeServer(t, test.path, false)
			config := configOf(f)
			test.change(t, f, &config)
			report := checkConfiguration(t, config)
			wantTroubles(t, report, test.want...)
			golden(t, report, "configuration/"+test.name, f.URL, "http://as.test")
		})
	}
}

// introspection returns an introspection whose secret must not be in a report.
func introspection(method mcpauth.ClientAuthMethod) *mcpauth.Introspection {
	return &mcpauth.Introspection{ClientID: "notes", ClientSecret: configSecret, AuthMethod: method}
}

func noVerifier() mcpauth.Verifier {
	return mcpauth.VerifierFunc(func(context.Context, string) (*mcpauth.Claims, error) {
		return nil, errors.New("nothing asks the verifier")
	})
}

// checkConfiguration checks a configuration, and holds that the report has no
// secret.
func checkConfiguration(t *testing.T, config mcpauth.Config) *check.Report {
	t.Helper()
	report, err := check.Configuration(t.Context(), config, check.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := report.WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(b.String(), configSecret) {
		t.Error("the report shows a secret")
	}
	return report
}

// twoResources returns a configuration of two resources that trust one server.
func twoResources(t *testing.T) (*mcpauthtest.Server, mcpauth.Config) {
	t.Helper()
	as, err := mcpauthtest.NewServer(mcpauthtest.Config{Scopes: []string{"read"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { as.Close() })
	first := mcpauth.Resource{
		Identifier:      "https://api.example.com/notes",
		ScopesSupported: []string{"read"},
		AuthorizationServers: []mcpauth.AuthorizationServer{{
			Issuer: as.Issuer(), TokenTypes: []string{"at+jwt"},
			Introspection: introspection(""),
		}},
	}
	second := first
	second.Identifier = "https://api.example.com/todos"
	second.AuthorizationServers = []mcpauth.AuthorizationServer{{Issuer: as.Issuer(), TokenTypes: []string{"at+jwt"}}}
	return as, mcpauth.Config{Resources: []mcpauth.Resource{first, second}}
}

// TestConfigurationChecksServersOnce holds that resources which trust a server
// alike share its part of the report.
func TestConfigurationChecksServersOnce(t *testing.T) {
	t.Parallel()
	_, config := twoResources(t)
	report := checkConfiguration(t, config)
	if report.Kind != check.KindConfiguration || report.Target != "https://api.example.com/notes, https://api.example.com/todos" {
		t.Errorf("the report is on %s %q", report.Kind, report.Target)
	}
	wantTroubles(t, report)
	if len(report.Parts) != 1 {
		t.Errorf("%d parts, want one: both resources trust one server", len(report.Parts))
	}
}

// TestConfigurationFetchesNothingGiven holds that documents in the configuration
// are not fetched, and that a verifier needs no keys.
func TestConfigurationFetchesNothingGiven(t *testing.T) {
	t.Parallel()
	as, config := twoResources(t)
	config.Resources = config.Resources[1:]
	config.Resources[0].AuthorizationServers[0].Metadata = as.Metadata()
	config.Resources[0].AuthorizationServers[0].Verifier = noVerifier()
	before := as.Requests()
	checkConfiguration(t, config)
	if after := as.Requests(); after.Metadata != before.Metadata || after.JWKS != before.JWKS {
		t.Errorf("requests %+v, before %+v: metadata or keys were fetched", after, before)
	}
}

// TestConfigurationLogsNothing holds that warnings are findings only.
func TestConfigurationLogsNothing(t *testing.T) {
	t.Parallel()
	_, config := twoResources(t)
	var logged strings.Builder
	config.Logger = slog.New(slog.NewTextHandler(&logged, nil))
	config.Resources[0].Policy = &policy.Policy{Default: policy.Scopes("delete")}
	wantTroubles(t, checkConfiguration(t, config), "config_doubtful")
	if logged.Len() > 0 {
		t.Errorf("logged: %s", logged.String())
	}
}

func TestConfigurationEndsWithItsContext(t *testing.T) {
	t.Parallel()
	_, config := twoResources(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if report, err := check.Configuration(ctx, config, check.Options{}); !errors.Is(err, context.Canceled) || len(report.Exchanges) > 0 {
		t.Errorf("error %v, report %+v; want canceled and nothing asked", err, report)
	}
}
