package client

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/mcp-auth/go/client/clienterr"
	"github.com/mcp-auth/go/configerr"
	"github.com/mcp-auth/go/network"
)

// Covers CL10.
func TestConfigFaults(t *testing.T) {
	t.Parallel()
	const server = "https://mcp.example.com/mcp"
	weak, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	subject := func(context.Context) (SubjectToken, error) { return SubjectToken{}, nil }
	for name, test := range map[string]struct {
		config Config
		faults []configerr.Fault
	}{
		"good":                    {Config{ServerURL: server}, nil},
		"loopback":                {Config{ServerURL: "http://localhost:3000/mcp"}, nil},
		"no server":               {Config{}, []configerr.Fault{configerr.InvalidServerURL}},
		"http":                    {Config{ServerURL: "http://mcp.example.com/mcp"}, []configerr.Fault{configerr.InvalidServerURL}},
		"fragment":                {Config{ServerURL: server + "#x"}, []configerr.Fault{configerr.InvalidServerURL}},
		"userinfo":                {Config{ServerURL: "https://user:s3cret@mcp.example.com/"}, []configerr.Fault{configerr.InvalidServerURL}},
		"userinfo, no scheme":     {Config{ServerURL: "user:s3cret@mcp.example.com"}, []configerr.Fault{configerr.InvalidServerURL}},
		"userinfo of issuers":     {withCredentials(server, Credentials{Issuer: "https://u:s3cret@as", ClientID: "a"}, Credentials{Issuer: "https://u:s3cret@as", ClientID: "b"}), []configerr.Fault{configerr.InvalidIssuer, configerr.InvalidIssuer, configerr.DuplicateIssuer}},
		"redirect to http":        {withGrant(server, AuthorizationCode{RedirectURI: "http://app.example.com/cb"}), []configerr.Fault{configerr.InvalidRedirectURI}},
		"redirect to a scheme":    {withGrant(server, AuthorizationCode{RedirectURI: "com.example.app:/cb"}), []configerr.Fault{configerr.InvalidRedirectURI}},
		"redirect with fragment":  {withGrant(server, AuthorizationCode{RedirectURI: "https://app.example.com/cb#x", Callback: visit}), []configerr.Fault{configerr.InvalidRedirectURI}},
		"redirect nobody hears":   {withGrant(server, AuthorizationCode{RedirectURI: "https://app.example.com/cb"}), []configerr.Fault{configerr.RedirectNotLoopback}},
		"https loopback":          {withGrant(server, AuthorizationCode{RedirectURI: "https://localhost/cb"}), []configerr.Fault{configerr.RedirectNotLoopback}},
		"redirect to https":       {withGrant(server, AuthorizationCode{RedirectURI: "https://app.example.com/cb", Callback: visit}), nil},
		"two ways to ask":         {withGrant(server, AuthorizationCode{Callback: visit, OpenURL: func(context.Context, string) error { return nil }}), []configerr.Fault{configerr.ConflictingUI}},
		"user's time":             {withGrant(server, AuthorizationCode{Timeout: 2 * time.Hour}), []configerr.Fault{configerr.InvalidTimeout}},
		"timeout":                 {Config{ServerURL: server, Network: network.Settings{Timeout: time.Hour}}, []configerr.Fault{configerr.InvalidTimeout}},
		"scope":                   {Config{ServerURL: server, Scopes: []string{"a b"}}, []configerr.Fault{configerr.InvalidScope}},
		"dpop":                    {Config{ServerURL: server, DPoP: "always"}, []configerr.Fault{configerr.InvalidDPoPMode}},
		"legacy discovery":        {Config{ServerURL: server, LegacyDiscovery: "on"}, []configerr.Fault{configerr.InvalidLegacyDiscovery}},
		"document without path":   {Config{ServerURL: server, MetadataDocumentURL: "https://client.example.com/"}, []configerr.Fault{configerr.InvalidMetadataURL}},
		"document over http":      {Config{ServerURL: server, MetadataDocumentURL: "http://localhost/client.json"}, []configerr.Fault{configerr.InvalidMetadataURL}},
		"document with dots":      {Config{ServerURL: server, MetadataDocumentURL: "https://client.example.com/a/../b"}, []configerr.Fault{configerr.InvalidMetadataURL}},
		"credentials without id":  {withCredentials(server, Credentials{}), []configerr.Fault{configerr.InvalidClientID}},
		"credentials twice":       {withCredentials(server, Credentials{ClientID: "a"}, Credentials{ClientID: "b"}), []configerr.Fault{configerr.DuplicateIssuer}},
		"credentials' issuer":     {withCredentials(server, Credentials{Issuer: "http://as.example.com", ClientID: "a"}), []configerr.Fault{configerr.InvalidIssuer}},
		"secret and key":          {withCredentials(server, Credentials{ClientID: "a", ClientSecret: "s", PrivateKey: newKey(t)}), []configerr.Fault{configerr.ConflictingSecrets}},
		"a weak key":              {withCredentials(server, Credentials{ClientID: "a", PrivateKey: weak}), []configerr.Fault{configerr.InvalidClientKey}},
		"a key for another":       {withCredentials(server, Credentials{ClientID: "a", PrivateKey: newKey(t), Algorithm: "RS256"}), []configerr.Fault{configerr.InvalidClientKey}},
		"an unknown method":       {withCredentials(server, Credentials{ClientID: "a", AuthMethod: "tls_client_auth"}), []configerr.Fault{configerr.InvalidAuthMethod}},
		"a method without secret": {withCredentials(server, Credentials{ClientID: "a", AuthMethod: "client_secret_basic"}), []configerr.Fault{configerr.InvalidAuthMethod}},
		"machine without secret":  {withGrant(server, ClientCredentials{}), []configerr.Fault{configerr.NoCredentials}},
		"workload":                {withGrant(server, WorkloadIdentity{}), []configerr.Fault{configerr.NoAssertion}},
		"enterprise": {withGrant(server, EnterpriseManaged{TokenEndpoint: "http://idp.example.com/token"}),
			[]configerr.Fault{configerr.InvalidIssuer, configerr.InvalidClientID, configerr.InvalidEndpoint, configerr.NoSubjectToken}},
		"enterprise, good": {withGrant(server, EnterpriseManaged{
			IdentityProvider: Credentials{Issuer: "https://idp.example.com", ClientID: "a"}, Subject: subject,
		}), nil},
		"all at once": {Config{ServerURL: "mcp", Scopes: []string{""}, DPoP: "x"}, []configerr.Fault{configerr.InvalidServerURL, configerr.InvalidScope, configerr.InvalidDPoPMode}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := New(test.config)
			if (err == nil) != (len(test.faults) == 0) || (c == nil) != (err != nil) {
				t.Fatalf("error %v", err)
			}
			for _, fault := range test.faults {
				if !errors.Is(err, fault) {
					t.Errorf("error %v, want %v", err, fault)
				}
			}
			var one *configerr.Error
			if err != nil && (!errors.As(err, &one) || one.Field == "") {
				t.Errorf("error %v names no field", err)
			}
			if err != nil && strings.Contains(err.Error(), "s3cret") {
				t.Errorf("%v shows a secret", err)
			}
			if err != nil && strings.Count(err.Error(), "\n")+1 != len(test.faults) {
				t.Errorf("error %v, want %d faults", err, len(test.faults))
			}
		})
	}
}

