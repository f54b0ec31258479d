package demo

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/cmd/mcpauth/internal/loopback"
	"github.com/mcp-auth/go/gosdk"
	"github.com/mcp-auth/go/internal/authserver/clientdoc"
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

// Facts are what a user or a script needs to know of a running demo.
type Facts struct {
	MCPURL              string   `json:"mcp_url"`
	ResourceMetadataURL string   `json:"resource_metadata_url"`
	AuthorizationServer string   `json:"authorization_server"`
	PageURL             string   `json:"page_url"`
	Scopes              []string `json:"scopes"`
	Users               []User   `json:"users"`
}

// User can log in, with a password that is publicly known.
type User struct {
	Username string `json:"username"`
	Password string `json:"password"`
}

// Curl shows the challenge.
func (f Facts) Curl() string { return "curl -i " + f.MCPURL }

// Inspector starts the MCP Inspector.
func (Facts) Inspector() string { return "npx @modelcontextprotocol/inspector" }

// ClaudeCode adds the server to Claude Code.
func (f Facts) ClaudeCode() string {
	return "claude mcp add --transport http mcpauth-demo " + f.MCPURL
}

// Demo is a running pair of servers.
type Demo struct {
	Facts         Facts
	Authorization *mcpauthtest.Server
	auth          *mcpauth.Auth
	http          *http.Server
	served        chan error // gets what Serve returns
}

// Start starts both servers. Close the demo after use.
func Start(ctx context.Context, options Options) (*Demo, error) {
	if options.Logger == nil {
		options.Logger = slog.New(slog.DiscardHandler)
	}
	// The identifier of the resource holds the port, and the authorization
	// server knows the resource: so the port comes first.
	listener, err := loopback.Listen(ctx, options.Listen)
	if err != nil {
		return nil, fmt.Errorf("the MCP server cannot listen: %w", err)
	}
	d, err := assemble(ctx, loopback.Origin(options.Listen, listener), options)
	if err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	go func() { d.served <- d.http.Serve(listener) }()
	return d, nil
}

// assemble starts the authorization server and puts the MCP server together.
func assemble(ctx context.Context, origin string, options Options) (*Demo, error) {
	resource := origin + mcpPath
	metadataURL, err := metadata.ResourceMetadataURL(resource)
	if err != nil {
		return nil, err
	}
	authorization, err := newAuthorizationServer(ctx, resource, options)
	if err != nil {
		return nil, fmt.Errorf("the authorization server cannot start: %w", err)
	}
	d := &Demo{
		Authorization: authorization,
		served:        make(chan error, 1),
		Facts: Facts{
			MCPURL:              resource,
			ResourceMetadataURL: metadataURL,
			AuthorizationServer: authorization.Issuer(),
			PageURL:             origin + "/",
			Scopes:              scopes(),
			Users:               Users(),
		},
	}
	if err := d.build(options.Logger); err != nil {
		authorization.Close()
		return nil, err
	}
	return d, nil
}

func newAuthorizationServer(ctx context.Context, resource string, options Options) (*mcpauthtest.Server, error) {
	config := mcpauthtest.Config{
		Listen:    options.AuthListen,
		Scopes:    scopes(),
		ShowUsers: true,
		Resources: []string{resource},
		ScopeDescriptions: map[string]string{
			scopeRead:   "Read your todos",
			scopeCreate: "Add todos for you",
		},
		Logger: options.Logger.With("server", "authorization"),
	}
	for _, user := range Users() {
		config.Users = append(config.Users, mcpauthtest.User{Username: user.Username, Password: user.Password})
	}
	config.NoClientDocuments = clientdoc.Unreachable(ctx, options.Logger)
	return mcpauthtest.NewServer(config)
}

func scopes() []string { return []string{scopeRead, scopeCreate} }

func Users() []User { return []User{{"alice", "alice"}, {"bob", "bob"}} }

// build makes the protected MCP server.
func (d *Demo) build(logger *slog.Logger) (err error) {
	d.auth, err = mcpauth.New(mcpauth.Config{
		Resources: []mcpauth.Resource{{
			Identifier:           d.Facts.MCPURL,
			AuthorizationServers: []mcpauth.AuthorizationServer{{Issuer: d.Facts.AuthorizationServer}},
			ScopesSupported:      d.Facts.Scopes,
			Name:                 "mcpauth demo",
			Documentation:        d.Facts.PageURL,
		}},
		Logger: logger.With("server", "mcp"),
	})
	if err != nil {
		return err
	}
	page, err := newPage(d.Facts)
	if err != nil {
		return err
	}
	server := newMCPServer()
	streamable := mcp.NewStreamableHTTPHandler(
		func(*http.Request) *mcp.Server { return server },
		&mcp.StreamableHTTPOptions{SessionTimeout: sessionTimeout, MaxRequestBodyBytes: maxBodyBytes},
	)
	mux := http.NewServeMux()
	mux.Handle("/.well-known/", d.auth.MetadataHandler())
	mux.Handle(mcpPath, gosdk.Protect(d.auth, streamable,
		mcpauth.Scopes(scopeRead), mcpauth.ChallengeScopes(d.Facts.Scopes...)))
	mux.Handle("/", page)
	d.http = loopback.NewServer(refuseForeignHosts(mux), logger)
	// Event streams stay open as long as their session.
	d.http.RegisterOnShutdown(func() { closeSessions(server) })
	return nil
}

func closeSessions(server *mcp.Server) {
	for session := range server.Sessions() {
		_ = session.Close() // the client has left, or is about to learn of the end
	}
}

// wait blocks until ctx ends or the MCP server fails.
func (d *Demo) wait(ctx context.Context) error {
	select {
	case err := <-d.served:
		d.served <- err
		return fmt.Errorf("the MCP server stopped: %w", err)
	case <-ctx.Done():
		return nil
	}
}

// Close stops both servers: requests under way get a moment to end, though ctx
// has ended.
func (d *Demo) Close(ctx context.Context) error {
	err := loopback.Close(ctx, d.http)
	<-d.served
	d.Authorization.Close()
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
