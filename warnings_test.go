package mcpauth_test

import (
	"bytes"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/configerr"
	"github.com/mcp-auth/go/policy"
)

// Covers RS4, RS11.
func TestWarnings(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	config := oneResource()
	config.Logger = slog.New(slog.NewTextHandler(&log, nil))
	config.Resources[0].ScopesSupported = []string{"read", "admin"}
	config.Resources[0].ScopeIncludes = map[string][]string{"admin": {"write", "files:*"}}
	config.Resources[0].Policy = &policy.Policy{
		Tools: map[string]policy.Requirement{
			"a": policy.Scopes("read", "write", "files:x"),
			"b": policy.All(policy.Scopes("odd"), policy.AnyScope("read", "other")),
			"c": policy.Scopes("odd"),
		},
		Default: policy.Scopes("rest"),
	}
	var got []string
	auth := newAuth(t, config)
	for _, w := range auth.Warnings() {
		if !errors.Is(w, configerr.ScopeNotAdvertised) {
			t.Errorf("got %v", w)
		}
		got = append(got, w.Field+" "+w.Value)
	}
	want := []string{`Resources[0].Policy.Tools["b"] odd`, `Resources[0].Policy.Tools["b"] other`, `Resources[0].Policy.Default rest`}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if n := strings.Count(log.String(), "level=WARN"); n != len(want) {
		t.Errorf("%d warnings logged:\n%s", n, &log)
	}
	auth.Warnings()[0] = nil
	if auth.Warnings()[0] == nil {
		t.Error("a caller can change the warnings")
	}
	config.Resources[0].ScopesSupported = nil
	if w := newAuth(t, config).Warnings(); len(w) > 0 {
		t.Errorf("nothing is advertised, and the warnings are %v", w)
	}
}

// Covers RS11: the warning about a misspelled keyword reaches the log.
func TestMisspelledKeywordIsLogged(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	config := oneResource()
	config.Logger = slog.New(slog.NewTextHandler(&log, nil))
	config.Resources[0].Policy = &policy.Policy{Tools: map[string]policy.Requirement{"a": policy.Scopes("denied")}}
	warnings := newAuth(t, config).Warnings()
	if len(warnings) != 1 || !errors.Is(warnings[0], configerr.MisspelledKeyword) || warnings[0].Field != `Resources[0].Policy.Tools["a"]` {
		t.Errorf("got %v", warnings)
	}
	if !strings.Contains(log.String(), "probably deny is meant") {
		t.Errorf("logged %s", &log)
	}
}

