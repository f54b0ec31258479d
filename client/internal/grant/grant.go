// Package grant obtains tokens: by authorization code, client credentials, JWT
// bearer assertions, token exchange and refresh tokens.
package grant

import (
	"context"
	"net/url"
	"strings"

	"github.com/mcp-auth/go/client/internal/endpoint"
	"github.com/mcp-auth/go/client/internal/proof"
	"github.com/mcp-auth/go/client/internal/record"
	"github.com/mcp-auth/go/client/internal/registration"
	"github.com/mcp-auth/go/metadata"
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
	Server *metadata.AuthorizationServer
	// Resource is the identifier to send, exactly as the resource writes it.
	Resource string
	Scopes   []string
	// Key is the key to bind the token to, nil if it is not to be bound.
	Key *proof.Key
	// Before is the authorization server that was used earlier.
	Before record.Server
}

// Result is a token and the client it was issued to.
type Result struct {
	Token    *endpoint.Token
	ClientID string
	// Bound reports whether credentials without an issuer were used.
	Bound bool
}

func newResult(token *endpoint.Token, client registration.Registration) *Result {
	return &Result{Token: token, ClientID: client.Identity.ID, Bound: client.Bound}
}

// request returns a token request with the parameters that every grant has: the
// resource (RFC 8707 §2.2) and the scopes.
func (r *Request) request(grantType string, id endpoint.Identity, secrets ...string) endpoint.Request {
	return endpoint.Request{
		URL: r.Server.TokenEndpoint, Issuer: r.Server.Issuer, Identity: id, Key: r.Key, Secrets: secrets,
		Form: r.form(url.Values{"grant_type": {grantType}}),
	}
}

// form adds resource and scopes to a form.
func (r *Request) form(form url.Values) url.Values {
	form.Set("resource", r.Resource)
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

// Assertion lets the client act with an assertion of its identity (RFC 7523
// §2.1).
type Assertion struct {
	Endpoint  *endpoint.Client
	Registrar *registration.Registrar
	// Source returns the assertion.
	Source func(ctx context.Context, r Request) (string, error)
}

// Interactive implements [Grant].
func (*Assertion) Interactive() bool { return false }

// Obtain implements [Grant].
func (g *Assertion) Obtain(ctx context.Context, r Request) (*Result, error) {
	client, err := g.Registrar.Preregistered(r.Server, r.Before)
	if err != nil {
		return nil, err
	}
	assertion, err := g.Source(ctx, r)
	if err != nil {
		return nil, err
	}
	return redeem(ctx, g.Endpoint, r, client, assertion)
}

// redeem exchanges an assertion for a token.
func redeem(ctx context.Context, e *endpoint.Client, r Request, client registration.Registration, assertion string) (*Result, error) {
	request := r.request(endpoint.GrantJWTBearer, client.Identity, assertion)
	request.Form.Set("assertion", assertion)
	token, err := e.Token(ctx, request)
	if err != nil {
		return nil, err
	}
	return newResult(token, client), nil
}
