package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/gosdk"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

const (
	maxTodoUsers    = 1000
	maxTodosPerUser = 100
	maxTodoRunes    = 500
)

// newDemoMCPServer makes the MCP server of the demo. Its tools ask who is
// calling; that somebody is calling at all was decided before.
func newDemoMCPServer() *mcp.Server {
	todos := &todoStore{now: time.Now, byUser: map[string][]todo{}}
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

// identity is the result of whoami.
type identity struct {
	Issuer    string    `json:"issuer"`
	Subject   string    `json:"subject"`
	ClientID  string    `json:"client_id"`
	Scopes    []string  `json:"scopes"`
	Audience  []string  `json:"audience"`
	ExpiresAt time.Time `json:"expires_at"`
}

func whoami(ctx context.Context, _ *mcp.CallToolRequest, _ struct{}) (*mcp.CallToolResult, identity, error) {
	info, ok := mcpauth.FromContext(ctx)
	if !ok {
		return nil, identity{}, errors.New("not authenticated")
	}
	return nil, identity{
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

type todo struct {
	ID      int       `json:"id"`
	Text    string    `json:"text"`
	Created time.Time `json:"created"`
}

type todoInput struct {
	Text string `json:"text" jsonschema:"what there is to do"`
}

type todoList struct {
	Todos []todo `json:"todos"`
}

// todoStore keeps the todos of each user in memory.
type todoStore struct {
	now    func() time.Time
	mu     sync.Mutex
	byUser map[string][]todo
}

func (s *todoStore) addTool(ctx context.Context, _ *mcp.CallToolRequest, in todoInput) (*mcp.CallToolResult, todo, error) {
	info, err := callerWith(ctx, scopeCreate)
	if err != nil {
		return nil, todo{}, err
	}
	added, err := s.add(info.UserID(), in.Text)
	return nil, added, err
}

func (s *todoStore) listTool(ctx context.Context, _ *mcp.CallToolRequest, _ struct{}) (*mcp.CallToolResult, todoList, error) {
	info, err := callerWith(ctx, scopeRead)
	if err != nil {
		return nil, todoList{}, err
	}
	return nil, todoList{Todos: s.list(info.UserID())}, nil
}

func (s *todoStore) add(user, text string) (todo, error) {
	text = strings.TrimSpace(text)
	if text == "" || utf8.RuneCountInString(text) > maxTodoRunes {
		return todo{}, fmt.Errorf("the text must have 1 to %d characters", maxTodoRunes)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	todos, known := s.byUser[user]
	if !known && len(s.byUser) >= maxTodoUsers {
		return todo{}, errors.New("too many users have a list")
	}
	if len(todos) >= maxTodosPerUser {
		return todo{}, fmt.Errorf("the list is full: %d todos", maxTodosPerUser)
	}
	added := todo{ID: len(todos) + 1, Text: text, Created: s.now().UTC()}
	s.byUser[user] = append(todos, added)
	return added, nil
}

// list returns a copy, which is never nil: an empty list is an empty array in
// JSON.
func (s *todoStore) list(user string) []todo {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]todo{}, s.byUser[user]...)
}
