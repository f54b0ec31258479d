package mcpgo_test

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

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/mcpauthtest"
	"github.com/mcp-auth/go/mcpgo"
)

const (
	legacy = "2025-11-25"
	modern = "2026-07-28"
)

func versions() []string { return []string{legacy, modern} }

// notes is a server of tools, prompts and resources that need different scopes,
// behind a door.
type notes struct {
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
	resource := mcpauth.Resource{
		Identifier:           "http://" + n.web.Listener.Addr().String() + "/mcp",
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

func notesPolicy() *mcpauth.Policy {
	read, admin := mcpauth.Scopes("read"), mcpauth.Scopes("admin")
	return &mcpauth.Policy{
		Tools: map[string]mcpauth.Requirement{
			"help": mcpauth.Public(), "publish": mcpauth.Public(),
			"read": read, "delete": read, "noisy": read, "secret": admin, "task": admin, "whoami": read,
		},
		Prompts:   map[string]mcpauth.Requirement{"open": read, "closed": admin, "late": read},
		Resources: map[string]mcpauth.Requirement{"note://all": read, "note://{id}": admin, "note://late": read},
		Methods:   map[string]mcpauth.Requirement{"initialize": mcpauth.Public(), "server/discover": mcpauth.Public(), "tools/list": mcpauth.Public(), "notifications/*": mcpauth.Public()},
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

// open begins a session, if the version has any.
func (n *notes) open(t *testing.T, version, token string) string {
	t.Helper()
	if version >= modern {
		return ""
	}
	a := n.post(t, version, "", token, "initialize", `"protocolVersion":"`+version+`","capabilities":{},"clientInfo":{"name":"t","version":"1"}`)
	if a.status != http.StatusOK {
		t.Fatalf("initialize: %+v", a)
	}
	return a.session
}
