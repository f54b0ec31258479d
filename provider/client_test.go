package provider_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mcp-auth/go/metadata"
	"github.com/mcp-auth/go/provider"
)

func clientProfiles(t *testing.T) []*provider.ClientProfile {
	t.Helper()
	profiles, err := provider.ClientProfiles()
	if err != nil {
		t.Fatal(err)
	}
	return profiles
}

// The providers that people have are known.
func TestClientProfilesAreThere(t *testing.T) {
	t.Parallel()
	var names []string
	for _, p := range clientProfiles(t) {
		names = append(names, p.Name)
	}
	for _, want := range []string{
		"atlassian", "auth0", "cognito", "entra-v2", "github", "google", "linear", "salesforce", "slack", "supabase",
	} {
		if !slices.Contains(names, want) {
			t.Errorf("%s is not known", want)
		}
	}
}

// What a client does at an issuer is for this issuer only.
func TestForClient(t *testing.T) {
	t.Parallel()
	for issuer, want := range map[string]string{
		"https://login.microsoftonline.com/aaaabbbb-0000-cccc-1111-dddd2222eeee/v2.0": "entra-v2",
		"https://accounts.google.com":                                         "google",
		"https://accounts.google.com/":                                        "google",
		"https://mcp.atlassian.com/":                                          "atlassian",
		"https://auth.atlassian.com/VCeDsk8ZHncYF1g234fKtc4lNipbBhu3":         "atlassian",
		"https://mcp.slack.com":                                               "slack",
		"https://github.com/login/oauth":                                      "github",
		"https://api.supabase.com":                                            "supabase",
		"https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbCdEf":        "cognito",
		"https://tenant.auth0.com/":                                           "auth0",
		"https://tenant.eu.auth0.com/":                                        "auth0",
		"https://api.salesforce.com:443/platform/mcp/v1/platform/sobject-all": "salesforce",
		"https://mcp.linear.app":                                              "linear",
		"https://login.microsoftonline.com/a/b/v2.0":                          "",
		"https://login.microsoftonline.com.evil.example/a/v2.0":               "",
		"https://evil.example/https://accounts.google.com":                    "",
		"http://accounts.google.com":                                          "",
		"https://accounts.google.com.":                                        "",
		"https://accounts.google.com/x":                                       "",
		"https://cognito-idp.evil.example/x.amazonaws.com/pool":               "",
		"https://evil.example#.auth0.com/":                                    "",
		"https://a.b.c.auth0.com/":                                            "",
		"https://api.salesforce.com.evil.example/platform":                    "",
		"https://api.salesforce.com@evil.example/":                            "",
		"": "",
	} {
		profile, rule, err := provider.ForClient(issuer)
		got := ""
		if profile != nil {
			got = profile.Name
		}
		if err != nil || got != want || (rule == nil) != (profile == nil) {
			t.Errorf("%s: %q, %v, want %q", issuer, got, err, want)
		}
	}
}

// Every statement for clients has a source with a date, or is known to be
// unverified; every value can be used.
func TestClientProfilesAreSound(t *testing.T) {
	t.Parallel()
	unverified := map[string]bool{"ory": true} // found by running Hydra
	for _, p := range clientProfiles(t) {
		for _, source := range p.Sources {
			if _, err := time.Parse(time.DateOnly, source.Date); err != nil || !strings.HasPrefix(source.URL, "https://") || source.Says == "" {
				t.Errorf("%s: source %+v", p.Name, source)
			}
		}
		for _, rule := range p.Rules {
			if len(rule.Issuers) == 0 {
				t.Errorf("%s: a rule without issuers", p.Name)
			}
			facts := slices.Clone(rule.Notes)
			for _, fact := range []*provider.Fact{rule.PKCENotAdvertised, rule.OmitResource, rule.RegisterScopes} {
				if fact != nil {
					facts = append(facts, *fact)
				}
			}
			settings := slices.Concat(rule.AuthorizationParameters, rule.TokenParameters)
			for _, setting := range settings {
				if !regexp.MustCompile(`^[a-z_]+$`).MatchString(setting.Name) {
					t.Errorf("%s: parameter %q", p.Name, setting.Name)
				}
			}
			settings = slices.Concat(settings, rule.Scopes)
			if rule.OwnIssuer != nil {
				settings = append(settings, *rule.OwnIssuer)
				if err := metadata.CheckIssuer(rule.OwnIssuer.Value); err != nil {
					t.Errorf("%s: own issuer: %v", p.Name, err)
				}
			}
			for _, setting := range settings {
				facts = append(facts, setting.Fact)
				if setting.Value == "" {
					t.Errorf("%s: a setting without a value: %s", p.Name, setting.Text)
				}
			}
			for _, fact := range facts {
				if fact.Text == "" {
					t.Errorf("%s: a fact without a text", p.Name)
				}
				for _, number := range fact.Sources {
					if number < 1 || number > len(p.Sources) {
						t.Errorf("%s: %q has source %d of %d", p.Name, fact.Text, number, len(p.Sources))
					}
				}
			}
			if !unverified[p.Name] && slices.ContainsFunc(facts, func(f provider.Fact) bool { return !f.Verified() && strings.Contains(f.Text, "PKCE") }) {
				t.Errorf("%s: PKCE is assumed without a source", p.Name)
			}
		}
	}
}
