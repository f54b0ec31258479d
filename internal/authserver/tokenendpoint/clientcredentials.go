package tokenendpoint

import (
	"slices"

	"github.com/mcp-auth/go/internal/authserver/grant"
	"github.com/mcp-auth/go/internal/authserver/oauth"
)

// credentialsGranter gives a client a token of its own (RFC 6749 §4.4). Only
// configured clients can have it, because anyone can register a client.
type credentialsGranter struct{ Parts }

func (p credentialsGranter) grant(q *request) (*Response, error) {
	c, err := p.client(q)
	if err != nil {
		return nil, err
	}
	if !c.Confidential() || !c.May(oauth.GrantClientCredentials) {
		return nil, oauth.UnauthorizedClient("the client may not use client_credentials")
	}
	scopes, err := p.Supported.RequestedScopes(q.p)
	if err != nil {
		return nil, err
	}
	userless := slices.DeleteFunc(slices.Clone(scopes), oauth.IsIdentityScope)
	if q.p.Get("scope") != "" && len(userless) < len(scopes) {
		return nil, oauth.InvalidScope("client_credentials has no user, so no identity or offline scopes")
	}
	resources, err := p.Supported.RequestedResources(q.p)
	if err != nil {
		return nil, err
	}
	return p.once(q, grant.Grant{
		Type: oauth.GrantClientCredentials, ClientID: c.ID, ClientName: c.Name, User: grant.User{Subject: c.ID},
		Scopes: userless, Resources: resources,
	}, func() error { return nil })
}
