// Package tokenendpoint asks the token endpoint of one authorization server as one
// client, for packages that get tokens without a browser.
package tokenendpoint

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/client"
	"github.com/mcp-auth/go/client/clienterr"
	"github.com/mcp-auth/go/client/internal/authserver"
	"github.com/mcp-auth/go/client/internal/endpoint"
	"github.com/mcp-auth/go/client/internal/registration"
	"github.com/mcp-auth/go/configerr"
	"github.com/mcp-auth/go/internal/fetch"
	"github.com/mcp-auth/go/internal/identifier"
	"github.com/mcp-auth/go/internal/scope"
	"github.com/mcp-auth/go/metadata"
	"github.com/mcp-auth/go/network"
	"github.com/mcp-auth/go/reason"
)

// DefaultTimeout bounds one request where nothing else is configured.
const DefaultTimeout = 5 * time.Second

const (
	maxTimeout = 30 * time.Second
	// metadataLifetime is how long the token endpoint of metadata is used.
	metadataLifetime = 10 * time.Minute
	// retryAfter is when a caller may try again after an outage.
	retryAfter = 5 * time.Second
)

// ownParameters are those that no configuration may set.
var ownParameters = []string{
	"grant_type", "subject_token", "subject_token_type", "requested_token_type", "audience", "resource", "scope",
	"assertion", "requested_token_use", "client_id", "client_secret", "client_assertion", "client_assertion_type",
}

// Config says where the endpoint is, who asks and for what.
type Config struct {
	Client client.Credentials
	// TokenEndpoint is empty if the metadata of the issuer has it.
	TokenEndpoint string
	// Audience, Resource and Scopes are sent if they are set.
	Audience, Resource string
	Scopes             []string
	// Parameters are sent in addition.
	Parameters map[string]string
	Timeout    time.Duration // only checked here
	Network    network.Settings
	Now        func() time.Time
}

// Endpoint is safe for concurrent use. Make one with [New].
type Endpoint struct {
	config   Config
	client   registration.Credentials
	fetch    *fetch.Client
	endpoint *endpoint.Client
	found    atomic.Pointer[found]
}

// found is what the metadata of the authorization server said.
type found struct {
	server *authserver.Server
	until  time.Time
}

// New lists all mistakes in the configuration. If there are any, the Endpoint is not
// to be used.
func New(config Config, faults *configerr.List) *Endpoint {
	config.Scopes, config.Parameters = slices.Clone(config.Scopes), maps.Clone(config.Parameters)
	config.Network = config.Network.Clone()
	own := config.parse(faults)
	fetcher := fetch.New(fetch.Policy{Settings: config.Network})
	onLoopback := config.TokenEndpoint != "" || fetch.IsLoopbackURL(config.Client.Issuer)
	return &Endpoint{config: config, client: own, fetch: fetcher, endpoint: endpoint.New(fetcher, onLoopback, config.Now)}
}

// parse reads the client, and lists all mistakes.
func (c *Config) parse(faults *configerr.List) registration.Credentials {
	urls := identifier.Rules{Plain: c.Network.DangerouslyAllowHTTP}
	faults.Nest("Client.Issuer", urls.CheckIssuer(c.Client.Issuer))
	own := registration.Client{
		ID: c.Client.ClientID, Secret: c.Client.ClientSecret, PrivateKey: c.Client.PrivateKey,
		KeyID: c.Client.KeyID, Algorithm: c.Client.Algorithm, Method: c.Client.AuthMethod,
	}
	parsed := registration.Credentials{Issuer: c.Client.Issuer, Identity: own.Parse(faults, "Client")}
	if c.TokenEndpoint != "" {
		faults.Nest("TokenEndpoint", urls.Of(c.Client.Issuer).CheckServerURL(c.TokenEndpoint, true))
	}
	for i, text := range c.Scopes {
		faults.Nest(fmt.Sprintf("Scopes[%d]", i), scope.Check(text))
	}
	for name := range c.Parameters {
		if name == "" || slices.Contains(ownParameters, name) {
			faults.Add(configerr.ReservedParameter, fmt.Sprintf("Parameters[%q]", name), "")
		}
	}
	if c.Timeout < 0 || c.Timeout > maxTimeout {
		faults.Add(configerr.InvalidTimeout, "Timeout", c.Timeout.String())
	}
	faults.Nest("Network", identifier.CheckNetwork(c.Network, maxTimeout))
	return parsed
}

// Token asks for a bearer token with a form, to which what is configured is added.
// Secrets must not occur in an error.
func (e *Endpoint) Token(ctx context.Context, form url.Values, secrets ...string) (client.Token, error) {
	server, err := e.server(ctx)
	if err != nil {
		return client.Token{}, err
	}
	e.complete(form)
	got, err := e.endpoint.Token(ctx, endpoint.Request{
		URL: server.TokenEndpoint, Issuer: e.config.Client.Issuer, Identity: e.client.At(server), Form: form, Secrets: secrets,
	})
	switch {
	case err != nil:
		return client.Token{}, err
	case !strings.EqualFold(got.Type, "Bearer"):
		return client.Token{}, &clienterr.AnswerError{Endpoint: e.config.Client.Issuer, Reason: "the token is not a bearer token"}
	}
	return e.token(got), nil
}

// complete adds what is configured to a form.
func (e *Endpoint) complete(form url.Values) {
	for name, value := range e.config.Parameters {
		form.Set(name, value)
	}
	for name, value := range map[string]string{
		"audience": e.config.Audience, "resource": e.config.Resource, "scope": strings.Join(e.config.Scopes, " "),
	} {
		if value != "" {
			form.Set(name, value)
		}
	}
}

func (e *Endpoint) token(got *endpoint.Token) client.Token {
	token := client.Token{
		AccessToken: got.AccessToken, Type: "Bearer", Scopes: e.config.Scopes,
		Issuer: e.config.Client.Issuer, Resource: e.config.Resource,
	}
	if got.HasScope {
		token.Scopes = got.Scope
	}
	if got.HasLifetime {
		token.ExpiresAt = e.config.Now().Add(got.Lifetime)
	}
	return token
}

// server returns the authorization server's metadata, which is only its token
// endpoint if that is configured.
func (e *Endpoint) server(ctx context.Context) (*authserver.Server, error) {
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

// IsOutage reports whether an error says nothing about the request: the authorization
// server did not answer, or fails.
func IsOutage(err error) bool {
	var unusable *clienterr.AnswerError
	return !errors.As(err, &unusable) && !endpoint.RefusesGrant(err)
}

// Outage returns the challenge for a caller whose request has to wait.
func Outage() *mcpauth.Challenge {
	return &mcpauth.Challenge{
		Status: http.StatusServiceUnavailable, Reason: reason.ServerUnavailable, RetryAfter: retryAfter,
		Description: "The authorization server cannot be reached now.",
	}
}