// Covers RS1, RS7, RS8: what New accepts, and is warned of with what was probably meant.
func TestDoubtfulConfigurations(t *testing.T) {
	t.Parallel()
	type warning struct {
		field, meant string
		fault        configerr.Fault
	}
	const first = "Resources[0].AuthorizationServers[0]."
	issuers := func(list ...string) func(*mcpauth.Config) {
		return func(c *mcpauth.Config) {
			r := &c.Resources[0]
			r.AuthorizationServers = nil
			for _, issuer := range list {
				r.AuthorizationServers = append(r.AuthorizationServers, mcpauth.AuthorizationServer{Issuer: issuer})
			}
		}
	}
	identifiers := func(list ...string) func(*mcpauth.Config) {
		return func(c *mcpauth.Config) {
			r := c.Resources[0]
			c.Resources = nil
			for _, id := range list {
				r.Identifier = id
				c.Resources = append(c.Resources, r)
			}
		}
	}
	audiences := func(list ...string) func(*mcpauth.Config) {
		return func(c *mcpauth.Config) { c.Resources[0].AuthorizationServers[0].Audiences = list }
	}
	rewritten := func(meant string) []warning {
		return []warning{{"Resources[0].Identifier", meant, configerr.RewrittenIdentifier}}
	}
	for name, test := range map[string]struct {
		change func(*mcpauth.Config)
		want   []warning
	}{
		"nothing":              {func(*mcpauth.Config) {}, nil},
		"host in upper case":   {identifiers("https://API.Example.com/MCP"), rewritten("https://api.example.com/MCP")},
		"scheme in upper case": {identifiers("HTTPS://api.example.com/mcp"), rewritten("https://api.example.com/mcp")},
		"default port":         {identifiers("https://api.example.com:443/mcp"), rewritten("https://api.example.com/mcp")},
		"default port of http": {identifiers("http://localhost:80/mcp"), rewritten("http://localhost/mcp")},
		"another port":         {identifiers("https://api.example.com:8443/mcp"), nil},
		"needless escape":      {identifiers("https://api.example.com/%7Ea/%2f"), rewritten("https://api.example.com/~a/%2F")},
		"IPv6":                 {identifiers("https://[2001:db8::1]:443/mcp"), rewritten("https://[2001:db8::1]/mcp")},
		"resources with and without a slash": {identifiers("https://api.example.com/mcp", "https://api.example.com/mcp/"), []warning{
			{"Resources[1].Identifier", "https://api.example.com/mcp", configerr.SimilarResource},
		}},
		"resources of two names": {identifiers("https://api.example.com/mcp", "https://api.example.com/mcp2"), nil},
		"issuers with and without a slash": {issuers("https://auth.example.com/a", "https://auth.example.com/a/"), []warning{
			{"Resources[0].AuthorizationServers[1].Issuer", "https://auth.example.com/a", configerr.SimilarIssuer},
		}},
		"issuers of two resources": {func(c *mcpauth.Config) {
			identifiers("https://api.example.com/a", "https://api.example.com/b")(c)
			c.Resources[1].AuthorizationServers = []mcpauth.AuthorizationServer{{Issuer: strings.ToUpper("https://auth") + ".example.com"}}
		}, []warning{{"Resources[1].AuthorizationServers[0].Issuer", issuerID, configerr.SimilarIssuer}}},
		"one issuer of two resources": {identifiers("https://api.example.com/a", "https://api.example.com/b"), nil},
		"tenant":                      {issuers("https://TENANT.auth.example.com/"), []warning{{first + "Issuer", "TENANT", configerr.PlaceholderLeft}}},
		"tenant in a path":            {issuers("https://login.example.com/TENANT_ID/v2.0"), []warning{{first + "Issuer", "TENANT_ID", configerr.PlaceholderLeft}}},
		"your domain":                 {issuers("https://your-domain.example.com"), []warning{{first + "Issuer", "your-domain", configerr.PlaceholderLeft}}},
		"a realm in upper case":       {issuers("https://auth.example.com/realms/ACME"), nil},
		"metadata URL": {func(c *mcpauth.Config) {
			c.Resources[0].AuthorizationServers[0].MetadataURL = "https://auth.example.com/YOUR_REALM/metadata"
		}, []warning{{first + "MetadataURL", "YOUR_REALM", configerr.PlaceholderLeft}}},
		"client of introspection": {func(c *mcpauth.Config) {
			c.Resources[0].AuthorizationServers[0].Introspection = &mcpauth.Introspection{ClientID: "<client-id>", ClientSecret: "s"}
		}, []warning{{first + "Introspection.ClientID", "<client-id>", configerr.PlaceholderLeft}}},
		"placeholders of audiences": {audiences("api://{client_id}", "${AUDIENCE}", "a", "changeme"), []warning{
			{first + "Audiences[0]", "{client_id}", configerr.PlaceholderLeft}, {first + "Audiences[1]", "${AUDIENCE}", configerr.PlaceholderLeft},
			{first + "Audiences[3]", "changeme", configerr.PlaceholderLeft},
		}},
		"shared audiences": {audiences("account", "api://default", issuerID, issuerID+"/userinfo", "https://graph.microsoft.com", "authenticated", "notes"), []warning{
			{first + "Audiences[0]", "", configerr.SharedAudience}, {first + "Audiences[1]", "", configerr.SharedAudience}, {first + "Audiences[2]", "", configerr.SharedAudience},
			{first + "Audiences[3]", "", configerr.SharedAudience}, {first + "Audiences[4]", "", configerr.SharedAudience}, {first + "Audiences[5]", "", configerr.SharedAudience},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config := oneResource()
			test.change(&config)
			found := newAuth(t, config).Warnings()
			for i, w := range found {
				if i >= len(test.want) {
					t.Errorf("also %v", w)
					continue
				}
				want := test.want[i]
				if w.Field != want.field || w.Fault != want.fault || !strings.Contains(w.Text(), want.meant) {
					t.Errorf("got %v, want %v", w, want)
				}
			}
			if len(found) < len(test.want) {
				t.Errorf("%d warnings, want %d", len(found), len(test.want))
			}
		})
	}
}

