package registration

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/mcp-auth/go/client/clienterr"
	"github.com/mcp-auth/go/client/internal/endpoint"
	"github.com/mcp-auth/go/client/internal/record"
	"github.com/mcp-auth/go/client/internal/urls"
	"github.com/mcp-auth/go/internal/fetch"
	"github.com/mcp-auth/go/metadata"
)

// confirmedFor is how long a server is taken to know a client since it last
// showed that it does.
const confirmedFor = 10 * time.Minute

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
// the next attempt registers again. If clientID is not empty, it removes no
// registration but that of this client.
func (r *Registrar) Forget(ctx context.Context, issuer, clientID string) error {
	r.mu.Lock()
	delete(r.confirmed, issuer)
	r.mu.Unlock()
	return r.config.Records.RemoveClient(ctx, issuer, clientID)
}

// Confirm records that an authorization server has just shown that it knows the
// client.
func (r *Registrar) Confirm(issuer string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.confirmed[issuer] = r.config.Now()
}

func (r *Registrar) isConfirmed(issuer string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	at, ok := r.confirmed[issuer]
	return ok && r.config.Now().Sub(at) < confirmedFor
}

// dynamic returns the registration at a server, registering if there is none
// that still fits.
func (r *Registrar) dynamic(ctx context.Context, q Request) (Registration, error) {
	kept, err := r.config.Records.Client(ctx, q.Server.Issuer)
	if err != nil {
		return Registration{}, err
	}
	if kept != nil && r.fits(kept, q) {
		registered := registrationOf(kept)
		registered.Kept = !r.isConfirmed(q.Server.Issuer)
		return registered, nil
	}
	client, err := r.register(ctx, q)
	if err != nil {
		return Registration{}, err
	}
	if err := r.config.Records.SetClient(ctx, client); err != nil {
		return Registration{}, err
	}
	r.Confirm(q.Server.Issuer)
	return registrationOf(client), nil
}

func registrationOf(c *record.Client) Registration {
	return Registration{
		Identity: endpoint.Identity{ID: c.ClientID, Secret: c.ClientSecret, Method: c.Method},
		Dynamic:  true, Scopes: c.Scopes,
	}
}

func (r *Registrar) register(ctx context.Context, q Request) (*record.Client, error) {
	as := q.Server
	r.config.Logger.InfoContext(ctx, "registering with the authorization server", "issuer", as.Issuer)
	answer, err := r.config.Endpoint.Register(ctx, as.RegistrationEndpoint, about(r.config.About, q))
	var refused *clienterr.TokenError
	if errors.As(err, &refused) {
		return nil, &clienterr.RegistrationError{Issuer: as.Issuer, Kind: clienterr.RegistrationRefused, RedirectURI: q.RedirectURI, Err: err}
	}
	if err != nil {
		return nil, err
	}
	client, err := clientOf(answer, q)
	if err != nil {
		return nil, &clienterr.AnswerError{Endpoint: urls.WithoutQuery(as.RegistrationEndpoint), Reason: err.Error()}
	}
	return client, nil
}

func (r *Registrar) fits(kept *record.Client, q Request) bool {
	return kept.ClientID != "" && kept.RedirectURI == q.RedirectURI && covers(kept.Scopes, q.Scopes) &&
		(kept.ExpiresAt.IsZero() || r.config.Now().Before(kept.ExpiresAt))
}

func covers(scopes, needed []string) bool {
	return !slices.ContainsFunc(needed, func(s string) bool { return !slices.Contains(scopes, s) })
}

// about completes the client metadata for one server.
func about(client endpoint.ClientMetadata, q Request) endpoint.ClientMetadata {
	as, redirectURI := q.Server, q.RedirectURI
	client.Scope = strings.Join(q.Scopes, " ")
	client.RedirectURIs = []string{redirectURI}
	client.GrantTypes = []string{endpoint.GrantAuthorizationCode}
	client.ResponseTypes = []string{"code"}
	client.TokenEndpointAuthMethod = chooseMethod(as.AuthorizationServer)
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
func clientOf(answer *endpoint.Registered, q Request) (*record.Client, error) {
	if len(answer.RedirectURIs) > 0 && !slices.Contains(answer.RedirectURIs, q.RedirectURI) {
		return nil, errOtherRedirect
	}
	client := &record.Client{
		Issuer: q.Server.Issuer, ClientID: answer.ClientID, ClientSecret: answer.Secret, Method: answer.Method,
		RedirectURI: q.RedirectURI, Scopes: q.Scopes,
	}
	switch client.Method {
	case "":
		client.Method = endpoint.ChooseMethod(q.Server.AuthorizationServer, answer.Secret != "", false)
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
