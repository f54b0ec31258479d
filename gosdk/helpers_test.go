package gosdk_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/gosdk"
	"github.com/mcp-auth/go/mcpauthtest"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

const (
	legacy = "2025-11-25"
	modern = "2026-07-28"
)

// notes is a server of tools, prompts and resources that need different scopes,
// behind a door.
type notes struct {
	as  *mcpauthtest.Server
	web *httptest.Server
}

func notesPolicy() *mcpauth.Policy {
	return &mcpauth.Policy{
		Tools: map[string]mcpauth.Requirement{
			"help": mcpauth.Public(), "publish": mcpauth.Public(),
			"read": mcpauth.Scopes("read"), "delete": mcpauth.Scopes("read"), "noisy": mcpauth.Scopes("read"),
			"raw": mcpauth.Scopes("read"), "secret": mcpauth.Scopes("admin"),
		},
		Prompts:   map[string]mcpauth.Requirement{"open": mcpauth.Scopes("read"), "closed": mcpauth.Scopes("admin"), "late": mcpauth.Scopes("read")},
		Resources: map[string]mcpauth.Requirement{"note://all": mcpauth.Scopes("read"), "note://{id}": mcpauth.Scopes("admin"), "note://late": mcpauth.Scopes("read")},
		Methods:   map[string]mcpauth.Requirement{"initialize": mcpauth.Public(), "server/discover": mcpauth.Public(), "tools/list": mcpauth.Public(), "notifications/*": mcpauth.Public()},
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
	resource := mcpauth.Resource{
		Identifier:           "http://" + n.web.Listener.Addr().String() + "/mcp",
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

// answer is what came back over HTTP.
type answer struct {
	status    int
	challenge string
	session   string
	body      string
}

// post sends one message as a client of a protocol version does.
func (n *notes) post(t *testing.T, version, session, token, method, params string) answer {
	t.Helper()
	meta := ""
	if version >= modern {
		meta = `"_meta":{"io.modelcontextprotocol/protocolVersion":"` + version + `","io.modelcontextprotocol/clientInfo":{"name":"t","version":"1"},"io.modelcontextprotocol/clientCapabilities":{}},`
	}
	body := `{"jsonrpc":"2.0","id":7,"method":"` + method + `","params":{` + strings.TrimSuffix(meta+params, ",") + `}}`
	headers := map[string]string{"Mcp-Protocol-Version": version, "Mcp-Session-Id": session}
	if version >= modern {
		headers["Mcp-Method"] = method
		var named struct{ Name, URI string }
		_ = json.Unmarshal([]byte("{"+params+"}"), &named)
		headers["Mcp-Name"] = named.Name + named.URI
	}
	return n.send(t, http.MethodPost, token, body, headers)
}

func (n *notes) send(t *testing.T, method, token, body string, headers map[string]string) answer {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second) // a stream that should be refused never ends
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, n.web.URL+"/mcp", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json, text/event-stream")
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	for name, value := range headers {
		if value != "" {
			r.Header.Set(name, value)
		}
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{resp.StatusCode, resp.Header.Get("WWW-Authenticate"), resp.Header.Get("Mcp-Session-Id"), string(data)}
}

// open begins a session, if the version and the server have any.
func (n *notes) open(t *testing.T, version, token string) string {
	t.Helper()
	if version >= modern {
		return ""
	}
	a := n.post(t, version, "", token, "initialize", `"protocolVersion":"`+version+`","capabilities":{},"clientInfo":{"name":"t","version":"1"}`)
	if a.status != http.StatusOK {
		t.Fatalf("initialize: %+v", a)
	}
	if a.session != "" {
		n.send(t, http.MethodPost, token, `{"jsonrpc":"2.0","method":"notifications/initialized"}`, map[string]string{"Mcp-Protocol-Version": version, "Mcp-Session-Id": a.session})
	}
	return a.session
}
