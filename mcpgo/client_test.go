package mcpgo_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/client/transport"
	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
	mcpauth "github.com/mcp-auth/go"
)

// client connects mcp-go's own client.
func (n *notes) client(t *testing.T, version, token string) *client.Client {
	t.Helper()
	headers := map[string]string{}
	if token != "" {
		headers["Authorization"] = "Bearer " + token
	}
	way, err := transport.NewStreamableHTTP(n.web.URL+"/mcp", transport.WithHTTPHeaders(headers))
	if err != nil {
		t.Fatal(err)
	}
	c := client.NewClient(way, client.WithProtocolVersion(version))
	if err := c.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	var hello mcp.InitializeRequest
	hello.Params.ProtocolVersion = version
	hello.Params.ClientInfo = mcp.Implementation{Name: "test", Version: "1"}
	if _, err := c.Initialize(t.Context(), hello); err != nil {
		t.Fatal(err)
	}
	if got := c.ProtocolVersion(); got != version {
		t.Fatalf("the client speaks %s, not %s", got, version)
	}
	return c
}

func callOf(name string) mcp.CallToolRequest {
	var r mcp.CallToolRequest
	r.Params.Name = name
	return r
}

// chatty has every list come as an event stream, by a notification before it.
func chatty() server.ServerOption {
	hooks := &server.Hooks{}
	hooks.AddBeforeAny(func(ctx context.Context, _ any, method mcp.MCPMethod, _ any) {
		if !strings.HasSuffix(string(method), "/list") {
			return // after a notification, mcp-go does not tell a new session's name
		}
		_ = server.ServerFromContext(ctx).SendNotificationToClient(ctx, "notifications/message", map[string]any{"level": "info", "data": "x"})
	})
	return server.WithHooks(hooks)
}

// Covers RS12. mcp-go's client sees in lists what it may use, page by page, in
// JSON and in event streams.
func TestClientSeesWhatItMayUse(t *testing.T) {
	t.Parallel()
	for _, version := range versions() {
		for name, s := range map[string]setup{
			"door": {}, "door, SSE": {options: []server.ServerOption{chatty()}},
			"inside": {wrap: ownDoor, inside: inside}, "inside, SSE": {wrap: ownDoor, inside: inside, options: []server.ServerOption{chatty()}},
		} {
			t.Run(name+", "+version, func(t *testing.T) {
				t.Parallel()
				n := newNotes(t, s)
				token := "alice read"
				if s.wrap == nil {
					token = n.token(t, "alice", "read")
				}
				checkLists(t, n.client(t, version, token))
				got := n.Post(t, version, n.Open(t, version, token), token, "prompts/list", "")
				if isStream := strings.Contains(got.Body, "event: message"); isStream != (s.options != nil) {
					t.Errorf("%+v", got)
				}
			})
		}
	}
}

func checkLists(t *testing.T, c *client.Client) {
	t.Helper()
	tools, err1 := c.ListTools(t.Context(), mcp.ListToolsRequest{})
	prompts, err2 := c.ListPrompts(t.Context(), mcp.ListPromptsRequest{})
	resources, err3 := c.ListResources(t.Context(), mcp.ListResourcesRequest{})
	templates, err4 := c.ListResourceTemplates(t.Context(), mcp.ListResourceTemplatesRequest{})
	if err := errors.Join(err1, err2, err3, err4); err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, tool := range tools.Tools {
		names = append(names, tool.Name)
	}
	for _, prompt := range prompts.Prompts {
		names = append(names, prompt.Name)
	}
	for _, resource := range resources.Resources {
		names = append(names, resource.URI)
	}
	for _, template := range templates.ResourceTemplates {
		names = append(names, template.URITemplate.Raw())
	}
	slices.Sort(names)
	want := []string{"delete", "help", "late", "note://all", "note://late", "open", "publish", "read", "whoami"}
	if !slices.Equal(names, want) {
		t.Errorf("listed are %q, want %q", names, want)
	}
}

// Covers RS12. The client's calls are allowed, refused and hidden.
func TestClientCalls(t *testing.T) {
	t.Parallel()
	for _, version := range versions() {
		n := newNotes(t, setup{})
		c := n.client(t, version, n.token(t, "alice", "read"))
		if result, err := c.CallTool(t.Context(), callOf("read")); err != nil || result.IsError {
			t.Errorf("%s: %+v, %v", version, result, err)
		}
		for _, name := range []string{"secret", "delete"} {
			if _, err := c.CallTool(t.Context(), callOf(name)); err == nil || !strings.Contains(err.Error(), "insufficient_scope") {
				t.Errorf("%s %s: %v", version, name, err)
			}
		}
		n = newNotes(t, setup{resource: func(r *mcpauth.Resource) { r.Policy.HideRefused = true }})
		c = n.client(t, version, n.token(t, "alice", "read"))
		if _, err := c.CallTool(t.Context(), callOf("secret")); err == nil || !strings.Contains(err.Error(), "Unknown tool") {
			t.Errorf("%s: %v", version, err)
		}
	}
}

// A client without a token connects, sees and calls what is public.
func TestClientWithoutToken(t *testing.T) {
	t.Parallel()
	for _, version := range versions() {
		n := newNotes(t, setup{})
		c := n.client(t, version, "")
		list, err := c.ListTools(t.Context(), mcp.ListToolsRequest{})
		if err != nil || len(list.Tools) != 2 {
			t.Errorf("%s: %+v, %v", version, list, err)
		}
		if _, err := c.CallTool(t.Context(), callOf("help")); err != nil {
			t.Errorf("%s: %v", version, err)
		}
		for _, name := range []string{"read", "publish"} {
			var required *transport.AuthorizationRequiredError
			if _, err := c.CallTool(t.Context(), callOf(name)); !errors.As(err, &required) || required.ResourceMetadataURL == "" {
				t.Errorf("%s %s: %v", version, name, err)
			}
		}
	}
}
