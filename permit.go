package mcpauth

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/mcp-auth/go/internal/mcpmsg"
)

// permit decides whether the caller may do what the request asks for. It notes
// in req the scopes that a challenge has to name, and in admitted what the door
// has to do with the answer.
func (a *Auth) permit(ctx context.Context, res *resource, req *Request, admitted *infoContext) *refusal {
	if refused := res.sessions.admit(ctx, req, admitted); refused != nil {
		return refused
	}
	if res.policy == nil {
		return res.hierarchy.check(admitted.info.Scopes, req.Scopes)
	}
	ops, messages, refused := res.policy.read(req)
	if refused != nil {
		return refused
	}
	if refused = res.decide(ctx, admitted.caller(), ops, req); refused != nil {
		if res.policy.config.HideRefused && refused.status == http.StatusForbidden {
			req.rpc = notFound(req, messages)
		}
		return refused
	}
	admitted.writer.expect(res.policy, messages)
	return nil
}

// decide holds the operations against the policy. A challenge names all scopes
// of the whole request, those too that the token has: clients that replace
// their scopes by the challenge's would lose them.
func (r *resource) decide(ctx context.Context, info *AuthInfo, ops []Operation, req *Request) *refusal {
	total := outcome{ok: true}
	public := r.policy.mayPublish
	for i := range ops {
		if r.policy.ambiguous(&ops[i]) {
			return invalidRequest(MalformedMessage, "the resource URI %.200q is not in normal form", ops[i].Name)
		}
		requirement := r.policy.requirement(&ops[i])
		total = total.and(requirement.evaluate(&evaluation{ctx, info, ops[i], r.hierarchy}))
		public = public && openToAll(requirement)
	}
	if public {
		return nil
	}
	// The scopes of the handler itself.
	total = total.and(AllScopes(req.Scopes).evaluate(&evaluation{info: info, hierarchy: r.hierarchy}))
	req.Scopes = union(req.Scopes, total.scopes)
	return total.refusal(info, req.Scopes)
}

var errDenied = errors.New("the policy denies the operation")

// refusal turns what a request needs and lacks into the answer.
func (o outcome) refusal(info *AuthInfo, needed []string) *refusal {
	switch {
	case info == nil:
		return &refusal{http.StatusUnauthorized, "", NoCredentials, errNoCredentials}
	case o.final && o.cause != nil:
		return refuse(http.StatusForbidden, codeAccessDenied, AccessDenied, "%w: %w", errDenied, o.cause)
	case o.final:
		return &refusal{http.StatusForbidden, codeAccessDenied, AccessDenied, errDenied}
	case !o.ok:
		return refuse(http.StatusForbidden, "insufficient_scope", InsufficientScope,
			"the token has the scopes %.500q, needed are %q", strings.Join(info.Scopes, " "), needed)
	}
	return nil
}

// hint adds to a challenge the scopes of the operation that the headers name,
// where the body is not read.
func (r *resource) hint(req *Request) {
	if r.policy == nil || req.ChallengeScopes != nil {
		return
	}
	m, ok := mcpmsg.Hint(req.Header)
	if !ok {
		return
	}
	op := operation(&m)
	o := r.policy.requirement(&op).evaluate(&evaluation{op: op, hierarchy: r.hierarchy})
	req.ChallengeScopes = union(slices.Clone(req.Scopes), o.scopes)
}

// templatesMethod is how a list's filter names resource templates.
const templatesMethod = "resources/templates"

// keep tells which items of a list the caller may use. A resource template is
// judged by its text.
func (r *resource) keep(ctx context.Context, info *AuthInfo, method, name string) bool {
	op := Operation{Method: method, Name: name}
	if method == templatesMethod {
		op.Method = "resources/read"
	}
	if r.policy.ambiguous(&op) {
		return false
	}
	return r.policy.requirement(&op).evaluate(&evaluation{ctx, info, op, r.hierarchy}).ok
}
