package metadata_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/mcp-auth/go/metadata"
)

// authorizationServer stands for one that publishes as OpenID providers do.
func authorizationServer() *httptest.Server {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /oidc/.well-known/openid-configuration", func(w http.ResponseWriter, r *http.Request) {
		origin := "http://" + r.Host
		_ = json.NewEncoder(w).Encode(metadata.AuthorizationServer{
			Issuer:                        origin + "/oidc",
			AuthorizationEndpoint:         origin + "/oidc/auth",
			TokenEndpoint:                 origin + "/oidc/token",
			JWKSURI:                       origin + "/oidc/jwks",
			ResponseTypesSupported:        []string{"code"},
			CodeChallengeMethodsSupported: []string{"S256"},
		})
	})
	return httptest.NewServer(mux)
}

func ExampleDiscover() {
	server := authorizationServer()
	defer server.Close()

	as, err := metadata.Discover(context.Background(), metadata.Source{Issuer: server.URL + "/oidc"})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("keys at", strings.TrimPrefix(as.JWKSURI, server.URL))
	// Output: keys at /oidc/jwks
}

// An issuer is what the server says it is, to the byte. Here a slash is one too
// many.
func ExampleDiscover_incorrect() {
	server := authorizationServer()
	defer server.Close()

	_, err := metadata.Discover(context.Background(), metadata.Source{Issuer: server.URL + "/oidc/", Type: metadata.OIDC})
	var failure *metadata.DiscoveryError
	if errors.As(err, &failure) {
		fmt.Println(failure.Kind)
	}
	// Output: issuer mismatch
}

func ExampleAuthorizationServer_Validate() {
	as := metadata.AuthorizationServer{
		Issuer:                 "https://auth.example.com",
		AuthorizationEndpoint:  "https://auth.example.com/authorize",
		TokenEndpoint:          "https://auth.example.com/token",
		JWKSURI:                "https://auth.example.com/jwks",
		ResponseTypesSupported: []string{"code"},
	}
	report := as.Validate()
	for _, finding := range report.With(metadata.Warning) {
		fmt.Println(finding.Code)
	}
	fmt.Println("valid:", report.Valid())
	// Output:
	// pkce_not_advertised
	// registration_not_supported
	// iss_parameter_not_supported
	// valid: true
}

func ExampleParseAuthorizationServer() {
	as, err := metadata.ParseAuthorizationServer([]byte(`{
		"issuer": "https://auth.example.com",
		"code_challenge_methods_supported": ["S256"],
		"mtls_endpoint_aliases": {"token_endpoint": "https://mtls.example.com/token"}
	}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(as.CodeChallengeMethodsSupported)
	fmt.Printf("%s\n", as.Extra["mtls_endpoint_aliases"])
	// Output:
	// [S256]
	// {"token_endpoint": "https://mtls.example.com/token"}
}

func ExampleParseProtectedResource() {
	pr, err := metadata.ParseProtectedResource([]byte(`{
		"resource": "https://api.example.com/notes",
		"authorization_servers": ["https://auth.example.com"]
	}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(pr.Resource == "https://api.example.com/notes", pr.AuthorizationServers)
	// Output: true [https://auth.example.com]
}

func ExampleProtectedResource_Validate() {
	pr := metadata.ProtectedResource{Resource: "https://api.example.com/notes"}
	for _, finding := range pr.Validate().With(metadata.Error) {
		fmt.Println(finding.Code)
	}
	// Output: authorization_servers_missing
}

func ExampleCandidateURLs() {
	urls, err := metadata.CandidateURLs("https://auth.example.com/tenant1", metadata.AnyType)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, u := range urls {
		fmt.Println(u)
	}
	// Output:
	// https://auth.example.com/.well-known/oauth-authorization-server/tenant1
	// https://auth.example.com/.well-known/openid-configuration/tenant1
	// https://auth.example.com/tenant1/.well-known/openid-configuration
}

func ExampleResourceMetadataURL() {
	u, err := metadata.ResourceMetadataURL("https://api.example.com/notes")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(u)
	// Output: https://api.example.com/.well-known/oauth-protected-resource/notes
}

func ExampleRootResourceMetadataURL() {
	u, err := metadata.RootResourceMetadataURL("https://api.example.com/notes")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(u)
	// Output: https://api.example.com/.well-known/oauth-protected-resource
}

func ExampleCheckIssuer() {
	fmt.Println(metadata.CheckIssuer("https://auth.example.com/tenant1"))
	fmt.Println(metadata.CheckIssuer("https://auth.example.com/?tenant=1"))
	// Output:
	// <nil>
	// metadata: issuer: must not have a query
}
