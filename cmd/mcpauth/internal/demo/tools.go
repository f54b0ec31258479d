package demo

import (
	"context"
	"errors"
	"fmt"
	"time"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/gosdk"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// newMCPServer makes the MCP server of the demo. Its tools look at
// the caller, who was authenticated before.
func newMCPServer() *mcp.Server {
	todos := &todoStore{now: time.Now, byUser: map[string][]Todo{}}
	server := mcp.NewServer(&mcp.Implementation{Name: "mcpauth-demo", Version: "1.0.0"}, nil)
	server.AddReceivingMiddleware(gosdk.Middleware())
	mcp.AddTool(server, &mcp.Tool{
		Name:        "whoami",
		Description: "Tells who is calling: what the access token says.",
		Annotations: &mcp.ToolAnnotations{ReadOnlyHint: true},
	}, whoami)
	mcp.AddTool(server, &mcp.Tool{
		Name:        "add-todo",
		Description: "Adds a todo to the caller's list. Needs the scope " + scopeCreate + ".",
	}, todos.addTool)
	mcp.AddTool(server, &mcp.Tool{
		Name:        "list-todos",
		Description: "Lists the caller's todos. Needs the scope " + scopeRead + ".",
		Annotations: &mcp.ToolAnnotations{ReadOnlyHint: true},
	}, todos.listTool)
	return server
}

// Identity is the result of whoami.
type Identity struct {
	Issuer    string    `json:"issuer"`
	Subject   string    `json:"subject"`
	ClientID  string    `json:"client_id"`
	Scopes    []string  `json:"scopes"`
	Audience  []string  `json:"audience"`
	ExpiresAt time.Time `json:"expires_at"`
}

func whoami(ctx context.Context, _ *mcp.CallToolRequest, _ struct{}) (*mcp.CallToolResult, Identity, error) {
	info, ok := mcpauth.FromContext(ctx)
	if !ok {
		return nil, Identity{}, errors.New("not authenticated")
	}
	return nil, Identity{
		Issuer: info.Issuer, Subject: info.Subject, ClientID: info.ClientID,
		Scopes: info.Scopes, Audience: info.Audience, ExpiresAt: info.ExpiresAt,
	}, nil
}

// callerWith returns the caller if the token carries the scope.
func callerWith(ctx context.Context, scope string) (*mcpauth.AuthInfo, error) {
	info, ok := mcpauth.FromContext(ctx)
	if !ok {
		return nil, errors.New("not authenticated")
	}
	if !info.HasScope(scope) {
		return nil, fmt.Errorf("the access token lacks the scope %s", scope)
	}
	return info, nil
}
