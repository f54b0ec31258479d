package mcpauth

import (
	"context"
	"slices"

	"github.com/mcp-auth/go/internal/refusal"
	"github.com/mcp-auth/go/reason"
)

// Permits decides on MCP operations by the [Policy] of a resource. It is for
// tests, and for code that sees operations and not the request, such as
// middleware inside an MCP SDK. A nil info stands for a caller without a token;
// the empty resource means the only one. The error is a [*Challenge] for all of
// the operations together.
//
// Without a Policy, it permits everything to callers with a token.
func (a *Auth) Permits(ctx context.Context, info *AuthInfo, resource string, ops ...Operation) error {
	res, err := a.resource(resource)
	if err != nil {
		return a.noResource(ctx, "", err)
	}
	req, scheme := &Request{}, schemeNone
	if info != nil && info.from != nil {
		req.Method, req.Scopes, scheme = info.from.method, info.from.scopes, info.from.scheme
	}
	refused := res.permits(ctx, info, ops, req.Scopes)
	if refused == nil {
		return nil
	}
	res.reportRefusal(ctx, req.Method, refused)
	c := res.challenge(req, scheme, refused)
	named := func(op Operation) bool { return op.kind() != kindNone }
	if res.policy != nil && res.policy.hides(refused) && slices.ContainsFunc(ops, named) {
		c.Hidden, c.Scopes = true, nil // whoever shows it all the same tells no scopes
	}
	return c.own()
}

func (r *resource) permits(ctx context.Context, info *AuthInfo, ops []Operation, scopes []string) *refusal.Refusal {
	if info != nil && info.Resource != "" && info.Resource != r.identifier {
		return refusal.InvalidToken(reason.WrongAudience, "the request was authorized for %q, not for %q", info.Resource, r.identifier)
	}
	if r.policy == nil && info == nil {
		return refusal.NoCredentials(errNoCredentials)
	}
	if r.policy == nil {
		return nil
	}
	if len(ops) == 0 {
		ops = make([]Operation, 1) // as of a stream
	}
	_, refused := r.evaluate(evaluation{ctx: ctx, info: info, hierarchy: r.hierarchy}, ops, scopes)
	return refused
}

// Shows reports whether a list shows an item to a caller, as the lists behind
// Protect do; see [Policy.ShowAll]. The operation is what a client would do
// with the item. The Name of a resource template is its text.
func (a *Auth) Shows(ctx context.Context, info *AuthInfo, resource string, op Operation) bool {
	res, err := a.resource(resource)
	if err != nil {
		return false
	}
	if res.policy == nil || res.policy.config.ShowAll {
		return true
	}
	var scopes []string
	if info != nil && info.from != nil {
		scopes = info.from.scopes
	}
	return res.keep(ctx, info, scopes, op.Method, op.Name)
}
