// Package claims reads the claims of access tokens: strictly, because a claim
// that two programs could read in two ways is a way around what one of them
// checks (RFC 8725 §2.4).
package claims

import (
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/mcp-auth/go/internal/jsonx"
	"github.com/mcp-auth/go/internal/scope"
)

// MaxDepth bounds the nesting of a payload.
const MaxDepth = 16

// Claims is what a token says.
type Claims struct {
	Issuer    string
	Subject   string
	ClientID  string
	Audience  []string
	Scopes    []string
	ExpiresAt time.Time // zero: the token does not say
	NotBefore time.Time // zero: the token does not say
	IssuedAt  time.Time // zero: the token does not say
	// Confirmation is the sender constraint (claim cnf, RFC 7800), nil if there
	// is none.
	Confirmation *Confirmation
	// Raw is the JSON object with all claims.
	Raw json.RawMessage
	// AllowedClient says that the client stands for an audience, which the token
	// lacks.
	AllowedClient bool
	// ClientFault says why not, for logs. It is empty if there is nothing to say.
	ClientFault string
}

// perString is what a string in a list takes beside its text: its header, with
// room for the list to grow, and memory of its own.
const perString = 48

// Size is about what the claims take in memory, in bytes.
func (c *Claims) Size() int {
	size := cap(c.Raw) + len(c.Subject) + len(c.ClientID)
	for _, list := range [...][]string{c.Scopes, c.Audience} {
		for _, text := range list {
			size += perString + len(text)
		}
	}
	return size
}

// Confirmation is the key that a token is bound to (claim cnf, RFC 7800).
type Confirmation struct {
	// JWKThumbprint is the DPoP key (jkt, RFC 9449 §6.1).
	JWKThumbprint string
	// CertificateThumbprint is the mTLS certificate (x5t#S256, RFC 8705 §3.1).
	CertificateThumbprint string
	// Unknown says that there is a member that cannot be checked.
	Unknown bool
}

// Expected are the values that a token is likely to have, which then need no
// memory of their own.
type Expected struct {
	Issuer    string
	Audiences []string
	// ScopeClaim is the claim that holds the scopes. Empty means scope, or scp
	// if there is no scope.
	ScopeClaim string
}

// Equal reports whether tokens are read alike.
func (e *Expected) Equal(other *Expected) bool {
	return e.Issuer == other.Issuer && e.ScopeClaim == other.ScopeClaim && slices.Equal(e.Audiences, other.Audiences)
}

// issuer reads iss.
func (e *Expected) issuer(raw []byte) (string, bool) {
	if plain, ok := jsonx.Plain(raw); ok && string(plain) == e.Issuer {
		return e.Issuer, true
	}
	return jsonx.String(raw)
}

// audience reads aud. The list must not be modified.
func (e *Expected) audience(raw []byte) ([]string, bool) {
	plain, ok := jsonx.Plain(raw)
	if !ok {
		return jsonx.StringOrStrings(raw)
	}
	if i := slices.IndexFunc(e.Audiences, func(known string) bool { return known == string(plain) }); i >= 0 {
		return e.Audiences[i : i+1 : i+1], true
	}
	return []string{string(plain)}, true
}

// scopesOf reads scopes as one space-separated string (RFC 9068 §2.2.3), or as
// an array, which some providers use.
func scopesOf(raw []byte) ([]string, bool) {
	if s, ok := jsonx.String(raw); ok {
		return scope.Split(s), true
	}
	return jsonx.Strings(raw)
}

var errWrongType = errors.New("a member has the wrong type")

func confirmationOf(raw []byte) (*Confirmation, bool) {
	cnf := &Confirmation{}
	err := jsonx.Object(raw, MaxDepth, func(name string, raw []byte) error {
		ok := true
		switch name {
		case "jkt":
			cnf.JWKThumbprint, ok = jsonx.String(raw)
		case "x5t#S256":
			cnf.CertificateThumbprint, ok = jsonx.String(raw)
		default:
			cnf.Unknown = true
		}
		cnf.Unknown = cnf.Unknown || string(raw) == `""` // bound to nothing
		if !ok {
			return errWrongType
		}
		return nil
	})
	return cnf, err == nil
}
