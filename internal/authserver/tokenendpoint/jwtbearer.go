package tokenendpoint

import (
	"context"
	"errors"
	"slices"

	"github.com/mcp-auth/go/internal/authserver/assertion"
	"github.com/mcp-auth/go/internal/authserver/client"
	"github.com/mcp-auth/go/internal/authserver/grant"
	"github.com/mcp-auth/go/internal/authserver/keyset"
	"github.com/mcp-auth/go/internal/authserver/oauth"
	"github.com/mcp-auth/go/internal/authserver/trustedissuer"
)

// assertionGranter gives a token for an assertion of a trusted issuer (RFC 7523
// §2.1). The typ of the assertion says which kind it is.
type assertionGranter struct{ Parts }

func (p assertionGranter) grant(q *request) (*Response, error) {
	a, err := assertion.Parse(q.p.Get("assertion"))
	if err != nil {
		return nil, oauth.InvalidGrant("the assertion is not a JWT that can be read")
	}
	issuer, ok := p.TrustedIssuers[a.Issuer]
	if !ok {
		return nil, oauth.InvalidGrant("the issuer of the assertion is not trusted")
	}
	var g grant.Grant
	switch {
	case a.Typed(oauth.TypeIDJAG) && issuer.IdentityAssertions:
		g, err = p.forUser(q, a)
	case a.Typed("", "JWT"):
		g, err = p.forWorkload(q, issuer, a)
	default:
		err = oauth.InvalidGrant("the assertion is of a type that the issuer is not trusted for")
	}
	if err != nil {
		return nil, err
	}
	if !a.HasIssuedAt() {
		return nil, oauth.InvalidGrant("the assertion has no iat")
	}
	from := assertion.Signer{Kind: "assertion of a trusted issuer", Keys: func(ctx context.Context) (*keyset.Source, error) {
		return issuer.KeySource(ctx, p.KeyDocuments)
	}}
	if err := asInvalidGrant(p.Assertions.Verify(q.Context(), a, from)); err != nil {
		return nil, err
	}
	return p.once(q, g, func() error { return asInvalidGrant(p.Assertions.Consume(q.Context(), a, from)) })
}

func asInvalidGrant(err error) error {
	var fault *assertion.Error
	if errors.As(err, &fault) {
		return oauth.InvalidGrant(fault.Reason).WithCause(fault.Cause)
	}
	return err
}

// forUser returns the grant of an ID-JAG, by which an identity provider vouches
// that a client may act for a user (Identity Assertion JWT Authorization Grant
// §4.4.1, and MCP's Enterprise-Managed Authorization §5.1).
func (p assertionGranter) forUser(q *request, a *assertion.Assertion) (grant.Grant, error) {
	c, err := p.client(q)
	if err != nil {
		return grant.Grant{}, err
	}
	if !c.May(oauth.GrantJWTBearer) {
		return grant.Grant{}, oauth.UnauthorizedClient("the client may not use jwt-bearer")
	}
	if a.ClientID != c.ID {
		return grant.Grant{}, oauth.InvalidGrant("the assertion is for another client")
	}
	if !a.IsFor(p.Issuer.Issuer) {
		return grant.Grant{}, oauth.InvalidGrant("aud of the assertion is not exactly this server's issuer identifier")
	}
	return p.asserted(q, c, a)
}

// asserted returns what an ID-JAG grants, within what was asked for. An assertion
// without a scope grants none: the identity provider has not approved any.
func (p assertionGranter) asserted(q *request, c *client.Client, a *assertion.Assertion) (grant.Grant, error) {
	scopes, err := p.Supported.NamedScopes(a.Scope)
	if err != nil {
		return grant.Grant{}, oauth.InvalidGrant("the assertion names a scope that the server does not support")
	}
	resources, err := p.Supported.RequestedResources(oauth.Parameters{"resource": a.Resource})
	if err != nil {
		return grant.Grant{}, oauth.InvalidGrant("the assertion names a resource that the server does not know")
	}
	if len(a.Resource) == 0 { // the request may say which
		if resources, err = p.Supported.RequestedResources(q.p); err != nil {
			return grant.Grant{}, err
		}
	}
	asked, err := oauth.SplitScopes(q.p.Get("scope"))
	if err != nil {
		return grant.Grant{}, err
	}
	scopes = slices.DeleteFunc(scopes, func(scope string) bool {
		return oauth.IsIdentityScope(scope) || len(asked) > 0 && !slices.Contains(asked, scope)
	})
	if len(asked) > 0 && len(scopes) == 0 {
		return grant.Grant{}, oauth.InvalidScope("no scope was asked for that the assertion names")
	}
	return grant.Grant{
		Type: oauth.GrantJWTBearer, ClientID: c.ID, ClientName: c.Name, User: grant.User{Subject: a.Subject},
		Scopes: scopes, Resources: resources,
	}, nil
}

// forWorkload returns the grant of an assertion by which a platform vouches for
// a program (Workload Identity Federation). There is no client: the workload is
// one.
func (p assertionGranter) forWorkload(q *request, issuer *trustedissuer.Issuer, a *assertion.Assertion) (grant.Grant, error) {
	w, ok := issuer.Workload(a.Subject)
	if !ok {
		return grant.Grant{}, oauth.InvalidGrant("the workload is not known")
	}
	if !a.IsFor(p.Issuer.Issuer, p.Proofs.URL) {
		return grant.Grant{}, oauth.InvalidGrant("aud of the assertion is not exactly this server's token endpoint or issuer identifier")
	}
	scopes, err := oauth.SplitScopes(q.p.Get("scope"))
	if err != nil {
		return grant.Grant{}, err
	}
	asked := q.p
	if len(q.p.Resources()) == 0 && len(w.Resources) > 0 {
		asked = oauth.Parameters{"resource": w.Resources[:1]}
	}
	resources, err := p.Supported.RequestedResources(asked)
	if err != nil {
		return grant.Grant{}, err
	}
	for _, resource := range resources {
		if len(w.Resources) > 0 && !slices.Contains(w.Resources, resource) {
			return grant.Grant{}, oauth.InvalidTarget("the resource is not one of the workload's")
		}
	}
	all := grant.Grant{
		Type: oauth.GrantJWTBearer, ClientID: w.Subject, User: grant.User{Subject: w.Subject},
		Scopes: w.Scopes, Resources: resources,
	}
	return all.Narrow(scopes, "")
}
