package claims

import (
	"errors"
	"fmt"
	"slices"

	"github.com/mcp-auth/go/internal/jsonx"
)

// Payload is a token's payload, walked but not decoded. The walk itself needs no
// memory, so that a payload of an issuer that nobody trusts costs little.
type Payload struct {
	// ScopeClaims are the names of further claims that may hold the scopes.
	ScopeClaims []string

	raw     []byte
	members [memberCount][]byte // as they stand in raw; nil: not there
	scopes  []scopeClaim
	fault   error // of the first name that spoils the payload
}

type scopeClaim struct {
	name string
	raw  []byte
}

var errUnwanted = errors.New("the issuer is not wanted")

// Read walks a payload once. wanted gets the claim iss as it stands there and
// may end the walk by returning false. An error means that the payload is not
// strict JSON, or that the walk was ended; what was read before is noted.
func (p *Payload) Read(payload []byte, wanted func(iss []byte) bool) error {
	p.raw = payload
	return jsonx.Walk(payload, MaxDepth, func(name, raw []byte) error {
		p.Note(name, raw)
		if string(name) == "iss" && !wanted(raw) {
			return errUnwanted
		}
		return nil
	})
}

// Note notes one member of a payload that is walked elsewhere.
func (p *Payload) Note(name, raw []byte) {
	m, known := memberOf(name)
	if known {
		p.members[m] = raw
		return
	}
	if i := slices.IndexFunc(p.ScopeClaims, func(claim string) bool { return claim == string(name) }); i >= 0 {
		p.scopes = append(p.scopes, scopeClaim{p.ScopeClaims[i], raw})
	}
	if p.fault == nil && isVariant(string(name)) {
		p.fault = fmt.Errorf("claim %.40q is the name of another claim in another case", name)
	}
}

// Issuer returns the claim iss as it stands in the payload, or nil.
func (p *Payload) Issuer() []byte { return p.members[claimIss] }

// Decode returns the claims, and what they say about the kind of the token. An
// error means that a claim has the wrong type.
func (p *Payload) Decode(expected *Expected) (c Claims, k Kind, err error) {
	if p.fault != nil {
		return Claims{}, Kind{}, p.fault
	}
	c = Claims{
		Raw:          p.raw,
		Issuer:       decode(p, claimIss, expected.issuer, &err),
		Subject:      decode(p, claimSub, jsonx.String, &err),
		Audience:     decode(p, claimAud, expected.audience, &err),
		ExpiresAt:    decode(p, claimExp, jsonx.NumericDate, &err),
		NotBefore:    decode(p, claimNbf, jsonx.NumericDate, &err),
		IssuedAt:     decode(p, claimIat, jsonx.NumericDate, &err),
		Scopes:       p.decodeScopes(expected.ScopeClaim, &err),
		ClientID:     p.decodeClientID(&err),
		Confirmation: decode(p, claimCnf, confirmationOf, &err),
	}
	k = Kind{
		use:    decode(p, claimTokenUse, jsonx.String, &err),
		typ:    decode(p, claimTyp, jsonx.String, &err),
		nonce:  p.members[claimNonce] != nil,
		hash:   p.members[claimAtHash] != nil || p.members[claimCHash] != nil,
		events: p.members[claimEvents] != nil,
	}
	return c, k, err
}

// decode returns the value of a member, the zero value if it is not there. Once
// there is an error, nothing is decoded.
func decode[T any](p *Payload, m member, read func(raw []byte) (T, bool), err *error) T {
	return decodeRaw(memberNames[m], p.members[m], read, err)
}

func decodeRaw[T any](name string, raw []byte, read func(raw []byte) (T, bool), err *error) (value T) {
	if raw == nil || *err != nil {
		return value
	}
	value, ok := read(raw)
	if !ok {
		*err = fmt.Errorf("claim %.40q has the wrong type", name)
	}
	return value
}

// decodeScopes returns the scopes of the configured claim, or else those of
// scope or scp. All of them must have the right type.
func (p *Payload) decodeScopes(configured string, err *error) []string {
	standard, alternative := decode(p, claimScope, scopesOf, err), decode(p, claimScp, scopesOf, err)
	m, known := memberOf([]byte(configured))
	switch {
	case configured == "scope", configured == "" && p.members[claimScope] != nil:
		return standard
	case configured == "scp", configured == "":
		return alternative
	case known:
		return decode(p, m, scopesOf, err)
	}
	for _, c := range p.scopes {
		if c.name == configured {
			return decodeRaw(c.name, c.raw, scopesOf, err)
		}
	}
	return nil
}

// decodeClientID returns the best of the claims that name the client.
func (p *Payload) decodeClientID(err *error) (id string) {
	for _, m := range [...]member{claimAppid, claimCid, claimAzp, claimClientID} {
		if value := decode(p, m, jsonx.String, err); value != "" {
			id = value
		}
	}
	return id
}