func withGrant(server string, grant Grant) Config { return Config{ServerURL: server, Grant: grant} }

func withCredentials(server string, credentials ...Credentials) Config {
	return Config{ServerURL: server, Credentials: credentials}
}

// A configuration is copied, so later changes of the caller's have no effect.
func TestConfigIsCopied(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.config.Scopes, w.config.Credentials = []string{"a"}, []Credentials{{ClientID: "a"}}
	c := w.client(t)
	w.config.Scopes[0], w.config.Credentials[0].ClientID = "b", "b"
	mustRequest(t, c, "")
	equal(t, "scope", w.as.authorizations[0].Get("scope"), "a")
	equal(t, "client", w.as.authorizations[0].Get("client_id"), "a")
}

// Values with secrets do not print them.
//
// Covers CL9.
func TestSecretsPrintNothing(t *testing.T) {
	t.Parallel()
	var log strings.Builder
	logger := slog.New(slog.NewTextHandler(&log, nil))
	for _, value := range []any{
		Credentials{ClientID: "a", ClientSecret: "s3cret"}, &Credentials{ClientID: "a", ClientSecret: "s3cret"},
		Token{AccessToken: "s3cret"}, &Token{AccessToken: "s3cret"}, SubjectToken{Token: "s3cret"},
	} {
		logger.Info("x", "value", value)
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
			if text := fmt.Sprintf(verb, value); strings.Contains(text, "s3cret") {
				t.Errorf("%T with %s: %s", value, verb, text)
			}
		}
	}
	if strings.Contains(log.String(), "s3cret") {
		t.Errorf("logged %s", log.String())
	}
}

// Covers CL10: inside one network, servers on named hosts may be http: the MCP server,
// its authorization server, and the page where the user logs in.
func TestNamedHostsMayBeHTTP(t *testing.T) {
	t.Parallel()
	const host = "::ffff:127.0.0.1" // not loopback by its spelling
	plain := func(url string) string { return strings.Replace(url, "127.0.0.1", "["+host+"]", 1) }
	w := newWorld(t)
	w.as.URL, w.as.issuer = plain(w.as.URL), plain(w.as.issuer)
	loopback := w.rs.url
	w.rs.URL, w.rs.url = plain(w.rs.URL), plain(w.rs.url)
	w.config.ServerURL = w.rs.url
	if _, err := New(w.config); !errors.Is(err, configerr.InvalidServerURL) {
		t.Errorf("a host that is not named: %v", err)
	}
	w.config.Network.DangerouslyAllowHTTP = []string{host}
	shown := false
	w.config.Grant = AuthorizationCode{Callback: func(ctx context.Context, url string) (string, error) {
		shown = strings.HasPrefix(url, w.as.issuer)
		if err := PrintURL(io.Discard)(ctx, url); err != nil {
			t.Error(err)
		}
		return visit(ctx, url)
	}}
	mustRequest(t, w.client(t), "read")
	if !shown {
		t.Error("the authorization URL is not on the named host")
	}
	w.config.Network.DangerouslyAllowHTTP = []string{"other"}
	w.rs.URL, w.rs.url, w.config.ServerURL = strings.Replace(w.rs.URL, "["+host+"]", "127.0.0.1", 1), loopback, loopback
	var refused *clienterr.UnsuitableError
	if _, err := request(t, w.client(t), "read"); !errors.As(err, &refused) {
		t.Errorf("an issuer on a host that is not named: %v", err)
	}
	w.config.Network.DangerouslyAllowHTTP = []string{"http://other"}
	if _, err := New(w.config); !errors.Is(err, configerr.InvalidHost) {
		t.Errorf("not a host: %v", err)
	}
}
