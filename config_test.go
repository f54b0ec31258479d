package mcpauth_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"math/big"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/configerr"
	"github.com/mcp-auth/go/internal/authtest"
	"github.com/mcp-auth/go/mcpauthtest"
	"github.com/mcp-auth/go/metadata"
	"github.com/mcp-auth/go/network"
	"github.com/mcp-auth/go/policy"
)

// Covers RS1, RS8: inside one network a service has a name and no certificate. Hosts
// that are named may be http, for what a resource server reaches and is, and for
// nothing else.
func TestNamedHostsMayBeHTTP(t *testing.T) {
	t.Parallel()
	named := func(change func(*mcpauth.Resource)) mcpauth.Config {
		config := authtest.OneResource()
		config.Network.DangerouslyAllowHTTP = []string{"Keycloak", "notes"}
		r := &config.Resources[0]
		r.Identifier, r.AuthorizationServers[0].Issuer = "http://notes:3000/mcp", "http://keycloak:8080/realms/dev"
		change(r)
		return config
	}
	for name, test := range map[string]struct {
		change func(*mcpauth.Resource)
		field  string // of the mistake, if it is one
	}{
		"issuer and identifier": {func(*mcpauth.Resource) {}, ""},
		"metadata": {func(r *mcpauth.Resource) {
			r.AuthorizationServers[0].MetadataURL = "http://keycloak:8080/metadata"
		}, ""},
		"keys": {func(r *mcpauth.Resource) {
			r.AuthorizationServers[0].Metadata = &metadata.AuthorizationServer{Issuer: r.AuthorizationServers[0].Issuer, JWKSURI: "http://keycloak:8080/jwks"}
		}, ""},
		"keys of a public issuer": {func(r *mcpauth.Resource) {
			r.AuthorizationServers[0] = mcpauth.AuthorizationServer{
				Issuer: authtest.IssuerID, Metadata: &metadata.AuthorizationServer{Issuer: authtest.IssuerID, JWKSURI: "http://keycloak:8080/jwks"},
			}
		}, "AuthorizationServers[0].Metadata.JWKSURI"},
		"introspection": {func(r *mcpauth.Resource) {
			r.AuthorizationServers[0].Introspection = &mcpauth.Introspection{Endpoint: "http://keycloak:8080/i", ClientID: "rs", ClientSecret: "s"}
		}, ""},
		"another issuer":     {func(r *mcpauth.Resource) { r.AuthorizationServers[0].Issuer = "http://other:8080" }, "AuthorizationServers[0].Issuer"},
		"another identifier": {func(r *mcpauth.Resource) { r.Identifier = "http://notes.example:3000/mcp" }, "Identifier"},
		"documentation":      {func(r *mcpauth.Resource) { r.Documentation = "http://notes:3000/docs" }, "Documentation"},
		"keys of the server": {func(r *mcpauth.Resource) { r.JWKSURI = "http://notes:3000/jwks" }, "JWKSURI"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			auth, err := mcpauth.New(named(test.change))
			if test.field != "" {
				faults := configerr.All(err)
				if len(faults) != 1 || faults[0].Fault != configerr.InsecureURL || faults[0].Field != "Resources[0]."+test.field {
					t.Errorf("got %v, want InsecureURL at %s", err, test.field)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			defer auth.Close()
			if len(auth.Warnings()) != 2 || auth.Warnings()[0].Fault != configerr.PlainHTTPAllowed {
				t.Errorf("the warnings are %v", auth.Warnings())
			}
			w := authtest.Get(t, auth.Protect(http.NotFoundHandler()), "/mcp")
			if challenge := w.Header().Get("WWW-Authenticate"); !strings.Contains(challenge, `"http://notes:3000/.well-known/oauth-protected-resource/mcp"`) {
				t.Errorf("the challenge is %s", challenge)
			}
		})
	}
	for _, host := range []string{"", "http://notes", "notes:3000", "*", "notes/"} {
		config := named(func(*mcpauth.Resource) {})
		config.Network.DangerouslyAllowHTTP[1] = host
		if _, err := mcpauth.New(config); !errors.Is(err, configerr.InvalidHost) {
			t.Errorf("host %q: %v", host, err)
		}
	}
	config := authtest.OneResource()
	config.Resources[0].AuthorizationServers[0].Issuer = "http://keycloak:8080/realms/dev"
	if _, err := mcpauth.New(config); err == nil || !strings.Contains(err.Error(), "name the host in Network.DangerouslyAllowHTTP") {
		t.Errorf("the mistake names no remedy: %v", err)
	}
}

// Covers RS8: an authorization server that is http on a named host, from its metadata
// to introspection.
func TestNamedHostIsReached(t *testing.T) {
	t.Parallel()
	const host = "::ffff:127.0.0.1" // not loopback by its spelling
	web := httptest.NewUnstartedServer(nil)
	t.Cleanup(web.Close)
	issuer := "http://" + strings.Replace(web.Listener.Addr().String(), "127.0.0.1", "["+host+"]", 1)
	settings := network.Settings{DangerouslyAllowHTTP: []string{host}}
	server, err := mcpauthtest.New(mcpauthtest.Config{
		Issuer: issuer, Network: settings, Clients: []mcpauthtest.Client{{ID: "rs", Secret: "secret-of-the-resource-server"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	web.Config.Handler = server.Handler()
	web.Start()
	for name, introspect := range map[string]*mcpauth.Introspection{
		"keys": nil, "introspection": {ClientID: "rs", ClientSecret: "secret-of-the-resource-server", Tokens: mcpauth.AllTokens},
	} {
		config := authtest.Trusting(issuer)
		config.Network, config.Resources[0].AuthorizationServers[0].Introspection = settings, introspect
		auth := authtest.NewAuth(t, config)
		if err := auth.Ready(t.Context()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if got := authtest.Status(auth, authtest.Mint(t, server)); got != http.StatusOK {
			t.Errorf("%s: %d", name, got)
		}
	}
	found, err := mcpauth.DiscoverAuthorizationServer(t.Context(), mcpauth.AuthorizationServer{Issuer: issuer}, settings)
	if err != nil || found.Metadata.JWKSURI == "" {
		t.Error(err)
	}
}

// Covers RS1, RS7, RS8, RS13, RS21.
func TestConfigFaults(t *testing.T) {
	t.Parallel()
	resource := func(change func(*mcpauth.Resource)) func(*mcpauth.Config) {
		return func(c *mcpauth.Config) { change(&c.Resources[0]) }
	}
	server := func(change func(*mcpauth.AuthorizationServer)) func(*mcpauth.Config) {
		return func(c *mcpauth.Config) { change(&c.Resources[0].AuthorizationServers[0]) }
	}
	identifier := func(id string) func(*mcpauth.Config) {
		return resource(func(r *mcpauth.Resource) { r.Identifier = id })
	}
	issuer := func(id string) func(*mcpauth.Config) {
		return server(func(s *mcpauth.AuthorizationServer) { s.Issuer = id })
	}
	verifier := mcpauth.VerifierFunc(nil)
	tests := map[string]struct {
		change func(*mcpauth.Config)
		want   configerr.Fault
		field  string
	}{
		"no resources":       {func(c *mcpauth.Config) { c.Resources = nil }, configerr.NoResources, "Resources"},
		"duplicate resource": {func(c *mcpauth.Config) { c.Resources = append(c.Resources, c.Resources[0]) }, configerr.DuplicateResource, "Resources[1].Identifier"},
		"same metadata URL": {func(c *mcpauth.Config) {
			c.Resources[0].Identifier = "https://api.example.com"
			c.Resources = append(c.Resources, mcpauth.Resource{Identifier: "https://API.example.com:443/", AuthorizationServers: c.Resources[0].AuthorizationServers})
		}, configerr.DuplicateResource, "Resources[1].Identifier"},
		"empty query":   {identifier(authtest.ResourceID + "?"), configerr.InvalidIdentifier, "Resources[0].Identifier"},
		"empty segment": {identifier("https://api.example.com//mcp"), configerr.InvalidIdentifier, "Resources[0].Identifier"},
		"dot segment":   {identifier("https://api.example.com/a/../mcp"), configerr.InvalidIdentifier, "Resources[0].Identifier"},
		"no keys": {server(func(s *mcpauth.AuthorizationServer) {
			s.Metadata = &metadata.AuthorizationServer{Issuer: authtest.IssuerID}
		}), configerr.InvalidURL, "Resources[0].AuthorizationServers[0].Metadata.JWKSURI"},
		"keys over http": {server(func(s *mcpauth.AuthorizationServer) {
			s.Metadata = &metadata.AuthorizationServer{Issuer: authtest.IssuerID, JWKSURI: "http://auth.example.com/jwks"}
		}), configerr.InsecureURL, "Resources[0].AuthorizationServers[0].Metadata.JWKSURI"},
		"empty identifier":    {identifier(""), configerr.InvalidIdentifier, "Resources[0].Identifier"},
		"relative identifier": {identifier("/mcp"), configerr.InvalidIdentifier, "Resources[0].Identifier"},
		"urn identifier":      {identifier("urn:x:y"), configerr.InvalidIdentifier, "Resources[0].Identifier"},
		"userinfo":            {identifier("https://a@api.example.com/mcp"), configerr.InvalidIdentifier, "Resources[0].Identifier"},
		"fragment":            {identifier(authtest.ResourceID + "#x"), configerr.IdentifierFragment, "Resources[0].Identifier"},
		"empty fragment":      {identifier(authtest.ResourceID + "#"), configerr.IdentifierFragment, "Resources[0].Identifier"},
		"http identifier":     {identifier("http://api.example.com/mcp"), configerr.InsecureURL, "Resources[0].Identifier"},
		"offline_access":      {resource(func(r *mcpauth.Resource) { r.ScopesSupported = []string{"a", "offline_access"} }), configerr.OfflineAccess, "Resources[0].ScopesSupported[1]"},
		"scope with space":    {resource(func(r *mcpauth.Resource) { r.ScopesSupported = []string{"a b"} }), configerr.InvalidScope, "Resources[0].ScopesSupported[0]"},
		"scope with quote":    {resource(func(r *mcpauth.Resource) { r.ScopesSupported = []string{`a"b`} }), configerr.InvalidScope, "Resources[0].ScopesSupported[0]"},
		"scope cycle": {resource(func(r *mcpauth.Resource) {
			r.ScopeIncludes = map[string][]string{"a": {"b"}, "b": {"c"}, "c": {"a"}}
		}), configerr.ScopeCycle, `Resources[0].ScopeIncludes["a"]`},
		"scope includes itself": {resource(func(r *mcpauth.Resource) {
			r.ScopeIncludes = map[string][]string{"a": {"a"}}
		}), configerr.ScopeCycle, `Resources[0].ScopeIncludes["a"]`},
		"documentation":        {resource(func(r *mcpauth.Resource) { r.Documentation = "javascript:alert(1)" }), configerr.InvalidURL, "Resources[0].Documentation"},
		"http documentation":   {resource(func(r *mcpauth.Resource) { r.Documentation = "http://docs.example.com" }), configerr.InsecureURL, "Resources[0].Documentation"},
		"reserved member":      {resource(func(r *mcpauth.Resource) { r.Extra = map[string]any{"resource": "x"} }), configerr.ReservedMember, "Resources[0].Extra"},
		"member not encodable": {resource(func(r *mcpauth.Resource) { r.Extra = map[string]any{"x": func() {}} }), configerr.ReservedMember, "Resources[0].Extra"},
		"no server":            {resource(func(r *mcpauth.Resource) { r.AuthorizationServers = nil }), configerr.NoAuthorizationServer, "Resources[0].AuthorizationServers"},
		"duplicate issuer": {resource(func(r *mcpauth.Resource) {
			r.AuthorizationServers = append(r.AuthorizationServers, r.AuthorizationServers[0])
		}), configerr.DuplicateIssuer, "Resources[0].AuthorizationServers[1].Issuer"},
		"two verifiers": {resource(func(r *mcpauth.Resource) {
			r.AuthorizationServers = []mcpauth.AuthorizationServer{{Issuer: authtest.IssuerID, Verifier: verifier}, {Issuer: authtest.IssuerID + "/2", Verifier: verifier}}
		}), configerr.AmbiguousVerifier, "Resources[0].AuthorizationServers[1].Verifier"},
		"empty issuer":       {issuer(""), configerr.InvalidIssuer, "Resources[0].AuthorizationServers[0].Issuer"},
		"issuer with query":  {issuer(authtest.IssuerID + "?a=b"), configerr.InvalidIssuer, "Resources[0].AuthorizationServers[0].Issuer"},
		"URL of metadata":    {issuer(authtest.IssuerID + "/.well-known/openid-configuration"), configerr.InvalidIssuer, "Resources[0].AuthorizationServers[0].Issuer"},
		"http issuer":        {issuer("http://auth.example.com"), configerr.InsecureURL, "Resources[0].AuthorizationServers[0].Issuer"},
		"loopback lookalike": {issuer("http://localhost.evil.example"), configerr.InsecureURL, "Resources[0].AuthorizationServers[0].Issuer"},
		"type":               {server(func(s *mcpauth.AuthorizationServer) { s.Type = "saml" }), configerr.InvalidType, "Resources[0].AuthorizationServers[0].Type"},
		"metadata URL":       {server(func(s *mcpauth.AuthorizationServer) { s.MetadataURL = "nonsense" }), configerr.InvalidURL, "Resources[0].AuthorizationServers[0].MetadataURL"},
		"issuer mismatch": {server(func(s *mcpauth.AuthorizationServer) {
			s.Metadata = &metadata.AuthorizationServer{Issuer: authtest.IssuerID + "/"}
		}), configerr.IssuerMismatch, "Resources[0].AuthorizationServers[0].Metadata.Issuer"},
		"two sources": {server(func(s *mcpauth.AuthorizationServer) {
			s.Metadata, s.MetadataURL = &metadata.AuthorizationServer{Issuer: authtest.IssuerID}, "https://auth.example.com/m"
		}), configerr.ConflictingSources, "Resources[0].AuthorizationServers[0].Metadata and MetadataURL or RepairMetadata"},
		"keys and verifier": {server(func(s *mcpauth.AuthorizationServer) {
			s.JWKS, s.Verifier = []byte(`{"keys":[]}`), verifier
		}), configerr.ConflictingSources, "Resources[0].AuthorizationServers[0].JWKS and Verifier"},
		"empty client": {server(func(s *mcpauth.AuthorizationServer) {
			s.AllowedClients = []string{"a", ""}
		}), configerr.InvalidClient, "Resources[0].AuthorizationServers[0].AllowedClients[1]"},
		"clients beside a verifier": {server(func(s *mcpauth.AuthorizationServer) {
			s.AllowedClients, s.Verifier = []string{"a"}, verifier
		}), configerr.ConflictingSources, "Resources[0].AuthorizationServers[0].AllowedClients and Verifier"},
		"clients beside introspection of all": {server(func(s *mcpauth.AuthorizationServer) {
			s.AllowedClients, s.Introspection = []string{"a"}, &mcpauth.Introspection{ClientID: "rs", ClientSecret: "s", Tokens: mcpauth.AllTokens}
		}), configerr.ConflictingSources, "Resources[0].AuthorizationServers[0].AllowedClients and Introspection of all tokens"},
		"empty keys":       {server(func(s *mcpauth.AuthorizationServer) { s.JWKS = []byte(`{"keys":[]}`) }), configerr.InvalidKeySet, "Resources[0].AuthorizationServers[0].JWKS"},
		"broken keys":      {server(func(s *mcpauth.AuthorizationServer) { s.JWKS = []byte(`{`) }), configerr.InvalidKeySet, "Resources[0].AuthorizationServers[0].JWKS"},
		"algorithm none":   {server(func(s *mcpauth.AuthorizationServer) { s.Algorithms = []string{"ES256", "none"} }), configerr.InvalidAlgorithm, "Resources[0].AuthorizationServers[0].Algorithms[1]"},
		"algorithm HS256":  {server(func(s *mcpauth.AuthorizationServer) { s.Algorithms = []string{"HS256"} }), configerr.InvalidAlgorithm, "Resources[0].AuthorizationServers[0].Algorithms[0]"},
		"empty audience":   {server(func(s *mcpauth.AuthorizationServer) { s.Audiences = []string{""} }), configerr.InvalidAudience, "Resources[0].AuthorizationServers[0].Audiences[0]"},
		"negative leeway":  {func(c *mcpauth.Config) { c.Leeway = -1 }, configerr.InvalidLeeway, "Leeway"},
		"long leeway":      {func(c *mcpauth.Config) { c.Leeway = 61 * time.Second }, configerr.InvalidLeeway, "Leeway"},
		"negative timeout": {func(c *mcpauth.Config) { c.Network.Timeout = -1 }, configerr.InvalidTimeout, "Network.Timeout"},
		"long timeout":     {func(c *mcpauth.Config) { c.Network.Timeout = time.Minute + 1 }, configerr.InvalidTimeout, "Network.Timeout"},
		"CORS origin":      {func(c *mcpauth.Config) { c.CORS.Origins = []string{"not an origin"} }, configerr.InvalidCORS, "CORS.Origins"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config := authtest.OneResource()
			test.change(&config)
			auth, err := mcpauth.New(config)
			if auth != nil {
				t.Error("an Auth in spite of the error")
			}
			if !errors.Is(err, test.want) {
				t.Fatalf("got %v, want %q", err, test.want)
			}
			var e *configerr.Error
			if !errors.As(err, &e) {
				t.Fatalf("%T is no *configerr.Error", err)
			}
			if !strings.Contains(err.Error(), test.field) {
				t.Errorf("%q does not name the field %s", err, test.field)
			}
		})
	}
}

func TestConfigFaultsTogether(t *testing.T) {
	t.Parallel()
	_, err := mcpauth.New(mcpauth.Config{Leeway: time.Hour, Resources: []mcpauth.Resource{
		{Identifier: "http://api.example.com#x", ScopesSupported: []string{"offline_access"}},
	}})
	for _, fault := range []configerr.Fault{
		configerr.InvalidLeeway, configerr.InsecureURL, configerr.IdentifierFragment, configerr.OfflineAccess, configerr.NoAuthorizationServer,
	} {
		if !errors.Is(err, fault) {
			t.Errorf("%q is not reported in: %v", fault, err)
		}
	}
}

// TestConfigFaultsHoldNoPassword holds that an error about a URL leaves its
// userinfo out.
//
// Covers RS8.
func TestConfigFaultsHoldNoPassword(t *testing.T) {
	t.Parallel()
	const password = "hunter2"
	_, err := mcpauth.New(mcpauth.Config{Resources: []mcpauth.Resource{{
		Identifier: "https://u:" + password + "@api.example.com/mcp",
		AuthorizationServers: []mcpauth.AuthorizationServer{{
			Issuer: "https://u:" + password + "@auth.example.com", MetadataURL: "https://u:" + password + "@auth.example.com/x",
		}},
	}}})
	if !errors.Is(err, configerr.InvalidIdentifier) || !errors.Is(err, configerr.InvalidIssuer) || !errors.Is(err, configerr.InvalidURL) {
		t.Fatal(err)
	}
	if strings.Contains(err.Error(), password) || !strings.Contains(err.Error(), "@api.example.com/mcp") {
		t.Error(err)
	}
}

func TestConfigAccepted(t *testing.T) {
	t.Parallel()
	for _, id := range []string{
		"https://api.example.com", "https://api.example.com/", "https://api.example.com/a/b?c=d",
		"http://localhost:3001/mcp", "http://127.0.0.1:3001/mcp", "http://[::1]:3001/mcp", "http://app.localhost/mcp",
	} {
		config := authtest.OneResource()
		config.Resources[0].Identifier = id
		if _, err := mcpauth.New(config); err != nil {
			t.Errorf("%s: %v", id, err)
		}
	}
}

func TestConfigIsCopied(t *testing.T) {
	t.Parallel()
	config := authtest.OneResource()
	config.Resources[0].ScopesSupported = []string{"read"}
	md := &metadata.AuthorizationServer{Issuer: authtest.IssuerID, JWKSURI: authtest.IssuerID + "/jwks"}
	config.Resources[0].AuthorizationServers[0].Metadata = md
	auth := authtest.NewAuth(t, config)
	md.JWKSURI = "https://evil.example/jwks"
	if legacy, err := auth.LegacyMetadataHandler(); err != nil || strings.Contains(authtest.Get(t, legacy, "/").Body.String(), "evil") {
		t.Error("the Auth changed with the given metadata:", err)
	}
	config.Resources[0].ScopesSupported[0] = "changed"
	config.Resources[0].Identifier = "https://changed.example"
	body := authtest.Get(t, auth.MetadataHandler(), "/.well-known/oauth-protected-resource").Body.String()
	if strings.Contains(body, "changed") {
		t.Error("the Auth changed with its configuration:", body)
	}
}

func TestOptionFaults(t *testing.T) {
	t.Parallel()
	config := authtest.OneResource()
	config.Resources = append(config.Resources, mcpauth.Resource{
		Identifier: "https://api.example.com/admin", AuthorizationServers: config.Resources[0].AuthorizationServers,
	})
	auth := authtest.NewAuth(t, config)
	for name, test := range map[string]struct {
		options []mcpauth.Option
		want    configerr.Fault
	}{
		"which resource":   {nil, configerr.ResourceNotSpecified},
		"unknown resource": {[]mcpauth.Option{mcpauth.ForResource("https://other.example")}, configerr.ResourceUnknown},
		"offline_access":   {[]mcpauth.Option{mcpauth.ForResource(authtest.ResourceID), mcpauth.Scopes("offline_access")}, configerr.OfflineAccess},
		"scope":            {[]mcpauth.Option{mcpauth.ForResource(authtest.ResourceID), mcpauth.ChallengeScopes("a b")}, configerr.InvalidScope},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := auth.Middleware(test.options...); !errors.Is(err, test.want) {
				t.Errorf("Middleware: got %v, want %q", err, test.want)
			}
			defer func() {
				if err, _ := recover().(error); !errors.Is(err, test.want) {
					t.Errorf("Protect panicked with %v, want %q", err, test.want)
				}
			}()
			auth.Protect(http.NotFoundHandler(), test.options...)
		})
	}
}

// Covers RS11: New reports the mistakes of a policy with their places, together
// with all others.
func TestPolicyFaults(t *testing.T) {
	t.Parallel()
	config := authtest.OneResource()
	r := &config.Resources[0]
	r.ScopeIncludes = map[string][]string{"a": {"b", "offline_access"}, "b": {"a"}}
	r.Policy = &policy.Policy{Tools: map[string]policy.Requirement{"a*b": policy.Scopes("x y")}, MaxBody: -1}
	r.ScopesSupported = []string{"offline_access"}
	_, err := mcpauth.New(config)
	var got []string
	for _, err := range err.(interface{ Unwrap() []error }).Unwrap() {
		var fault *configerr.Error
		if !errors.As(err, &fault) {
			t.Fatalf("%T", err)
		}
		got = append(got, fault.Field)
	}
	want := []string{
		`Resources[0].ScopesSupported[0]`, `Resources[0].ScopeIncludes["a"][1]`, `Resources[0].ScopeIncludes["a"]`,
		`Resources[0].ScopeIncludes["b"]`, `Resources[0].Policy.Tools["a*b"]`, `Resources[0].Policy.Tools["a*b"][0]`,
		`Resources[0].Policy.MaxBody`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
	if !errors.Is(err, configerr.InvalidPattern) || !errors.Is(err, configerr.InvalidMaxBody) {
		t.Errorf("got %v", err)
	}
}

// Covers RS4, RS11.
func TestWarnings(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	config := authtest.OneResource()
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
	auth := authtest.NewAuth(t, config)
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
	if w := authtest.NewAuth(t, config).Warnings(); len(w) > 0 {
		t.Errorf("nothing is advertised, and the warnings are %v", w)
	}
}

// Covers RS11: the warning about a misspelled keyword reaches the log.
func TestMisspelledKeywordIsLogged(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	config := authtest.OneResource()
	config.Logger = slog.New(slog.NewTextHandler(&log, nil))
	config.Resources[0].Policy = &policy.Policy{Tools: map[string]policy.Requirement{"a": policy.Scopes("denied")}}
	warnings := authtest.NewAuth(t, config).Warnings()
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
		}, []warning{{"Resources[1].AuthorizationServers[0].Issuer", authtest.IssuerID, configerr.SimilarIssuer}}},
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
		"shared audiences": {audiences("account", "api://default", authtest.IssuerID, authtest.IssuerID+"/userinfo", "https://graph.microsoft.com", "authenticated", "notes"), []warning{
			{first + "Audiences[0]", "", configerr.SharedAudience}, {first + "Audiences[1]", "", configerr.SharedAudience}, {first + "Audiences[2]", "", configerr.SharedAudience},
			{first + "Audiences[3]", "", configerr.SharedAudience}, {first + "Audiences[4]", "", configerr.SharedAudience}, {first + "Audiences[5]", "", configerr.SharedAudience},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config := authtest.OneResource()
			test.change(&config)
			found := authtest.NewAuth(t, config).Warnings()
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
		"line break":         {issuer(authtest.IssuerID + "\n"), first + "Issuer", "was it read from a file?"},
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
			config := authtest.OneResource()
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
	auth := authtest.NewAuth(t, authtest.OneResource())
	for _, option := range []mcpauth.Option{mcpauth.Scopes("read,write"), mcpauth.ChallengeScopes("[read]")} {
		if _, err := auth.Middleware(option); !errors.Is(err, configerr.InvalidScope) {
			t.Error(err)
		}
	}
}

// No way of printing a configuration or what is made of it shows a secret, be it a
// verb that does not fit.
func TestPrintingShowsNoSecret(t *testing.T) {
	t.Parallel()
	const secret, nonceKey = "s3cret-s3cret", "0123456789abcdef0123456789abcdef"
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	private, err := key.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	scalar := new(big.Int).SetBytes(private)
	config := authtest.OneResource()
	r := &config.Resources[0]
	r.DPoP = &mcpauth.DPoP{RequireNonce: true, NonceKey: []byte(nonceKey)}
	r.MetadataSigner = &mcpauth.MetadataSigner{Key: key, Algorithm: "ES256"}
	r.AuthorizationServers[0].Introspection = &mcpauth.Introspection{
		Endpoint: authtest.IssuerID + "/introspect", ClientID: "rs", ClientSecret: secret,
	}
	auth := authtest.NewAuth(t, config)
	protected := auth.Protect(auth.MetadataHandler())
	for _, value := range []any{
		auth, *auth, config, &config, r, *r, r.AuthorizationServers, r.DPoP, *r.DPoP, r.MetadataSigner, *r.MetadataSigner,
		r.AuthorizationServers[0].Introspection, *r.AuthorizationServers[0].Introspection, auth.MetadataHandler(), protected,
	} {
		var out strings.Builder
		slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "value", value)
		slog.New(slog.NewTextHandler(&out, nil)).Info("x", "value", value)
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d", "%t"} {
			fmt.Fprintf(&out, verb+"\n", value)
		}
		for _, hidden := range []string{
			secret, fmt.Sprintf("%x", secret), nonceKey, fmt.Sprintf("%x", nonceKey), base64.StdEncoding.EncodeToString([]byte(nonceKey)), "48 49 50 51", "0x30, 0x31, 0x32",
			scalar.String(), scalar.Text(16),
		} {
			if strings.Contains(out.String(), hidden) {
				t.Errorf("%T shows %q: %s", value, hidden, out.String())
			}
		}
	}
	if got := fmt.Sprintf("%+v, %s, %v", auth, (*mcpauth.Auth)(nil), r.DPoP); got != "{Resources:["+authtest.ResourceID+"]}, <nil>, {Required:false RequireNonce:true}" {
		t.Errorf("printed %s", got)
	}
}
