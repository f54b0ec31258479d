package mcpauthtest

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"slices"
	"time"

	"github.com/mcp-auth/go/internal/jose"
	"github.com/mcp-auth/go/internal/jsonx"
)

const (
	maxClaimDepth = 16
	// assertionLeeway is how far clocks may differ.
	assertionLeeway = 30 * time.Second
	// maxAssertionLife is how far ahead exp may lie: so long its jti is kept.
	maxAssertionLife = 24 * time.Hour
)

// assertion is a JWT that somebody else signed, for authentication or as a
// grant (RFC 7523 §3). Nothing in it is to be believed before its signature and
// its claims are checked.
type assertion struct {
	jws                        *jose.JWS
	issuer, subject, id        string
	clientID, scope            string
	audience, resource         []string
	expires, issued, notBefore time.Time
}

// parseAssertion reads a JWT.
func parseAssertion(token string) (*assertion, error) {
	jws, err := jose.Parse(token)
	if err != nil {
		return nil, err
	}
	a := &assertion{jws: jws}
	if err := jsonx.Object(jws.Payload, maxClaimDepth, a.member); err != nil {
		return nil, err
	}
	return a, nil
}

func (a *assertion) member(name string, raw []byte) error {
	ok := true
	switch name {
	case "iss":
		a.issuer, ok = jsonx.String(raw)
	case "sub":
		a.subject, ok = jsonx.String(raw)
	case "jti":
		a.id, ok = jsonx.String(raw)
	case "client_id":
		a.clientID, ok = jsonx.String(raw)
	case "scope":
		a.scope, ok = jsonx.String(raw)
	case "aud":
		a.audience, ok = jsonx.StringOrStrings(raw)
	case "resource":
		a.resource, ok = jsonx.StringOrStrings(raw)
	case "exp":
		a.expires, ok = jsonx.NumericDate(raw)
	case "iat":
		a.issued, ok = jsonx.NumericDate(raw)
	case "nbf":
		a.notBefore, ok = jsonx.NumericDate(raw)
	}
	if !ok {
		return errors.New("a claim has the wrong type")
	}
	return nil
}

// typed tells whether typ is one of those given; "" stands for none.
func (a *assertion) typed(types ...string) bool { return slices.Contains(types, a.jws.Header.Type) }

// check says what is wrong with the claims that every assertion has.
func (a *assertion) check(now time.Time) error {
	switch {
	case a.subject == "" || a.id == "" || a.expires.IsZero():
		return errors.New("sub, jti or exp is missing")
	case !now.Before(a.expires.Add(assertionLeeway)):
		return errors.New("it is expired")
	case a.expires.After(now.Add(maxAssertionLife)):
		return errors.New("it is valid for too long")
	case now.Add(assertionLeeway).Before(a.notBefore), now.Add(assertionLeeway).Before(a.issued):
		return errors.New("it is not valid yet")
	}
	return nil
}

// consume uses the assertion up: it is good once (RFC 7523 §3, jti).
func (s *Server) consume(ctx context.Context, a *assertion) error {
	sum := sha256.Sum256([]byte(a.issuer + "\x00" + a.id))
	id := "jti:" + base64.RawURLEncoding.EncodeToString(sum[:])
	return s.store.ConsumeID(ctx, id, a.expires.Add(assertionLeeway), s.now())
}
