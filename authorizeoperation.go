package mcpauth

import (
	"context"
	"time"

	"github.com/mcp-auth/go/internal/credential"
	"github.com/mcp-auth/go/internal/refusal"
	"github.com/mcp-auth/go/policy"
	"github.com/mcp-auth/go/reason"
)

// AuthorizeOperation decides on MCP operations by the Policy of a resource. It is
// for tests, and for code that sees operations and not the request, such as
// middleware inside an MCP SDK. A nil info stands for a caller without a token;
// the empty resource means the only one. The error is a [*Challenge] for all of
// the operations together.
//
// Without a Policy, it permits everything to callers with a token.
func (a *Auth) AuthorizeOperation(ctx context.Context, info *AuthInfo, resource string, ops ...policy.Operation) error {
	res, err := a.resource(resource)
	if err != nil {
		return a.noResource(ctx, "", err)
	}
	req, scheme := &Request{}, credential.None
	if info != nil && info.from != nil {
		req.Method, req.Scopes, scheme = info.from.method, info.from.scopes, info.from.scheme
	}
	refused, hidden := res.authorizeOperations(ctx, info, ops, req.Scopes)
	if refused == nil {
		return nil
	}
	d := decision{method: req.Method, asked: ops, refused: refused}
	if info != nil && info.from != nil {
		d.claims = info.from.claims
	}
	res.report(ctx, &d, time.Now())
	c := res.challenge(req, scheme, refused)
	if hidden {
		c.Hidden, c.Scopes = true, nil // scopes would show that there is something
	}
	return c.own()
}

func (r *resource) authorizeOperations(ctx context.Context, info *AuthInfo, ops []policy.Operation, scopes []string) (_ *refusal.Refusal, hidden bool) {
	if info != nil && info.Resource != "" && info.Resource != r.identifier {
		return refusal.InvalidToken(reason.WrongAudience, "the request was authorized for %q, not for %q", info.Resource, r.identifier), false
	}
	if r.policy == nil && info == nil {
		return refusal.NoCredentials(credential.ErrNone), false
	}
	if r.policy == nil {
		return nil, false
	}
	d := r.policy.Decide(ctx, info.policyCaller(new(policy.Caller)), scopes, ops...)
	if d.Allowed() {
		return nil, false
	}
	return refusalOf(d), d.Hidden
}

// Visible reports whether a list shows an item to a caller, as it does in responses
// behind Protect; see policy.Policy.ShowAll. The operation is what a client would
// do with the item. The Name of a resource template is its text.
func (a *Auth) Visible(ctx context.Context, info *AuthInfo, resource string, op policy.Operation) bool {
	res, err := a.resource(resource)
	if err != nil {
		return false
	}
	if res.policy == nil {
		return true
	}
	var scopes []string
	if info != nil && info.from != nil {
		scopes = info.from.scopes
	}
	return res.policy.Visible(ctx, info.policyCaller(new(policy.Caller)), scopes, op)
}

// policyCaller fills in the caller as a policy sees it, and returns nil for a nil
// AuthInfo.
func (i *AuthInfo) policyCaller(c *policy.Caller) *policy.Caller {
	if i == nil {
		return nil
	}
	*c = policy.Caller{Issuer: i.Issuer, Subject: i.Subject, ClientID: i.ClientID, Scopes: i.Scopes}
	if i.raw != nil {
		*c = c.WithClaims(*i.raw)
	}
	return c
}
