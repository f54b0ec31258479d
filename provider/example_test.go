package provider_test

import (
	"errors"
	"fmt"
	"log"
	"os"
	"time"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/configerr"
	"github.com/mcp-auth/go/provider"
)

// An authorization server by name.
func Example() {
	profile, err := provider.Get("auth0")
	if err != nil {
		log.Fatal(err)
	}
	server, err := profile.AuthorizationServer(provider.Params{"domain": "example.us.auth0.com"}, provider.Options{})
	if err != nil {
		log.Fatal(err)
	}
	auth, err := mcpauth.New(mcpauth.Config{Resources: []mcpauth.Resource{{
		Identifier:           "https://mcp.example.com/mcp",
		AuthorizationServers: []mcpauth.AuthorizationServer{server},
	}}})
	if err != nil {
		log.Fatal(err)
	}
	defer auth.Close()
	fmt.Println(server.Issuer, server.TokenTypes)
	// Output: https://example.us.auth0.com/ [at+jwt JWT]
}

// One authorization server for each tenant.
func ExampleProfile_AuthorizationServers() {
	profile, err := provider.Get("entra-v2")
	if err != nil {
		log.Fatal(err)
	}
	servers, err := profile.AuthorizationServers([]provider.Params{
		{"tenant": "aaaabbbb-0000-cccc-1111-dddd2222eeee"},
		{"tenant": "bbbbcccc-0000-dddd-1111-eeee2222ffff"},
	}, provider.Options{Audiences: []string{"11112222-bbbb-3333-cccc-4444dddd5555"}})
	if err != nil {
		log.Fatal(err)
	}
	for _, server := range servers {
		fmt.Println(server.Issuer)
	}
	// Output:
	// https://login.microsoftonline.com/aaaabbbb-0000-cccc-1111-dddd2222eeee/v2.0
	// https://login.microsoftonline.com/bbbbcccc-0000-dddd-1111-eeee2222ffff/v2.0
}

// An audience that every client of a realm has is refused.
func Example_incorrect() {
	profile, err := provider.Get("keycloak")
	if err != nil {
		log.Fatal(err)
	}
	_, err = profile.AuthorizationServer(
		provider.Params{"server": "https://sso.example.com", "realm": "example"},
		provider.Options{Audiences: []string{"account"}})
	fmt.Println(errors.Is(err, provider.AudienceShared))
	fmt.Println(err)
	// Output:
	// true
	// provider: keycloak: Options.Audiences[0] "account": the audience does not stand for this server alone: tokens of every client of the realm have it: add an audience mapper
}

// GitHub's tokens are opaque: GitHub is asked, as the app.
func ExampleNewGitHub() {
	gitHub, err := provider.NewGitHub(provider.GitHubConfig{
		ClientID:     "Iv1.8a61f9b3a7aba766",
		ClientSecret: mcpauth.Secret(os.Getenv("GITHUB_CLIENT_SECRET")),
		AllowedIDs:   []int64{583231},
		Connection:   provider.Connection{CacheTTL: time.Minute},
	})
	var mistake *configerr.Error
	if errors.As(err, &mistake) {
		fmt.Println(mistake.Field, mistake.Fault)
		return
	}
	defer gitHub.Close()
	// Output: ClientSecret the client secret is missing
}
