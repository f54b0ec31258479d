// Todo-manager is the server of the tutorial (docs/tutorials/todo-manager.md)
// on the official Go SDK: an MCP server whose tools need scopes, and whose
// owners may do more with their todos than others. Try it:
//
//	go run ./examples/todo-manager --dev
//
// Its settings are explained by --help. Directory mcpgo has the same server on
// mcp-go.
package main

import (
	"context"
	"net/http"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/examples/todo-manager/internal/app"
	"github.com/mcp-auth/go/examples/todo-manager/internal/todo"
	"github.com/mcp-auth/go/gosdk"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

func main() { app.Main("./examples/todo-manager", newHandler) }

// newHandler is the MCP server behind its door.
func newHandler(auth *mcpauth.Auth, todos *todo.Service, options ...mcpauth.Option) http.Handler {
	server := newServer(todos)
	// Nothing is kept per client, so no sessions: any replica can answer.
	handler := mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return server },
		&mcp.StreamableHTTPOptions{Stateless: true, JSONResponse: true})
	return gosdk.Protect(auth, handler, options...)
}

func newServer(todos *todo.Service) *mcp.Server {
	server := mcp.NewServer(&mcp.Implementation{Name: "todo-manager", Version: "1.0.0"}, nil)
	server.AddReceivingMiddleware(gosdk.Middleware())
	t := tools{todos}
	mcp.AddTool(server, &mcp.Tool{
		Name: todo.ToolCreate, Description: "Adds a todo to your list.",
	}, t.create)
	mcp.AddTool(server, &mcp.Tool{
		Name: todo.ToolGet, Description: "Lists your todos, or everybody's if you may see them.",
		Annotations: &mcp.ToolAnnotations{ReadOnlyHint: true},
	}, t.get)
	mcp.AddTool(server, &mcp.Tool{
		Name: todo.ToolDelete, Description: "Deletes a todo: one of yours, or anybody's if you may.",
	}, t.delete)
	return server
}

// tools are the handlers. The policy has let their callers in.
type tools struct{ todos *todo.Service }

type createInput struct {
	Content string `json:"content" jsonschema:"what there is to do"`
}

func (t tools) create(ctx context.Context, _ *mcp.CallToolRequest, in createInput) (*mcp.CallToolResult, todo.Todo, error) {
	created, err := t.todos.Create(ctx, in.Content)
	return nil, created, err
}

type list struct {
	Todos []todo.Todo `json:"todos"`
}

func (t tools) get(ctx context.Context, _ *mcp.CallToolRequest, _ struct{}) (*mcp.CallToolResult, list, error) {
	todos, err := t.todos.List(ctx)
	return nil, list{todos}, err
}

type deleteInput struct {
	ID string `json:"id" jsonschema:"the todo's id"`
}

type deleted struct {
	Deleted string `json:"deleted"`
}

func (t tools) delete(ctx context.Context, _ *mcp.CallToolRequest, in deleteInput) (*mcp.CallToolResult, deleted, error) {
	err := t.todos.Delete(ctx, in.ID)
	return nil, deleted{in.ID}, err
}
