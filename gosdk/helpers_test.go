package gosdk_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/gosdk"
	"github.com/mcp-auth/go/internal/mcptest"
	"github.com/mcp-auth/go/mcpauthtest"
	"github.com/mcp-auth/go/policy"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

const (
	legacy = mcptest.Legacy
	modern = mcptest.Modern
)

// notes is a server of tools, prompts and resources that need different scopes,
// behind a door.
type notes struct {
	mcptest.Endpoint

	as  *mcpauthtest.Server
	web *httptest.Server
}

func notesPolicy() *policy.Policy {
	return &policy.Policy{
		Tools: map[string]policy.Requirement{
			"help": policy.Public(), "publish": policy.Public(),
			"read": policy.Scopes("read"), "delete": policy.Scopes("read"), "noisy": policy.Scopes("read"),
			"raw": policy.Scopes("read"), "secret": policy.Scopes("admin"),
		},
		Prompts:   map[string]policy.Requirement{"open": policy.Scopes("read"), "closed": policy.Scopes("admin"), "late": policy.Scopes("read")},
		Resources: map[string]policy.Requirement{"note://all": policy.Scopes("read"), "note://{id}": policy.Scopes("admin"), "note://late": policy.Scopes("read")},
		Methods:   map[string]policy.Requirement{"initialize": policy.Public(), "server/discover": policy.Public(), "tools/list": policy.Public(), "notifications/*": policy.Public()},
	}
}

// door puts protection around the SDK's handler, and into its server.
type door struct {
	resource func(*mcpauth.Resource)
	wrap     func(*mcpauth.Auth, http.Handler) http.Handler
	inside   func(*mcpauth.Auth) mcp.Middleware
}

func newNotes(t *testing.T, options *mcp.StreamableHTTPOptions, pageSize int, d door) *notes {
	t.Helper()
	n := &notes{as: newAS(t), web: httptest.NewUnstartedServer(nil)}
	n.Endpoint = mcptest.Endpoint("http://" + n.web.Listener.Addr().String() + "/mcp")
	resource := mcpauth.Resource{
		Identifier:           string(n.Endpoint),
		AuthorizationServers: []mcpauth.AuthorizationServer{{Issuer: n.as.Issuer()}},
		Policy:               notesPolicy(),
	}
	if d.resource != nil {
		d.resource(&resource)
	}
	auth, err := mcpauth.New(mcpauth.Config{Resources: []mcpauth.Resource{resource}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = auth.Close() })
	middleware := gosdk.Middleware()
	if d.inside != nil {
		middleware = d.inside(auth)
	}
	server := notesServer(pageSize, middleware)
	handler := http.Handler(mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return server }, options))
	if d.wrap != nil {
		handler = d.wrap(auth, handler)
	} else {
		handler = gosdk.Protect(auth, handler)
	}
	n.web.Config.Handler = handler
	n.web.Start()
	t.Cleanup(n.web.Close)
	return n
}

func notesServer(pageSize int, middleware mcp.Middleware) *mcp.Server {
	server := mcp.NewServer(&mcp.Implementation{Name: "notes", Version: "1"}, &mcp.ServerOptions{PageSize: pageSize})
	server.AddReceivingMiddleware(middleware)
	tool := func(name string, demand func(context.Context, *mcp.CallToolRequest) error) {
		mcp.AddTool(server, &mcp.Tool{Name: name}, func(ctx context.Context, req *mcp.CallToolRequest, _ struct{}) (*mcp.CallToolResult, any, error) {
			if err := demand(ctx, req); err != nil {
				return nil, nil, fmt.Errorf("tool %s: %w", name, err)
			}
			return &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: "done by " + name}}}, nil, nil
		})
	}
	free := func(context.Context, *mcp.CallToolRequest) error { return nil }
	late := func(ctx context.Context, _ *mcp.CallToolRequest) error { return mcpauth.Require(ctx, "delete") }
	for _, name := range []string{"help", "read", "secret"} {
		tool(name, free)
	}
	tool("delete", late)
	tool("publish", late)
	tool("noisy", func(ctx context.Context, req *mcp.CallToolRequest) error {
		_ = req.Session.NotifyProgress(ctx, &mcp.ProgressNotificationParams{ProgressToken: "p", Progress: 1})
		return mcpauth.Require(ctx, "delete")
	})
	server.AddTool(&mcp.Tool{Name: "raw", InputSchema: json.RawMessage(`{"type":"object"}`)}, func(ctx context.Context, _ *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		return nil, mcpauth.Require(ctx, "delete")
	})
	addPromptsAndResources(server)
	return server
}

func addPromptsAndResources(server *mcp.Server) {
	prompt := func(ctx context.Context, req *mcp.GetPromptRequest) (*mcp.GetPromptResult, error) {
		if req.Params.Name == "late" {
			return nil, mcpauth.Require(ctx, "delete")
		}
		return &mcp.GetPromptResult{}, nil
	}
	for _, name := range []string{"open", "closed", "late"} {
		server.AddPrompt(&mcp.Prompt{Name: name}, prompt)
	}
	read := func(ctx context.Context, req *mcp.ReadResourceRequest) (*mcp.ReadResourceResult, error) {
		if req.Params.URI == "note://late" {
			return nil, mcpauth.Require(ctx, "delete")
		}
		return &mcp.ReadResourceResult{Contents: []*mcp.ResourceContents{{URI: req.Params.URI, Text: "text"}}}, nil
	}
	for _, uri := range []string{"note://all", "note://late", "note://1"} {
		server.AddResource(&mcp.Resource{Name: uri, URI: uri}, read)
	}
	server.AddResourceTemplate(&mcp.ResourceTemplate{Name: "note", URITemplate: "note://{id}"}, read)
}

func (n *notes) token(t *testing.T, subject string, scopes ...string) string {
	t.Helper()
	if subject == "" {
		return ""
	}
	return *token(t, n.as, n.web, subject, scopes...)
}
