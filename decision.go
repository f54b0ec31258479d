package mcpauth

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/mcp-auth/go/internal/credential"
	"github.com/mcp-auth/go/internal/keys"
	"github.com/mcp-auth/go/internal/refusal"
	"github.com/mcp-auth/go/internal/response"
	"github.com/mcp-auth/go/internal/scope"
	"github.com/mcp-auth/go/internal/senderconstraint"
	"github.com/mcp-auth/go/internal/session"
	"github.com/mcp-auth/go/internal/token"
	"github.com/mcp-auth/go/policy"
	"github.com/mcp-auth/go/reason"
)

// decision is the outcome for one request, as data: who is calling, what was
// asked, and what becomes of the response, or why the request is refused.
type decision struct {
	resource *resource
	refused  *refusal.Refusal // nil: allowed

	// Who is calling.
	verified *token.Verified // shared, not to be written to; nil: a caller without a token

	// What was asked.
	method string
	scopes []string            // that the handler needs
	asked  *[]policy.Operation // if the decision is reported, else nil
	needed []string            // scopes of the handler and the operations, with a policy

	scheme   credential.Scheme // of the credential, refused or not
	response response.Plan
}

// bodySource reads the body of a request, of at most so many bytes.
type bodySource interface {
	Bytes(most int64) ([]byte, error)
}

// decide decides on one request for the resource, and reports the decision, of
// which d holds nothing yet.
func (r *resource) decide(ctx context.Context, req *Request, body bodySource, d *decision) {
	var began time.Time
	if r.decided != nil {
		began = time.Now()
	}
	d.resource, d.method, d.scopes = r, req.Method, req.Scopes
	r.judge(ctx, req, body, d)
	r.report(ctx, d, began)
}

func (r *resource) judge(ctx context.Context, req *Request, body bodySource, d *decision) {
	r.authenticate(ctx, req, d)
	if d.refused != nil {
		r.hint(req, d)
		return
	}
	if d.refused = r.admitSession(ctx, req, d); d.refused == nil {
		d.refused = r.permit(ctx, req, body, d)
	}
}

// authenticate finds out who is calling. A caller without a token is let through
// if the policy may admit such callers.
func (r *resource) authenticate(ctx context.Context, req *Request, d *decision) {
	v, scheme, refused := r.prove(ctx, req)
	d.scheme, d.refused = scheme, refused
	if refused == nil {
		d.verified = v
		return
	}
	if refused.Reason == reason.NoCredentials && r.policy != nil && r.policy.AllowsAnonymous() {
		d.refused = nil
	}
}

// prove takes a token from the request, and returns it if it is valid for this
// resource now and comes from its sender. With a refusal comes the scheme that
// the request used.
func (r *resource) prove(ctx context.Context, req *Request) (*token.Verified, credential.Scheme, *refusal.Refusal) {
	used, refused := credential.Read(req.Header, req.URL, r.sender.Schemes())
	if refused != nil {
		return nil, used.Scheme, refused
	}
	v, refused := r.tokens.Verify(ctx, used.Token, req.RemoteAddr)
	if refused != nil {
		return nil, used.Scheme, refused
	}
	refused = r.sender.Check(ctx, &senderconstraint.Request{
		Method: req.Method, URL: req.URL, Header: req.Header, TLS: req.TLS, RemoteAddr: req.RemoteAddr,
	}, used, v.Claims.Confirmation)
	if refused != nil {
		return nil, used.Scheme, refused
	}
	return v, used.Scheme, nil
}

// admitSession refuses a session of another caller.
func (r *resource) admitSession(ctx context.Context, req *Request, d *decision) *refusal.Refusal {
	if r.sessions == nil {
		return nil
	}
	// Also with a session of its own: some servers open a new one then.
	d.response.BindsSession = true
	values := req.Header[session.Header]
	if len(values) == 0 {
		return nil
	}
	return session.Admit(ctx, r.sessions, values, d.userID())
}

// userID names the caller; see [AuthInfo.UserID].
func (d *decision) userID() string {
	if d.verified == nil {
		return ""
	}
	return userID(d.verified.Claims.Issuer, d.verified.Claims.Subject, d.verified.Claims.ClientID, d.verified.Token)
}

// challenge turns a refusal into what the caller may see.
func (r *resource) challenge(req *Request, scheme credential.Scheme, refused *refusal.Refusal) *Challenge {
	c := &Challenge{
		Status:           refused.Status,
		Code:             refused.Code,
		Description:      refused.Description(),
		Scopes:           r.challengeScopes(req, refused),
		ResourceMetadata: r.metadataURL,
		Reason:           refused.Reason,
		cause:            refused.Cause,
		rpc:              refused.RPC,
		scheme:           scheme,
	}
	if d := r.sender.DPoP(); d != nil {
		c.DPoPAlgorithms, c.DPoPOnly, c.DPoPNonce = slices.Clone(d.Names), d.Required, d.Nonce()
	}
	if refused.Status == http.StatusServiceUnavailable {
		c.RetryAfter = keys.RetryAfter(refused.Cause)
	}
	if r.showDetails && refused.Cause != nil {
		c.Description = printable(refused.Cause.Error())
	}
	return c
}

// challengeScopes are the scopes that the caller is to ask for.
func (r *resource) challengeScopes(req *Request, refused *refusal.Refusal) []string {
	needed := req.Scopes
	if refused.Scopes != nil {
		needed = refused.Scopes
	}
	switch {
	case refused.Code == refusal.CodeAccessDenied: // a check does not reveal what it looks at
		return nil
	case refused.Status == http.StatusUnauthorized && req.ChallengeScopes != nil:
		return req.ChallengeScopes
	case refused.Status == http.StatusUnauthorized:
		return scope.Union(r.firstScopes, needed) // no copy, unless the handler needs more than the policy names
	case refused.Status != http.StatusForbidden:
		return nil
	}
	return needed
}

// noResource is the answer to a request for a resource that is not configured.
func (a *Auth) noResource(ctx context.Context, method string, err error) *Challenge {
	refused := &refusal.Refusal{Status: http.StatusInternalServerError, Reason: reason.UnknownResource, Cause: err}
	(&resource{log: a.log}).report(ctx, &decision{method: method, refused: refused}, time.Now())
	return &Challenge{
		Status: refused.Status, Reason: refused.Reason, cause: err,
		Description: "The request could not be authorized.",
	}
}
