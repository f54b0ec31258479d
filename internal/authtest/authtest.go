// Package authtest sets up the usual resource server for tests: an Auth, the
// authorization servers that it trusts, their tokens, and requests with them. It is
// for tests only, also for those of the packages that the root imports: an external
// test package may import both.
package authtest

import (
	"encoding/json"
	"net/http"
	"testing"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/mcpauthtest"
)

// ResourceID and IssuerID are the resource and the issuer of [OneResource].
const (
	ResourceID = "https://api.example.com/mcp"
	IssuerID   = "https://auth.example.com"
)

// OneResource is a right configuration, for tests to spoil.
func OneResource() mcpauth.Config {
	return mcpauth.Config{Resources: []mcpauth.Resource{{
		Identifier:           ResourceID,
		AuthorizationServers: []mcpauth.AuthorizationServer{{Issuer: IssuerID}},
	}}}
}

// Resources is a configuration with these resources, all of which trust [IssuerID].
func Resources(identifiers ...string) mcpauth.Config {
	var config mcpauth.Config
	for _, id := range identifiers {
		config.Resources = append(config.Resources, mcpauth.Resource{
			Identifier: id, Name: id, AuthorizationServers: []mcpauth.AuthorizationServer{{Issuer: IssuerID}},
		})
	}
	return config
}

// NewAuth makes an Auth, and closes it when the test ends.
func NewAuth(t *testing.T, config mcpauth.Config) *mcpauth.Auth {
	t.Helper()
	auth, err := mcpauth.New(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := auth.Close(); err != nil {
			t.Error(err)
		}
	})
	return auth
}

// NewServer starts an authorization server, and stops it when the test ends.
func NewServer(t *testing.T, config mcpauthtest.Config) *mcpauthtest.Server {
	t.Helper()
	server, err := mcpauthtest.NewServer(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	return server
}

// NewClocked makes an authorization server and an Auth that trusts it, with one
// clock for both.
func NewClocked(t *testing.T, config mcpauthtest.Config) (*Clock, *mcpauthtest.Server, *mcpauth.Auth) {
	t.Helper()
	c := NewClock()
	config.Now = c.Now
	server := NewServer(t, config)
	trust := Trusting(server.Issuer())
	trust.Now = c.Now
	return c, server, NewAuth(t, trust)
}

// Admitted mints a token and has it admitted, so that keys are fetched.
func Admitted(t *testing.T, server *mcpauthtest.Server, auth *mcpauth.Auth) string {
	t.Helper()
	token := Mint(t, server)
	if got := Status(auth, token); got != http.StatusOK {
		t.Fatalf("a good token: %d", got)
	}
	return token
}

// Rotate withdraws all keys at once.
func Rotate(t *testing.T, server *mcpauthtest.Server) {
	t.Helper()
	if err := server.RotateKeys(mcpauthtest.DropOldKeys()); err != nil {
		t.Fatal(err)
	}
}

// Trusting is a configuration with one resource that trusts the servers.
func Trusting(issuers ...string) mcpauth.Config {
	config := OneResource()
	config.Resources[0].AuthorizationServers = nil
	for _, issuer := range issuers {
		config.Resources[0].AuthorizationServers = append(config.Resources[0].AuthorizationServers, mcpauth.AuthorizationServer{Issuer: issuer})
	}
	return config
}

// Mint returns a token for [ResourceID] with the scope read.
func Mint(t *testing.T, server *mcpauthtest.Server, options ...mcpauthtest.TokenOption) string {
	t.Helper()
	token, err := server.Token(mcpauthtest.TokenClaims{Audience: []string{ResourceID}, Scopes: []string{"read"}}, options...)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// RepairIssuer mends a document that names a wrong issuer.
func RepairIssuer(issuer string) func([]byte) ([]byte, error) {
	return func(document []byte) ([]byte, error) {
		var members map[string]any
		if err := json.Unmarshal(document, &members); err != nil {
			return nil, err
		}
		members["issuer"] = issuer
		return json.Marshal(members)
	}
}
