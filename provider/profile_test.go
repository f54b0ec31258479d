package provider_test

import (
	"errors"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/configerr"
	"github.com/mcp-auth/go/metadata"
	"github.com/mcp-auth/go/provider"
)

// examples are the parameters that a profile's own examples make.
func examples(p *provider.Profile) provider.Params {
	params := provider.Params{}
	for _, parameter := range p.Parameters {
		params[parameter.Name] = parameter.Example
	}
	return params
}

// satisfied are options with what the profile demands.
func satisfied(p *provider.Profile) provider.Options {
	var options provider.Options
	switch p.Audience.Rule {
	case provider.NamedAudience:
		options.Audiences = []string{p.Audience.Example}
	case provider.NoAudience:
		options.AllowedClients = []string{"client-1"}
	}
	if p.Token.Kind == provider.Introspected {
		options.Introspection = &mcpauth.Introspection{ClientID: "mcp-server", ClientSecret: "secret", Tokens: mcpauth.AllTokens}
	}
	return options
}

func TestAllProfilesAreThere(t *testing.T) {
	t.Parallel()
	want := []string{
		"asgardeo", "auth0", "authentik", "clerk", "cognito", "descope", "dex", "entra-v1", "entra-v2", "fusionauth", "github",
		"google", "keycloak", "logto", "okta", "ory", "scalekit", "stytch", "supabase", "workos", "zitadel",
	}
	if got := provider.Names(); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestProfilesAreSound holds what every profile must have, so that a mistake in
// the data is found here and not by a user.
func TestProfilesAreSound(t *testing.T) {
	t.Parallel()
	for _, p := range all(t) {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			if p.Title == "" || p.Type != mcpauth.OIDC && p.Type != mcpauth.OAuth && p.Type != metadata.AnyType {
				t.Errorf("title %q, type %q", p.Title, p.Type)
			}
			checkParameters(t, p)
			checkToken(t, p)
			checkFacts(t, p)
			checkSources(t, p)
		})
	}
}

func checkParameters(t *testing.T, p *provider.Profile) {
	t.Helper()
	inTemplate := regexp.MustCompile(`\{([^}]*)\}`).FindAllStringSubmatch(p.Issuer, -1)
	if len(inTemplate) != len(p.Parameters) {
		t.Errorf("the issuer has %d parameters, %d are described", len(inTemplate), len(p.Parameters))
	}
	for _, parameter := range p.Parameters {
		if !strings.Contains(p.Issuer, "{"+parameter.Name+"}") {
			t.Errorf("parameter %q is not in the issuer", parameter.Name)
		}
		if parameter.Says == "" || parameter.Example == "" {
			t.Errorf("parameter %q is not described", parameter.Name)
		}
		if _, err := regexp.Compile(parameter.Pattern); err != nil || (parameter.Kind == provider.PatternParameter) != (parameter.Pattern != "") {
			t.Errorf("parameter %q: kind %q, pattern %q", parameter.Name, parameter.Kind, parameter.Pattern)
		}
	}
}

func checkToken(t *testing.T, p *provider.Profile) {
	t.Helper()
	if !slices.Contains([]provider.TokenKind{provider.JWT, provider.Opaque, provider.Introspected, provider.Either}, p.Token.Kind) {
		t.Errorf("kind %q", p.Token.Kind)
	}
	rules := []provider.AudienceRule{
		provider.ResourceAudience, provider.ConfiguredAudience, provider.NamedAudience, provider.NoAudience, provider.ClientAudience,
	}
	if !slices.Contains(rules, p.Audience.Rule) {
		t.Errorf("rule %q", p.Audience.Rule)
	}
	if (p.Token.Kind == provider.Opaque) != (p.Audience.Rule == provider.ClientAudience) {
		t.Errorf("kind %q with rule %q", p.Token.Kind, p.Audience.Rule)
	}
	if p.Token.Kind == provider.Opaque {
		return
	}
	server, err := p.AuthorizationServer(examples(p), satisfied(p))
	if err != nil {
		t.Fatalf("the examples: %v", err)
	}
	auth, err := mcpauth.New(mcpauth.Config{Resources: []mcpauth.Resource{{
		Identifier: resourceID, AuthorizationServers: []mcpauth.AuthorizationServer{server},
	}}})
	if err != nil {
		t.Fatalf("what the examples make: %v", err)
	}
	_ = auth.Close()
}

