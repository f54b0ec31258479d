package mcpgo_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/internal/mcptest"
	"github.com/mcp-auth/go/mcpauthtest"
	"github.com/mcp-auth/go/mcpgo"
	"github.com/mcp-auth/go/policy"
)

const (
	legacy = mcptest.Legacy
	modern = mcptest.Modern
)

func versions() []string { return []string{legacy, modern} }

// notes is a server of tools, prompts and resources that need different scopes,
// behind a door.
type notes struct {
	mcptest.Endpoint

	as  *mcpauthtest.Server
	web *httptest.Server
	mcp *server.MCPServer
}

// setup says what is to be different from a plain server behind Protect.
type setup struct {
	resource  func(*mcpauth.Resource)
	wrap      func(http.Handler) http.Handler
	inside    func(*mcpauth.Auth) server.ServerOption
	options   []server.ServerOption
	transport []server.StreamableHTTPOption
}

func newNotes(t *testing.T, s setup) *notes {
	t.Helper()
	as, err := mcpauthtest.NewServer(mcpauthtest.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(as.Close)
	n := &notes{as: as, web: httptest.NewUnstartedServer(nil)}
	n.Endpoint = mcptest.Endpoint("http://" + n.web.Listener.Addr().String() + "/mcp")
	resource := mcpauth.Resource{
		Identifier:           string(n.Endpoint),
		AuthorizationServers: []mcpauth.AuthorizationServer{{Issuer: as.Issuer()}},
		Policy:               notesPolicy(),
	}
	if s.resource != nil {
		s.resource(&resource)
	}
	auth, err := mcpauth.New(mcpauth.Config{Resources: []mcpauth.Resource{resource}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = auth.Close() })
	guard := mcpgo.Middleware()
	if s.inside != nil {
		guard = s.inside(auth)
	}
	n.mcp = notesServer(append(s.options, guard))
	n.web.Config.Handler = n.door(auth, s)
	n.web.Start()
	t.Cleanup(n.web.Close)
	return n
}

func (n *notes) door(auth *mcpauth.Auth, s setup) http.Handler {
	handler := server.NewStreamableHTTPServer(n.mcp, s.transport...)
	if s.wrap != nil {
		return s.wrap(handler)
	}
	return mcpgo.Protect(auth, handler)
}

func notesPolicy() *policy.Policy {
	read, admin := policy.Scopes("read"), policy.Scopes("admin")
	return &policy.Policy{
		Tools: map[string]policy.Requirement{
			"help": policy.Public(), "publish": policy.Public(),
			"read": read, "delete": read, "noisy": read, "secret": admin, "task": admin, "whoami": read,
		},
		Prompts:   map[string]policy.Requirement{"open": read, "closed": admin, "late": read},
		Resources: map[string]policy.Requirement{"note://all": read, "note://{id}": admin, "note://late": read},
		Methods:   map[string]policy.Requirement{"initialize": policy.Public(), "server/discover": policy.Public(), "tools/list": policy.Public(), "notifications/*": policy.Public()},
	}
}

func notesServer(options []server.ServerOption) *server.MCPServer {
	s := server.NewMCPServer("notes", "1", append([]server.ServerOption{
		server.WithToolCapabilities(false), server.WithPromptCapabilities(false), server.WithResourceCapabilities(true, false),
		server.WithCompletions(), server.WithTaskCapabilities(true, true, true), server.WithPaginationLimit(2),
	}, options...)...)
	tool := func(name string, handler server.ToolHandlerFunc) { s.AddTool(mcp.NewTool(name), handler) }
	for _, name := range []string{"help", "read", "secret"} {
		tool(name, done)
	}
	for _, name := range []string{"delete", "publish"} {
		tool(name, late)
	}
	tool("whoami", whoami)
	s.AddTaskTool(mcp.NewTool("task", mcp.WithTaskSupport(mcp.TaskSupportRequired)),
		func(context.Context, mcp.CallToolRequest) (*mcp.CreateTaskResult, error) {
			return &mcp.CreateTaskResult{}, nil
		})
	for _, name := range []string{"open", "closed", "late"} {
		s.AddPrompt(mcp.NewPrompt(name), prompt)
	}
	for _, uri := range []string{"note://all", "note://late", "note://1"} {
		s.AddResource(mcp.NewResource(uri, uri), read)
	}
	s.AddResourceTemplate(mcp.NewResourceTemplate("note://{id}", "note"), read)
	return s
}

func done(_ context.Context, r mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	return mcp.NewToolResultText("done by " + r.Params.Name), nil
}

func late(ctx context.Context, r mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	if err := mcpauth.Require(ctx, "delete"); err != nil {
		return nil, fmt.Errorf("tool %s: %w", r.Params.Name, err)
	}
	return done(ctx, r)
}

func whoami(ctx context.Context, _ mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	info, ok := mcpauth.FromContext(ctx)
	if !ok {
		return nil, fmt.Errorf("nobody")
	}
	return mcp.NewToolResultText("called by " + info.Subject), nil
}

func prompt(ctx context.Context, r mcp.GetPromptRequest) (*mcp.GetPromptResult, error) {
	if r.Params.Name == "late" {
		return nil, mcpauth.Require(ctx, "delete")
	}
	return &mcp.GetPromptResult{}, nil
}

func read(ctx context.Context, r mcp.ReadResourceRequest) ([]mcp.ResourceContents, error) {
	if r.Params.URI == "note://late" {
		return nil, mcpauth.Require(ctx, "delete")
	}
	return []mcp.ResourceContents{mcp.TextResourceContents{URI: r.Params.URI, Text: "text"}}, nil
}

func (n *notes) token(t *testing.T, subject string, scopes ...string) string {
	t.Helper()
	if subject == "" {
		return ""
	}
	token, err := n.as.Token(mcpauthtest.TokenClaims{Audience: []string{n.web.URL + "/mcp"}, Subject: subject, Scopes: scopes})
	if err != nil {
		t.Fatal(err)
	}
	return token
}
