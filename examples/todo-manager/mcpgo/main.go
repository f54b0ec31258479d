// Todo-manager on mcp-go (github.com/mark3labs/mcp-go): the twin of the server
// one directory up, which is on the official Go SDK. Try it:
//
//	go run ./examples/todo-manager/mcpgo --dev
package main

import (
	"context"
	"errors"
	"net/http"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/examples/todo-manager/internal/app"
	"github.com/mcp-auth/go/examples/todo-manager/internal/todo"
	"github.com/mcp-auth/go/mcpgo"
)

func main() { app.Main("./examples/todo-manager/mcpgo", newHandler) }

// newHandler is the MCP server behind its door.
func newHandler(auth *mcpauth.Auth, todos *todo.Service, options ...mcpauth.Option) http.Handler {
	// Nothing is kept per client, so no sessions: any replica can answer.
	handler := server.NewStreamableHTTPServer(newServer(todos),
		server.WithStateLess(true), server.WithDisableStreaming(true))
	return mcpgo.Protect(auth, handler, options...)
}

func newServer(todos *todo.Service) *server.MCPServer {
	s := server.NewMCPServer("todo-manager", "1.0.0",
		server.WithToolCapabilities(false), server.WithInputSchemaValidation(), mcpgo.Middleware())
	t := tools{todos}
	s.AddTool(mcp.NewTool(todo.ToolCreate,
		mcp.WithDescription("Adds a todo to your list."),
		mcp.WithInputSchema[createInput](), mcp.WithOutputSchema[todo.Todo](),
	), handle(t.create))
	s.AddTool(mcp.NewTool(todo.ToolGet,
		mcp.WithDescription("Lists your todos, or everybody's if you may see them."),
		mcp.WithInputSchema[struct{}](), mcp.WithOutputSchema[list](), mcp.WithReadOnlyHintAnnotation(true),
	), handle(t.get))
	s.AddTool(mcp.NewTool(todo.ToolDelete,
		mcp.WithDescription("Deletes a todo: one of yours, or anybody's if you may."),
		mcp.WithInputSchema[deleteInput](), mcp.WithOutputSchema[deleted](),
	), handle(t.delete))
	return s
}

// handle makes a handler of a function. A challenge goes on to the middleware;
// any other error becomes a result that the model can read.
func handle[In, Out any](tool func(context.Context, In) (Out, error)) server.ToolHandlerFunc {
	return func(ctx context.Context, request mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		var in In
		if err := request.BindArguments(&in); err != nil {
			return mcp.NewToolResultError("the arguments cannot be read"), nil
		}
		out, err := tool(ctx, in)
		var refused *mcpauth.Challenge
		switch {
		case errors.As(err, &refused):
			return nil, refused
		case err != nil:
			return mcp.NewToolResultError(err.Error()), nil
		}
		return mcp.NewToolResultStructuredOnly(out), nil
	}
}

// tools are the handlers. The policy has let their callers in.
type tools struct{ todos *todo.Service }

type createInput struct {
	Content string `json:"content" jsonschema:"what there is to do"`
}

func (t tools) create(ctx context.Context, in createInput) (todo.Todo, error) {
	return t.todos.Create(ctx, in.Content)
}

type list struct {
	Todos []todo.Todo `json:"todos"`
}

func (t tools) get(ctx context.Context, _ struct{}) (list, error) {
	todos, err := t.todos.List(ctx)
	return list{todos}, err
}

type deleteInput struct {
	ID string `json:"id" jsonschema:"the todo's id"`
}

type deleted struct {
	Deleted string `json:"deleted"`
}

func (t tools) delete(ctx context.Context, in deleteInput) (deleted, error) {
	return deleted{in.ID}, t.todos.Delete(ctx, in.ID)
}
