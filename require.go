package mcpauth

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/mcp-auth/go/internal/refusal"
	"github.com/mcp-auth/go/internal/scope"
	"github.com/mcp-auth/go/reason"
)

var errNoToken = errors.New("the request was let in without a token")

// Require demands scopes in a handler, for rules that depend on data: the owner
// of a note may delete it, others need a scope. It returns nil if the caller of
// the request that ctx belongs to has all of them, hierarchies included, and a
// [*Challenge] otherwise: return it from the tool. The adapters for the MCP SDKs
// turn it into a 403, and clients then ask for the scopes and try again. If the
// response has begun, they turn it into an error that carries the challenge. A
// caller without a token is asked for one.
func Require(ctx context.Context, scopes ...string) error {
	_, err := RequireAuthInfo(ctx, scopes...)
	return err
}

// RequireAuthInfo returns the caller of the request that ctx belongs to, if it has
// all the scopes, and otherwise the error of [Require]. It is for handlers that
// need to know their caller: the AuthInfo is nil only together with an error.
func RequireAuthInfo(ctx context.Context, scopes ...string) (*AuthInfo, error) {
	info, known := FromContext(ctx)
	a := authorizedIn(ctx)
	var included *scope.Hierarchy
	if a != nil {
		included = a.resource.hierarchy
	}
	refused := refusal.NoCredentials(errNoToken)
	if known {
		refused = checkGranted(included, info.Scopes, scopes)
	}
	switch {
	case refused == nil:
		return info, nil
	case a == nil: // an AuthInfo made by hand, or no middleware
		return nil, &Challenge{
			Status: refused.Status, Code: refused.Code, Reason: refused.Reason, Scopes: slices.Clone(scopes),
			Description: refused.Description(), cause: refused.Cause,
		}
	}
	return nil, a.refuse(ctx, refused, scope.Union(scope.Union(a.scopes, a.needed), scopes))
}

// refuse refuses a request that was let in, and reports it. The scopes are those that
// a challenge asks for.
func (a *authorized) refuse(ctx context.Context, refused *refusal.Refusal, scopes []string) *Challenge {
	d := a.decision
	d.refused = refused
	a.resource.report(ctx, &d, time.Now())
	return a.resource.challenge(&Request{Method: a.method, Scopes: scopes}, a.scheme, refused).own()
}

// RefuseToken is for a handler that learns that the caller's token is no longer good,
// such as from an authorization server that does not exchange it. It returns a
// [*Challenge] with 401 invalid_token for the request that ctx belongs to: return it
// from the tool, and clients get a new token. The cause is for logs.
func RefuseToken(ctx context.Context, cause error) error {
	refused := refusal.RejectedToken(reason.RejectedDownstream, cause)
	a := authorizedIn(ctx)
	if a == nil {
		return &Challenge{
			Status: refused.Status, Code: refused.Code, Reason: refused.Reason,
			Description: refused.Description(), cause: cause,
		}
	}
	return a.refuse(ctx, refused, a.scopes)
}

// SetChallenge asks the middleware that let a request in to answer it with err, a
// [*Challenge] as [Require] returns it, whatever the handler writes. It returns
// false if that is no longer possible, because the response has begun or answers
// several messages. It never waits for the response, so a policy.CheckFunc or
// a [SessionStore] that is called in the middle of one may call it. It is for
// adapters; net/http handlers call [WriteChallenge].
func SetChallenge(ctx context.Context, err error) bool {
	var c *Challenge
	a := authorizedIn(ctx)
	if a == nil || a.writer == nil || !errors.As(err, &c) {
		return false
	}
	return a.writer.Replace((*replacement)(c))
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
