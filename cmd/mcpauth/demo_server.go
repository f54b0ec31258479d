package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/gosdk"
	"github.com/mcp-auth/go/internal/fetch"
	"github.com/mcp-auth/go/mcpauthtest"
	"github.com/mcp-auth/go/metadata"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

const (
	mcpPath = "/mcp"

	scopeRead   = "read:todos"
	scopeCreate = "create:todos"

	sessionTimeout = 30 * time.Minute
	maxBodyBytes   = 1 << 20
)

// demoFacts are what a user or a script needs to know of a running demo.
type demoFacts struct {
	MCPURL              string     `json:"mcp_url"`
	ResourceMetadataURL string     `json:"resource_metadata_url"`
	AuthorizationServer string     `json:"authorization_server"`
	PageURL             string     `json:"page_url"`
	Scopes              []string   `json:"scopes"`
	Users               []demoUser `json:"users"`
}

type demoUser struct {
	Username string `json:"username"`
	Password string `json:"password"`
}

// Curl shows the challenge.
func (f demoFacts) Curl() string { return "curl -i " + f.MCPURL }

// Inspector starts the MCP Inspector.
func (demoFacts) Inspector() string { return "npx @modelcontextprotocol/inspector" }

// ClaudeCode adds the server to Claude Code.
func (f demoFacts) ClaudeCode() string {
	return "claude mcp add --transport http mcpauth-demo " + f.MCPURL
}

// demo is a running pair of servers.
type demo struct {
	facts         demoFacts
	authorization *mcpauthtest.Server
	auth          *mcpauth.Auth
	http          *http.Server
	served        chan error // gets what Serve returns
}

// startDemo starts both servers. Close the demo after use.
func startDemo(ctx context.Context, options demoOptions) (*demo, error) {
	if options.logger == nil {
		options.logger = slog.New(slog.DiscardHandler)
	}
	// The identifier of the resource holds the port, and the authorization
	// server knows the resource: so the port comes first.
	listener, err := listenLoopback(ctx, options.listen)
	if err != nil {
		return nil, fmt.Errorf("the MCP server cannot listen: %w", err)
	}
	d, err := newDemo(ctx, listenerOrigin(options.listen, listener), options)
	if err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	go func() { d.served <- d.http.Serve(listener) }()
	return d, nil
}

// newDemo starts the authorization server and puts the MCP server together.
func newDemo(ctx context.Context, origin string, options demoOptions) (*demo, error) {
	resource := origin + mcpPath
	metadataURL, err := metadata.ResourceMetadataURL(resource)
	if err != nil {
		return nil, err
	}
	authorization, err := newAuthorizationServer(ctx, resource, options)
	if err != nil {
		return nil, fmt.Errorf("the authorization server cannot start: %w", err)
	}
	d := &demo{
		authorization: authorization,
		served:        make(chan error, 1),
		facts: demoFacts{
			MCPURL:              resource,
			ResourceMetadataURL: metadataURL,
			AuthorizationServer: authorization.Issuer(),
			PageURL:             origin + "/",
			Scopes:              demoScopes(),
			Users:               demoUsers(),
		},
	}
	if err := d.build(options.logger); err != nil {
		authorization.Close()
		return nil, err
	}
	return d, nil
}

func newAuthorizationServer(ctx context.Context, resource string, options demoOptions) (*mcpauthtest.Server, error) {
	config := mcpauthtest.Config{
		Listen:    options.authListen,
		Scopes:    demoScopes(),
		ShowUsers: true,
		Resources: []string{resource},
		ScopeDescriptions: map[string]string{
			scopeRead:   "Read your todos",
			scopeCreate: "Add todos for you",
		},
		Logger: options.logger.With("server", "authorization"),
	}
	for _, user := range demoUsers() {
		config.Users = append(config.Users, mcpauthtest.User{Username: user.Username, Password: user.Password})
	}
	config.NoClientDocuments = withoutDocuments(ctx, options.logger)
	return mcpauthtest.NewServer(config)
}

func demoScopes() []string { return []string{scopeRead, scopeCreate} }

func demoUsers() []demoUser { return []demoUser{{"alice", "alice"}, {"bob", "bob"}} }

// build makes the protected MCP server.
func (d *demo) build(logger *slog.Logger) (err error) {
	d.auth, err = mcpauth.New(mcpauth.Config{
		Resources: []mcpauth.Resource{{
			Identifier:           d.facts.MCPURL,
			AuthorizationServers: []mcpauth.AuthorizationServer{{Issuer: d.facts.AuthorizationServer}},
			ScopesSupported:      d.facts.Scopes,
			Name:                 "mcpauth demo",
			Documentation:        d.facts.PageURL,
		}},
		Logger: logger.With("server", "mcp"),
	})
	if err != nil {
		return err
	}
	page, err := newDemoPage(d.facts)
	if err != nil {
		return err
	}
	server := newDemoMCPServer()
	streamable := mcp.NewStreamableHTTPHandler(
		func(*http.Request) *mcp.Server { return server },
		&mcp.StreamableHTTPOptions{SessionTimeout: sessionTimeout, MaxRequestBodyBytes: maxBodyBytes},
	)
	mux := http.NewServeMux()
	mux.Handle("/.well-known/", d.auth.MetadataHandler())
	mux.Handle(mcpPath, gosdk.Protect(d.auth, streamable,
		mcpauth.Scopes(scopeRead), mcpauth.ChallengeScopes(d.facts.Scopes...)))
	mux.Handle("/", page)
	d.http = newHTTPServer(refuseForeignHosts(mux), logger)
	// Event streams stay open as long as their session.
	d.http.RegisterOnShutdown(func() { closeSessions(server) })
	return nil
}

func closeSessions(server *mcp.Server) {
	for session := range server.Sessions() {
		_ = session.Close() // the client is gone or about to be told, nothing to mend
	}
}

// wait blocks until ctx ends or the MCP server fails.
func (d *demo) wait(ctx context.Context) error {
	select {
	case err := <-d.served:
		d.served <- err
		return fmt.Errorf("the MCP server stopped: %w", err)
	case <-ctx.Done():
		return nil
	}
}

// close stops both servers: requests under way get a moment to end, though ctx
// has ended.
func (d *demo) close(ctx context.Context) error {
	err := closeHTTPServer(ctx, d.http)
	<-d.served
	d.authorization.Close()
	return errors.Join(err, d.auth.Close())
}

// refuseForeignHosts keeps out web pages whose host name was made to lead to
// loopback (DNS rebinding).
func refuseForeignHosts(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !fetch.IsLoopbackAuthority(r.Host) {
			http.Error(w, "This server answers to loopback host names only.", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}
