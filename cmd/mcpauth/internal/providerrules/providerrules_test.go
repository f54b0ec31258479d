package providerrules

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/mcp-auth/go/client"
	"github.com/mcp-auth/go/network"
)

const tenant = "aaaabbbb-0000-cccc-1111-dddd2222eeee"

// vendors are the MCP servers that people have, with the quirks that the profiles
// describe.
func vendors() map[string]*vendor {
	const entra, cognito = "https://login.microsoftonline.com/" + tenant + "/v2.0", "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbCdEf"
	return map[string]*vendor{
		"Entra ID": {
			server: "https://mcp.example.com/mcp", issuer: entra, own: entra,
			origin: "https://login.microsoftonline.com/" + tenant + "/oauth2/v2.0", hidesPKCE: true, refusesResource: true,
		},
		"Google Workspace": {
			server: "https://calendarmcp.googleapis.com/mcp/v1", issuer: "https://accounts.google.com/", own: "https://accounts.google.com",
			origin: "https://oauth2.googleapis.com", needsSecret: true, promisesIss: true,
			authorization: map[string]string{"access_type": "offline", "prompt": "consent"},
		},
		"Atlassian": {
			server: "https://mcp.atlassian.com/v1/mcp", issuer: "https://mcp.atlassian.com/", own: "https://cf.mcp.atlassian.com",
			origin: "https://cf.mcp.atlassian.com/v1", registers: true,
		},
		"Atlassian, second authorization server": {
			server: "https://mcp.atlassian.com/v1/mcp/authv2", issuer: "https://auth.atlassian.com/VCeDsk8ZHncYF1g234fKtc4lNipbBhu3",
			own: "https://auth.atlassian.com", origin: "https://auth.atlassian.com", registers: true,
		},
		"Slack": {
			server: "https://mcp.slack.com/mcp", issuer: "https://mcp.slack.com", own: "https://slack.com", origin: "https://slack.com/oauth/v2_user",
		},
		"Slack, since August 2026": {
			server: "https://mcp.slack.com/mcp", issuer: "https://mcp.slack.com", own: "https://mcp.slack.com", origin: "https://slack.com/oauth/v2_user",
		},
		"GitHub": {
			server: "https://api.githubcopilot.com/mcp/", issuer: "https://github.com/login/oauth", own: "https://github.com/login/oauth",
			origin: "https://github.com/login/oauth", needsSecret: true, errorsInSuccess: true,
		},
		"Supabase": {
			server: "https://mcp.supabase.com/mcp?project_ref=abc&features=docs", issuer: "https://api.supabase.com", own: "https://api.supabase.com",
			origin: "https://api.supabase.com/v1/oauth", registers: true, tokenStatus: http.StatusCreated,
		},
		"Cognito": {
			server: "https://mcp.example.com/mcp", issuer: cognito, own: cognito,
			origin: "https://pool.auth.eu-west-1.amazoncognito.com/oauth2", hidesPKCE: true,
		},
		"Auth0": {
			server: "https://mcp.example.com/mcp", issuer: "https://tenant.eu.auth0.com/", own: "https://tenant.eu.auth0.com/",
			origin: "https://tenant.eu.auth0.com", registers: true, authorization: map[string]string{"audience": "https://mcp.example.com/mcp"},
		},
		"Salesforce": {
			server: "https://api.salesforce.com/platform/mcp/v1/platform/sobject-reads",
			issuer: "https://api.salesforce.com:443/platform/mcp/v1/platform/sobject-reads", own: "https://login.salesforce.com",
			origin: "https://login.salesforce.com/services/oauth2", scopes: []string{"mcp_api", "refresh_token"},
		},
		"Linear": {
			server: "https://mcp.linear.app/mcp", issuer: "https://mcp.linear.app", own: "https://mcp.linear.app", origin: "https://mcp.linear.app", registers: true,
		},
	}
}

