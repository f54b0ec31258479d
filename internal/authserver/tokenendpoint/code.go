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

// grant uses the code up before it looks at the verifier, so that a code allows
// one attempt: any failure of the client's burns it. A failure of the server's
// before that does not.
func (p codeGranter) grant(q *request) (*Response, error) {
	if codes := q.p["code"]; len(codes) != 1 {
		if err := p.Grants.Burn(q.Context(), codes[:min(len(codes), oauth.MaxParameters)]); err != nil {
			return nil, err
		}
		return nil, oauth.InvalidRequest("code must be sent once")
	}
	found, err := p.Grants.Redeemable(q.Context(), q.p.Get("code"))
	if err != nil {
		return nil, err
	}
	if found.Used {
		return nil, p.replayed(q, found)
	}
	c, err := p.owner(q, found)
	if err != nil && !oauth.ClientFault(err) {
		return nil, err
	}
	if err != nil {
		return nil, p.burn(q, found, err)
	}
	redeemed, err := p.Grants.Redeem(q.Context(), found.ID)
	if err != nil {
		return nil, err
	}
	if !redeemed {
		return nil, p.replayed(q, found)
	}
	response, err := p.tokens(q, c, found)
	if err != nil {
		return nil, p.burn(q, found, err)
	}
	return response, nil
}

// burn ends the grant of a code that must not be redeemed any more, and returns
// the reason.
func (p codeGranter) burn(q *request, found grant.Redemption, reason error) error {
	if failed := p.Grants.Revoke(q.Context(), found.ID); failed != nil {
		return oauth.ServerError(errors.Join(failed, reason))
	}
	return reason
}

// replayed refuses a code that was redeemed before, and ends the login if the
// request comes from the client, or from a thief who guesses the verifier. The
// code alone proves nothing: it stands in the history of a browser.
func (p codeGranter) replayed(q *request, found grant.Redemption) error {
	revokes := q.p.Get("code_verifier") != ""
	if !revokes {
		c, err := p.Clients.Authenticate(q.Request, q.p)
		revokes = err == nil && c.Confidential() && c.ID == found.Grant.ClientID
	}
	return p.Grants.Replayed(q.Context(), found.ID, revokes)
}

// owner returns the client of a code that it can redeem now. It uses up the
// proof of the request.
func (p codeGranter) owner(q *request, found grant.Redemption) (*client.Client, error) {
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
	if c.ID != found.Grant.ClientID {
		return nil, oauth.InvalidGrant("the authorization code was issued to another client")
	}
	return c, p.useProof(q, found.ID)
}

// tokens gives tokens for a code that this request has used up.
func (p codeGranter) tokens(q *request, c *client.Client, found grant.Redemption) (*Response, error) {
	if err := checkCode(q.p, found.Grant); err != nil {
		return nil, err
	}
	return p.firstTokens(q, c, found.ID, found.Grant)
}

// checkCode compares a token request with the authorization request.
func checkCode(p oauth.Parameters, g grant.Grant) error {
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
	bound, err := g.BoundTo(q.jkt())
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
		response.RefreshToken = p.refreshToken(c, grant.Handle{ID: id, Number: 1, JKT: q.jkt()})
	}
	if !slices.Contains(g.Scopes, oauth.ScopeOpenID) {
		return response, nil
	}
	response.IDToken, err = p.Issuer.ID(g)
	return response, err
}
