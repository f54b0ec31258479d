// Package registration determines as which client to speak to an authorization
// server, in MCP's order: credentials registered beforehand, client ID metadata
// document, dynamic registration.
package registration

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/mcp-auth/go/client/clienterr"
	"github.com/mcp-auth/go/client/internal/endpoint"
	"github.com/mcp-auth/go/client/internal/record"
	"github.com/mcp-auth/go/client/internal/urls"
	"github.com/mcp-auth/go/internal/fetch"
	"github.com/mcp-auth/go/metadata"
)

// Credentials identify a client that was registered beforehand.
type Credentials struct {
	// Issuer is the authorization server. Empty binds the credentials to the
	// first one that they are used at.
	Issuer string
	// Identity is the client. An empty method is chosen by what the server
	// supports.
	Identity endpoint.Identity
}

// At returns the client at a server.
func (c *Credentials) At(as *metadata.AuthorizationServer) endpoint.Identity {
	id := c.Identity
	if id.Method == "" {
		id.Method = endpoint.ChooseMethod(as, id.Secret != "", id.Signer != nil)
	}
	return id
}

// Config configures a [Registrar].
type Config struct {
	Credentials []Credentials
	// DocumentURL is the URL of the client's metadata document, empty if it has
	// none.
	DocumentURL string
	// Dynamic allows dynamic registration, with what About says of the client.
	Dynamic bool
	About   endpoint.ClientMetadata

	Endpoint *endpoint.Client
	Records  *record.Records
	Logger   *slog.Logger
	Now      func() time.Time
}

// Registrar finds the identities of one client. It is safe for concurrent use.
type Registrar struct{ config Config }

// New returns a registrar.
func New(config Config) *Registrar { return &Registrar{config} }

// Registration is a client at an authorization server.
type Registration struct {
	Identity endpoint.Identity
	// Bound reports whether credentials without an issuer are used.
	Bound bool
	// Dynamic reports whether the client registered dynamically.
	Dynamic bool
}

// Register returns the client at an authorization server, registering it there
// if need be. before is the server used earlier. An empty redirectURI means that
// no redirect takes place, so the client does not register dynamically. The
// error is a [*clienterr.RegistrationError] if there is no client identifier.
func (r *Registrar) Register(ctx context.Context, as *metadata.AuthorizationServer, before record.Server, redirectURI string) (Registration, error) {
	known, err := r.Preregistered(as, before)
	if err != nil || known.Identity.ID != "" {
		return known, err
	}
	if r.config.DocumentURL != "" && as.ClientIDMetadataDocumentSupported {
		return Registration{Identity: endpoint.Identity{ID: r.config.DocumentURL, Method: endpoint.MethodNone}}, nil
	}
	if redirectURI == "" || as.RegistrationEndpoint == "" || !r.config.Dynamic {
		return Registration{}, &clienterr.RegistrationError{Issuer: as.Issuer, Kind: clienterr.RegistrationNeeded, RedirectURI: redirectURI}
	}
	client, err := r.dynamic(ctx, as, redirectURI)
	if err != nil {
		return Registration{}, err
	}
	return Registration{Identity: identityOf(client), Dynamic: true}, nil
}

func identityOf(c *record.Client) endpoint.Identity {
	return endpoint.Identity{ID: c.ClientID, Secret: c.ClientSecret, Method: c.Method}
}

// Preregistered returns the client that was registered beforehand, without an
// identifier if there are no credentials. Credentials for other servers only are
// an error, not a reason to register: the client was meant to be known, and the
// MCP server has moved.
func (r *Registrar) Preregistered(as *metadata.AuthorizationServer, before record.Server) (Registration, error) {
	var unbound *Credentials
	for i := range r.config.Credentials {
		credentials := &r.config.Credentials[i]
		switch credentials.Issuer {
		case as.Issuer:
			return Registration{Identity: credentials.At(as)}, nil
		case "":
			unbound = credentials
		}
	}
	switch {
	case unbound != nil && (!before.Bound || before.Issuer == as.Issuer):
		return Registration{Identity: unbound.At(as), Bound: true}, nil
	case unbound != nil:
		return Registration{}, otherIssuer(as.Issuer, before.Issuer)
	case len(r.config.Credentials) > 0:
		return Registration{}, otherIssuer(as.Issuer, r.config.Credentials[0].Issuer)
	}
	return Registration{}, nil
}

func otherIssuer(issuer, registered string) error {
	return &clienterr.RegistrationError{
		Issuer: issuer, Kind: clienterr.OtherIssuer,
		Err: fmt.Errorf("its credentials are for %s", registered),
	}
}

// Issuers returns the issuers that there are credentials for.
func (r *Registrar) Issuers() []string {
	var issuers []string
	for _, credentials := range r.config.Credentials {
		if credentials.Issuer != "" {
			issuers = append(issuers, credentials.Issuer)
		}
	}
	return issuers
}

// Owns reports whether a token was issued to the client whose credentials are
// configured for its issuer. Without credentials every token is the client's.
func (r *Registrar) Owns(token *record.Token) bool {
	for _, issuer := range []string{token.Issuer, ""} {
		for _, credentials := range r.config.Credentials {
			if credentials.Issuer == issuer {
				return credentials.Identity.ID == token.ClientID
			}
		}
	}
	return true
}

