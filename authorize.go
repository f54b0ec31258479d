package mcpauth

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/mcp-auth/go/internal/jose"
	"github.com/mcp-auth/go/internal/jsonx"
	"github.com/mcp-auth/go/internal/refusal"
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
	d := res.decide(ctx, &req, bodyFunc(req.Body))
	if d.refused != nil {
		res.reportRefusal(ctx, req.Method, d.refused)
		return nil, res.challenge(&req, d.scheme, d.refused).own()
	}
	allowed := &authorized{}
	allowed.accept(d)
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

// prove takes a token from the request and yields claims that hold for this
// resource now.
func (r *resource) prove(ctx context.Context, req *Request) (*Claims, *string, authScheme, *refusal.Refusal) {
	token, scheme, refused := credential(r, req)
	if refused != nil {
		return nil, nil, scheme, refused
	}
	v, now := r.cache.get(token, r.auth.now)
	if v == nil {
		if v, refused = r.verify(ctx, token); refused != nil {
			return nil, nil, scheme, refused
		}
		now = r.auth.now() // it may have waited for keys
	}
	refused = r.auth.bind(v.server, v.claims, now)
	if refused == nil {
		refused = r.confirm(ctx, req, scheme, token, v.claims)
	}
	if refused != nil {
		return nil, nil, scheme, refused
	}
	return v.claims, &v.token, scheme, nil
}

// verify proves the token, and remembers that it did.
func (r *resource) verify(ctx context.Context, token string) (*verified, *refusal.Refusal) {
	server, jws, refused := r.route(token)
	if refused != nil {
		return nil, refused
	}
	claims, generation, refused := server.verify(ctx, token, jws)
	if refused != nil {
		return nil, refused
	}
	v := &verified{token, server, claims, generation}
	if server.custom == nil && !claims.introspected { // others may change their mind
		r.cache.add(v)
	}
	return v, nil
}

// route finds the one authorization server that may have issued the token. The
// token's own iss is not proven yet: it only selects among trusted servers.
func (r *resource) route(token string) (*trustedServer, *jose.JWS, *refusal.Refusal) {
	jws, err := jose.Parse(token)
	if err != nil {
		// What Parse takes has the form of a bearer token anyway.
		if refused := checkForm(token); refused != nil {
			return nil, nil, refused
		}
		// Not a JWS we would verify: only a custom verifier, or introspection,
		// can take it. A broken JWS stays here where keys decide, so that it is
		// not sent out.
		if r.custom != nil && (r.custom.takesJWT() && len(r.servers) == 1 || strings.Count(token, ".") != 2) {
			return r.custom, nil, nil
		}
		return nil, nil, joseRefusal(err)
	}
	raw := claimedIssuer(jws.Payload)
	if plain, ok := jsonx.Plain(raw); ok && r.servers[string(plain)] != nil { // the usual case, without a copy
		return r.servers[string(plain)], jws, nil
	}
	iss, found := jsonx.String(raw)
	if server := r.servers[iss]; found && server != nil {
		return server, jws, nil
	}
	if !found && r.custom != nil && r.custom.takesJWT() {
		return r.custom, nil, nil
	}
	if !found {
		return nil, nil, refusal.InvalidToken(reason.UntrustedIssuer, "the token names no issuer")
	}
	return nil, nil, refusal.RejectedToken(reason.UntrustedIssuer, untrustedIssuer(iss))
}

// untrustedIssuer is a cause of its own because anybody can have it made as
// often as they like.
type untrustedIssuer string

func (iss untrustedIssuer) Error() string {
	return fmt.Sprintf("the issuer %.200q is not trusted for this resource", string(iss))
}

var errFound = errors.New("found")

// claimedIssuer returns the first iss of a payload as it stands there, or nil.
func claimedIssuer(payload []byte) (iss []byte) {
	_ = jsonx.Walk(payload, maxClaimsDepth, func(name, raw []byte) error {
		if string(name) != "iss" {
			return nil
		}
		iss = raw
		return errFound
	})
	return iss
}

// bind checks what no verifier may skip, as confirm does: issuer, audience and
// time (RFC 9068 §4, RFC 8725 §3.8–3.9).
func (a *Auth) bind(server *trustedServer, c *Claims, now time.Time) *refusal.Refusal {
	switch {
	case c.Issuer != server.issuer:
		return refusal.InvalidToken(reason.WrongIssuer, "the token's issuer is %.200q, not %q", c.Issuer, server.issuer)
	case !c.allowedClient && !slices.ContainsFunc(c.Audience, server.accepts):
		return refusal.InvalidToken(reason.WrongAudience, "the token's audience is %.300q, accepted are %q", strings.Join(c.Audience, " "), server.audiences)
	case c.ExpiresAt.IsZero():
		return refusal.InvalidToken(reason.NoExpiry, "the token has no exp")
	case !now.Before(c.ExpiresAt.Add(a.leeway)):
		return refusal.InvalidToken(reason.Expired, "the token expired at %s", moment(c.ExpiresAt))
	case !c.NotBefore.IsZero() && now.Add(a.leeway).Before(c.NotBefore):
		return refusal.InvalidToken(reason.NotYetValid, "the token is valid from %s on", moment(c.NotBefore))
	case !c.IssuedAt.IsZero() && now.Add(a.leeway).Before(c.IssuedAt):
		return refusal.InvalidToken(reason.NotYetValid, "the token was issued in the future, at %s", moment(c.IssuedAt))
	}
	return nil
}

// moment prints as RFC 3339 has it.
type moment time.Time

func (m moment) String() string { return time.Time(m).UTC().Format(time.RFC3339) }
