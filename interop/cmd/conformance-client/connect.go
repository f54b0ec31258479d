package main

import (
	"context"
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"strings"

	"github.com/mcp-auth/go/client"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

const (
	metadataDocument = "https://conformance-test.local/client-metadata.json"
	redirectURI      = "http://localhost:3000/callback" // nothing listens: the suite's pages redirect at once

	// endpointFallback is the scenario with an authorization server that has no
	// metadata, which the client takes only if told to.
	endpointFallback = "auth/2025-03-26-oauth-endpoint-fallback"
)

// facts are what a scenario tells the client.
type facts struct {
	ClientID         string     `json:"client_id"`
	ClientSecret     string     `json:"client_secret"`
	PrivateKeyPEM    string     `json:"private_key_pem"`
	SigningAlgorithm string     `json:"signing_algorithm"`
	ValidJWT         string     `json:"valid_jwt"`
	IDPClientID      string     `json:"idp_client_id"`
	IDPIDToken       string     `json:"idp_id_token"`
	IDPIssuer        string     `json:"idp_issuer"`
	IDPTokenEndpoint string     `json:"idp_token_endpoint"`
	ToolCalls        []toolCall `json:"toolCalls"`
}

type toolCall struct {
	Name      string         `json:"name"`
	Arguments map[string]any `json:"arguments"`
}

func connect(ctx context.Context, scenario, server string, facts facts) (*mcp.ClientSession, func(), error) {
	// The suite's servers drop idle connections when the machine is busy, and a
	// POST cannot be repeated: each gets a connection of its own.
	base := &http.Transport{DisableKeepAlives: true}
	transport := &mcp.StreamableClientTransport{Endpoint: server, HTTPClient: &http.Client{Transport: base}}
	if strings.HasPrefix(scenario, "auth/") {
		config, err := configure(scenario, server, facts)
		if err != nil {
			return nil, nil, err
		}
		authorized, err := client.New(config)
		if err != nil {
			return nil, nil, err
		}
		transport.HTTPClient = &http.Client{Transport: authorized.Transport(base)}
	}
	sdk := mcp.NewClient(&mcp.Implementation{Name: "mcpauth-conformance-client", Version: "1.0.0"}, options(scenario))
	session, err := sdk.Connect(ctx, transport, nil)
	if err != nil {
		return nil, nil, err
	}
	return session, func() { _ = session.Close() }, nil
}

// configure chooses the grant that a scenario is about.
func configure(scenario, server string, facts facts) (client.Config, error) {
	config := client.Config{
		ServerURL:           server,
		MetadataDocumentURL: metadataDocument,
		Registration:        client.Registration{ClientName: "mcpauth conformance client"},
		Logger:              slog.New(slog.NewTextHandler(os.Stderr, nil)),
	}
	if scenario == endpointFallback {
		config.LegacyDiscovery = client.DangerouslyAssumeEndpoints
	}
	var err error
	switch {
	case facts.ValidJWT != "":
		config.Grant = client.WorkloadIdentity{
			Assertion: func(context.Context, client.AssertionRequest) (string, error) { return facts.ValidJWT, nil },
		}
		return config, nil
	case facts.IDPIDToken != "":
		config.Grant = client.EnterpriseManaged{
			IdentityProvider: client.Credentials{Issuer: facts.IDPIssuer, ClientID: facts.IDPClientID},
			Subject: func(context.Context) (client.SubjectToken, error) {
				return client.SubjectToken{Token: facts.IDPIDToken}, nil
			},
		}
	case strings.HasPrefix(scenario, "auth/client-credentials"):
		config.Grant = client.ClientCredentials{}
	default:
		config.Grant = client.AuthorizationCode{RedirectURI: redirectURI, Callback: followRedirect}
	}
	if facts.ClientID != "" {
		config.Credentials, err = facts.credentials()
	}
	return config, err
}

// credentials have no issuer: the suite does not tell it.
func (f facts) credentials() ([]client.Credentials, error) {
	credentials := client.Credentials{ClientID: f.ClientID, ClientSecret: f.ClientSecret, Algorithm: f.SigningAlgorithm}
	if f.PrivateKeyPEM == "" {
		return []client.Credentials{credentials}, nil
	}
	block, _ := pem.Decode([]byte(f.PrivateKeyPEM))
	if block == nil {
		return nil, errors.New("the private key is not PEM")
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, errors.New("the private key cannot be read")
	}
	key, ok := parsed.(crypto.Signer)
	if !ok {
		return nil, errors.New("the private key cannot sign")
	}
	credentials.PrivateKey = key
	return []client.Credentials{credentials}, nil
}

// followRedirect is the user's browser: the suite's authorization page sends it
// back at once.
func followRedirect(ctx context.Context, authorizationURL string) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, authorizationURL, nil)
	if err != nil {
		return "", err
	}
	browser := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := browser.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	if location := response.Header.Get("Location"); location != "" {
		return location, nil
	}
	return "", fmt.Errorf("the authorization page answered with status %d", response.StatusCode)
}
