package mcpauthtest

import (
	"cmp"
	"crypto/rand"
	"errors"
	"strings"
	"time"

	"github.com/mcp-auth/go/internal/authserver/grant"
	"github.com/mcp-auth/go/internal/authserver/oauth"
	"github.com/mcp-auth/go/internal/authserver/token"
)

const mintedClientID = "test-client"

// minter makes tokens without any flow, valid ones and others.
type minter struct {
	issuer    string
	subject   string   // of the first user
	resources []string // the first is the default audience
	ttl       time.Duration
	opaque    bool // by default
	sealer    *token.Sealer
	grants    *grant.Store
	forger    *forger
	now       func() time.Time
}

func (m *minter) token(claims TokenClaims, options []TokenOption) (string, error) {
	r := recipe{
		claims: m.claims(claims), header: map[string]any{"typ": oauth.TypeAccessToken}, opaque: m.opaque,
	}
	for _, o := range options {
		if o.apply != nil {
			o.apply(&r)
		}
	}
	if _, ok := r.claims["aud"]; !ok {
		if len(m.resources) == 0 {
			return "", errors.New("mcpauthtest: the token has no audience: set TokenClaims.Audience or Config.Resources")
		}
		r.claims["aud"] = m.resources[0]
	}
	if r.revoked {
		r.claims["jti"] = m.grants.NewTokenID(grant.NewID())
	}
	applyExtra(r.claims, claims.Extra)
	made, err := m.forger.sign(r)
	if err != nil {
		return "", err
	}
	if r.after != nil {
		made = r.after(made)
	}
	if r.opaque {
		made = m.sealer.Seal(made)
	}
	return made, nil
}

func (m *minter) claims(c TokenClaims) map[string]any {
	issued := c.IssuedAt
	if issued.IsZero() {
		issued = m.now()
	}
	expires := c.ExpiresAt
	if expires.IsZero() {
		expires = issued.Add(m.ttl)
	}
	claims := map[string]any{
		"iss":       cmp.Or(c.Issuer, m.issuer),
		"sub":       cmp.Or(c.Subject, m.subject),
		"client_id": cmp.Or(c.ClientID, mintedClientID),
		"iat":       issued.Unix(),
		"exp":       expires.Unix(),
		"jti":       cmp.Or(c.ID, rand.Text()),
	}
	if len(c.Audience) > 0 {
		claims["aud"] = token.Audience(c.Audience)
	}
	if len(c.Scopes) > 0 {
		claims["scope"] = strings.Join(c.Scopes, " ")
	}
	if !c.NotBefore.IsZero() {
		claims["nbf"] = c.NotBefore.Unix()
	}
	return claims
}

// applyExtra replaces claims; nil removes one.
func applyExtra(claims, extra map[string]any) {
	for name, value := range extra {
		if value == nil {
			delete(claims, name)
			continue
		}
		claims[name] = value
	}
}