// facts are all statements of a profile, by their place.
func facts(p *provider.Profile) map[string]provider.Fact {
	found := map[string]provider.Fact{
		"issuer": p.IssuerSays, "token": p.Token.Says, "scopes": p.Token.Scopes, "client": p.Token.Client, "idToken": p.Token.IDToken, "audience": p.Audience.Says,
	}
	for place, list := range map[string][]provider.Fact{"step": p.Steps, "quirk": p.Quirks, "warning": p.Warnings} {
		for _, fact := range list {
			found[place+" "+fact.Text] = fact
		}
	}
	for _, rule := range p.Client {
		for _, fact := range rule.Deviations() {
			found["client "+fact.Text] = fact
		}
		for _, fact := range rule.Notes {
			found["note "+fact.Text] = fact
		}
		if rule.PKCENotAdvertised != nil {
			found["PKCE"] = *rule.PKCENotAdvertised
		}
	}
	return found
}

func checkFacts(t *testing.T, p *provider.Profile) {
	t.Helper()
	if len(p.Steps) == 0 {
		t.Error("nothing is said to be configured")
	}
	for place, fact := range facts(p) {
		if fact.Text == "" {
			t.Errorf("%s says nothing", place)
		}
		checkNumbers(t, p, place, fact)
	}
	for place, feature := range map[string]provider.Feature{
		"dcr": p.Support.DCR, "cimd": p.Support.CIMD, "resource": p.Support.Resource, "introspection": p.Support.Introspection,
	} {
		if !slices.Contains([]provider.FeatureValue{provider.FeatureYes, provider.FeatureNo, provider.FeatureLimited, provider.FeatureUnverified}, feature.Value) {
			t.Errorf("%s: %q", place, feature.Value)
		}
		if feature.Value == provider.FeatureLimited && feature.Text == "" {
			t.Errorf("%s is limited, and it is not said how", place)
		}
		if feature.Value == provider.FeatureUnverified && feature.Verified() {
			t.Errorf("%s is unverified, and has a source", place)
		}
		checkNumbers(t, p, place, feature.Fact)
	}
}

func checkNumbers(t *testing.T, p *provider.Profile, place string, fact provider.Fact) {
	t.Helper()
	for _, n := range fact.Sources {
		if n < 1 || n > len(p.Sources) {
			t.Errorf("%s: there is no source %d", place, n)
		}
	}
}

func checkSources(t *testing.T, p *provider.Profile) {
	t.Helper()
	used := map[int]bool{}
	for _, fact := range facts(p) {
		for _, n := range fact.Sources {
			used[n] = true
		}
	}
	for _, feature := range []provider.Feature{p.Support.DCR, p.Support.CIMD, p.Support.Resource, p.Support.Introspection} {
		for _, n := range feature.Sources {
			used[n] = true
		}
	}
	if len(p.Sources) == 0 {
		t.Error("no sources")
	}
	for i, source := range p.Sources {
		if u, err := url.Parse(source.URL); err != nil || u.Host == "" || source.Says == "" {
			t.Errorf("source %d: %q, %q", i+1, source.URL, source.Says)
		}
		if _, err := time.Parse(time.DateOnly, source.Date); err != nil {
			t.Errorf("source %d: %v", i+1, err)
		}
		if !used[i+1] {
			t.Errorf("nothing rests on source %d", i+1)
		}
	}
}

// TestParametersCannotInject tries to make another issuer of every parameter.
//
// Covers RS8.
func TestParametersCannotInject(t *testing.T) {
	t.Parallel()
	evil := []string{
		" ", "a b", "a/../b", "..", "../x", "a//b", "/", "//evil.example", "a/", "a?b", "a?", "a#b", "#", "a@evil.example", "user:pass@evil.example",
		"a\\b", "a%2fb", "a%00", "a\x00", "a\n", "\na", "a\r\nHost: evil.example", "{realm}", "{domain}", "${x}", "évil.example", "a\u202eb", "*",
		"javascript:alert(1)", "ftp://example.com", "http://example.com", "https://", "https://user@example.com", "https://example.com?x=1",
		"https://example.com#x", "https://example.com/a/../b", "https://example.com//a", "https://example.com/%2e%2e", "https://exa mple.com",
		"https://example.com:99999999", "https://[::1]evil", "common", "organizations", "consumers", strings.Repeat("a", 600),
	}
	for _, p := range all(t) {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			for _, parameter := range p.Parameters {
				for _, value := range evil {
					if freeText(p.Name, parameter.Name, value) {
						continue
					}
					params := examples(p)
					params[parameter.Name] = value
					server, err := p.AuthorizationServer(params, satisfied(p))
					var e *configerr.Error
					if !errors.As(err, &e) || !errors.Is(err, provider.InvalidParameter) {
						t.Errorf("%s %q: %v", parameter.Name, value, err)
					}
					if server.Issuer != "" || server.Verifier != nil {
						t.Errorf("%s %q: issuer %q in spite of the error", parameter.Name, value, server.Issuer)
					}
				}
			}
		})
	}
}

