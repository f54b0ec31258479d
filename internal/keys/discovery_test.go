package keys_test

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/configerr"
	"github.com/mcp-auth/go/internal/authtest"
	"github.com/mcp-auth/go/mcpauthtest"
	"github.com/mcp-auth/go/metadata"
	"github.com/mcp-auth/go/network"
)

// Covers RS8. At the start, too, a repair function that panics is an error.
func TestDiscoverWithPanickingRepair(t *testing.T) {
	t.Parallel()
	server := authtest.NewServer(t, mcpauthtest.Config{})
	_, err := mcpauth.DiscoverAuthorizationServer(t.Context(), mcpauth.AuthorizationServer{
		Issuer: server.Issuer(), RepairMetadata: func([]byte) ([]byte, error) { panic("s3cret") },
	}, network.Settings{})
	if err == nil || strings.Contains(err.Error(), "s3cret") || !strings.Contains(err.Error(), "the repair function panicked") {
		t.Errorf("got %v", err)
	}
}

func TestReady(t *testing.T) {
	t.Parallel()
	server := authtest.NewServer(t, mcpauthtest.Config{})
	if err := authtest.NewAuth(t, authtest.Trusting(server.Issuer())).Ready(context.Background()); err != nil {
		t.Error(err)
	}
	err := authtest.NewAuth(t, authtest.Trusting(server.Issuer(), "http://127.0.0.1:1")).Ready(context.Background())
	var discovery *metadata.DiscoveryError
	if !errors.As(err, &discovery) || discovery.Kind != metadata.Unavailable {
		t.Errorf("got %v, want a DiscoveryError of kind unavailable", err)
	}
}

// Covers RS8. The ways to give an authorization server.
func TestServerConfigurations(t *testing.T) {
	t.Parallel()
	plain := authtest.NewServer(t, mcpauthtest.Config{})
	tenant := authtest.NewServer(t, mcpauthtest.Config{Path: "/tenant1"})
	oidcOnly := authtest.NewServer(t, mcpauthtest.Config{Path: "/tenant1"})
	oidcOnly.SetFaults(mcpauthtest.Faults{HideOAuthMetadata: true})
	broken := authtest.NewServer(t, mcpauthtest.Config{})
	broken.SetFaults(mcpauthtest.Faults{MetadataIssuer: "https://internal.example"})
	keys, err := plain.JWKS()
	if err != nil {
		t.Fatal(err)
	}
	fetched, err := mcpauth.DiscoverAuthorizationServer(context.Background(), mcpauth.AuthorizationServer{Issuer: plain.Issuer(), Type: mcpauth.OAuth}, network.Settings{})
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		as     *mcpauthtest.Server
		config mcpauth.AuthorizationServer
	}{
		"any":               {plain, mcpauth.AuthorizationServer{}},
		"oauth":             {plain, mcpauth.AuthorizationServer{Type: mcpauth.OAuth}},
		"oidc":              {plain, mcpauth.AuthorizationServer{Type: mcpauth.OIDC}},
		"oauth with path":   {tenant, mcpauth.AuthorizationServer{Type: mcpauth.OAuth}},
		"oidc with path":    {tenant, mcpauth.AuthorizationServer{Type: mcpauth.OIDC}},
		"any, only oidc":    {oidcOnly, mcpauth.AuthorizationServer{}},
		"explicit URL":      {tenant, mcpauth.AuthorizationServer{MetadataURL: tenant.Issuer() + "/.well-known/openid-configuration"}},
		"keys by hand":      {plain, mcpauth.AuthorizationServer{JWKS: keys}},
		"fetched up front":  {plain, fetched},
		"metadata by hand":  {plain, mcpauth.AuthorizationServer{Metadata: &metadata.AuthorizationServer{Issuer: plain.Issuer(), JWKSURI: fetched.Metadata.JWKSURI}}},
		"repaired document": {broken, mcpauth.AuthorizationServer{RepairMetadata: authtest.RepairIssuer(broken.Issuer())}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config := authtest.OneResource()
			test.config.Issuer = test.as.Issuer()
			config.Resources[0].AuthorizationServers = []mcpauth.AuthorizationServer{test.config}
			if _, err := authtest.NewAuth(t, config).Authorize(context.Background(), authtest.Bearer(authtest.Mint(t, test.as))); err != nil {
				t.Errorf("%v: %v", err, errors.Unwrap(err))
			}
		})
	}
}

// Covers RS8.
func TestDiscoverAuthorizationServerFaults(t *testing.T) {
	t.Parallel()
	server := authtest.NewServer(t, mcpauthtest.Config{})
	server.SetFaults(mcpauthtest.Faults{MetadataIssuer: server.Issuer() + "/"})
	_, err := mcpauth.DiscoverAuthorizationServer(context.Background(), mcpauth.AuthorizationServer{Issuer: server.Issuer()}, network.Settings{})
	var discovery *metadata.DiscoveryError
	if !errors.As(err, &discovery) || discovery.Kind != metadata.IssuerMismatch {
		t.Errorf("got %v, want a DiscoveryError of kind issuer mismatch", err)
	}
	if _, err := mcpauth.DiscoverAuthorizationServer(context.Background(), mcpauth.AuthorizationServer{Issuer: "x"}, network.Settings{}); !errors.Is(err, configerr.InvalidIssuer) {
		t.Errorf("got %v, want %q", err, configerr.InvalidIssuer)
	}
}

// Covers RS21.
func TestDiscoverAuthorizationServerWithNetworkSettings(t *testing.T) {
	t.Parallel()
	var issuer string
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, `{"issuer":%q,"jwks_uri":%q}`, issuer, issuer+"/jwks")
	}))
	t.Cleanup(server.Close)
	issuer = server.URL
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	found, err := mcpauth.DiscoverAuthorizationServer(t.Context(), mcpauth.AuthorizationServer{Issuer: issuer}, network.Settings{RootCAs: roots})
	if err != nil || found.Metadata.JWKSURI != issuer+"/jwks" {
		t.Errorf("%v, %v", found.Metadata, err)
	}
}

// A repair function that panics is an outage, not the end of the process.
func TestRepairPanics(t *testing.T) {
	t.Parallel()
	server := authtest.NewServer(t, mcpauthtest.Config{})
	config := authtest.Trusting(server.Issuer())
	config.Resources[0].AuthorizationServers[0].RepairMetadata = func([]byte) ([]byte, error) { panic("no") }
	if got := authtest.Status(authtest.NewAuth(t, config), authtest.Mint(t, server)); got != http.StatusServiceUnavailable {
		t.Errorf("got %d, want 503", got)
	}
}
