// Package clientauth authenticates clients (RFC 6749 §2.3, RFC 7523 §2.2).
package clientauth

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"github.com/mcp-auth/go/internal/authserver/assertion"
	"github.com/mcp-auth/go/internal/authserver/client"
	"github.com/mcp-auth/go/internal/authserver/keyset"
	"github.com/mcp-auth/go/internal/authserver/oauth"
	"github.com/mcp-auth/go/internal/jose"
)

// Authenticator authenticates the clients that send requests. It is safe for
// concurrent use.
type Authenticator struct {
	clients    client.Finder
	assertions *assertion.Verifier
	issuer     string
}

// New returns an authenticator. Client assertions must be for the issuer
// identifier and nothing else: a client that could be made to name another
// server's token endpoint would give that server an assertion for this one
// (draft-ietf-oauth-rfc7523bis §4).
func New(clients client.Finder, assertions *assertion.Verifier, issuer string) *Authenticator {
	return &Authenticator{clients: clients, assertions: assertions, issuer: issuer}
}

// Form reads a form and authenticates the client that sent it.
func (a *Authenticator) Form(w http.ResponseWriter, r *http.Request) (oauth.Parameters, *client.Client, error) {
	p, err := oauth.ReadCheckedForm(w, r)
	if err != nil {
		return nil, nil, err
	}
	c, err := a.Authenticate(r, p)
	return p, c, err
}

// Authenticate returns the client that sent a request. A client may send its
// secret in either way. A public client may use Basic with an empty password:
// libraries that do not know which method a server wants try Basic first.
func (a *Authenticator) Authenticate(r *http.Request, p oauth.Parameters) (*client.Client, error) {
	if p.Get("client_assertion") != "" || p.Get("client_assertion_type") != "" {
		return a.byKey(r, p)
	}
	id, secret, err := credentials(r, p)
	if err != nil {
		return nil, err
	}
	c, err := a.find(r.Context(), id)
	if err != nil {
		return nil, err
	}
	if c.SecretHash == nil && secret != "" {
		return nil, oauth.InvalidClient("the client has no secret")
	}
	if c.Confidential() && !c.Knows(secret) {
		return nil, oauth.InvalidClient("the client secret is missing or wrong")
	}
	return c, nil
}

func (a *Authenticator) find(ctx context.Context, id string) (*client.Client, error) {
	c, err := a.clients.Find(ctx, id)
	var described *client.DocumentError
	switch {
	case errors.Is(err, client.ErrUnknown):
		return nil, oauth.InvalidClient(client.ErrUnknown.Error())
	case errors.As(err, &described):
		return nil, oauth.InvalidClient("the client's metadata document cannot be used").WithCause(described)
	}
	return c, err
}

// byKey implements private_key_jwt (RFC 7523 §2.2 and §3): the client signs its
// own name, for this server, for one use.
func (a *Authenticator) byKey(r *http.Request, p oauth.Parameters) (*client.Client, error) {
	if p.Get("client_assertion_type") != jose.ClientAssertionType || p.Get("client_assertion") == "" {
		return nil, oauth.InvalidClient("the client_assertion is missing, or of another type")
	}
	if p.Get("client_secret") != "" || r.Header.Get("Authorization") != "" {
		return nil, oauth.InvalidRequest("client credentials were sent in two ways")
	}
	signed, err := assertion.Parse(p.Get("client_assertion"))
	if err != nil || !signed.Typed("", "JWT", "client-authentication+jwt") {
		return nil, oauth.InvalidClient("the client_assertion is not a JWT for authentication")
	}
	if id := p.Get("client_id"); id != "" && id != signed.Subject {
		return nil, oauth.InvalidClient("client_id differs from sub of the client_assertion")
	}
	c, err := a.find(r.Context(), signed.Subject)
	if err != nil {
		return nil, err
	}
	return c, a.use(r.Context(), c, signed)
}

func (a *Authenticator) use(ctx context.Context, c *client.Client, signed *assertion.Assertion) error {
	if c.Keys == nil {
		return oauth.InvalidClient("the client has no keys")
	}
	if signed.Issuer != c.ID || !signed.IsFor(a.issuer) {
		return oauth.InvalidClient("iss of the client_assertion is not the client, or aud is not exactly this server's issuer identifier")
	}
	err := a.assertions.Use(ctx, signed, signer(c))
	var fault *assertion.Error
	if errors.As(err, &fault) {
		return oauth.InvalidClient(fault.Reason).WithCause(fault.Cause)
	}
	return err
}

// signer returns the client as a signer. A client that anyone can make has few
// places to remember its assertions, and none of those of configured clients.
func signer(c *client.Client) assertion.Signer {
	s := assertion.Signer{
		Keys: func(context.Context) (*keyset.Source, error) { return c.Keys, nil },
		Kind: "client assertion",
	}
	if c.Origin != client.Configured {
		s.Kind, s.Owner = "assertion of a registered client", c.ID
	}
	return s
}

// credentials reads client_id and secret from the one place that has them.
func credentials(r *http.Request, p oauth.Parameters) (id, secret string, err error) {
	if r.Header.Get("Authorization") == "" {
		if p.Get("client_id") == "" {
			return "", "", oauth.InvalidClient("the client_id is missing")
		}
		return p.Get("client_id"), p.Get("client_secret"), nil
	}
	user, password, ok := r.BasicAuth()
	if !ok || len(r.Header["Authorization"]) != 1 {
		return "", "", oauth.InvalidClient("the Authorization header does not use the scheme Basic")
	}
	if p.Get("client_secret") != "" {
		return "", "", oauth.InvalidRequest("client credentials were sent in two ways")
	}
	id, errID := url.QueryUnescape(user) // RFC 6749 §2.3.1
	secret, errSecret := url.QueryUnescape(password)
	if errID != nil || errSecret != nil || id == "" {
		return "", "", oauth.InvalidClient("the Basic credentials are malformed")
	}
	if other := p.Get("client_id"); other != "" && other != id {
		return "", "", oauth.InvalidRequest("client_id differs from the Basic credentials")
	}
	return id, secret, nil
}
