package client

import (
	"context"
	"fmt"
	"io"

	"github.com/mcp-auth/go/client/internal/grant"
	"github.com/mcp-auth/go/configerr"
	"github.com/mcp-auth/go/internal/fetch"
	"github.com/mcp-auth/go/metadata"
)

// Grant is how tokens are obtained: [AuthorizationCode], [ClientCredentials],
// [WorkloadIdentity] or [EnterpriseManaged].
type Grant interface {
	// parse returns the grant that runs, and lists its mistakes.
	parse(p *parts, faults *configerr.List) grant.Grant
}

// extensionOf returns the MCP extension that a grant is of, "" if it is of none or of
// one without an identifier.
func extensionOf(g Grant) string {
	switch g.(type) {
	case ClientCredentials, *ClientCredentials:
		return "io.modelcontextprotocol/oauth-client-credentials"
	case EnterpriseManaged, *EnterpriseManaged:
		return "io.modelcontextprotocol/enterprise-managed-authorization"
	}
	return ""
}

// ClientCredentials lets the client act for itself (OAuth Client Credentials
// extension of MCP). It needs [Config.Credentials] with a secret or a key.
type ClientCredentials struct{}

func (ClientCredentials) parse(p *parts, faults *configerr.List) grant.Grant {
	if len(p.credentials) == 0 {
		faults.Add(configerr.NoCredentials, "Credentials", "")
	}
	for _, credentials := range p.credentials {
		if credentials.ClientSecret == "" && credentials.PrivateKey == nil {
			faults.Add(configerr.NoCredentials, "Credentials", credentials.ClientID)
		}
	}
	return &grant.ClientCredentials{Endpoint: p.endpoint, Registrar: p.registrar}
}

// AssertionRequest says what an assertion is for.
type AssertionRequest struct {
	// Issuer is the authorization server's identifier and TokenEndpoint the URL
	// that the assertion is sent to: its audience is one of the two.
	Issuer, TokenEndpoint string
	// Resource is the MCP server's resource identifier.
	Resource string
	// Scopes are the scopes that will be requested.
	Scopes []string
}

// AssertionSource returns a JWT that identifies the client, such as one that
// the platform it runs on keeps in a file.
type AssertionSource func(ctx context.Context, request AssertionRequest) (string, error)

// WorkloadIdentity lets a workload act for itself with the identity that its
// platform gave it (Workload Identity Federation extension of MCP): the
// assertion is exchanged for a token with the JWT bearer grant (RFC 7523 §2.1).
// The client is not registered and sends no client_id, unless there are
// [Config.Credentials].
type WorkloadIdentity struct {
	// Assertion returns the workload's JWT. Its audiences must be the issuer or
	// the token endpoint of the authorization server, else it is not sent and the
	// error is a [*clienterr.AssertionError]. Required.
	Assertion AssertionSource
	// Issuer is the only authorization server that may get the assertion. Empty
	// means each that the MCP server names, if the assertion is meant for it.
	Issuer string
}

func (g WorkloadIdentity) parse(p *parts, faults *configerr.List) grant.Grant {
	if g.Assertion == nil {
		faults.Add(configerr.NoAssertion, "Grant.Assertion", "")
	}
	if g.Issuer != "" && metadata.CheckIssuer(p.fetch.PlainHosts().Secured(g.Issuer)) != nil {
		faults.Add(configerr.InvalidIssuer, "Grant.Issuer", g.Issuer)
	}
	source := func(ctx context.Context, r grant.Request) (string, error) {
		return g.Assertion(ctx, AssertionRequest{
			Issuer: r.Server.OwnIssuer(), TokenEndpoint: r.Server.TokenEndpoint, Resource: r.Resource, Scopes: r.Scopes,
		})
	}
	return &grant.Assertion{Endpoint: p.endpoint, Registrar: p.registrar, Issuer: g.Issuer, Source: source}
}

// The types of [SubjectToken].
const (
	IDTokenType      = "urn:ietf:params:oauth:token-type:id_token"
	RefreshTokenType = "urn:ietf:params:oauth:token-type:refresh_token"
	SAML2TokenType   = "urn:ietf:params:oauth:token-type:saml2"
)

// SubjectToken is the token that the enterprise's identity provider gave the
// client when the user logged in.
type SubjectToken struct {
	Token string `json:"-"`
	// Type is one of the token types above. Empty means [IDTokenType].
	Type string
}

// Format does not print the token, whatever the verb.
func (t SubjectToken) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "{"+t.Type+"}") }

// EnterpriseManaged uses the user's login at the enterprise's identity provider
// (Enterprise-Managed Authorization extension of MCP): it exchanges the subject
// token there for an assertion (RFC 8693, ID-JAG), and the assertion at the MCP
// server's authorization server for a token (RFC 7523). The client must be
// registered with both.
type EnterpriseManaged struct {
	// IdentityProvider are the client's credentials there. The issuer is
	// required; a client without secret and key is a public one.
	IdentityProvider Credentials
	// TokenEndpoint is the token endpoint of the identity provider. Empty means
	// that the provider's metadata has it.
	TokenEndpoint string
	// Subject returns the user's token. Required.
	Subject func(ctx context.Context) (SubjectToken, error)
}

func (g EnterpriseManaged) parse(p *parts, faults *configerr.List) grant.Grant {
	if metadata.CheckIssuer(p.fetch.PlainHosts().Secured(g.IdentityProvider.Issuer)) != nil {
		faults.Add(configerr.InvalidIssuer, "Grant.IdentityProvider.Issuer", g.IdentityProvider.Issuer)
	}
	provider := g.IdentityProvider.parse(faults, "Grant.IdentityProvider")
	if g.TokenEndpoint != "" && fetch.CheckURL(p.fetch.PlainHosts().For(g.IdentityProvider.Issuer).Secured(g.TokenEndpoint), fetch.IsLoopbackURL(g.IdentityProvider.Issuer)) != nil {
		faults.Add(configerr.InvalidEndpoint, "Grant.TokenEndpoint", g.TokenEndpoint)
	}
	if g.Subject == nil {
		faults.Add(configerr.NoSubjectToken, "Grant.Subject", "")
	}
	return &grant.EnterpriseManaged{
		Endpoint: p.endpoint, Registrar: p.registrar, Fetch: p.fetch,
		Provider: provider, TokenEndpoint: g.TokenEndpoint, Subject: g.subject,
	}
}

// subject returns the user's token with its type.
func (g EnterpriseManaged) subject(ctx context.Context) (token, tokenType string, err error) {
	subject, err := g.Subject(ctx)
	if subject.Type == "" {
		subject.Type = IDTokenType
	}
	return subject.Token, subject.Type, err
}
