package tokenexchange

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"github.com/mcp-auth/go/client/internal/authserver"
	"github.com/mcp-auth/go/client/internal/endpoint"
	"github.com/mcp-auth/go/metadata"
)

// accessTokenType is the type of both tokens (RFC 8693 §3).
const accessTokenType = "urn:ietf:params:oauth:token-type:access_token"

// ownParameters are the parameters that the exchange itself sets.
var ownParameters = []string{
	"grant_type", "subject_token", "subject_token_type", "requested_token_type", "audience", "resource", "scope",
	"assertion", "requested_token_use", "client_id", "client_secret", "client_assertion", "client_assertion_type",
}

// exchange asks the token endpoint.
func (e *Exchanger) exchange(ctx context.Context, subject string) (*endpoint.Token, error) {
	server, err := e.server(ctx)
	if err != nil {
		return nil, err
	}
	return e.endpoint.Token(ctx, endpoint.Request{
		URL: server.TokenEndpoint, Issuer: e.config.Client.Issuer, Identity: e.client.At(server),
		Form: e.form(subject), Secrets: []string{subject},
	})
}

func (e *Exchanger) form(subject string) url.Values {
	form := url.Values{}
	for name, value := range e.config.Parameters {
		form.Set(name, value)
	}
	if len(e.config.Scopes) > 0 {
		form.Set("scope", strings.Join(e.config.Scopes, " "))
	}
	if e.config.Flow == OnBehalfOf {
		form.Set("grant_type", endpoint.GrantJWTBearer)
		form.Set("assertion", subject)
		form.Set("requested_token_use", "on_behalf_of")
		return form
	}
	form.Set("grant_type", endpoint.GrantTokenExchange)
	form.Set("subject_token", subject)
	form.Set("subject_token_type", accessTokenType)
	form.Set("requested_token_type", accessTokenType)
	if e.config.Audience != "" {
		form.Set("audience", e.config.Audience)
	}
	if e.config.Resource != "" {
		form.Set("resource", e.config.Resource)
	}
	return form
}

// server returns the authorization server's metadata, which is only its token
// endpoint if that is configured.
func (e *Exchanger) server(ctx context.Context) (*authserver.Server, error) {
	issuer := e.config.Client.Issuer
	if e.config.TokenEndpoint != "" {
		return &authserver.Server{AuthorizationServer: &metadata.AuthorizationServer{
			Issuer: issuer, TokenEndpoint: e.config.TokenEndpoint,
		}}, nil
	}
	if found := e.found.Load(); found != nil && e.config.Now().Before(found.until) {
		return found.server, nil
	}
	document, err := metadata.Fetch(ctx, e.fetch, metadata.Source{Issuer: issuer})
	if err != nil {
		return nil, err
	}
	if document.Server.TokenEndpoint == "" {
		return nil, fmt.Errorf("the metadata of %q has no token_endpoint", issuer)
	}
	server := &authserver.Server{AuthorizationServer: document.Server}
	e.found.Store(&found{server: server, until: e.config.Now().Add(metadataLifetime)})
	return server, nil
}
