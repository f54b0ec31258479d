package tokenendpoint

import (
	"errors"
	"slices"

	"github.com/mcp-auth/go/internal/authserver/client"
	"github.com/mcp-auth/go/internal/authserver/grant"
	"github.com/mcp-auth/go/internal/authserver/oauth"
	"github.com/mcp-auth/go/internal/authserver/store"
)

// codeGranter gives tokens for an authorization code (OAuth 2.1 §4.1.3).
type codeGranter struct{ Parts }

// grant consumes the code before it checks anything else, so that a code allows
// one attempt: any failure after that burns the code.
func (p codeGranter) grant(q *request) (*Response, error) {
	if codes := q.p["code"]; len(codes) != 1 {
		if err := p.Grants.Burn(q.Context(), codes[:min(len(codes), oauth.MaxParameters)]); err != nil {
			return nil, err
		}
		return nil, oauth.InvalidRequest("code must be sent once")
	}
	id, g, err := p.Grants.Redeem(q.Context(), q.p.Get("code"))
	if err != nil {
		return nil, err
	}
	response, err := p.tokens(q, id, g)
	if err == nil {
		return response, nil
	}
	if failed := p.Grants.Revoke(q.Context(), id); failed != nil {
		return nil, oauth.ServerError(errors.Join(failed, err))
	}
	return nil, err
}

// tokens gives tokens for a grant whose code this request has consumed.
func (p codeGranter) tokens(q *request, id store.GrantID, g grant.Grant) (*Response, error) {
	if err := q.p.Check(); err != nil {
		return nil, err
	}
	if q.badProof != nil {
		return nil, q.badProof
	}
	c, err := p.client(q)
	if err != nil {
		return nil, err
	}
	if err := checkCode(q.p, c, g); err != nil {
		return nil, err
	}
	return p.firstTokens(q, c, id, g)
}

// checkCode compares a token request with the authorization request.
func checkCode(p oauth.Parameters, c *client.Client, g grant.Grant) error {
	if c.ID != g.ClientID {
		return oauth.InvalidGrant("the authorization code was issued to another client")
	}
	// OAuth 2.1 no longer sends redirect_uri here, OAuth 2.0 does.
	if uri := p.Get("redirect_uri"); uri != "" && uri != g.RedirectURI {
		return oauth.InvalidGrant("the redirect_uri differs from the one of the authorization request")
	}
	if !g.ProvedBy(p.Get("code_verifier")) {
		return oauth.InvalidGrant("the code_verifier does not match the code_challenge")
	}
	return nil
}

func (p codeGranter) firstTokens(q *request, c *client.Client, id store.GrantID, g grant.Grant) (*Response, error) {
	bound, err := g.BoundTo(q.jkt)
	if err != nil {
		return nil, err
	}
	access, err := bound.Requested(q.p)
	if err != nil {
		return nil, err
	}
	response, err := p.accessToken(q.Context(), id, access)
	if err != nil {
		return nil, err
	}
	if c.May(oauth.GrantRefreshToken) || slices.Contains(g.Scopes, oauth.ScopeOfflineAccess) {
		response.RefreshToken = p.refreshToken(c, grant.Handle{ID: id, Number: 1, JKT: q.jkt})
	}
	if !slices.Contains(g.Scopes, oauth.ScopeOpenID) {
		return response, nil
	}
	response.IDToken, err = p.Issuer.ID(g)
	return response, err
}
