package tokenendpoint

import (
	"cmp"

	"github.com/mcp-auth/go/internal/authserver/grant"
)

// refreshGranter gives new tokens for a refresh token, which can be used once
// (OAuth 2.1 §4.3.1).
type refreshGranter struct{ Parts }

// grant rotates the refresh token last, so that a faulty request does not use it
// up.
func (p refreshGranter) grant(q *request) (*Response, error) {
	c, err := p.client(q)
	if err != nil {
		return nil, err
	}
	v, g, err := p.Grants.Refreshable(q.Context(), q.p.Get("refresh_token"), c.ID)
	if err != nil {
		return nil, err
	}
	access, err := refreshed(q, v, g)
	if err != nil {
		return nil, err
	}
	if err := p.useProof(q, v.ID); err != nil {
		return nil, err
	}
	next, err := p.Grants.Rotate(q.Context(), v)
	if err != nil {
		return nil, err
	}
	response, err := p.accessToken(q.Context(), v.ID, access)
	if err != nil {
		return nil, err
	}
	response.RefreshToken = p.refreshToken(c, next)
	return response, nil
}

// refreshed returns the grant that a refresh request asks for.
func refreshed(q *request, v grant.Handle, g grant.Grant) (grant.Grant, error) {
	g.JKT = cmp.Or(g.JKT, v.JKT)
	g, err := g.BoundTo(q.jkt())
	if err != nil {
		return grant.Grant{}, err
	}
	return g.Requested(q.p)
}
