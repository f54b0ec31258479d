package mcpgo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/internal/mcpmethod"
	"github.com/mcp-auth/go/policy"
)

var (
	errNotFound   = errors.New("not found")
	errUnreadable = errors.New("the request cannot be read")
	errUnguarded  = errors.New("mcpgo: Authorize must come after WithHooks, which replaced what it had added")
)

// Authorize is [Middleware] that also enforces the Policy of a resource inside
// mcp-go, on every request and every list. It is for servers that check
// requests with code that puts the AuthInfo into the context and does not read
// their bodies. Behind [Protect] it is not needed. The empty resource means the
// only one.
//
// A request that carries no AuthInfo may do what is Public, and nothing else.
// Notifications are not checked, because mcp-go offers no place for it.
//
// It adds to the server's hooks, so pass it after [server.WithHooks]: otherwise
// no tool and no prompt is found and no resource can be read, while the lists of
// resources are whole. Pass it before other middleware, so that none of it sees
// what is refused.
func Authorize(a *mcpauth.Auth, resource string) server.ServerOption {
	return func(s *server.MCPServer) {
		if s.GetHooks() == nil {
			server.WithHooks(&server.Hooks{})(s)
		}
		g := &guard{auth: a, resource: resource, server: s, hooks: s.GetHooks()}
		g.hooks.AddOnRequestInitialization(g.beforeRequest)
		g.filterLists()
		server.WithToolFilter(guardedBy[mcp.Tool](g))(s)
		server.WithPromptFilter(guardedBy[mcp.Prompt](g))(s)
		middleware(g.permitted)(s)
	}
}

// guard enforces the policy of a resource.
type guard struct {
	auth     *mcpauth.Auth
	resource string
	server   *server.MCPServer
	hooks    *server.Hooks
}

// isGuarded reports whether the hooks are still in place. Filters and middleware
// ask, since only they are sure to be called.
func (g *guard) isGuarded() bool { return g.server.GetHooks() == g.hooks }

// guardedBy is a filter that lets none pass where the hooks are lost, which
// would have kept lists and task tools from callers.
func guardedBy[T any](g *guard) func(context.Context, []T) []T {
	return func(_ context.Context, items []T) []T {
		if !g.isGuarded() {
			return []T{} // nil would be encoded as null
		}
		return items
	}
}

// permitted decides on one operation.
func (g *guard) permitted(ctx context.Context, op policy.Operation) error {
	if !g.isGuarded() {
		return errUnguarded
	}
	return g.permits(ctx, op)
}

func (g *guard) permits(ctx context.Context, ops ...policy.Operation) error {
	info, _ := mcpauth.FromContext(ctx)
	err := g.auth.AuthorizeOperation(ctx, info, g.resource, ops...)
	var challenge *mcpauth.Challenge
	if errors.As(err, &challenge) && challenge.Hidden {
		return hidden(ops[0])
	}
	return err
}

// hidden is the error that mcp-go has for what is not there, as to its text.
// Its code is out of reach: an error of middleware is an internal one.
func hidden(op policy.Operation) error {
	switch op.Method {
	case mcpmethod.ToolsCall:
		return fmt.Errorf("tool '%s' not found: %w", op.Name, server.ErrToolNotFound)
	case mcpmethod.PromptsGet:
		return fmt.Errorf("prompt '%s' not found: %w", op.Name, server.ErrPromptNotFound)
	case mcpmethod.ResourcesRead:
		return fmt.Errorf("handler not found for resource URI '%s': %w", op.Name, server.ErrResourceNotFound)
	}
	return errNotFound
}

// beforeRequest decides on what no middleware sees.
func (g *guard) beforeRequest(ctx context.Context, _ any, message any) error {
	raw, ok := message.(json.RawMessage)
	if !ok {
		return errUnreadable
	}
	ops, err := unguarded(raw)
	if err != nil {
		return errUnreadable
	}
	if len(ops) == 0 {
		return nil
	}
	if err := g.permits(ctx, ops...); err != nil {
		return refuse(ctx, err)
	}
	return nil
}

// filterLists takes out of each page what the caller may not use.
func (g *guard) filterLists() {
	g.hooks.AddAfterListTools(func(ctx context.Context, _ any, _ *mcp.ListToolsRequest, r *mcp.ListToolsResult) {
		r.Tools = keep(r.Tools, func(t *mcp.Tool) bool { return g.shows(ctx, mcpmethod.ToolsCall, t.Name) })
	})
	g.hooks.AddAfterListPrompts(func(ctx context.Context, _ any, _ *mcp.ListPromptsRequest, r *mcp.ListPromptsResult) {
		r.Prompts = keep(r.Prompts, func(e *mcp.Prompt) bool { return g.shows(ctx, mcpmethod.PromptsGet, e.Name) })
	})
	g.hooks.AddAfterListResources(func(ctx context.Context, _ any, _ *mcp.ListResourcesRequest, r *mcp.ListResourcesResult) {
		r.Resources = keep(r.Resources, func(e *mcp.Resource) bool { return g.shows(ctx, mcpmethod.ResourcesRead, e.URI) })
	})
	g.hooks.AddAfterListResourceTemplates(func(ctx context.Context, _ any, _ *mcp.ListResourceTemplatesRequest, r *mcp.ListResourceTemplatesResult) {
		r.ResourceTemplates = keep(r.ResourceTemplates, func(e *mcp.ResourceTemplate) bool {
			return e.URITemplate != nil && g.shows(ctx, mcpmethod.ResourcesRead, e.URITemplate.Raw())
		})
	})
}

func (g *guard) shows(ctx context.Context, method, name string) bool {
	info, _ := mcpauth.FromContext(ctx)
	return g.auth.Visible(ctx, info, g.resource, policy.Operation{Method: method, Name: name})
}

// keep never returns nil, which would be encoded as null.
func keep[T any](items []T, fits func(*T) bool) []T {
	kept := make([]T, 0, len(items))
	for i := range items {
		if fits(&items[i]) {
			kept = append(kept, items[i])
		}
	}
	return kept
}
