// Resource-server is the protected MCP server of the suites that need more than
// the quickstart has: introspection, DPoP and a policy. Its tool whoami tells the
// caller who they are and which key their token is bound to; further tools do
// nothing but need scopes.
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
	"maps"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"slices"
	"syscall"
	"time"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/gosdk"
	"github.com/mcp-auth/go/policy"
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
	mux.Handle(resource.Path, gosdk.Protect(auth, mcpHandler(s), options(s)...))
	return serve.Until(ctx, resource.Host, mux)
}

func options(s settings.ResourceServer) []mcpauth.Option {
	needed := []mcpauth.Option{mcpauth.Scopes(s.Scopes...)}
	if s.ChallengeScopes != nil {
		needed = append(needed, mcpauth.ChallengeScopes(s.ChallengeScopes...))
	}
	return needed
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
		Policy:          newPolicy(s.Tools),
	}
	for _, name := range slices.Sorted(maps.Keys(s.Tools)) {
		resource.ScopesSupported = append(resource.ScopesSupported, s.Tools[name]...)
	}
	if s.DPoP != nil {
		resource.DPoP = &mcpauth.DPoP{Required: s.DPoP.Required, RequireNonce: s.DPoP.RequireNonce}
	}
	return mcpauth.New(mcpauth.Config{Resources: []mcpauth.Resource{resource}, Logger: logger})
}

// newPolicy denies every tool that is not named.
func newPolicy(tools map[string][]string) *policy.Policy {
	if tools == nil {
		return nil
	}
	rules := make(map[string]policy.Requirement, len(tools))
	for name, scopes := range tools {
		rules[name] = policy.Scopes(scopes...)
	}
	return &policy.Policy{Tools: rules}
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

func mcpHandler(s settings.ResourceServer) http.Handler {
	server := mcp.NewServer(&mcp.Implementation{Name: "resource-server", Version: "1.0.0"}, nil)
	server.AddReceivingMiddleware(gosdk.Middleware())
	for name := range s.Tools {
		mcp.AddTool(server, &mcp.Tool{Name: name}, tool(name))
	}
	mcp.AddTool(server, &mcp.Tool{Name: "whoami", Description: "Tells who is calling."}, whoami)
	return mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return server },
		&mcp.StreamableHTTPOptions{Stateless: s.Stateless})
}

// tool says its name.
func tool(name string) mcp.ToolHandlerFor[struct{}, any] {
	return func(context.Context, *mcp.CallToolRequest, struct{}) (*mcp.CallToolResult, any, error) {
		return &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: name + " is done"}}}, nil, nil
	}
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