// freeText lists the harmless values above that are valid names of something.
func freeText(profile, parameter, value string) bool {
	switch profile + " " + parameter {
	case "keycloak realm", "okta server", "authentik application":
		return slices.Contains([]string{"common", "organizations", "consumers"}, value)
	}
	return false
}

// TestIssuersAreAsWritten holds a sample of issuers, byte for byte.
//
// Covers RS8.
func TestIssuersAreAsWritten(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		params provider.Params
		want   string
	}{
		"auth0":     {provider.Params{"domain": "example.eu.auth0.com"}, "https://example.eu.auth0.com/"},
		"entra-v1":  {provider.Params{"tenant": "aaaabbbb-0000-cccc-1111-dddd2222eeee"}, "https://sts.windows.net/aaaabbbb-0000-cccc-1111-dddd2222eeee/"},
		"entra-v2":  {provider.Params{"tenant": "aaaabbbb-0000-cccc-1111-dddd2222eeee"}, "https://login.microsoftonline.com/aaaabbbb-0000-cccc-1111-dddd2222eeee/v2.0"},
		"keycloak":  {provider.Params{"server": "http://localhost:8080/auth", "realm": "Test.1"}, "http://localhost:8080/auth/realms/Test.1"},
		"cognito":   {provider.Params{"region": "us-gov-west-1", "pool": "us-gov-west-1_AbC"}, "https://cognito-idp.us-gov-west-1.amazonaws.com/us-gov-west-1_AbC"},
		"authentik": {provider.Params{"server": "https://a.example", "application": "x"}, "https://a.example/application/o/x/"},
		"ory":       {provider.Params{"issuer": "http://127.0.0.1:4444/"}, "http://127.0.0.1:4444/"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := get(t, name)
			server, err := p.AuthorizationServer(test.params, satisfied(p))
			if err != nil {
				t.Fatal(err)
			}
			if server.Issuer != test.want {
				t.Errorf("got %q, want %q", server.Issuer, test.want)
			}
			if err := metadata.CheckIssuer(server.Issuer); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestMetadataURL(t *testing.T) {
	t.Parallel()
	server, err := get(t, "entra-v1").AuthorizationServer(
		provider.Params{"tenant": "aaaabbbb-0000-cccc-1111-dddd2222eeee"}, provider.Options{Audiences: []string{"api://x"}})
	if err != nil {
		t.Fatal(err)
	}
	want := "https://login.microsoftonline.com/aaaabbbb-0000-cccc-1111-dddd2222eeee/.well-known/openid-configuration"
	if server.MetadataURL != want {
		t.Errorf("got %q, want %q", server.MetadataURL, want)
	}
}

// TestUnknownName covers slips of the pen.
func TestUnknownName(t *testing.T) {
	t.Parallel()
	tests := map[string]string{
		"keycloack": "keycloak", "Auth0": "auth0", "entra": "entra-v2", "amazon-cognito": "cognito", "entra-v3": "entra-v1",
		"githup": "github", "": "", "x": "", "nonsense": "", "../profiles/auth0": "auth0", strings.Repeat("z", 100_000): "",
	}
	for name, want := range tests {
		p, err := provider.Get(name)
		var unknown *provider.UnknownError
		if p != nil || !errors.As(err, &unknown) {
			t.Errorf("%.40q: %v, %v", name, p, err)
			continue
		}
		if unknown.Suggestion != want {
			t.Errorf("%.40q: suggestion %q, want %q", name, unknown.Suggestion, want)
		}
		if len(err.Error()) > 300 {
			t.Errorf("%.40q: an error of %d bytes", name, len(err.Error()))
		}
	}
}

// TestOptionFaults is what a profile refuses to make.
//
// Covers RS7.
func TestOptionFaults(t *testing.T) {
	t.Parallel()
	audiences := func(list ...string) provider.Options { return provider.Options{Audiences: list} }
	clients := func(list ...string) provider.Options { return provider.Options{AllowedClients: list} }
	introspection := provider.Options{Introspection: &mcpauth.Introspection{ClientID: "a", ClientSecret: "b"}}
	introspectAll := &mcpauth.Introspection{ClientID: "a", ClientSecret: "b", Tokens: mcpauth.AllTokens}
	tests := map[string]struct {
		profile string
		options provider.Options
		want    configerr.Fault
		field   string
	}{
		"Entra without audience":       {"entra-v2", provider.Options{}, provider.AudienceRequired, "Options.Audiences"},
		"Entra with a URI":             {"entra-v2", audiences("api://11112222-bbbb-3333-cccc-4444dddd5555"), provider.InvalidAudience, "Options.Audiences[0]"},
		"Entra with Graph":             {"entra-v2", audiences("00000003-0000-0000-c000-000000000000"), provider.AudienceShared, "Options.Audiences[0]"},
		"Entra v1 with Graph":          {"entra-v1", audiences("https://graph.microsoft.com/"), provider.AudienceShared, "Options.Audiences[0]"},
		"Keycloak's account":           {"keycloak", audiences("account"), provider.AudienceShared, "Options.Audiences[0]"},
		"Keycloak's account beside":    {"keycloak", audiences("https://mcp.example.com/mcp", "account"), provider.AudienceShared, "Options.Audiences[1]"},
		"Keycloak with clients":        {"keycloak", clients("my-client"), provider.ClientsOfNoUse, "Options.AllowedClients"},
		"Supabase's authenticated":     {"supabase", audiences("authenticated"), provider.AudienceShared, "Options.Audiences[0]"},
		"Auth0's userinfo":             {"auth0", audiences("https://example.us.auth0.com/userinfo"), provider.AudienceShared, "Options.Audiences[0]"},
		"Auth0's userinfo, own domain": {"auth0", audiences("https://tenant.eu.auth0.com/userinfo"), provider.AudienceShared, "Options.Audiences[0]"},
		"Auth0's API, own domain":      {"auth0", audiences("https://tenant.eu.auth0.com/api/v2/"), provider.AudienceShared, "Options.Audiences[0]"},
		"Entra v1 with GRAPH":          {"entra-v1", audiences("HTTPS://Graph.Microsoft.com"), provider.AudienceShared, "Options.Audiences[0]"},
		"Entra v1, id in upper case":   {"entra-v1", audiences("00000003-0000-0000-C000-000000000000"), provider.AudienceShared, "Options.Audiences[0]"},
		"Keycloak's Account":           {"keycloak", audiences("Account"), provider.AudienceShared, "Options.Audiences[0]"},
		"Okta's default":               {"okta", audiences("api://default"), provider.AudienceShared, "Options.Audiences[0]"},
		"WorkOS environment":           {"workos", audiences("client_01ENV"), provider.AudienceShared, "Options.Audiences[0]"},
		"Descope project, European":    {"descope", audiences("Peuc12xyzABC0123456789abcdefGHIJ"), provider.AudienceShared, "Options.Audiences[0]"},
		"Descope project":              {"descope", audiences("P2xyzABC0123456789abcdefGHIJ"), provider.AudienceShared, "Options.Audiences[0]"},
		"Dex without audience":         {"dex", provider.Options{Introspection: introspectAll}, provider.AudienceRequired, "Options.Audiences"},
		"Dex without introspection":    {"dex", audiences("mcp-server"), provider.IntrospectionRequired, "Options.Introspection"},
		"Dex introspecting opaque":     {"dex", provider.Options{Audiences: []string{"a"}, Introspection: introspection.Introspection}, provider.IntrospectionRequired, "Options.Introspection"},
		"Auth0 introspecting":          {"auth0", introspection, provider.IntrospectionFails, "Options.Introspection"},
		"Cognito without either":       {"cognito", provider.Options{}, provider.ClientsRequired, "Options.AllowedClients"},
		"Cognito with an empty client": {"cognito", clients(""), provider.InvalidClient, "Options.AllowedClients[0]"},
		"Cognito with a space":         {"cognito", clients("a", "b c"), provider.InvalidClient, "Options.AllowedClients[1]"},
		"Clerk without either":         {"clerk", provider.Options{}, provider.ClientsRequired, "Options.AllowedClients"},
		"empty audience":               {"auth0", audiences(""), provider.InvalidAudience, "Options.Audiences[0]"},
		"audience with a line break":   {"auth0", audiences("a\nb"), provider.InvalidAudience, "Options.Audiences[0]"},
		"Google by hand":               {"google", provider.Options{}, provider.VerifierRequired, "Profile"},
		"Google with an audience":      {"google", audiences("client.apps.googleusercontent.com"), provider.VerifierRequired, "Profile"},
		"GitHub by hand":               {"github", provider.Options{}, provider.VerifierRequired, "Profile"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := get(t, test.profile)
			server, err := p.AuthorizationServer(examples(p), test.options)
			var e *configerr.Error
			if !errors.As(err, &e) || !errors.Is(err, test.want) {
				t.Fatalf("got %v, want %q", err, test.want)
			}
			if !strings.Contains(err.Error(), "provider: "+test.profile+": "+test.field) {
				t.Errorf("%q does not name %s", err, test.field)
			}
			if server.Issuer != "" {
				t.Errorf("issuer %q in spite of the error", server.Issuer)
			}
		})
	}
}

// TestAudiencesBesideSharedOnes holds that what only resembles a shared audience
// can be named.
//
// Covers RS7.
func TestAudiencesBesideSharedOnes(t *testing.T) {
	t.Parallel()
	for name, audience := range map[string]string{
		"auth0": "https://mcp.example.com/api/v2/", "keycloak": "account-mcp", "okta": "api://default-mcp", "entra-v1": "https://mcp.example.com/https://graph.microsoft.com",
		"descope": "planner-mcp", "descope in capitals": "Planner", "workos": "https://mcp.example.com/client_01", "supabase": "authenticated-mcp",
	} {
		p := get(t, strings.TrimSuffix(name, " in capitals"))
		if _, err := p.AuthorizationServer(examples(p), provider.Options{Audiences: []string{audience}}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestFaultsTogether(t *testing.T) {
	t.Parallel()
	_, err := get(t, "cognito").AuthorizationServer(
		provider.Params{"pool": "x y", "realm": "a"}, provider.Options{Audiences: []string{" "}, AllowedClients: []string{""}})
	for _, fault := range []configerr.Fault{
		provider.MissingParameter, provider.InvalidParameter, provider.UnknownParameter, provider.InvalidAudience, provider.InvalidClient,
	} {
		if !errors.Is(err, fault) {
			t.Errorf("%q is not reported in: %v", fault, err)
		}
	}
}

// TestTenants holds that each tenant is named, and that one wrong tenant spoils
// them all.
//
// Covers RS8.
func TestTenants(t *testing.T) {
	t.Parallel()
	p := get(t, "entra-v2")
	first, second := "aaaabbbb-0000-cccc-1111-dddd2222eeee", "bbbbcccc-0000-dddd-1111-eeee2222ffff"
	servers, err := p.AuthorizationServers([]provider.Params{{"tenant": first}, {"tenant": second}}, satisfied(p))
	if err != nil {
		t.Fatal(err)
	}
	if len(servers) != 2 || servers[0].Issuer == servers[1].Issuer || servers[0].Audiences[0] != servers[1].Audiences[0] {
		t.Errorf("got %+v", servers)
	}
	servers[0].Audiences[0] = "changed"
	if servers[1].Audiences[0] == "changed" {
		t.Error("two servers share a list")
	}
	servers, err = p.AuthorizationServers([]provider.Params{{"tenant": first}, {"tenant": "common"}, {}}, satisfied(p))
	if servers != nil || !errors.Is(err, provider.InvalidParameter) || !errors.Is(err, provider.MissingParameter) {
		t.Errorf("got %v, %v", servers, err)
	}
	if !strings.Contains(err.Error(), "tenant 1: ") || !strings.Contains(err.Error(), "tenant 2: ") {
		t.Errorf("%q does not tell which tenants", err)
	}
}

// TestProfilesAreCopies holds that nobody can change another's profile.
func TestProfilesAreCopies(t *testing.T) {
	t.Parallel()
	p := get(t, "keycloak")
	p.Issuer, p.Audience.Shared, p.Parameters[0].Kind = "https://evil.example", nil, provider.BaseParameter
	if again := get(t, "keycloak"); again.Issuer == p.Issuer || again.Audience.Shared == nil {
		t.Error("a change is seen by others")
	}
}
