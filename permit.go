package mcpauth

import (
	"context"
	"net/http"
	"strings"

	"github.com/mcp-auth/go/internal/credential"
	"github.com/mcp-auth/go/internal/mcpmethod"
	"github.com/mcp-auth/go/internal/mcpmsg"
	"github.com/mcp-auth/go/internal/refusal"
	"github.com/mcp-auth/go/internal/response"
	"github.com/mcp-auth/go/internal/scope"
	"github.com/mcp-auth/go/policy"
	"github.com/mcp-auth/go/reason"
)

// permit decides whether the caller may do what the request asks for, and notes
// in the decision what becomes of the response.
func (r *resource) permit(ctx context.Context, req *Request, body bodySource, d *decision) *refusal.Refusal {
	if r.policy == nil {
		return checkGranted(r.hierarchy, d.claims.Scopes, req.Scopes)
	}
	var messages mcpmsg.Request // a stream has none
	if refused := r.readMessages(req, body, &messages); refused != nil {
		return refused
	}
	var usual [1]policy.Operation
	ops := appendOperations(usual[:0], messages.All())
	permitted := r.policy.Decide(ctx, d.policyCaller(new(policy.Caller)), req.Scopes, ops...)
	if !permitted.Allowed() {
		refused := refusalOf(permitted)
		if !messages.Batch && len(messages.All()) > 0 {
			refused.RPC = rpcAnswer(refused, permitted.Hidden, mcpmsg.Modern(req.Header), &messages.All()[0])
		}
		return refused
	}
	d.needed = permitted.Scopes
	r.plan(req, &messages, &d.response)
	return nil
}

// policyCaller fills in the caller as a policy sees it, and returns nil for a caller
// without a token.
func (d *decision) policyCaller(c *policy.Caller) *policy.Caller {
	if d.claims == nil {
		return nil
	}
	*c = policy.Caller{Issuer: d.claims.Issuer, Subject: d.claims.Subject, ClientID: d.claims.ClientID, Scopes: d.claims.Scopes}
	*c = c.WithClaims(d.claims.Raw)
	return c
}

// plan notes what the response to the messages may hold.
func (r *resource) plan(req *Request, messages *mcpmsg.Request, plan *response.Plan) {
	list := messages.All()
	switch {
	case r.policy.ShowsAll():
	case len(list) == 0: // a stream, which may replay answers to earlier requests
		plan.Hides = mcpmethod.AllLists
	default:
		for i := range list {
			plan.Hides |= mcpmethod.Of(list[i].Method).List
		}
	}
	plan.CacheScope = mcpmsg.ScopeLimited
	if plan.Hides != 0 && mcpmsg.Modern(req.Header) {
		plan.CacheScope = mcpmsg.ScopePrivate
	}
	plan.Batch = messages.Batch
}

// refusalOf turns a decision that does not allow into a refusal.
func refusalOf(d policy.Decision) *refusal.Refusal {
	r := &refusal.Refusal{Cause: d.Cause, Scopes: d.Scopes}
	switch d.Outcome {
	case policy.OutcomeNoCredentials:
		r.Status, r.Reason, r.Cause = http.StatusUnauthorized, reason.NoCredentials, credential.ErrNone
	case policy.OutcomeInsufficientScope:
		r.Status, r.Code, r.Reason = http.StatusForbidden, refusal.CodeInsufficientScope, reason.InsufficientScope
	case policy.OutcomeURINotNormal:
		r.Status, r.Code, r.Reason = http.StatusBadRequest, refusal.CodeInvalidRequest, reason.URINotNormal
	case policy.OutcomeNamesTooLong:
		r = refusal.Malformed(http.StatusBadRequest, "%w", d.Cause)
	default:
		r.Status, r.Code, r.Reason = http.StatusForbidden, refusal.CodeAccessDenied, reason.AccessDenied
	}
	return r
}

// rpcAnswer returns the JSON-RPC error that a message is refused with, or nil for
// an OAuth error.
func rpcAnswer(r *refusal.Refusal, hidden, modern bool, m *mcpmsg.Message) *refusal.RPC {
	switch {
	case hidden:
		return notFound(modern, m)
	case r.Reason == reason.URINotNormal:
		return &refusal.RPC{Status: r.Status, Code: mcpmsg.CodeInvalidParams, Message: r.Description(), ID: m.ID}
	}
	return r.RPC
}

// notFound is the answer to a call of something that does not exist. It is nil
// if nothing is named or no answer expected.
func notFound(modern bool, m *mcpmsg.Message) *refusal.RPC {
	if m.ID == nil {
		return nil
	}
	e := &refusal.RPC{Status: http.StatusOK, Code: mcpmsg.CodeInvalidParams, ID: m.ID}
	if modern { // as MCP servers do since 2026-07-28
		e.Status = http.StatusBadRequest
	}
	switch targetOf(m) {
	case mcpmethod.Tool:
		e.Message = "Unknown tool"
	case mcpmethod.Prompt:
		e.Message = "Unknown prompt"
	case mcpmethod.Resource:
		e.Message = "Resource not found"
		if !modern {
			e.Code = codeResourceNotFound
		}
	default:
		return nil
	}
	return e
}

// codeResourceNotFound is the code of revisions before 2026-07-28.
const codeResourceNotFound = -32002

// checkGranted refuses a token that lacks one of the needed scopes (RFC 6750
// §3.1).
func checkGranted(h *scope.Hierarchy, granted, needed []string) *refusal.Refusal {
	if h.Missing(granted, needed) == 0 {
		return nil
	}
	return refusal.New(http.StatusForbidden, refusal.CodeInsufficientScope, reason.InsufficientScope,
		"the token has the scopes %.500q, the operation needs %q", strings.Join(granted, " "), needed)
}

// hint adds to a refusal the scopes of the operation that the headers name, since
// the body is not read.
func (r *resource) hint(req *Request, d *decision) {
	if d.refused.Status != http.StatusUnauthorized || r.policy == nil || r.policy.HidesRefused() || req.ChallengeScopes != nil {
		return
	}
	if m, ok := mcpmsg.Hint(req.Header); ok {
		hinted := *d.refused
		hinted.Scopes = scope.Union(req.Scopes, r.policy.ChallengeScopes(operation(&m)))
		d.refused = &hinted
	}
}
