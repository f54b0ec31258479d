// Resource-server is the protected MCP server of the suites that need more than
// the quickstart has: introspection and DPoP. Its one tool, whoami, tells the
// caller who they are and which key their token is bound to.
//
// It reads [settings] as JSON from the environment variable
// INTEROP_RESOURCE_SERVER, and logs to standard error.
package main

import (
	"context"
	"crypto"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"syscall"
	"time"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/gosdk"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/mcp-auth/go/interop/internal/serve"
	"github.com/mcp-auth/go/interop/internal/settings"
)

const introspectionTimeout = 10 * time.Second // the most, for busy machines

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	logger := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))
	if err := run(ctx, logger, os.Getenv(settings.Variable)); err != nil {
		fmt.Fprintln(os.Stderr, "resource-server:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, logger *slog.Logger, text string) error {
	var s settings.ResourceServer
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		return fmt.Errorf("%s: %w", settings.Variable, err)
	}
	resource, err := url.Parse(s.Resource)
	if err != nil {
		return err
	}
	auth, err := newAuth(s, logger)
	if err != nil {
		return err
	}
	defer auth.Close()
	mux := http.NewServeMux()
	mux.Handle("/.well-known/", auth.MetadataHandler())
	mux.Handle(resource.Path, gosdk.Protect(auth, mcpHandler(), mcpauth.Scopes(s.Scopes...)))
	return serve.Until(ctx, resource.Host, mux)
}

func newAuth(s settings.ResourceServer, logger *slog.Logger) (*mcpauth.Auth, error) {
	introspection, err := newIntrospection(s.Introspection)
	if err != nil {
		return nil, err
	}
	resource := mcpauth.Resource{
		Identifier: s.Resource,
		AuthorizationServers: []mcpauth.AuthorizationServer{{
			Issuer:        s.Issuer,
			Introspection: introspection,
		}},
		ScopesSupported: s.Scopes,
	}
	if s.DPoP != nil {
		resource.DPoP = &mcpauth.DPoP{Required: s.DPoP.Required, RequireNonce: s.DPoP.RequireNonce}
	}
	return mcpauth.New(mcpauth.Config{Resources: []mcpauth.Resource{resource}, Logger: logger})
}

func newIntrospection(s *settings.Introspection) (*mcpauth.Introspection, error) {
	if s == nil {
		return nil, nil
	}
	introspection := &mcpauth.Introspection{
		ClientID:        s.ClientID,
		ClientSecret:    mcpauth.Secret(s.ClientSecret),
		KeyID:           s.KeyID,
		AuthMethod:      mcpauth.ClientAuthMethod(s.AuthMethod),
		Tokens:          mcpauth.IntrospectedTokens(s.Tokens),
		CacheTTL:        s.CacheTTL,
		Timeout:         introspectionTimeout,
		SignedResponses: s.SignedResponses,
	}
	if s.Key == "" {
		return introspection, nil
	}
	key, err := parseKey(s.Key)
	introspection.Key = key
	return introspection, err
}

func parseKey(text string) (crypto.Signer, error) {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return nil, errors.New("the key of the client is not in PEM")
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, err
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, errors.New("the key of the client cannot sign")
	}
	return signer, nil
}

func mcpHandler() http.Handler {
	server := mcp.NewServer(&mcp.Implementation{Name: "resource-server", Version: "1.0.0"}, nil)
	server.AddReceivingMiddleware(gosdk.Middleware())
	mcp.AddTool(server, &mcp.Tool{Name: "whoami", Description: "Tells who is calling."}, whoami)
	return mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return server }, nil)
}

func whoami(ctx context.Context, _ *mcp.CallToolRequest, _ struct{}) (*mcp.CallToolResult, settings.Identity, error) {
	info, ok := mcpauth.FromContext(ctx)
	if !ok {
		return nil, settings.Identity{}, errors.New("not authenticated")
	}
	var claims struct {
		Confirmation struct {
			Thumbprint string `json:"jkt"`
		} `json:"cnf"`
	}
	if err := info.Claims(&claims); err != nil {
		return nil, settings.Identity{}, err
	}
	return nil, settings.Identity{
		Issuer: info.Issuer, Subject: info.Subject, ClientID: info.ClientID,
		Scopes: info.Scopes, Audience: info.Audience, Key: claims.Confirmation.Thumbprint,
	}, nil
}
