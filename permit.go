package mcpauth

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/mcp-auth/go/internal/mcpmsg"
	"github.com/mcp-auth/go/internal/refusal"
	"github.com/mcp-auth/go/internal/response"
	"github.com/mcp-auth/go/reason"
)

// permit decides whether the caller may do what the request asks for, and notes
// in the decision what becomes of the response.
func (r *resource) permit(ctx context.Context, req *Request, body bodySource, d *decision) *refusal.Refusal {
	if r.policy == nil {
		return r.hierarchy.check(d.claims.Scopes, req.Scopes)
	}
	var messages mcpmsg.Request // of a stream, none
	if refused := r.policy.read(req, body, &messages); refused != nil {
		return refused
	}
	var one [1]Operation // of a stream, the empty one
	ops := one[:]
	switch list := messages.All(); {
	case len(list) == 1 && len(list[0].More) == 0:
		one[0] = operation(&list[0])
	case len(list) > 0:
		ops = operations(list)
	}
	needed, refused := r.evaluate(evaluation{ctx: ctx, info: d.info(), hierarchy: r.hierarchy}, ops, req.Scopes)
	if refused != nil {
		refused.RPC = r.policy.answer(refused, req, &messages)
		return refused
	}
	d.needed = needed
	r.policy.plan(req, &messages, &d.response)
	return nil
}

// plan notes what the response to the messages may hold.
func (p *policy) plan(req *Request, messages *mcpmsg.Request, plan *response.Plan) {
	list := messages.All()
	switch {
	case p.config.ShowAll:
	case len(list) == 0: // a stream, which may replay answers to earlier requests
		plan.Hides = mcpmsg.AllLists
	default:
		for i := range list {
			plan.Hides |= mcpmsg.ListsOf(list[i].Method)
		}
	}
	plan.CacheScope = mcpmsg.ScopeLimited
	if plan.Hides != 0 && mcpmsg.Modern(req.Header) {
		plan.CacheScope = mcpmsg.ScopePrivate
	}
	plan.Batch = messages.Batch
}

// maxNames bounds what is held against the patterns of a policy, in bytes of one
// request: each name against each of them.
const maxNames = 64 << 10

// evaluate holds the operations against the policy. A challenge names all scopes
// of the whole request, those too that the token has: clients that replace
// their scopes by the challenge's would lose them.
func (r *resource) evaluate(e evaluation, ops []Operation, scopes []string) (needed []string, _ *refusal.Refusal) {
	// The scopes of the handler itself come first.
	total, public := AllScopes(scopes).evaluate(e), r.policy.mayPublish
	names := 0
	for i := range ops {
		e.op = ops[i]
		if names += len(e.op.Name); names > maxNames {
			return nil, refusal.Malformed(http.StatusBadRequest, "all names together are over %d bytes", maxNames)
		}
		if r.policy.ambiguous(&e.op) {
			return nil, refusal.InvalidRequest(reason.URINotNormal, "the resource URI %.200q is not in normal form", e.op.Name)
		}
		requirement := r.policy.requirement(&e.op)
		total = total.and(requirement.evaluate(e))
		public = public && openToAll(requirement)
	}
	if total.ok || public {
		return total.scopes, nil
	}
	refused := total.refusal(e.info)
	if e.info != nil || !r.policy.config.HideRefused { // what is hidden is not hinted at
		refused.Scopes = total.scopes
	}
	return nil, refused
}

// answer is the JSON-RPC error that an operation is refused with, or nil.
func (p *policy) answer(r *refusal.Refusal, req *Request, messages *mcpmsg.Request) *refusal.RPC {
	switch {
	case messages.Batch || len(messages.All()) == 0:
		return r.RPC
	case p.hides(r):
		return notFound(mcpmsg.Modern(req.Header), &messages.All()[0])
	case r.Reason == reason.URINotNormal:
		return &refusal.RPC{Status: r.Status, Code: mcpmsg.CodeInvalidParams, Message: r.Description(), ID: messages.All()[0].ID}
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
	op := operation(m)
	switch op.kind() {
	case kindTool:
		e.Message = "Unknown tool"
	case kindPrompt:
		e.Message = "Unknown prompt"
	case kindResource:
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

// hides reports a refusal that is not to be told from something that does not
// exist. A refused URI in another spelling would reveal that there is a rule.
func (p *policy) hides(r *refusal.Refusal) bool {
	return p.config.HideRefused && (r.Status == http.StatusForbidden || r.Reason == reason.URINotNormal)
}

var errDenied = errors.New("the policy denies the operation")

// refusal turns what a request needs and lacks into the answer.
func (o outcome) refusal(info *AuthInfo) *refusal.Refusal {
	switch {
	case info == nil:
		return refusal.NoCredentials(errNoCredentials)
	case o.final && o.cause != nil:
		return refusal.New(http.StatusForbidden, refusal.CodeAccessDenied, reason.AccessDenied, "%w: %w", errDenied, o.cause)
	case o.final:
		return &refusal.Refusal{Status: http.StatusForbidden, Code: refusal.CodeAccessDenied, Reason: reason.AccessDenied, Cause: errDenied}
	case !o.ok:
		return refusal.New(http.StatusForbidden, "insufficient_scope", reason.InsufficientScope,
			"the token has the scopes %.500q, the operation needs %q", strings.Join(info.Scopes, " "), o.scopes)
	}
	return nil
}

// hint adds to a refusal the scopes of the operation that the headers name, since
// the body is not read, unless callers without a token are to find out nothing.
func (r *resource) hint(req *Request, d *decision) {
	if d.refused.Status != http.StatusUnauthorized || r.policy == nil || r.policy.config.HideRefused || req.ChallengeScopes != nil {
		return
	}
	m, ok := mcpmsg.Hint(req.Header)
	if !ok {
		return
	}
	op := operation(&m)
	o := r.policy.requirement(&op).evaluate(evaluation{op: op, hierarchy: r.hierarchy})
	hinted := *d.refused
	hinted.Scopes = union(slices.Clone(req.Scopes), o.scopes)
	d.refused = &hinted
}

// templatesMethod is how a list's filter names resource templates.
const templatesMethod = "resources/templates"

// keep tells which items of a list the caller may use, given the scopes of the
// handler. A resource template is judged by its text.
func (r *resource) keep(ctx context.Context, info *AuthInfo, scopes []string, method, name string) bool {
	op := Operation{Method: method, Name: name}
	if method == templatesMethod {
		op.Method = "resources/read"
	}
	if r.policy.ambiguous(&op) {
		return false
	}
	requirement := r.policy.requirement(&op)
	if !requirement.evaluate(evaluation{ctx, info, r.hierarchy, op}).ok {
		return false
	}
	// A list that is public is seen by callers without these scopes, too.
	return info == nil || r.hierarchy.check(info.Scopes, scopes) == nil || openToAll(requirement)
}
