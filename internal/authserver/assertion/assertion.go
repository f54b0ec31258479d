// Package assertion reads and checks JWTs that another party signed, for client
// authentication or as a grant (RFC 7523).
package assertion

import (
	"errors"
	"slices"
	"time"

	"github.com/mcp-auth/go/internal/jose"
	"github.com/mcp-auth/go/internal/jsonx"
)

const (
	maxClaimDepth = 16
	// leeway is how far clocks may differ.
	leeway = 30 * time.Second
	// maxLifetime is how far ahead exp may lie, and so how long a jti is
	// remembered.
	maxLifetime = 24 * time.Hour
)

// Assertion is a JWT of another party (RFC 7523 §3). Its claims must not be
// believed before a [Verifier] has accepted it.
type Assertion struct {
	Issuer, Subject, ID string
	ClientID, Scope     string
	Audience, Resource  []string

	jws                        *jose.JWS
	expires, issued, notBefore time.Time
}

// Parse reads a JWT.
func Parse(token string) (*Assertion, error) {
	jws, err := jose.Parse(token)
	if err != nil {
		return nil, err
	}
	a := &Assertion{jws: jws}
	if err := jsonx.Object(jws.Payload, maxClaimDepth, a.member); err != nil {
		return nil, err
	}
	return a, nil
}

func (a *Assertion) member(name string, raw []byte) error {
	ok := true
	switch name {
	case "iss":
		a.Issuer, ok = jsonx.String(raw)
	case "sub":
		a.Subject, ok = jsonx.String(raw)
	case "jti":
		a.ID, ok = jsonx.String(raw)
	case "client_id":
		a.ClientID, ok = jsonx.String(raw)
	case "scope":
		a.Scope, ok = jsonx.String(raw)
	case "aud":
		a.Audience, ok = jsonx.StringOrStrings(raw)
	case "resource":
		a.Resource, ok = jsonx.StringOrStrings(raw)
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

// Typed reports whether typ is one of the given types; "" stands for a missing
// typ.
func (a *Assertion) Typed(types ...string) bool { return slices.Contains(types, a.jws.Header.Type) }

// IsFor reports whether the assertion is for one of the given names of a server,
// and for no one else.
func (a *Assertion) IsFor(names ...string) bool {
	return len(a.Audience) == 1 && slices.Contains(names, a.Audience[0])
}

// HasIssuedAt reports whether the assertion has an iat claim.
func (a *Assertion) HasIssuedAt() bool { return !a.issued.IsZero() }

// check returns what is wrong with the claims that every assertion has.
func (a *Assertion) check(now time.Time) error {
	switch {
	case a.Subject == "" || a.ID == "" || a.expires.IsZero():
		return errors.New("sub, jti or exp is missing")
	case !now.Before(a.expires.Add(leeway)):
		return errors.New("it is expired")
	case a.expires.After(now.Add(maxLifetime)):
		return errors.New("it is valid for too long")
	case now.Add(leeway).Before(a.notBefore), now.Add(leeway).Before(a.issued):
		return errors.New("it is not valid yet")
	}
	return nil
}
