package mcpauth

import (
	"context"
	"net/http"
	"strings"

	"github.com/mcp-auth/go/internal/mcpmsg"
	"github.com/mcp-auth/go/internal/refusal"
	"github.com/mcp-auth/go/internal/scope"
	"github.com/mcp-auth/go/policy"
	"github.com/mcp-auth/go/reason"
)

// permit decides whether the caller may do what the request asks for. It notes
// in req the scopes that a challenge has to name, and in admitted what the door
// has to do with the answer.
func (r *resource) permit(ctx context.Context, req *Request, admitted *doorWriter) *refusal.Refusal {
	if refused := r.sessions.admit(ctx, req, admitted); refused != nil {
		return refused
	}
	admitted.scopes, admitted.scheme, admitted.method = req.Scopes, req.scheme, req.Method
	if r.policy == nil {
		return checkGranted(r.hierarchy, admitted.info.Scopes, req.Scopes)
	}
	return r.permitOperations(ctx, req, admitted)
}

// permitOperations decides by the policy.
func (r *resource) permitOperations(ctx context.Context, req *Request, admitted *doorWriter) *refusal.Refusal {
	var messages mcpmsg.Request // a stream has none
	if refused := r.readMessages(req, &messages); refused != nil {
		return refused
	}
	var one [1]policy.Operation
	d := r.decide(ctx, admitted.caller(), req.Scopes, operations(messages.All(), &one))
	if !d.Allowed() {
		refused := refusalOf(d)
		req.Scopes, req.rpc = d.Scopes, rpcAnswer(refused, d.Hidden, req, &messages)
		return refused
	}
	admitted.needed = d.Scopes
	admitted.expect(r.policy, req, &messages)
	return nil
}

// decide holds the operations against the policy. A nil info has no token.
func (r *resource) decide(ctx context.Context, info *AuthInfo, scopes []string, ops []policy.Operation) policy.Decision {
	if info == nil {
		return r.policy.Decide(ctx, nil, scopes, ops...)
	}
	caller := callerOf(info)
	return r.policy.Decide(ctx, &caller, scopes, ops...)
}

// visible reports whether a list shows an item to the caller, given the scopes of
// the handler.
func (r *resource) visible(ctx context.Context, info *AuthInfo, scopes []string, op policy.Operation) bool {
	if info == nil {
		return r.policy.Visible(ctx, nil, scopes, op)
	}
	caller := callerOf(info)
	return r.policy.Visible(ctx, &caller, scopes, op)
}

// refusalOf turns a decision that does not allow into a refusal.
func refusalOf(d policy.Decision) *refusal.Refusal {
	r := &refusal.Refusal{Cause: d.Cause, Scopes: d.Scopes}
	switch d.Outcome {
	case policy.OutcomeNoCredentials:
		r.Status, r.Reason, r.Cause = http.StatusUnauthorized, reason.NoCredentials, errNoCredentials
	case policy.OutcomeInsufficientScope:
		r.Status, r.Code, r.Reason = http.StatusForbidden, refusal.CodeInsufficientScope, reason.InsufficientScope
	case policy.OutcomeURINotNormal:
		r.Status, r.Code, r.Reason = http.StatusBadRequest, refusal.CodeInvalidRequest, reason.URINotNormal
	case policy.OutcomeNamesTooLong:
		r.Status, r.Code, r.Reason = http.StatusBadRequest, refusal.CodeInvalidRequest, reason.MalformedMessage
	default:
		r.Status, r.Code, r.Reason = http.StatusForbidden, refusal.CodeAccessDenied, reason.AccessDenied
	}
	return r
}

// rpcAnswer returns the JSON-RPC error that an operation is refused with, or nil
// for an OAuth error.
func rpcAnswer(r *refusal.Refusal, hidden bool, req *Request, messages *mcpmsg.Request) *rpcError {
	switch {
	case messages.Batch || len(messages.All()) == 0:
		return nil
	case hidden:
		return notFound(req, &messages.All()[0])
	case r.Reason == reason.URINotNormal:
		return &rpcError{r.Status, mcpmsg.CodeInvalidParams, r.Description(), messages.All()[0].ID}
	}
	return nil
}

// checkGranted refuses a token that lacks one of the needed scopes (RFC 6750
// §3.1).
func checkGranted(h *scope.Hierarchy, granted, needed []string) *refusal.Refusal {
	if h.Missing(granted, needed) == 0 {
		return nil
	}
	return refusal.New(http.StatusForbidden, refusal.CodeInsufficientScope, reason.InsufficientScope,
		"the token has the scopes %.500q, the operation needs %q", strings.Join(granted, " "), needed)
}

// hint adds to a challenge the scopes of the operation that the headers name, if
// the body is not read.
func (r *resource) hint(req *Request) {
	if r.policy == nil || req.ChallengeScopes != nil {
		return
	}
	if m, ok := mcpmsg.Hint(req.Header); ok {
		req.ChallengeScopes = scope.Union(req.Scopes, r.policy.ChallengeScopes(operation(&m)))
	}
}
