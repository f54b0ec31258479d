package mcpauth

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/mcp-auth/go/internal/jose"
	"github.com/mcp-auth/go/internal/jsonx"
	"github.com/mcp-auth/go/internal/refusal"
	"github.com/mcp-auth/go/reason"
)

// ErrInvalidToken is what a [Verifier] wraps to say that the token is not
// valid. Every other error of a verifier means that it could not find out, and
// is answered with 503.
var ErrInvalidToken = errors.New("mcpauth: invalid token")

// Verifier proves an access token in its own way and returns its claims.
// Issuer, audience, expiry and scopes are then checked as for every token; a
// verifier cannot skip that.
//
// An error that wraps [ErrInvalidToken] is answered with 401 invalid_token.
// Any other error is answered with 503, because clients throw a token away
// when they see 401. The error text must not contain the token.
//
// Verify must honour ctx and be safe for concurrent use.
type Verifier interface {
	Verify(ctx context.Context, token string) (*Claims, error)
}

// VerifierFunc is a function that is a [Verifier].
type VerifierFunc func(ctx context.Context, token string) (*Claims, error)

// Verify calls f.
func (f VerifierFunc) Verify(ctx context.Context, token string) (*Claims, error) {
	return f(ctx, token)
}

// trustedServer is an authorization server as one resource trusts it.
type trustedServer struct {
	issuer     string
	audiences  []string // the resource identifier first
	algorithms []jose.Algorithm
	types      []string // normalized, nil: the default
	scopeClaim string
	custom     Verifier
	clients    []string      // whose JWTs need no audience
	introspect *introspector // nil: not used
	source     *issuer       // nil with a custom verifier
}

func newTrustedServer(resource string, s AuthorizationServer, source *issuer) *trustedServer {
	t := &trustedServer{
		issuer:     s.Issuer,
		audiences:  append([]string{resource}, s.Audiences...),
		scopeClaim: s.ScopeClaim,
		clients:    s.AllowedClients,
		custom:     s.Verifier,
		source:     source,
	}
	for _, alg := range s.Algorithms {
		if parsed, ok := jose.ParseAlgorithm(alg); ok { // checked by New
			t.algorithms = append(t.algorithms, parsed)
		}
	}
	for _, typ := range s.TokenTypes {
		t.types = append(t.types, normalizeType(typ))
	}
	return t
}

func (t *trustedServer) accepts(audience string) bool {
	return slices.Contains(t.audiences, audience)
}

// issuerOf reads iss, without a copy of what is known.
func (t *trustedServer) issuerOf(raw []byte) (string, bool) {
	if plain, ok := jsonx.Plain(raw); ok && t != nil && string(plain) == t.issuer {
		return t.issuer, true
	}
	return jsonx.String(raw)
}

// audienceOf reads aud, without a copy of what is known. The list is not to be
// modified.
func (t *trustedServer) audienceOf(raw []byte) ([]string, bool) {
	plain, ok := jsonx.Plain(raw)
	if !ok || t == nil {
		return jsonx.StringOrStrings(raw)
	}
	if i := slices.IndexFunc(t.audiences, func(known string) bool { return known == string(plain) }); i >= 0 {
		return t.audiences[i : i+1 : i+1], true
	}
	return []string{string(plain)}, true
}

// takesJWT reports whether tokens in the form of a JWT are proven otherwise than
// by the server's keys.
func (t *trustedServer) takesJWT() bool {
	return t.custom != nil || t.introspect != nil && t.introspect.config.all()
}