// Covers RS1, RS4, RS8: a mistake says what was probably meant.
func TestMistakesSayWhatIsMeant(t *testing.T) {
	t.Parallel()
	resource := func(f func(*mcpauth.Resource)) func(*mcpauth.Config) {
		return func(c *mcpauth.Config) { f(&c.Resources[0]) }
	}
	server := func(f func(*mcpauth.AuthorizationServer)) func(*mcpauth.Config) {
		return func(c *mcpauth.Config) { f(&c.Resources[0].AuthorizationServers[0]) }
	}
	issuer := func(text string) func(*mcpauth.Config) {
		return server(func(s *mcpauth.AuthorizationServer) { s.Issuer = text })
	}
	algorithm := func(name string) func(*mcpauth.Config) {
		return server(func(s *mcpauth.AuthorizationServer) { s.Algorithms = []string{"ES256", name} })
	}
	scopes := func(list ...string) func(*mcpauth.Config) {
		return resource(func(r *mcpauth.Resource) { r.ScopesSupported = list })
	}
	origins := func(list ...string) func(*mcpauth.Config) {
		return func(c *mcpauth.Config) { c.CORS.Origins = list }
	}
	const first, several = "Resources[0].AuthorizationServers[0].", "it looks like several scopes"
	for name, test := range map[string]struct {
		change      func(*mcpauth.Config)
		field, says string
	}{
		"empty issuer":       {issuer(""), first + "Issuer", "is a variable not set?"},
		"no scheme":          {issuer("auth.example.com/realms/a"), first + "Issuer", "https://auth.example.com/realms/a is meant"},
		"no scheme, slashes": {issuer("//auth.example.com"), first + "Issuer", "https://auth.example.com is meant"},
		"no scheme, port":    {issuer("localhost:9400"), first + "Issuer", "http://localhost:9400 is meant"},
		"line break":         {issuer(issuerID + "\n"), first + "Issuer", "was it read from a file?"},
		"template":           {issuer("https://{tenant}.example.com"), first + "Issuer", "a placeholder that must be replaced: {tenant}"},
		"angle brackets":     {issuer("https://login.example.com/<tenant>/v2.0"), first + "Issuer", "replaced: <tenant>"},
		"empty identifier":   {resource(func(r *mcpauth.Resource) { r.Identifier = "" }), "Resources[0].Identifier", "is a variable not set?"},
		"identifier without a scheme": {resource(func(r *mcpauth.Resource) { r.Identifier = "localhost:3000/mcp" }),
			"Resources[0].Identifier", "http://localhost:3000/mcp is meant"},
		"documentation without a scheme": {resource(func(r *mcpauth.Resource) { r.Documentation = "docs.example.com" }),
			"Resources[0].Documentation", "https://docs.example.com is meant"},
		"introspection": {server(func(s *mcpauth.AuthorizationServer) {
			s.Introspection = &mcpauth.Introspection{Endpoint: "auth.example.com/introspect", ClientID: "rs", ClientSecret: "s"}
		}), first + "Introspection.Endpoint", "https://auth.example.com/introspect is meant"},
		"rs256":             {algorithm("rs256"), first + "Algorithms[1]", "RS256 is meant"},
		"eddsa":             {algorithm("eddsa"), first + "Algorithms[1]", "EdDSA is meant"},
		"HS256":             {algorithm("HS256"), first + "Algorithms[1]", "RS256 or ES256"},
		"none":              {algorithm("none"), first + "Algorithms[1]", "without a signature"},
		"empty algorithm":   {algorithm(""), first + "Algorithms[1]", "is a variable not set?"},
		"comma":             {scopes("read,", "write"), "Resources[0].ScopesSupported[0]", several},
		"list in a string":  {scopes("read, write"), "Resources[0].ScopesSupported[0]", several},
		"list with commas":  {scopes("read,write"), "Resources[0].ScopesSupported[0]", several},
		"list with spaces":  {scopes("read write"), "Resources[0].ScopesSupported[0]", several},
		"brackets":          {scopes("[read]"), "Resources[0].ScopesSupported[0]", "brackets"},
		"brackets, split":   {scopes("read", "write]"), "Resources[0].ScopesSupported[1]", "brackets"},
		"list in brackets":  {scopes("[read, write]"), "Resources[0].ScopesSupported[0]", several},
		"quotation marks":   {scopes(`"read"`), "Resources[0].ScopesSupported[0]", "quotation marks"},
		"apostrophes":       {scopes("'read'"), "Resources[0].ScopesSupported[0]", "quotation marks"},
		"empty scope":       {scopes(""), "Resources[0].ScopesSupported[0]", "is a variable not set?"},
		"hierarchy":         {resource(func(r *mcpauth.Resource) { r.ScopeIncludes = map[string][]string{"a,b": {"c"}} }), `Resources[0].ScopeIncludes["a,b"]`, several},
		"policy":            {resource(func(r *mcpauth.Resource) { r.Policy = &policy.Policy{Default: policy.Scopes("read,write")} }), "Resources[0].Policy.Default[0]", several},
		"origin, slash":     {origins("https://ok.example.com", "https://app.example.com/"), "CORS.Origins[1]", "https://app.example.com is meant"},
		"origin, path":      {origins("https://app.example.com/page"), "CORS.Origins[0]", "https://app.example.com is meant"},
		"origin, no scheme": {origins("app.example.com"), "CORS.Origins[0]", "https://app.example.com is meant"},
		"origin, port":      {origins("https://app.example.com:443"), "CORS.Origins[0]", "https://app.example.com is meant"},
		"origin, case":      {origins("https://App.example.com"), "CORS.Origins[0]", "https://app.example.com is meant"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config := oneResource()
			test.change(&config)
			_, err := mcpauth.New(config)
			faults := configerr.All(err)
			if len(faults) != 1 || faults[0].Field != test.field || !strings.Contains(faults[0].Text(), test.says) {
				t.Errorf("got %v, want %q at %s", err, test.says, test.field)
			}
		})
	}
}

