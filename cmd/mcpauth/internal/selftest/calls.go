package selftest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/mcp-auth/go/cmd/mcpauth/internal/demo"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// initialize opens an MCP session with the official SDK.
func (f *flow) initialize(ctx context.Context) (string, error) {
	client := mcp.NewClient(&mcp.Implementation{Name: "mcpauth-selftest", Version: "1.0.0"}, nil)
	session, err := client.Connect(ctx, &mcp.StreamableClientTransport{
		Endpoint: f.demo.Facts.MCPURL,
		HTTPClient: &http.Client{
			Transport: &bearer{token: f.token, next: f.transport},
			// The token is for this server: it goes nowhere else.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		MaxRetries:           -1,
		DisableStandaloneSSE: true,
	}, nil)
	if err != nil {
		return "", err
	}
	f.session = session
	result := session.InitializeResult()
	if result == nil || result.ServerInfo == nil {
		return "", errors.New("the server did not introduce itself")
	}
	return result.ServerInfo.Name + ", protocol " + result.ProtocolVersion, nil
}

// callWhoami compares what the server knows of the caller with what was asked
// for.
func (f *flow) callWhoami(ctx context.Context) (string, error) {
	var who demo.Identity
	if err := f.call(ctx, "whoami", nil, &who); err != nil {
		return "", err
	}
	f.whoami = &who
	switch {
	case who.Issuer != f.issuer:
		return "", fmt.Errorf("issuer %q, want %q", who.Issuer, f.issuer)
	case who.Subject != f.user.Username:
		return "", fmt.Errorf("subject %q, want %q", who.Subject, f.user.Username)
	case who.ClientID != f.clientID:
		return "", fmt.Errorf("client %q, want %q", who.ClientID, f.clientID)
	case !slices.Equal(who.Audience, []string{f.demo.Facts.MCPURL}):
		return "", fmt.Errorf("audience %q, want %q", who.Audience, f.demo.Facts.MCPURL)
	case !sameSet(who.Scopes, f.scopes):
		return "", fmt.Errorf("scopes %q, want %q", who.Scopes, f.scopes)
	}
	return fmt.Sprintf("subject %s at %s, audience %s", who.Subject, who.Issuer, who.Audience[0]), nil
}

// callTodos adds a todo and finds it in the list.
func (f *flow) callTodos(ctx context.Context) (string, error) {
	var added demo.Todo
	if err := f.call(ctx, "add-todo", map[string]any{"text": "read RFC 9728"}, &added); err != nil {
		return "", err
	}
	var list demo.TodoList
	if err := f.call(ctx, "list-todos", nil, &list); err != nil {
		return "", err
	}
	if len(list.Todos) != 1 || list.Todos[0].ID != added.ID || list.Todos[0].Text != "read RFC 9728" {
		return "", fmt.Errorf("the list has %d todos, want the one that was added", len(list.Todos))
	}
	return "added one and found it in the list", nil
}

// call calls a tool and decodes its structured result.
func (f *flow) call(ctx context.Context, tool string, arguments map[string]any, into any) error {
	result, err := f.session.CallTool(ctx, &mcp.CallToolParams{Name: tool, Arguments: arguments})
	if err != nil {
		return err
	}
	if result.IsError {
		return fmt.Errorf("the tool %s failed: %s", tool, toolText(result))
	}
	structured, err := json.Marshal(result.StructuredContent)
	if err != nil {
		return err
	}
	return json.Unmarshal(structured, into)
}

// toolText is the text of a tool's result.
func toolText(result *mcp.CallToolResult) string {
	var texts []string
	for _, content := range result.Content {
		if text, ok := content.(*mcp.TextContent); ok {
			texts = append(texts, text.Text)
		}
	}
	return strings.Join(texts, " ")
}

func sameSet(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}