// verify proves the token; jws is nil where the token is no JWS. It also tells
// the generation of the key set that did, where there is one.
func (t *trustedServer) verify(ctx context.Context, token string, jws *jose.JWS) (*Claims, uint64, *refusal.Refusal) {
	if t.custom != nil {
		claims, refused := t.verifyCustom(ctx, token)
		return claims, 0, refused
	}
	if t.introspect != nil && (jws == nil || t.takesJWT()) {
		claims, refused := t.introspect.verify(ctx, token)
		return claims, 0, refused
	}
	typ := normalizeType(jws.Header.Type)
	switch {
	case !t.allowsAlgorithm(jws.Header.Algorithm):
		return nil, 0, refusal.InvalidToken(reason.UnsupportedAlgorithm, "the algorithm %q is not allowed for %q", jws.Header.Algorithm, t.issuer)
	case !t.allowsType(typ):
		return nil, 0, refusal.InvalidToken(reason.NotAnAccessToken, "the token's typ %.40q is not that of an access token", jws.Header.Type)
	}
	claims, err := parseClaims(jws.Payload, t.scopeClaim, t)
	if err != nil {
		return nil, 0, refusal.RejectedToken(reason.InvalidClaims, err)
	}
	if why := claims.notAccessToken(typ == accessTokenType); why != "" {
		return nil, 0, refusal.InvalidToken(reason.NotAnAccessToken, "not an access token: %s", why)
	}
	claims.allowedClient = claims.ofAllowedClient(t.clients, typ == accessTokenType)
	generation, refused := t.verifySignature(ctx, jws, claims.IssuedAt)
	if refused != nil {
		return nil, 0, refused
	}
	proven := claims.Claims // memory of its own, without what only the reading needs
	return &proven, generation, nil
}

func (t *trustedServer) verifySignature(ctx context.Context, jws *jose.JWS, issuedAt time.Time) (generation uint64, _ *refusal.Refusal) {
	keys, generation, err := t.source.candidates(ctx, jws.Header, issuedAt)
	if err != nil {
		return 0, unavailable(err)
	}
	if len(keys) == 0 {
		return 0, refusal.InvalidToken(reason.UnknownKey, "%q has no key %.80q for %s", t.issuer, jws.Header.KeyID, jws.Header.Algorithm)
	}
	for _, key := range keys {
		if err = jws.Verify(key); err == nil {
			return generation, nil
		}
	}
	return 0, refusal.RejectedToken(reason.InvalidSignature, err)
}

func (t *trustedServer) verifyCustom(ctx context.Context, token string) (*Claims, *refusal.Refusal) {
	claims, err := t.custom.Verify(ctx, token)
	switch {
	case errors.Is(err, ErrInvalidToken):
		return nil, refusal.RejectedToken(reason.RejectedByVerifier, err)
	case err != nil:
		return nil, unavailable(err)
	case claims == nil:
		return nil, unavailable(fmt.Errorf("the verifier of %q returned neither claims nor an error", t.issuer))
	}
	return claims, nil
}

func unavailable(cause error) *refusal.Refusal {
	return refusal.Unavailable(reason.ServerUnavailable, cause)
}

func (t *trustedServer) allowsAlgorithm(alg jose.Algorithm) bool {
	return t.algorithms == nil || slices.Contains(t.algorithms, alg)
}

const accessTokenType = "at+jwt"

func (t *trustedServer) allowsType(typ string) bool {
	if t.types != nil {
		return slices.Contains(t.types, typ)
	}
	return typ == accessTokenType || typ == "jwt" || typ == ""
}

// normalizeType lowers the typ header, a media type, and drops "application/"
// (RFC 7515 §4.1.9).
func normalizeType(typ string) string {
	if typ == accessTokenType || typ == "" {
		return typ
	}
	return strings.TrimPrefix(strings.ToLower(typ), "application/")
}

// joseRefusal tells a token that is no acceptable JWS.
func joseRefusal(err error) *refusal.Refusal {
	if e, ok := err.(*jose.Error); ok && e.Reason == jose.ReasonUnsupportedAlgorithm { // as Parse returns it
		return refusal.RejectedToken(reason.UnsupportedAlgorithm, err)
	}
	return refusal.RejectedToken(reason.MalformedToken, err)
}
