package mcpauth

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/mcp-auth/go/internal/refusal"
	"github.com/mcp-auth/go/internal/scope"
	"github.com/mcp-auth/go/reason"
)

// AuthInfo says who sent a request and what the access token lets them do.
// Handlers get it with [FromContext]. Each request has its own copy: changing
// one does not change what another request sees.
type AuthInfo struct {
	// Token is the access token. It prints as "[redacted]"; see [Token.Reveal].
	Token Token
	// Resource is the resource identifier the request was authorized for.
	Resource string
	// Issuer is the authorization server that issued the token (claim iss).
	Issuer string
	// Subject is the user or service the token stands for (claim sub). It is
	// unique within Issuer only. A machine token may have none.
	Subject string
	// ClientID is the OAuth client the token was issued to.
	ClientID string
	// Scopes are the scopes the token carries.
	Scopes []string
	// Audience is the token's audience (claim aud).
	Audience []string
	// ExpiresAt is when the token expires (claim exp).
	ExpiresAt time.Time

	from *authorized // nil for one made by hand
}

// HasScope reports whether the token carries the scope, or one that includes
// it; see [Resource.ScopeIncludes]. To refuse a request that lacks a scope, use
// [Require], which tells the client what to ask for.
func (i *AuthInfo) HasScope(scope string) bool {
	switch {
	case i == nil:
		return false
	case i.from == nil:
		return slices.Contains(i.Scopes, scope)
	}
	return i.from.resource.hierarchy.Satisfied(i.Scopes, scope)
}

// UserID names the caller uniquely across authorization servers: the issuer
// and the subject, or the client for a token without a subject, or else a hash
// of the token. Two different callers never have the same one, so sessions can
// be bound to it. It is empty for a nil AuthInfo.
func (i *AuthInfo) UserID() string {
	if i == nil {
		return ""
	}
	return userID(i.Issuer, i.Subject, i.ClientID, i.Token.Reveal())
}

func userID(issuer, subject, client, token string) string {
	switch {
	case subject != "":
		return fmt.Sprintf("sub:%q@%q", subject, issuer)
	case client != "":
		return fmt.Sprintf("client:%q@%q", client, issuer)
	}
	return fmt.Sprintf("token:%x@%q", sha256.Sum256([]byte(token)), issuer)
}

// ErrNoClaims is what [AuthInfo.Claims] returns if a custom [Verifier] gave no
// raw claims.
var ErrNoClaims = errors.New("mcpauth: the verifier gave no raw claims")

// Claims decodes all claims of the token into dst, as [json.Unmarshal] does.
func (i *AuthInfo) Claims(dst any) error {
	raw := i.raw()
	if len(raw) == 0 {
		return ErrNoClaims
	}
	return json.Unmarshal(raw, dst)
}

// raw are all claims of the token as JSON, nil if they are not known.
func (i *AuthInfo) raw() json.RawMessage {
	if i == nil || i.from == nil || i.from.verified == nil {
		return nil
	}
	return i.from.verified.Claims.Raw
}

// Token is an access token that keeps itself out of logs: every way of printing
// or encoding it gives "[redacted]".
type Token struct {
	// A pointer, so that fmt cannot reach the text even where it ignores
	// Stringers (unexported fields of other structs).
	value *string
}

// Reveal returns the token itself. Do not pass it on to another service: it was
// issued for this resource only.
func (t Token) Reveal() string {
	if t.value == nil {
		return ""
	}
	return *t.value
}

// String returns "[redacted]".
func (t Token) String() string { return redacted }

// GoString returns "[redacted]".
func (t Token) GoString() string { return redacted }

// Format prints "[redacted]" for every verb.
func (t Token) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(redacted)) }

// LogValue implements [slog.LogValuer] with "[redacted]".
func (t Token) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText gives "[redacted]", so that JSON and other encodings hold no token.
func (t Token) MarshalText() ([]byte, error) { return []byte(redacted), nil }

type contextKey struct{}

type anonymousKey struct{}

type authorizedKey struct{}

// NewContext returns a context in which [FromContext] finds info. Use it in
// tests of handlers, and in a door of your own. A nil info hides one that ctx
// carries.
func NewContext(ctx context.Context, info *AuthInfo) context.Context {
	return context.WithValue(ctx, contextKey{}, info)
}

// Anonymous reports whether the request that ctx belongs to was let in without
// a token, for an operation that the Policy makes public.
func Anonymous(ctx context.Context) bool {
	// A session of an MCP SDK may keep the context of whoever opened it.
	if _, known := FromContext(ctx); known {
		return false
	}
	anonymous, _ := ctx.Value(anonymousKey{}).(bool)
	return anonymous
}

// NewAnonymousContext returns a context for which [Anonymous] is true. A door
// of your own uses it where [Auth.Authorize] returns neither an AuthInfo nor an
// error.
func NewAnonymousContext(ctx context.Context) context.Context {
	return context.WithValue(NewContext(ctx, nil), anonymousKey{}, true)
}

// authorizedIn is what the request that ctx belongs to was let in with, or nil.
func authorizedIn(ctx context.Context) *authorized {
	if info, ok := FromContext(ctx); ok {
		return info.from
	}
	if !Anonymous(ctx) {
		return nil
	}
	a, _ := ctx.Value(authorizedKey{}).(*authorized)
	return a
}

// FromContext returns the AuthInfo of the request that ctx belongs to. It
// returns nil and false if the request did not come through Protect or another
// door, or came without a token; see [Anonymous], and [RequireAuthInfo] for an
// error instead. Behind Protect that is also so once the handler has returned:
// take the AuthInfo before, for work that outlives the request.
func FromContext(ctx context.Context) (*AuthInfo, bool) {
	info, _ := ctx.Value(contextKey{}).(*AuthInfo)
	return info, info != nil
}

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

// RefuseToken is for a handler that learns that the caller's token is no longer good,
// such as from an authorization server that does not exchange it. It returns a
// [*Challenge] with 401 invalid_token for the request that ctx belongs to: return it
// from the tool, and clients get a new token. The cause is for logs.
func RefuseToken(ctx context.Context, cause error) error {
	refused := refusal.RejectedToken(reason.RejectedDownstream, cause)
	if a := authorizedIn(ctx); a != nil {
		return a.refuse(ctx, refused, a.scopes)
	}
	return &Challenge{
		Status: refused.Status, Code: refused.Code, Reason: refused.Reason, Description: refused.Description(), cause: cause,
	}
}

// refuse refuses a request that was let in, and reports it. The scopes are those that
// the challenge asks for.
func (a *authorized) refuse(ctx context.Context, refused *refusal.Refusal, scopes []string) *Challenge {
	d := a.decision
	d.refused = refused
	a.resource.report(ctx, &d, time.Now())
	return a.resource.challenge(&Request{Method: a.method, Scopes: scopes}, a.scheme, refused).own()
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
