package tokenendpoint

import (
	"cmp"
	"slices"

	"github.com/mcp-auth/go/internal/authserver/client"
	"github.com/mcp-auth/go/internal/authserver/oauth"
	"github.com/mcp-auth/go/internal/authserver/token"
)

// exchangeGranter gives a client an ID-JAG for an ID token that it got here
// (RFC 8693, Identity Assertion JWT Authorization Grant §4.3): this server, as
// an identity provider, vouches for the user to another authorization server.
type exchangeGranter struct{ Parts }

func (p exchangeGranter) grant(q *request) (*Response, error) {
	c, err := p.client(q)
	if err != nil {
		return nil, err
	}
	// A stolen ID token must be useless to everyone but the client (Enterprise-
	// Managed Authorization §7.7).
	if !c.Confidential() || !c.May(oauth.GrantTokenExchange) {
		return nil, oauth.UnauthorizedClient("the client may not exchange tokens")
	}
	if q.p.Get("requested_token_type") != oauth.TokenTypeIDJAG {
		return nil, oauth.InvalidRequest("the only requested_token_type is " + oauth.TokenTypeIDJAG)
	}
	subject, err := p.subject(q, c)
	if err != nil {
		return nil, err
	}
	identity, err := p.identity(q.p, c)
	if err != nil {
		return nil, err
	}
	identity.Subject = subject
	if err := p.Proofs.Use(q.Context(), q.proof, ""); err != nil {
		return nil, err
	}
	issued, err := p.Issuer.Assertion(identity)
	if err != nil {
		return nil, err
	}
	p.Log.InfoContext(q.Context(), "issued an identity assertion", "client", c.ID, "subject", subject, "audience", identity.Audience)
	response := respondWith(issued)
	response.IssuedTokenType = oauth.TokenTypeIDJAG
	return response, nil
}

// subject returns the user of the subject_token, an ID token of this client.
func (p exchangeGranter) subject(q *request, c *client.Client) (string, error) {
	if q.p.Get("subject_token_type") != oauth.TokenTypeIDToken {
		return "", oauth.InvalidRequest("the only subject_token_type is " + oauth.TokenTypeIDToken)
	}
	if q.p.Get("actor_token") != "" {
		return "", oauth.InvalidRequest("an actor_token is not supported")
	}
	claims, err := p.Reader.Claims(q.p.Get("subject_token"), oauth.TypeIDToken)
	if err == nil {
		err = p.Reader.CheckValidity(q.Context(), claims)
	}
	if err != nil {
		return "", oauth.InvalidRequest("the subject_token cannot be used: " + err.Error())
	}
	subject, ok := claims["sub"].(string)
	if !ok || claims["aud"] != c.ID {
		return "", oauth.InvalidRequest("the subject_token is not for this client")
	}
	return subject, nil
}

// identity checks audience, resource and scope, which belong together
// (Enterprise-Managed Authorization §7.6.1).
func (p exchangeGranter) identity(asked oauth.Parameters, c *client.Client) (token.Identity, error) {
	i := slices.IndexFunc(p.Audiences, func(a Audience) bool { return a.Issuer == asked.Get("audience") })
	if i < 0 {
		return token.Identity{}, oauth.InvalidTarget("the audience is not an authorization server known here")
	}
	audience := p.Audiences[i]
	resources := asked.Resources()
	for _, resource := range resources {
		if !slices.Contains(audience.Resources, resource) {
			return token.Identity{}, oauth.InvalidTarget("the resource is not one of the audience's")
		}
	}
	if len(resources) == 0 && len(audience.Resources) == 1 {
		resources = audience.Resources
	}
	scopes, err := oauth.SplitScopes(asked.Get("scope"))
	if err != nil {
		return token.Identity{}, err
	}
	for _, scope := range scopes {
		if len(audience.Scopes) > 0 && !slices.Contains(audience.Scopes, scope) {
			return token.Identity{}, oauth.InvalidScope("the scope is not one of the audience's")
		}
	}
	return token.Identity{
		Audience: audience.Issuer, ClientID: cmp.Or(audience.ClientIDs[c.ID], c.ID), Resources: resources, Scopes: scopes,
	}, nil
}
