package check_test

import (
	"slices"
	"strings"
	"testing"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/check"
	"github.com/mcp-auth/go/network"
)

// plainHost is a host that is not loopback by its spelling, but is reached there.
const plainHost = "::ffff:127.0.0.1"

func onPlainHost(text string) string {
	return strings.Replace(text, "127.0.0.1", "["+plainHost+"]", 1)
}

// moveToPlainHost has documents name URLs of the host.
func moveToPlainHost(documents ...map[string]any) {
	for _, document := range documents {
		for member, value := range document {
			switch value := value.(type) {
			case string:
				document[member] = onPlainHost(value)
			case []string:
				for i := range value {
					value[i] = onPlainHost(value[i])
				}
			}
		}
	}
}

func newPlainServer(t *testing.T) *fakeServer {
	t.Helper()
	f := newFakeServer(t, "/tenant", false)
	moveToPlainHost(f.oauth, f.oidc)
	f.URL, f.issuer = onPlainHost(f.URL), onPlainHost(f.issuer)
	return f
}

// TestNamedHostsMayBeHTTP holds that a server which is plain http is checked, with a
// warning, if its host is named, and that nothing is sent to it otherwise.
func TestNamedHostsMayBeHTTP(t *testing.T) {
	t.Parallel()
	as, f := newPlainServer(t), newFakeMCP(t, "/mcp")
	moveToPlainHost(f.path)
	f.path["authorization_servers"] = []string{as.issuer}
	f.challenge[0] = onPlainHost(f.challenge[0])
	f.URL, f.url, f.noOriginCheck = onPlainHost(f.URL), onPlainHost(f.url), true // not a server on loopback
	for name, target := range map[string]string{
		"issuer": as.issuer, "metadata": as.URL + oauthPath + "/tenant", "MCP server": f.url,
	} {
		for _, hosts := range [][]string{{plainHost}, {"other"}, nil} {
			report, err := check.URL(t.Context(), target, check.Options{Network: network.Settings{DangerouslyAllowHTTP: hosts}})
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Contains(hosts, plainHost) {
				wantTroubles(t, report, "insecure_target")
				if len(report.Exchanges) > 0 {
					t.Errorf("%s, allowed %v: something was sent in the clear", name, hosts)
				}
				continue
			}
			isServer := name == "MCP server"
			want := []check.Code{"plain_http_allowed"}
			if isServer { // and its authorization server
				want = append(want, want...)
			}
			wantTroubles(t, report, want...)
			if isServer != (report.Kind == check.KindServer) {
				t.Errorf("%s is taken for %s", name, report.Kind)
			}
		}
	}
}

// TestOnlyNamedServersNameNamedHosts holds that a server that is not itself on a
// named host cannot have its clients use http there.
func TestOnlyNamedServersNameNamedHosts(t *testing.T) {
	t.Parallel()
	f := newFakeServer(t, "", false)
	f.oauth["token_endpoint"] = onPlainHost(f.URL + "/token")
	f.oidc["token_endpoint"] = f.oauth["token_endpoint"]
	report, err := check.AuthorizationServer(t.Context(), f.issuer, check.Options{Network: network.Settings{DangerouslyAllowHTTP: []string{plainHost}}})
	if err != nil {
		t.Fatal(err)
	}
	wantTroubles(t, report, "endpoint_invalid")
}

// TestConfigurationWithNamedHosts holds that the hosts of a configuration count.
func TestConfigurationWithNamedHosts(t *testing.T) {
	t.Parallel()
	as := newPlainServer(t)
	report, err := check.Configuration(t.Context(), mcpauth.Config{
		Resources: []mcpauth.Resource{{
			Identifier: "https://mcp.example.com/mcp", ScopesSupported: []string{"read"},
			AuthorizationServers: []mcpauth.AuthorizationServer{{Issuer: as.issuer, TokenTypes: []string{"at+jwt"}}},
		}},
		Network: network.Settings{DangerouslyAllowHTTP: []string{plainHost}},
	}, check.Options{})
	if err != nil {
		t.Fatal(err)
	}
	wantTroubles(t, report, "config_doubtful", "plain_http_allowed")
}
