package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/gosdk"
	"github.com/mcp-auth/go/mcpauthtest"
	"github.com/mcp-auth/go/network"
	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/rogpeppe/go-internal/testscript"
)

// plainHost stands for a host of a network of one's own: it is not loopback by its
// spelling, and reached there.
const plainHost = "::ffff:127.0.0.1"

// scriptNetwork starts an MCP server and its authorization server, which are plain
// http on plainHost, and sets environment variables to the URL of the one and the
// issuer of the other: network SERVER ISSUER
func scriptNetwork(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: network SERVER ISSUER")
	}
	issuers, server := httptest.NewUnstartedServer(nil), httptest.NewUnstartedServer(nil)
	ts.Defer(issuers.Close)
	ts.Defer(server.Close)
	settings := network.Settings{DangerouslyAllowHTTP: []string{plainHost}}
	issuer, resource := plainURL(issuers), plainURL(server)+"/mcp"
	as, err := mcpauthtest.New(mcpauthtest.Config{
		Issuer: issuer, Resources: []string{resource}, OpenRegistration: true, Network: settings,
		Users: []mcpauthtest.User{{Username: "alice", Password: "alice"}},
	})
	ts.Check(err)
	ts.Defer(as.Close)
	auth, err := mcpauth.New(mcpauth.Config{
		Resources: []mcpauth.Resource{{Identifier: resource, AuthorizationServers: []mcpauth.AuthorizationServer{{Issuer: issuer}}}},
		Network:   settings,
	})
	ts.Check(err)
	ts.Defer(func() { _ = auth.Close() })
	issuers.Config.Handler, server.Config.Handler = as.Handler(), newWhoami(auth)
	issuers.Start()
	server.Start()
	ts.Setenv(args[0], resource)
	ts.Setenv(args[1], issuer)
}

func plainURL(s *httptest.Server) string {
	return "http://" + strings.Replace(s.Listener.Addr().String(), "127.0.0.1", "["+plainHost+"]", 1)
}

// newWhoami is a protected MCP server whose one tool says who is calling.
func newWhoami(auth *mcpauth.Auth) http.Handler {
	server := mcp.NewServer(&mcp.Implementation{Name: "whoami", Version: "1.0.0"}, nil)
	server.AddReceivingMiddleware(gosdk.Middleware())
	mcp.AddTool(server, &mcp.Tool{Name: "whoami"}, func(ctx context.Context, _ *mcp.CallToolRequest, _ struct{}) (*mcp.CallToolResult, any, error) {
		info, err := mcpauth.RequireAuthInfo(ctx)
		if err != nil {
			return nil, nil, err
		}
		return &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: "you are " + info.Subject}}}, nil, nil
	})
	// The SDK would refuse the host, which is not loopback by its name.
	handler := mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return server }, &mcp.StreamableHTTPOptions{DisableLocalhostProtection: true})
	mux := http.NewServeMux()
	mux.Handle("/.well-known/", auth.MetadataHandler())
	mux.Handle("/mcp", gosdk.Protect(auth, handler))
	return mux
}
