package main

import (
	"context"
	"crypto/rand"
	"errors"
	"log"
	"log/slog"
	"net/http"
	"sync"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/gosdk"
	"github.com/mcp-auth/go/policy"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

func main() {
	handler, err := newHandler("http://127.0.0.1:9400", "http://127.0.0.1:3001/mcp")
	if err != nil {
		log.Fatal(err)
	}
	log.Fatal(http.ListenAndServe("127.0.0.1:3001", handler))
}

func newHandler(issuer, resource string) (http.Handler, error) {
	auth, err := mcpauth.New(mcpauth.Config{
		Resources: []mcpauth.Resource{{
			Identifier:           resource,
			AuthorizationServers: []mcpauth.AuthorizationServer{{Issuer: issuer}},
			ScopesSupported:      []string{scopeCreate, scopeRead, scopeDelete},
			Policy:               rules(),
		}},
		Logger: slog.Default(),
	})
	if err != nil {
		return nil, err
	}
	if err := auth.Ready(context.Background()); err != nil {
		return nil, err
	}
	server := newServer()
	server.AddReceivingMiddleware(gosdk.Middleware())
	handler := mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return server }, nil)
	mux := http.NewServeMux()
	mux.Handle("/.well-known/", auth.MetadataHandler())
	mux.Handle("/mcp", gosdk.Protect(auth, handler, mcpauth.ChallengeScopes(scopeCreate, scopeRead)))
	return mux, nil
}

const (
	scopeCreate = "create:todos" // add todos
	scopeRead   = "read:todos"   // see the todos of all users
	scopeDelete = "delete:todos" // delete the todos of all users
)

func rules() *policy.Policy {
	return &policy.Policy{Tools: map[string]policy.Requirement{
		"create-todo": policy.Scopes(scopeCreate),
		"get-todos":   policy.Authenticated(),
		"delete-todo": policy.Authenticated(),
	}}
}

func newServer() *mcp.Server {
	server := mcp.NewServer(&mcp.Implementation{Name: "todo-manager", Version: "1.0.0"}, nil)
	t := &todos{byID: map[string]todo{}}
	mcp.AddTool(server, &mcp.Tool{Name: "create-todo", Description: "Adds a todo."}, t.create)
	mcp.AddTool(server, &mcp.Tool{Name: "get-todos", Description: "Lists todos."}, t.list)
	mcp.AddTool(server, &mcp.Tool{Name: "delete-todo", Description: "Deletes a todo."}, t.remove)
	return server
}

type todo struct {
	ID      string `json:"id"`
	Content string `json:"content"`
	owner   string
}

type todos struct {
	mu   sync.Mutex
	byID map[string]todo
}

type content struct {
	Content string `json:"content"`
}

func (t *todos) create(ctx context.Context, _ *mcp.CallToolRequest, in content) (*mcp.CallToolResult, todo, error) {
	info, err := mcpauth.RequireAuthInfo(ctx)
	if err != nil {
		return nil, todo{}, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.byID) >= 1000 || len(in.Content) > 500 {
		return nil, todo{}, errors.New("too many todos, or too long a text")
	}
	one := todo{ID: rand.Text(), Content: in.Content, owner: info.UserID()}
	t.byID[one.ID] = one
	return nil, one, nil
}

type list struct {
	Todos []todo `json:"todos"`
}

func (t *todos) list(ctx context.Context, _ *mcp.CallToolRequest, _ struct{}) (*mcp.CallToolResult, list, error) {
	info, err := mcpauth.RequireAuthInfo(ctx)
	if err != nil {
		return nil, list{}, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	found := []todo{}
	for _, one := range t.byID {
		if one.owner == info.UserID() || info.HasScope(scopeRead) {
			found = append(found, one)
		}
	}
	return nil, list{found}, nil
}

type id struct {
	ID string `json:"id"`
}

func (t *todos) remove(ctx context.Context, _ *mcp.CallToolRequest, in id) (*mcp.CallToolResult, any, error) {
	info, err := mcpauth.RequireAuthInfo(ctx)
	if err != nil {
		return nil, nil, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	one, known := t.byID[in.ID]
	if !known {
		return nil, nil, errors.New("no such todo")
	}
	if one.owner != info.UserID() {
		if err := mcpauth.Require(ctx, scopeDelete); err != nil {
			return nil, nil, err
		}
	}
	delete(t.byID, in.ID)
	return nil, map[string]string{"deleted": in.ID}, nil
}
