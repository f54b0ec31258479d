package gosdk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/internal/mcpmethod"
	"github.com/mcp-auth/go/policy"
	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// Authorize is [Middleware] that also enforces the Policy of a resource inside
// the SDK, on every call and every list. It is for servers that use [Bridge]
// and check requests with code that does not read their bodies. Behind
// [Protect] it is not needed. The empty resource means the only one.
//
// A request that carries no AuthInfo may do what is Public, and nothing else.
//
// Add it last, or first within one call of AddReceivingMiddleware: it is then
// around all other middleware, which sees nothing of what is refused.
func Authorize(a *mcpauth.Auth, resource string) mcp.Middleware {
	learn := Middleware()
	return func(next mcp.MethodHandler) mcp.MethodHandler {
		return learn(func(ctx context.Context, method string, req mcp.Request) (mcp.Result, error) {
			info, _ := mcpauth.FromContext(ctx)
			ops := operations(method, req.GetParams())
			if err := a.AuthorizeOperation(ctx, info, resource, ops...); err != nil {
				return nil, hide(err, ops[0])
			}
			result, err := next(ctx, method, req)
			if err != nil {
				return result, err
			}
			show := func(op policy.Operation) bool { return a.Visible(ctx, info, resource, op) }
			if isExtension(result) {
				return shownExtension(method, result, show)
			}
			return shown(result, show), nil
		})
	}
}

// operations says in the policy's terms what a request asks for: one at least.
func operations(method string, params mcp.Params) []policy.Operation {
	op := policy.Operation{Method: method}
	switch p := params.(type) {
	case *mcp.CallToolParamsRaw:
		op.Name, op.Arguments = p.Name, p.Arguments
		if op.Arguments == nil {
			op.Arguments = json.RawMessage("{}")
		}
	case *mcp.GetPromptParams:
		op.Name, op.Arguments = p.Name, encode(p.Arguments)
	case *mcp.ReadResourceParams:
		op.Name = p.URI
	case *mcp.SubscribeParams:
		op.Name = p.URI
	case *mcp.UnsubscribeParams:
		op.Name = p.URI
	case *mcp.CompleteParams:
		op.Ref, op.Name = reference(p.Ref)
	case *mcp.SubscriptionsListenParams:
		return listens(op, p)
	default:
		op.Name = extensionURI(method, params)
	}
	return []policy.Operation{op}
}

// encode never returns nil, which is for lists.
func encode(arguments map[string]string) json.RawMessage {
	if arguments == nil {
		return json.RawMessage("{}")
	}
	data, _ := json.Marshal(arguments) // texts cannot fail
	return data
}

func reference(ref *mcp.CompleteReference) (kind, name string) {
	switch {
	case ref == nil:
		return "", ""
	case ref.Type == "ref/prompt":
		return mcpmethod.RefPrompt, ref.Name
	case ref.Type == "ref/resource":
		return mcpmethod.RefResource, ref.URI
	}
	return "", ""
}

// listens has an operation for each resource that is listened to.
func listens(op policy.Operation, p *mcp.SubscriptionsListenParams) []policy.Operation {
	if p.Notifications == nil || len(p.Notifications.ResourceSubscriptions) == 0 {
		return []policy.Operation{op}
	}
	var ops []policy.Operation
	for _, uri := range p.Notifications.ResourceSubscriptions {
		ops = append(ops, policy.Operation{Method: op.Method, Name: uri})
	}
	return ops
}

// hide answers as the SDK does for what does not exist, if the policy wants it.
func hide(err error, op policy.Operation) error {
	var refused *mcpauth.Challenge
	if !errors.As(err, &refused) || !refused.Hidden {
		return err
	}
	switch mcpmethod.Of(op.Method).Names(op.Name, op.Ref) {
	case mcpmethod.Tool:
		return &jsonrpc.Error{Code: jsonrpc.CodeInvalidParams, Message: fmt.Sprintf("unknown tool %q", op.Name)}
	case mcpmethod.Prompt:
		return &jsonrpc.Error{Code: jsonrpc.CodeInvalidParams, Message: fmt.Sprintf("unknown prompt %q", op.Name)}
	}
	return mcp.ResourceNotFoundError(op.Name)
}

// scopePrivate keeps caches from giving a result to another caller. The SDK's
// default is "public".
const scopePrivate = "private"

// shown is a list without what is not to be seen. It is a copy, as a server may
// give one result to several callers.
func shown(result mcp.Result, show func(policy.Operation) bool) mcp.Result {
	usable := func(method, name string) bool { return show(policy.Operation{Method: method, Name: name}) }
	switch r := result.(type) {
	case *mcp.ListToolsResult:
		list := *r
		list.CacheScope = scopePrivate
		list.Tools = keep(r.Tools, func(t *mcp.Tool) bool { return usable(mcpmethod.ToolsCall, t.Name) })
		return &list
	case *mcp.ListPromptsResult:
		list := *r
		list.CacheScope = scopePrivate
		list.Prompts = keep(r.Prompts, func(p *mcp.Prompt) bool { return usable(mcpmethod.PromptsGet, p.Name) })
		return &list
	case *mcp.ListResourcesResult:
		list := *r
		list.CacheScope = scopePrivate
		list.Resources = keep(r.Resources, func(e *mcp.Resource) bool { return usable(mcpmethod.ResourcesRead, e.URI) })
		return &list
	case *mcp.ListResourceTemplatesResult:
		list := *r
		list.CacheScope = scopePrivate
		list.ResourceTemplates = keep(r.ResourceTemplates, func(e *mcp.ResourceTemplate) bool { return usable(mcpmethod.ResourcesRead, e.URITemplate) })
		return &list
	case *mcp.ReadResourceResult:
		read := *r
		read.CacheScope = scopePrivate
		return &read
	}
	return result
}

// keep never returns nil, which would be encoded as null.
func keep[T any](items []T, fits func(T) bool) []T {
	kept := make([]T, 0, len(items))
	for _, item := range items {
		if fits(item) {
			kept = append(kept, item)
		}
	}
	return kept
}
