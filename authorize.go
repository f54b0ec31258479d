package mcpauth

import (
	"context"
	"crypto/tls"
	"net/http"
	"time"

	"github.com/mcp-auth/go/internal/credential"
	"github.com/mcp-auth/go/internal/refusal"
	"github.com/mcp-auth/go/policy"
	"github.com/mcp-auth/go/reason"
)

// Request is what [Auth.Authorize] decides on. It is not an [*http.Request],
// because behind a proxy only its caller knows the URL that the client used.
type Request struct {
	// Method is the HTTP method.
	Method string
	// URL is the request target as the client sent it: absolute, or beginning
	// with the path, which is then resolved against the resource identifier.
	// Its query must hold no access_token.
	URL string
	// Header holds the request's headers, with canonical keys.
	Header http.Header
	// Resource is the identifier of the resource asked for. Empty means the
	// only one configured.
	Resource string
	// Scopes are the scopes the operation needs, all of them.
	Scopes []string
	// ChallengeScopes are the scopes a 401 asks for. Nil means Scopes.
	ChallengeScopes []string
	// TLS is the state of the client's connection, for [MTLS]. Nil without TLS.
	TLS *tls.ConnectionState
	// RemoteAddr is the peer's IP address and port, for [MTLS.TrustedProxies].
	RemoteAddr string
	// Body returns the body of a POST, of at most the given number of bytes, if
	// the resource has a Policy. It is called at most once, and only if the
	// caller has a valid token or may need none. The next handler must read the
	// same bytes, and none if Body was not called. Without it, a POST is
	// refused as one without a message.
	Body func(most int64) ([]byte, error)
	// HeadersOnly decides on a POST by the headers MCP-Protocol-Version, Mcp-Method
	// and Mcp-Name alone, without its Body, for proxies that do not show it. The
	// caller vouches that the MCP server refuses a body which says something else, as
	// revision 2026-07-28 demands (Server Validation). Requests of earlier revisions
	// are refused, and so is what headers do not say: completions, subscriptions, and
	// everything that needs a [policy.Check]. What a policy hides
	// (policy.Policy.HideRefused) is refused with 403.
	HeadersOnly bool
}

// Authorize decides on one request. The error is a [*Challenge], to be passed
// to [WriteChallenge]: the request is denied (400, 401, 403), or it cannot be
// decided now (503). Both are nil where the Policy lets a caller without a
// token do what the request asks for.
//
// Unlike Protect, it does not see the handler's answer: lists are not filtered,
// and sessions that the handler opens are not bound to their caller.
func (a *Auth) Authorize(ctx context.Context, req Request) (*AuthInfo, error) {
	res, err := a.resource(req.Resource)
	if err != nil {
		return nil, a.noResource(ctx, req.Method, err)
	}
	var d decision
	res.decide(ctx, &req, bodyFunc(req.Body), &d)
	if d.refused != nil {
		return nil, res.challenge(&req, d.scheme, d.refused).own()
	}
	allowed := &authorized{}
	allowed.accept(&d)
	return allowed.caller(), nil
}

// bodyFunc is [Request.Body] as the engine reads it. Without one, there is no
// message.
type bodyFunc func(most int64) ([]byte, error)

func (f bodyFunc) Bytes(most int64) ([]byte, error) {
	if f == nil {
		return nil, nil
	}
	return f(most)
}

// DPoPNonce returns the value of the header DPoP-Nonce to send with the answer
// to an admitted request (RFC 9449 §8.2), or the empty string if the resource
// demands no nonces. An answer with it must not be cached. It is for middleware
// of your own: Protect sends the header by itself, and [WriteChallenge] does so
// in refusals.
func (a *Auth) DPoPNonce(resource string) string {
	res, err := a.resource(resource)
	if err != nil {
		return ""
	}
	return res.sender.DPoP().Nonce()
}

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
	d := decision{method: req.Method, asked: &ops, refused: refused}
	if info != nil && info.from != nil {
		d.verified = info.from.verified
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
	if raw := i.raw(); raw != nil {
		*c = c.WithClaims(raw)
	}
	return c
}