// Options of handlers are held to the same rules.
func TestScopesOfHandlersSayWhatIsMeant(t *testing.T) {
	t.Parallel()
	auth := newAuth(t, oneResource())
	for _, option := range []mcpauth.Option{mcpauth.Scopes("read,write"), mcpauth.ChallengeScopes("[read]")} {
		if _, err := auth.Middleware(option); !errors.Is(err, configerr.InvalidScope) {
			t.Error(err)
		}
	}
}

// Covers RS7: a handler that is reached under another resource's path admits tokens
// that are not for it, which the log says once.
func TestHandlerAtAnotherPath(t *testing.T) {
	t.Parallel()
	const notes, todo = "https://api.example.com/notes", "https://api.example.com/todo%20list"
	for name, test := range map[string]struct {
		paths []string
		want  []string
	}{
		"its own":                  {[]string{"/notes", "/notes/", "/notes/mcp", "/notes?a=b", "/%6eotes"}, nil},
		"another resource's":       {[]string{"/todo%20list", "/todo%20list/mcp", "/notes"}, []string{"WARN", "path=/todo%20list ", "path_of=" + todo}},
		"nobody's":                 {[]string{"/mcp", "/mcp"}, []string{"INFO", "path=/mcp"}},
		"a name that begins alike": {[]string{"/notes2"}, []string{"INFO", "path=/notes2"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var log bytes.Buffer
			config := oneResource()
			config.Logger = slog.New(slog.NewTextHandler(&log, nil))
			second := config.Resources[0]
			config.Resources[0].Identifier, second.Identifier = notes, todo
			config.Resources = append(config.Resources, second)
			handler := newAuth(t, config).Protect(http.NotFoundHandler(), mcpauth.ForResource(notes))
			for _, path := range test.paths {
				get(t, handler, path)
			}
			var said []string
			for line := range strings.Lines(log.String()) {
				if strings.Contains(line, "not its resource's") {
					said = append(said, line)
				}
			}
			if len(test.want) == 0 != (len(said) == 0) || len(said) > 1 {
				t.Fatalf("said %q", said)
			}
			for _, part := range test.want {
				if !strings.Contains(said[0], part) {
					t.Errorf("%q lacks %q", said[0], part)
				}
			}
		})
	}
}

func TestNilAuth(t *testing.T) {
	t.Parallel()
	var auth *mcpauth.Auth
	for name, use := range map[string]func(){
		"MetadataHandler":       func() { auth.MetadataHandler() },
		"LegacyMetadataHandler": func() { _, _ = auth.LegacyMetadataHandler() },
		"Protect":               func() { auth.Protect(http.NotFoundHandler()) },
		"Authorize":             func() { _, _ = auth.Authorize(t.Context(), mcpauth.Request{}) },
		"Ready":                 func() { _ = auth.Ready(t.Context()) },
		"Warnings":              func() { auth.Warnings() },
		"Close":                 func() { _ = auth.Close() },
	} {
		func() {
			defer func() {
				if text, _ := recover().(string); !strings.Contains(text, "the Auth is nil; New returns one unless") {
					t.Errorf("%s: panicked with %q", name, text)
				}
			}()
			use()
		}()
	}
}
