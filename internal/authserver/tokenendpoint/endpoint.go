// Package tokenendpoint is the token endpoint (RFC 6749 §3.2): it gives tokens
// for authorization codes, refresh tokens, client credentials, assertions and,
// as an identity provider, ID tokens.
package tokenendpoint

import (
	"errors"
	"net/http"

	"github.com/mcp-auth/go/internal/authserver/oauth"
)

// granter gives tokens for a grant type.
type granter interface {
	grant(q *request) (*Response, error)
}

// Endpoint is the token endpoint.
type Endpoint struct {
	parts    Parts
	code     granter // checks its request itself
	granters map[string]granter
}

// New returns a token endpoint.
func New(p Parts) *Endpoint {
	return &Endpoint{parts: p, code: codeGranter{p}, granters: map[string]granter{
		oauth.GrantRefreshToken:      refreshGranter{p},
		oauth.GrantClientCredentials: credentialsGranter{p},
		oauth.GrantJWTBearer:         assertionGranter{p},
		oauth.GrantTokenExchange:     exchangeGranter{p},
	}}
}

// ServeHTTP answers a token request.
func (e *Endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	e.parts.Proofs.OfferNonce(w, r)
	p, err := oauth.ReadForm(w, r)
	if err != nil {
		e.parts.Respond.Error(w, r, err)
		return
	}
	response, err := e.grant(r, p)
	if err != nil {
		e.parts.Respond.Error(w, r, err)
		return
	}
	e.parts.Respond.JSON(w, r, http.StatusOK, response)
}

func (e *Endpoint) grant(r *http.Request, p oauth.Parameters) (*Response, error) {
	q := &request{Request: r, p: p}
	q.proof, q.badProof = e.parts.Proofs.Check(r)
	var refused *oauth.Error
	if errors.As(q.badProof, &refused) && refused.Code == oauth.UseDPoPNonce {
		return nil, q.badProof // not an attempt yet: the client sends everything again with the nonce
	}
	if p.Get("grant_type") == oauth.GrantAuthorizationCode {
		return e.code.grant(q)
	}
	if err := p.Check(); err != nil {
		return nil, err
	}
	if q.badProof != nil {
		return nil, q.badProof
	}
	if p.Get("grant_type") == "" {
		return nil, oauth.InvalidRequest("grant_type is missing")
	}
	granter, ok := e.granters[p.Get("grant_type")]
	if !ok {
		return nil, oauth.BadRequest("unsupported_grant_type", "the grant type is not supported")
	}
	return granter.grant(q)
}
