// Package grant obtains tokens: by authorization code, client credentials, JWT
// bearer assertions, token exchange and refresh tokens.
package grant

import (
	"context"
	"net/url"
	"strings"

	"github.com/mcp-auth/go/client/internal/authserver"
	"github.com/mcp-auth/go/client/internal/endpoint"
	"github.com/mcp-auth/go/client/internal/proof"
	"github.com/mcp-auth/go/client/internal/record"
	"github.com/mcp-auth/go/client/internal/registration"
)

// Grant is a way to obtain a token.
type Grant interface {
	// Obtain requests a token.
	Obtain(ctx context.Context, r Request) (*Result, error)
	// Interactive reports whether a user takes part.
	Interactive() bool
}

// Request says which token is wanted.
type Request struct {
	// Server is the authorization server.
	Server *authserver.Server
	// Resource is the identifier to send, exactly as the resource writes it.
	Resource string
	Scopes   []string
	// Supported are the scopes that the resource advertises.
	Supported []string
	// Key is the key to bind the token to, nil if it is not to be bound.
	Key *proof.Key
	// Before is the authorization server that was used earlier.
	Before record.Server
}

// Result is a token and the client it was issued to.
type Result struct {
	Token *endpoint.Token
	// Client is that client. It has a method only if it registered dynamically.
	Client record.Client
	// Bound reports whether credentials without an issuer were used.
	Bound bool
}

func newResult(token *endpoint.Token, client registration.Registration) *Result {
	result := &Result{Token: token, Client: record.Client{ClientID: client.Identity.ID}, Bound: client.Bound}
	if client.Dynamic {
		result.Client.ClientSecret, result.Client.Method = client.Identity.Secret, client.Identity.Method
	}
	return result
}

// request returns a token request with the parameters that every grant has: the
// resource (RFC 8707 §2.2), the scopes, and what the configuration adds.
func (r *Request) request(grantType string, id endpoint.Identity, secrets ...string) endpoint.Request {
	form := url.Values{"grant_type": {grantType}}
	for name, value := range r.Server.Settings.TokenParameters {
		form.Set(name, value)
	}
	return endpoint.Request{
		URL: r.Server.TokenEndpoint, Issuer: r.Server.OwnIssuer(), Identity: id, Key: r.Key, Secrets: secrets,
		Form: r.form(form),
	}
}

// form adds resource and scopes to a form.
func (r *Request) form(form url.Values) url.Values {
	if !r.Server.Settings.OmitResource {
		form.Set("resource", r.Resource)
	}
	if len(r.Scopes) > 0 {
		form.Set("scope", strings.Join(r.Scopes, " "))
	}
	return form
}

// Refresh redeems a refresh token (RFC 6749 §6).
func Refresh(ctx context.Context, e *endpoint.Client, r Request, id endpoint.Identity, refreshToken string) (*endpoint.Token, error) {
	request := r.request(endpoint.GrantRefreshToken, id, refreshToken)
	request.Form.Del("scope") // RFC 6749 §6: without it, the scopes granted before
	request.Form.Set("refresh_token", refreshToken)
	return e.Token(ctx, request)
}

// ClientCredentials lets the client act for itself.
type ClientCredentials struct {
	Endpoint  *endpoint.Client
	Registrar *registration.Registrar
}

// Interactive implements [Grant].
func (*ClientCredentials) Interactive() bool { return false }

// Obtain implements [Grant].
func (g *ClientCredentials) Obtain(ctx context.Context, r Request) (*Result, error) {
	client, err := g.Registrar.Preregistered(r.Server, r.Before)
	if err != nil {
		return nil, err
	}
	token, err := g.Endpoint.Token(ctx, r.request(endpoint.GrantClientCredentials, client.Identity))
	if err != nil {
		return nil, err
	}
	return newResult(token, client), nil
}