// login logs in at a vendor, with or without what the profiles know.
func login(t *testing.T, v *vendor, known bool) error {
	t.Helper()
	v.resource, _, _ = strings.Cut(v.server, "?")
	if v.tokenStatus == 0 {
		v.tokenStatus = http.StatusOK
	}
	world := newInternet(t, v, v.hosts()...)
	config := client.Config{
		ServerURL: v.server,
		Network:   network.Settings{Proxy: world.via, RootCAs: world.roots},
		Grant: client.AuthorizationCode{Callback: func(ctx context.Context, target string) (string, error) {
			r, err := http.NewRequestWithContext(ctx, http.MethodGet, target, nil)
			if err != nil {
				return "", err
			}
			response, err := world.transport().RoundTrip(r)
			if err != nil {
				return "", err
			}
			defer response.Body.Close()
			return response.Header.Get("Location"), nil
		}},
	}
	if !v.registers {
		config.Credentials = []client.Credentials{{Issuer: v.issuer, ClientID: "by-hand"}}
		if v.needsSecret {
			config.Credentials[0].ClientSecret = "the-secret"
		}
	}
	if known {
		config.LookupAuthorizationServer = func(issuer string) *client.AuthorizationServer {
			rules, err := For(issuer, v.server)
			if err != nil || rules == nil {
				t.Errorf("%s: rules %v, %v", issuer, rules, err)
				return nil
			}
			settings := rules.Settings
			settings.DangerouslyAssumePKCE = rules.PKCE != "" // the user's flag
			return &settings
		}
	}
	c, err := client.New(config)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, v.server, strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	response, err := c.Transport(world.transport()).RoundTrip(r)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		t.Errorf("status %d after the login", response.StatusCode)
	}
	return nil
}

// The client logs in at each provider, by what the profiles know of it. Without
// that, the quirks that break the rules end the login.
//
// Covers CL2, CL3, CL4, CL6.
func TestLoginAtProviders(t *testing.T) {
	t.Parallel()
	conforms := map[string]bool{ // enough for a client that has the registration
		"Slack, since August 2026": true, "GitHub": true, "Supabase": true, "Linear": true,
	}
	for name := range vendors() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if err := login(t, vendors()[name], true); err != nil {
				t.Errorf("with the profile: %v", err)
			}
			if err := login(t, vendors()[name], false); (err == nil) != conforms[name] {
				t.Errorf("without the profile: error %v", err)
			}
		})
	}
}

// Linear's client registers with its scopes at once.
func TestLinearRegistersScopes(t *testing.T) {
	t.Parallel()
	linear := vendors()["Linear"]
	if err := login(t, linear, true); err != nil {
		t.Fatal(err)
	}
	if linear.registered != "read" {
		t.Errorf("registered with %q", linear.registered)
	}
}

// What the profiles apply is said, with a date and a source; PKCE is never assumed
// without the user.
//
// Covers CL3.
func TestRulesAreTold(t *testing.T) {
	t.Parallel()
	for name, v := range vendors() {
		rules, err := For(v.issuer, v.server)
		if err != nil || rules == nil {
			t.Fatalf("%s: %v, %v", name, rules, err)
		}
		if rules.Settings.DangerouslyAssumePKCE {
			t.Errorf("%s: PKCE is assumed", name)
		}
		if v.hidesPKCE != (rules.PKCE != "") {
			t.Errorf("%s: PKCE %q", name, rules.PKCE)
		}
		for _, text := range append(rules.Deviations, rules.Notes...) {
			if !strings.Contains(text, "(202") && !strings.HasSuffix(text, "(unverified)") || strings.Contains(text, "`") {
				t.Errorf("%s: %q has no date", name, text)
			}
		}
	}
	if rules, err := For("https://as.example.com", "https://mcp.example.com/mcp"); rules != nil || err != nil {
		t.Errorf("rules %v, %v for a server nobody knows", rules, err)
	}
}
