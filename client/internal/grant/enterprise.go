package grant

import (
	"context"
	"net/url"

	"github.com/mcp-auth/go/client/clienterr"
	"github.com/mcp-auth/go/client/internal/authserver"
	"github.com/mcp-auth/go/client/internal/endpoint"
	"github.com/mcp-auth/go/client/internal/registration"
	"github.com/mcp-auth/go/client/internal/urls"
	"github.com/mcp-auth/go/internal/fetch"
	"github.com/mcp-auth/go/metadata"
)

const idJAGType = "urn:ietf:params:oauth:token-type:id-jag"

// EnterpriseManaged exchanges the user's token of an identity provider for an
// identity assertion (RFC 8693, ID-JAG), and the assertion for a token (RFC
// 7523).
type EnterpriseManaged struct {
	Endpoint  *endpoint.Client
	Registrar *registration.Registrar
	Fetch     *fetch.Client

	// Provider is the client at the identity provider.
	Provider registration.Credentials
	// TokenEndpoint is the token endpoint of the identity provider. Empty means
	// that its metadata has it.
	TokenEndpoint string
	// Subject returns the user's token and its type.
	Subject func(ctx context.Context) (token, tokenType string, err error)
}

// Interactive implements [Grant].
func (*EnterpriseManaged) Interactive() bool { return false }

// Obtain implements [Grant].
func (g *EnterpriseManaged) Obtain(ctx context.Context, r Request) (*Result, error) {
	client, err := g.Registrar.Register(ctx, registration.Request{Server: r.Server, Before: r.Before})
	if err != nil {
		return nil, err
	}
	assertion, err := g.assertion(ctx, r)
	if err != nil {
		return nil, err
	}
	return redeem(ctx, g.Endpoint, r, client, assertion)
}

// assertion exchanges the user's token for an identity assertion.
func (g *EnterpriseManaged) assertion(ctx context.Context, r Request) (string, error) {
	subject, subjectType, err := g.Subject(ctx)
	if err != nil {
		return "", err
	}
	provider, err := g.provider(ctx)
	if err != nil {
		return "", err
	}
	answer, err := g.Endpoint.Token(ctx, endpoint.Request{
		URL: provider.TokenEndpoint, Issuer: provider.Issuer, Identity: g.Provider.At(provider), Secrets: []string{subject},
		Form: r.form(url.Values{
			"grant_type":           {endpoint.GrantTokenExchange},
			"requested_token_type": {idJAGType},
			"audience":             {r.Server.OwnIssuer()},
			"subject_token":        {subject},
			"subject_token_type":   {subjectType},
		}),
	})
	switch {
	case err != nil:
		return "", err
	case answer.IssuedType != idJAGType:
		return "", &clienterr.AnswerError{
			Endpoint: urls.WithoutQuery(provider.TokenEndpoint), Reason: "it has no identity assertion (ID-JAG)",
		}
	}
	return answer.AccessToken, nil
}

// provider returns the metadata of the identity provider, which is only its
// token endpoint if that is configured.
func (g *EnterpriseManaged) provider(ctx context.Context) (*authserver.Server, error) {
	if g.TokenEndpoint != "" {
		return &authserver.Server{AuthorizationServer: &metadata.AuthorizationServer{Issuer: g.Provider.Issuer, TokenEndpoint: g.TokenEndpoint}}, nil
	}
	found, err := metadata.Fetch(ctx, g.Fetch, metadata.Source{Issuer: g.Provider.Issuer})
	if err != nil {
		return nil, err
	}
	return &authserver.Server{AuthorizationServer: found.Server}, nil
}
