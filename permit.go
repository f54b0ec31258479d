package mcpauth

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/mcp-auth/go/internal/credential"
	"github.com/mcp-auth/go/internal/mcpmethod"
	"github.com/mcp-auth/go/internal/mcpmsg"
	"github.com/mcp-auth/go/internal/refusal"
	"github.com/mcp-auth/go/internal/response"
	"github.com/mcp-auth/go/internal/scope"
	"github.com/mcp-auth/go/internal/upgrade"
	"github.com/mcp-auth/go/policy"
	"github.com/mcp-auth/go/reason"
)

// permit decides whether the caller may do what the request asks for, and notes
// in the decision what becomes of the response.
func (r *resource) permit(ctx context.Context, req *Request, body bodySource, d *decision) *refusal.Refusal {
	if r.policy == nil {
		return checkGranted(r.hierarchy, d.verified.Claims.Scopes, req.Scopes)
	}
	if upgrade.IsAsked(req.Header) {
		return refusal.New(http.StatusBadRequest, refusal.CodeInvalidRequest, reason.MalformedMessage,
			"the request asks for another protocol (Upgrade: %.100q), whose messages no policy reads", req.Header["Upgrade"])
	}
	var messages mcpmsg.Request // a stream has none
	if refused := r.readMessages(req, body, &messages); refused != nil {
		return refused
	}
	var usual [1]policy.Operation
	ops := appendOperations(usual[:0], messages.All())
	if req.HeadersOnly {
		withoutArguments(ops)
	}
	if r.decided != nil {
		d.asked = cloned(ops)
	}
	permitted := r.policy.Decide(ctx, d.policyCaller(new(policy.Caller)), req.Scopes, ops...)
	if !permitted.Allowed() {
		refused := refusalOf(permitted)
		d.asked = cloned(ops)
		if !messages.Batch && len(messages.All()) > 0 {
			refused.RPC = rpcAnswer(refused, permitted.Hidden, mcpmsg.Modern(req.Header), &messages.All()[0])
		}
		return refused
	}
	d.needed = permitted.Scopes
	r.plan(req, &messages, &d.response)
	return nil
}

// cloned copies operations, whose memory is that of one decision.
func cloned(ops []policy.Operation) *[]policy.Operation {
	copied := slices.Clone(ops)
	return &copied
}

// policyCaller fills in the caller as a policy sees it, and returns nil for a caller
// without a token.
func (d *decision) policyCaller(c *policy.Caller) *policy.Caller {
	if d.verified == nil {
		return nil
	}
	*c = policy.Caller{Issuer: d.verified.Claims.Issuer, Subject: d.verified.Claims.Subject, ClientID: d.verified.Claims.ClientID, Scopes: d.verified.Claims.Scopes}
	*c = c.WithClaims(d.verified.Claims.Raw)
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
	plan.StaysHTTP = true
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

// withoutArguments notes that nobody has seen the arguments of the operations.
func withoutArguments(ops []policy.Operation) {
	for i := range ops {
		ops[i].Arguments, ops[i].ArgumentsUnknown = nil, true
	}
}

// operation returns what the params of one message ask for. What else a message
// names is in its More.
func operation(m *mcpmsg.Message) policy.Operation {
	op := policy.Operation{Method: m.Method, Name: m.Name, Ref: m.Ref, Arguments: m.Arguments}
	if op.Arguments == nil && mcpmethod.Of(m.Method).HasArguments {
		op.Arguments = json.RawMessage("{}") // nil is for lists
	}
	return op
}

// appendOperations appends what the messages of a request ask for.
func appendOperations(ops []policy.Operation, messages []mcpmsg.Message) []policy.Operation {
	for i := range messages {
		m := &messages[i]
		ops = append(ops, operation(m))
		for _, name := range m.More {
			ops = append(ops, policy.Operation{Method: m.Method, Name: name})
		}
	}
	return ops
}

// targetOf returns what a message names.
func targetOf(m *mcpmsg.Message) mcpmethod.Target {
	return mcpmethod.Of(m.Method).Names(m.Name, m.Ref)
}

// readMessages reads the messages of a request whose caller may send a body. A
// request that only opens a stream or ends a session has none.
func (r *resource) readMessages(req *Request, source bodySource, messages *mcpmsg.Request) *refusal.Refusal {
	switch req.Method {
	case http.MethodGet, http.MethodHead, http.MethodDelete, http.MethodOptions:
		return nil
	case http.MethodPost:
	default:
		return refusal.New(http.StatusMethodNotAllowed, refusal.CodeInvalidRequest, reason.MalformedMessage, "MCP has no HTTP method %.20q", req.Method)
	}
	if req.HeadersOnly {
		if err := messages.ParseHeaders(req.Header); err != nil {
			return messageRefusal(err)
		}
		return nil
	}
	body, refused := readBody(source, r.policy.MaxBody())
	if refused != nil {
		return refused
	}
	if err := messages.Parse(req.Header, body); err != nil {
		return messageRefusal(err)
	}
	if r.policy.HidesRefused() {
		return checkHideable(messages)
	}
	return nil
}

func readBody(source bodySource, most int64) ([]byte, *refusal.Refusal) {
	body, err := source.Bytes(most)
	_, large := errors.AsType[*http.MaxBytesError](err)
	switch {
	case large || int64(len(body)) > most:
		return nil, refusal.Malformed(http.StatusRequestEntityTooLarge, "the body is over %d bytes", most)
	case err != nil:
		return nil, refusal.Malformed(http.StatusBadRequest, "the body cannot be read: %w", err)
	}
	return body, nil
}

// checkHideable refuses messages that could not be answered as if what they name
// did not exist. It does so whether or not the operation is refused: the
// difference would reveal what exists.
func checkHideable(messages *mcpmsg.Request) *refusal.Refusal {
	if messages.Batch {
		return refusal.Malformed(http.StatusBadRequest, "a batch, in which nothing can be hidden")
	}
	if first := &messages.All()[0]; first.ID == nil && targetOf(first) != mcpmethod.None {
		return refusal.Malformed(http.StatusBadRequest, "a call without an id, which cannot be answered")
	}
	return nil
}

func messageRefusal(err error) *refusal.Refusal {
	var fault *mcpmsg.Error
	if !errors.As(err, &fault) {
		return refusal.Malformed(http.StatusBadRequest, "%w", err)
	}
	refused := refusal.Malformed(fault.Status, "%w", err)
	if fault.Code == mcpmsg.CodeHeaderMismatch {
		refused.Reason = reason.HeaderMismatch
	}
	refused.RPC = &refusal.RPC{Status: fault.Status, Code: fault.Code, Message: fault.Text, ID: fault.ID}
	return refused
}
