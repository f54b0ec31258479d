package account

import (
	"maps"
	"strings"
	"testing"

	"github.com/mcp-auth/go/client"
)

// What is known of a provider is applied and said, once; what the user says is
// added to it.
//
// Covers CL3.
func TestDeviations(t *testing.T) {
	t.Parallel()
	const server, auth0 = "https://mcp.example.com/mcp?project=1", "https://tenant.eu.auth0.com/"
	var out strings.Builder
	known := deviations{}.lookup(server, &out)
	if as := known(auth0); as.AuthorizationParameters["audience"] != "https://mcp.example.com/mcp" || as.DangerouslyAssumePKCE {
		t.Errorf("settings %+v", as)
	}
	known(auth0)
	if strings.Count(out.String(), "Auth0 does not conform") != 1 || !strings.Contains(out.String(), "\n- ") {
		t.Errorf("the user was told %q", out.String())
	}
	out.Reset()
	if as := known("https://as.example.com"); as.OmitResource || as.OwnIssuer != "" || len(as.AuthorizationParameters) > 0 || out.Len() > 0 {
		t.Errorf("settings %+v, %q for a server nobody knows", as, out.String())
	}

	chosen := deviations{
		AssumePKCE: true, OmitResource: true, OwnIssuer: "https://own.example.com",
		AuthorizationParameters: map[string]string{"audience": "other", "prompt": "consent"}, TokenParameters: map[string]string{"x": "y"},
	}
	want := map[string]string{"audience": "other", "prompt": "consent"}
	as := chosen.lookup(server, &out)(auth0)
	if !as.DangerouslyAssumePKCE || !as.OmitResource || as.OwnIssuer != chosen.OwnIssuer || !maps.Equal(as.AuthorizationParameters, want) || as.TokenParameters["x"] != "y" {
		t.Errorf("settings %+v", as)
	}
}

// What the user says of one authorization server is not for another one, which
// the MCP server may name some day.
//
// Covers CL2, CL3.
func TestDeviationsAreBound(t *testing.T) {
	t.Parallel()
	chosen := deviations{AssumePKCE: true, OwnIssuer: "https://own.example.com"}
	chosen.bind("https://as.example.com")
	lookup := chosen.lookup("https://mcp.example.com/mcp", &strings.Builder{})
	if as := lookup("https://as.example.com"); !as.DangerouslyAssumePKCE || as.OwnIssuer == "" {
		t.Errorf("settings %+v", as)
	}
	if as := lookup("https://evil.example.com"); as.DangerouslyAssumePKCE || as.OwnIssuer != "" {
		t.Errorf("settings %+v for another server", as)
	}
	var nothing deviations
	if nothing.bind("https://as.example.com"); nothing.Issuer != "" {
		t.Error("nothing was bound")
	}
}

// The settings of a login are found whatever the query of the server's URL.
func TestSettingsWithQuery(t *testing.T) {
	t.Parallel()
	const server = "https://mcp.example.com/mcp"
	for saved, asked := range map[string]string{
		server: server + "?a=1", server + "?a=1": server, server + "?b=1": server + "?a=2", server + "?c=1": server + "?c=1",
	} {
		store := client.NewMemoryStore()
		if err := (settings{ClientID: "x"}).save(t.Context(), store, saved); err != nil {
			t.Fatal(err)
		}
		if got, err := loadSettings(t.Context(), store, asked); err != nil || got.ClientID != "x" {
			t.Errorf("saved for %s, asked for %s: %+v, %v", saved, asked, got, err)
		}
		if got, err := loadSettings(t.Context(), store, "https://mcp.example.com/other"); err != nil || got.ClientID != "" {
			t.Errorf("another server: %+v, %v", got, err)
		}
		if err := forgetSettings(t.Context(), store, saved); err != nil {
			t.Fatal(err)
		}
		if got, err := loadSettings(t.Context(), store, saved); err != nil || got.ClientID != "" {
			t.Errorf("after the logout: %+v, %v", got, err)
		}
	}
}
