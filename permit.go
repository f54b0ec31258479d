package mcpauth

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/mcp-auth/go/internal/mcpmsg"
	"github.com/mcp-auth/go/internal/refusal"
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
		return r.hierarchy.check(admitted.info.Scopes, req.Scopes)
	}
	return r.permitOperations(ctx, req, admitted)
}

// permitOperations decides by the policy.
func (r *resource) permitOperations(ctx context.Context, req *Request, admitted *doorWriter) *refusal.Refusal {
	var messages mcpmsg.Request // of a stream, none
	if refused := r.policy.read(req, &messages); refused != nil {
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
	needed, refused := r.decide(evaluation{ctx: ctx, info: admitted.caller(), hierarchy: r.hierarchy}, ops, req)
	if refused != nil {
		req.rpc = r.policy.answer(refused, req, &messages)
		return refused
	}
	admitted.needed = needed
	admitted.expect(r.policy, req, &messages)
	return nil
}

// maxNames bounds what is held against the patterns of a policy, in bytes of one
// request: each name against each of them.
const maxNames = 64 << 10

// decide holds the operations against the policy. A challenge names all scopes
// of the whole request, those too that the token has: clients that replace
// their scopes by the challenge's would lose them.
func (r *resource) decide(e evaluation, ops []Operation, req *Request) (needed []string, _ *refusal.Refusal) {
	// The scopes of the handler itself come first.
	total, public := AllScopes(req.Scopes).evaluate(e), r.policy.mayPublish
	names := 0
	for i := range ops {
		e.op = ops[i]
		if names += len(e.op.Name); names > maxNames {
			return nil, refusal.InvalidRequest(reason.MalformedMessage, "all names together are over %d bytes", maxNames)
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
	if e.info != nil || !r.policy.config.HideRefused { // what is hidden is not hinted at
		req.Scopes = total.scopes
	}
	return nil, total.refusal(e.info, req.Scopes)
}

// answer is the JSON-RPC error that an operation is refused with, or nil.
func (p *policy) answer(r *refusal.Refusal, req *Request, messages *mcpmsg.Request) *rpcError {
	switch {
	case messages.Batch || len(messages.All()) == 0:
		return nil
	case p.hides(r):
		return notFound(req, &messages.All()[0])
	case r.Reason == reason.URINotNormal:
		return &rpcError{r.Status, mcpmsg.CodeInvalidParams, r.Description(), messages.All()[0].ID}
	}
	return nil
}

// hides reports a refusal that is not to be told from something that does not
// exist. That of a URI in another spelling would tell that there is a rule.
func (p *policy) hides(r *refusal.Refusal) bool {
	return p.config.HideRefused && (r.Status == http.StatusForbidden || r.Reason == reason.URINotNormal)
}

var errDenied = errors.New("the policy denies the operation")

// refusal turns what a request needs and lacks into the answer.
func (o outcome) refusal(info *AuthInfo, needed []string) *refusal.Refusal {
	switch {
	case info == nil:
		return refusal.NoCredentials(errNoCredentials)
	case o.final && o.cause != nil:
		return refusal.New(http.StatusForbidden, codeAccessDenied, reason.AccessDenied, "%w: %w", errDenied, o.cause)
	case o.final:
		return &refusal.Refusal{Status: http.StatusForbidden, Code: codeAccessDenied, Reason: reason.AccessDenied, Cause: errDenied}
	case !o.ok:
		return refusal.New(http.StatusForbidden, "insufficient_scope", reason.InsufficientScope,
			"the token has the scopes %.500q, the operation needs %q", strings.Join(info.Scopes, " "), needed)
	}
	return nil
}

// hint adds to a challenge the scopes of the operation that the headers name,
// where the body is not read, unless they are to find out nothing.
func (r *resource) hint(req *Request) {
	if r.policy == nil || r.policy.config.HideRefused || req.ChallengeScopes != nil {
		return
	}
	m, ok := mcpmsg.Hint(req.Header)
	if !ok {
		return
	}
	op := operation(&m)
	o := r.policy.requirement(&op).evaluate(evaluation{op: op, hierarchy: r.hierarchy})
	req.ChallengeScopes = union(slices.Clone(req.Scopes), o.scopes)
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
