package mcpauth_test

import (
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
	"strings"
	"testing"
	"time"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/configerr"
	"github.com/mcp-auth/go/mcpauthtest"
	"github.com/mcp-auth/go/metadata"
	"github.com/mcp-auth/go/network"
)

const (
	resourceID = "https://api.example.com/mcp"
	issuerID   = "https://auth.example.com"
)

// oneResource is a right configuration, for tests to spoil.
func oneResource() mcpauth.Config {
	return mcpauth.Config{Resources: []mcpauth.Resource{{
		Identifier:           resourceID,
		AuthorizationServers: []mcpauth.AuthorizationServer{{Issuer: issuerID}},
	}}}
}

// Covers RS1, RS8: inside one network a service has a name and no certificate. Hosts
// that are named may be http, for what a resource server reaches and is, and for
// nothing else.
func TestNamedHostsMayBeHTTP(t *testing.T) {
	t.Parallel()
	named := func(change func(*mcpauth.Resource)) mcpauth.Config {
		config := oneResource()
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
				Issuer: issuerID, Metadata: &metadata.AuthorizationServer{Issuer: issuerID, JWKSURI: "http://keycloak:8080/jwks"},
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
			w := get(t, auth.Protect(http.NotFoundHandler()), "/mcp")
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
	config := oneResource()
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
		config := trusting(issuer)
		config.Network, config.Resources[0].AuthorizationServers[0].Introspection = settings, introspect
		auth := newAuth(t, config)
		if err := auth.Ready(t.Context()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if got := status(auth, mint(t, server)); got != http.StatusOK {
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
		"empty query":   {identifier(resourceID + "?"), configerr.InvalidIdentifier, "Resources[0].Identifier"},
		"empty segment": {identifier("https://api.example.com//mcp"), configerr.InvalidIdentifier, "Resources[0].Identifier"},
		"dot segment":   {identifier("https://api.example.com/a/../mcp"), configerr.InvalidIdentifier, "Resources[0].Identifier"},
		"no keys": {server(func(s *mcpauth.AuthorizationServer) {
			s.Metadata = &metadata.AuthorizationServer{Issuer: issuerID}
		}), configerr.InvalidURL, "Resources[0].AuthorizationServers[0].Metadata.JWKSURI"},
		"keys over http": {server(func(s *mcpauth.AuthorizationServer) {
			s.Metadata = &metadata.AuthorizationServer{Issuer: issuerID, JWKSURI: "http://auth.example.com/jwks"}
		}), configerr.InsecureURL, "Resources[0].AuthorizationServers[0].Metadata.JWKSURI"},
		"empty identifier":    {identifier(""), configerr.InvalidIdentifier, "Resources[0].Identifier"},
		"relative identifier": {identifier("/mcp"), configerr.InvalidIdentifier, "Resources[0].Identifier"},
		"urn identifier":      {identifier("urn:x:y"), configerr.InvalidIdentifier, "Resources[0].Identifier"},
		"userinfo":            {identifier("https://a@api.example.com/mcp"), configerr.InvalidIdentifier, "Resources[0].Identifier"},
		"fragment":            {identifier(resourceID + "#x"), configerr.IdentifierFragment, "Resources[0].Identifier"},
		"empty fragment":      {identifier(resourceID + "#"), configerr.IdentifierFragment, "Resources[0].Identifier"},
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
			r.AuthorizationServers = []mcpauth.AuthorizationServer{{Issuer: issuerID, Verifier: verifier}, {Issuer: issuerID + "/2", Verifier: verifier}}
		}), configerr.AmbiguousVerifier, "Resources[0].AuthorizationServers[1].Verifier"},
		"empty issuer":       {issuer(""), configerr.InvalidIssuer, "Resources[0].AuthorizationServers[0].Issuer"},
		"issuer with query":  {issuer(issuerID + "?a=b"), configerr.InvalidIssuer, "Resources[0].AuthorizationServers[0].Issuer"},
		"URL of metadata":    {issuer(issuerID + "/.well-known/openid-configuration"), configerr.InvalidIssuer, "Resources[0].AuthorizationServers[0].Issuer"},
		"http issuer":        {issuer("http://auth.example.com"), configerr.InsecureURL, "Resources[0].AuthorizationServers[0].Issuer"},
		"loopback lookalike": {issuer("http://localhost.evil.example"), configerr.InsecureURL, "Resources[0].AuthorizationServers[0].Issuer"},
		"type":               {server(func(s *mcpauth.AuthorizationServer) { s.Type = "saml" }), configerr.InvalidType, "Resources[0].AuthorizationServers[0].Type"},
		"metadata URL":       {server(func(s *mcpauth.AuthorizationServer) { s.MetadataURL = "nonsense" }), configerr.InvalidURL, "Resources[0].AuthorizationServers[0].MetadataURL"},
		"issuer mismatch": {server(func(s *mcpauth.AuthorizationServer) {
			s.Metadata = &metadata.AuthorizationServer{Issuer: issuerID + "/"}
		}), configerr.IssuerMismatch, "Resources[0].AuthorizationServers[0].Metadata.Issuer"},
		"two sources": {server(func(s *mcpauth.AuthorizationServer) {
			s.Metadata, s.MetadataURL = &metadata.AuthorizationServer{Issuer: issuerID}, "https://auth.example.com/m"
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
			config := oneResource()
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
		config := oneResource()
		config.Resources[0].Identifier = id
		if _, err := mcpauth.New(config); err != nil {
			t.Errorf("%s: %v", id, err)
		}
	}
}

func TestConfigIsCopied(t *testing.T) {
	t.Parallel()
	config := oneResource()
	config.Resources[0].ScopesSupported = []string{"read"}
	md := &metadata.AuthorizationServer{Issuer: issuerID, JWKSURI: issuerID + "/jwks"}
	config.Resources[0].AuthorizationServers[0].Metadata = md
	auth := newAuth(t, config)
	md.JWKSURI = "https://evil.example/jwks"
	if legacy, err := auth.LegacyMetadataHandler(); err != nil || strings.Contains(get(t, legacy, "/").Body.String(), "evil") {
		t.Error("the Auth changed with the given metadata:", err)
	}
	config.Resources[0].ScopesSupported[0] = "changed"
	config.Resources[0].Identifier = "https://changed.example"
	body := get(t, auth.MetadataHandler(), "/.well-known/oauth-protected-resource").Body.String()
	if strings.Contains(body, "changed") {
		t.Error("the Auth changed with its configuration:", body)
	}
}

func TestOptionFaults(t *testing.T) {
	t.Parallel()
	config := oneResource()
	config.Resources = append(config.Resources, mcpauth.Resource{
		Identifier: "https://api.example.com/admin", AuthorizationServers: config.Resources[0].AuthorizationServers,
	})
	auth := newAuth(t, config)
	for name, test := range map[string]struct {
		options []mcpauth.Option
		want    configerr.Fault
	}{
		"which resource":   {nil, configerr.ResourceNotSpecified},
		"unknown resource": {[]mcpauth.Option{mcpauth.ForResource("https://other.example")}, configerr.ResourceUnknown},
		"offline_access":   {[]mcpauth.Option{mcpauth.ForResource(resourceID), mcpauth.Scopes("offline_access")}, configerr.OfflineAccess},
		"scope":            {[]mcpauth.Option{mcpauth.ForResource(resourceID), mcpauth.ChallengeScopes("a b")}, configerr.InvalidScope},
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
	config := oneResource()
	r := &config.Resources[0]
	r.DPoP = &mcpauth.DPoP{RequireNonce: true, NonceKey: []byte(nonceKey)}
	r.MetadataSigner = &mcpauth.MetadataSigner{Key: key, Algorithm: "ES256"}
	r.AuthorizationServers[0].Introspection = &mcpauth.Introspection{
		Endpoint: issuerID + "/introspect", ClientID: "rs", ClientSecret: secret,
	}
	auth := newAuth(t, config)
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
	if got := fmt.Sprintf("%+v, %s, %v", auth, (*mcpauth.Auth)(nil), r.DPoP); got != "{Resources:["+resourceID+"]}, <nil>, {Required:false RequireNonce:true}" {
		t.Errorf("printed %s", got)
	}
}
