package selftest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/mcp-auth/go/internal/fetch"
	"github.com/mcp-auth/go/metadata"
)

// challenge asks without a token (RFC 9728 §5.1, RFC 6750 §3.1).
func (f *flow) challenge(ctx context.Context) (string, error) {
	status, bearer, err := f.knock(ctx, "")
	if err != nil {
		return "", err
	}
	if status != http.StatusUnauthorized {
		return "", fmt.Errorf("status %d without a token, want 401", status)
	}
	if code, ok := bearer.Params["error"]; ok {
		return "", fmt.Errorf("the challenge has the error code %q though no token was sent", code)
	}
	f.metadataURL = bearer.Params["resource_metadata"]
	if f.metadataURL == "" {
		return "", errors.New("the challenge has no resource_metadata")
	}
	f.scopes = strings.Fields(bearer.Params["scope"])
	if len(f.scopes) == 0 {
		return "", errors.New("the challenge has no scope")
	}
	return "401, resource_metadata " + f.metadataURL, nil
}

// resourceMetadata fetches where the challenge points; the document must be
// about the server that was asked (RFC 9728 §3.3).
func (f *flow) resourceMetadata(ctx context.Context) (string, error) {
	response, err := f.fetcher.Do(ctx, fetch.Request{URL: f.metadataURL, AllowLoopback: true})
	if err != nil {
		return "", err
	}
	if response.Status != http.StatusOK {
		return "", fmt.Errorf("status %d, want 200", response.Status)
	}
	document, err := metadata.ParseProtectedResource(response.Body)
	if err != nil {
		return "", err
	}
	if document.Resource != f.demo.Facts.MCPURL {
		return "", fmt.Errorf("the document is about %q, want %q", document.Resource, f.demo.Facts.MCPURL)
	}
	if !slices.Equal(document.AuthorizationServers, []string{f.demo.Facts.AuthorizationServer}) {
		return "", fmt.Errorf("authorization servers %q, want %q", document.AuthorizationServers, f.demo.Facts.AuthorizationServer)
	}
	f.issuer = document.AuthorizationServers[0]
	return "resource matches, authorization server " + f.issuer, nil
}

// discover fetches the authorization server's metadata (RFC 8414 §3).
func (f *flow) discover(ctx context.Context) (string, error) {
	server, err := metadata.Discover(ctx, metadata.Source{Issuer: f.issuer})
	if err != nil {
		return "", err
	}
	for _, finding := range server.Validate().Findings {
		if finding.Severity == metadata.Error {
			return "", fmt.Errorf("the metadata is not fit for MCP: %s", finding.Message)
		}
	}
	switch {
	case !slices.Contains(server.CodeChallengeMethodsSupported, "S256"):
		return "", errors.New("PKCE with S256 is not advertised")
	case server.RegistrationEndpoint == "":
		return "", errors.New("there is no registration endpoint")
	case !server.AuthorizationResponseIssParameterSupported:
		return "", errors.New("the iss parameter is not advertised (RFC 9207)")
	}
	f.server = server
	return "issuer matches, PKCE S256, dynamic registration, iss parameter", nil
}

// register registers a public client (RFC 7591 §3).
func (f *flow) register(ctx context.Context) (string, error) {
	body, err := json.Marshal(map[string]any{
		"client_name":                "mcpauth self-test",
		"redirect_uris":              []string{redirectURI},
		"grant_types":                []string{"authorization_code"},
		"response_types":             []string{"code"},
		"token_endpoint_auth_method": "none",
		"application_type":           "native",
	})
	if err != nil {
		return "", err
	}
	var registered struct {
		ClientID string `json:"client_id"`
	}
	err = f.post(ctx, f.server.RegistrationEndpoint, "application/json", body, http.StatusCreated, &registered)
	if err != nil {
		return "", err
	}
	if registered.ClientID == "" {
		return "", errors.New("the answer has no client_id")
	}
	f.clientID = registered.ClientID
	return "client " + f.clientID, nil
}