// Known returns the client that a token was issued to. A client that is no
// longer known is a public one.
func (r *Registrar) Known(ctx context.Context, as *metadata.AuthorizationServer, clientID string) (endpoint.Identity, error) {
	for i := range r.config.Credentials {
		credentials := &r.config.Credentials[i]
		if credentials.Identity.ID == clientID && (credentials.Issuer == as.Issuer || credentials.Issuer == "") {
			return credentials.At(as), nil
		}
	}
	client, err := r.config.Records.Client(ctx, as.Issuer)
	if err != nil {
		return endpoint.Identity{}, err
	}
	if client != nil && client.ClientID == clientID {
		return identityOf(client), nil
	}
	return endpoint.Identity{ID: clientID, Method: endpoint.MethodNone}, nil
}

// RedirectURI returns the redirect URI of the dynamic registration at an
// authorization server, empty if there is none.
func (r *Registrar) RedirectURI(ctx context.Context, issuer string) (string, error) {
	client, err := r.config.Records.Client(ctx, issuer)
	if err != nil || client == nil {
		return "", err
	}
	return client.RedirectURI, nil
}

// Forget removes the dynamic registration at an authorization server, so that
// the next attempt registers again.
func (r *Registrar) Forget(ctx context.Context, issuer string) error {
	return r.config.Records.RemoveClient(ctx, issuer)
}

// dynamic returns the registration at a server, registering if there is none
// that still fits.
func (r *Registrar) dynamic(ctx context.Context, as *metadata.AuthorizationServer, redirectURI string) (*record.Client, error) {
	kept, err := r.config.Records.Client(ctx, as.Issuer)
	if err != nil {
		return nil, err
	}
	if kept != nil && r.fits(kept, redirectURI) {
		return kept, nil
	}
	r.config.Logger.InfoContext(ctx, "registering with the authorization server", "issuer", as.Issuer)
	answer, err := r.config.Endpoint.Register(ctx, as.RegistrationEndpoint, about(r.config.About, as, redirectURI))
	var refused *clienterr.TokenError
	if errors.As(err, &refused) {
		return nil, &clienterr.RegistrationError{Issuer: as.Issuer, Kind: clienterr.RegistrationRefused, RedirectURI: redirectURI, Err: err}
	}
	if err != nil {
		return nil, err
	}
	client, err := clientOf(answer, as, redirectURI)
	if err != nil {
		return nil, &clienterr.AnswerError{Endpoint: urls.WithoutQuery(as.RegistrationEndpoint), Reason: err.Error()}
	}
	return client, r.config.Records.SetClient(ctx, client)
}

func (r *Registrar) fits(kept *record.Client, redirectURI string) bool {
	return kept.ClientID != "" && kept.RedirectURI == redirectURI &&
		(kept.ExpiresAt.IsZero() || r.config.Now().Before(kept.ExpiresAt))
}

// about completes the client metadata for one server.
func about(client endpoint.ClientMetadata, as *metadata.AuthorizationServer, redirectURI string) endpoint.ClientMetadata {
	client.RedirectURIs = []string{redirectURI}
	client.GrantTypes = []string{endpoint.GrantAuthorizationCode}
	client.ResponseTypes = []string{"code"}
	client.TokenEndpointAuthMethod = chooseMethod(as)
	client.ApplicationType = "web"
	if as.GrantTypesSupported == nil || slices.Contains(as.GrantTypesSupported, endpoint.GrantRefreshToken) {
		client.GrantTypes = append(client.GrantTypes, endpoint.GrantRefreshToken)
	}
	if fetch.IsLoopbackURL(redirectURI) {
		client.ApplicationType = "native"
	}
	return client
}

// chooseMethod prefers a public client: a secret that every installation gets
// adds nothing to PKCE.
func chooseMethod(as *metadata.AuthorizationServer) string {
	for _, method := range []string{endpoint.MethodNone, endpoint.MethodBasic, endpoint.MethodPost} {
		if slices.Contains(as.TokenEndpointAuthMethodsSupported, method) {
			return method
		}
	}
	return endpoint.MethodBasic // the default (RFC 8414 §2)
}

var (
	errOtherRedirect = errors.New("the server registered other redirect URIs than it was asked for")
	errOtherMethod   = errors.New("the server wants an authentication method that the client cannot use")
)

// clientOf returns the record to keep of a server's answer.
func clientOf(answer *endpoint.Registered, as *metadata.AuthorizationServer, redirectURI string) (*record.Client, error) {
	if len(answer.RedirectURIs) > 0 && !slices.Contains(answer.RedirectURIs, redirectURI) {
		return nil, errOtherRedirect
	}
	client := &record.Client{
		Issuer: as.Issuer, ClientID: answer.ClientID, ClientSecret: answer.Secret, Method: answer.Method, RedirectURI: redirectURI,
	}
	switch client.Method {
	case "":
		client.Method = endpoint.ChooseMethod(as, answer.Secret != "", false)
	case endpoint.MethodNone:
	case endpoint.MethodBasic, endpoint.MethodPost:
		if answer.Secret == "" {
			return nil, errOtherMethod
		}
	default:
		return nil, errOtherMethod
	}
	if answer.Secret != "" {
		client.ExpiresAt = answer.SecretExpiresAt
	}
	return client, nil
}
