package clientcredentials

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"time"

	"github.com/mcp-auth/go/client"
	"github.com/mcp-auth/go/client/internal/endpoint"
	"github.com/mcp-auth/go/client/internal/tokenendpoint"
	"github.com/mcp-auth/go/configerr"
	"github.com/mcp-auth/go/network"
)

// keep is how long a token is used whose expiry is not known, and the longest that
// any is used.
const keep = time.Hour

// Config configures a [Source]. [New] copies it.
type Config struct {
	// Client is what this server authenticates with at the authorization server.
	// Issuer, ClientID and a secret or a key are required.
	Client client.Credentials
	// TokenEndpoint is the URL of the token endpoint: https, or http on loopback.
	// Empty means that the metadata of the issuer has it.
	TokenEndpoint string
	// Audience and Resource say which service tokens are for: by a name that the
	// authorization server knows, and by its URL (RFC 8707). Authorization servers
	// differ in which they want, and whether they want one.
	Audience, Resource string
	// Scopes are requested.
	Scopes []string
	// Parameters are sent in addition. Those that have a field here, or that the
	// grant itself sets, are mistakes.
	Parameters map[string]string

	// Timeout bounds one request for a token as a whole. Zero means 5 seconds, 30
	// seconds are the most.
	Timeout time.Duration
	// Network says how the authorization server is reached.
	Network network.Settings
	// Logger gets a record of each failure, without tokens. Nil means none.
	Logger *slog.Logger
	// Now is the clock, for tests. Nil means [time.Now].
	Now func() time.Time
}

// LogValue keeps secrets out of logs.
func (c Config) LogValue() slog.Value { return c.Client.LogValue() }

// Source gets tokens for one service. A token is kept until 30 seconds before it
// expires, an hour at most; callers at the same time share one request for the next.
// A refusal is kept for 5 seconds. It is safe for concurrent use. Make one with [New].
type Source struct {
	config   Config
	endpoint *tokenendpoint.Endpoint
	tokens   *tokenendpoint.Tokens
}

// New returns a Source, which must be closed. It makes no network call. The error
// joins a [*configerr.Error] for each mistake.
func New(config Config) (*Source, error) {
	if config.Timeout == 0 {
		config.Timeout = tokenendpoint.DefaultTimeout
	}
	if config.Logger == nil {
		config.Logger = slog.New(slog.DiscardHandler)
	}
	if config.Now == nil {
		config.Now = time.Now
	}
	var faults configerr.List
	asked := tokenendpoint.New(tokenendpoint.Config{
		Client: config.Client, TokenEndpoint: config.TokenEndpoint, Audience: config.Audience, Resource: config.Resource,
		Scopes: config.Scopes, Parameters: config.Parameters, Timeout: config.Timeout, Network: config.Network, Now: config.Now,
	}, &faults)
	if config.Client.ClientSecret == "" && config.Client.PrivateKey == nil {
		faults.AddErr(configerr.MissingValue, "Client.ClientSecret", "", errors.New("a client without a secret or a key cannot use the grant"))
	}
	if err := faults.Err(); err != nil {
		return nil, err
	}
	s := &Source{config: config, endpoint: asked}
	s.tokens = tokenendpoint.NewTokens(tokenendpoint.TokensConfig{
		Ask: s.ask, IsRefusal: isRefusal, Keep: keep, Timeout: config.Timeout, Now: config.Now,
	})
	return s, nil
}

// Close ends requests under way and waits for them.
func (s *Source) Close() error {
	s.tokens.Close()
	return nil
}

// Format prints no secret, whatever the verb.
func (s *Source) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, "clientcredentials.Source{"+s.config.Client.Issuer+"}")
}

// Token returns a token for the service. An error is an [*Error].
func (s *Source) Token(ctx context.Context) (client.Token, error) {
	token, err := s.tokens.Get(ctx, "", "") // one token for all
	if err != nil {
		return client.Token{}, s.failure(ctx, err)
	}
	return token, nil
}

func (s *Source) ask(ctx context.Context, _ string) (client.Token, error) {
	return s.endpoint.Token(ctx, url.Values{"grant_type": {endpoint.GrantClientCredentials}})
}

// isRefusal reports whether there is no token until the configuration changes, here or
// at the authorization server.
func isRefusal(err error) bool { return !tokenendpoint.IsOutage(err) }

// failure describes why there is no token, and logs it.
func (s *Source) failure(ctx context.Context, cause error) error {
	failure, level := &Error{Kind: Misconfigured, cause: cause}, slog.LevelError
	if tokenendpoint.IsOutage(cause) {
		failure.Kind, failure.challenge, level = Unavailable, tokenendpoint.Outage(), slog.LevelWarn
	}
	s.config.Logger.LogAttrs(ctx, level, "clientcredentials: no token",
		slog.String("kind", string(failure.Kind)), slog.String("issuer", s.config.Client.Issuer), slog.Any("error", cause))
	return failure
}
