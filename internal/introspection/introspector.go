// Package introspection proves access tokens by asking their authorization
// server about them (RFC 7662, RFC 9701).
package introspection

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/mcp-auth/go/internal/claims"
	"github.com/mcp-auth/go/internal/fetch"
	"github.com/mcp-auth/go/internal/jose"
	"github.com/mcp-auth/go/internal/keys"
	"github.com/mcp-auth/go/internal/lookup"
	"github.com/mcp-auth/go/internal/refusal"
	"github.com/mcp-auth/go/internal/remote"
	"github.com/mcp-auth/go/internal/token"
	"github.com/mcp-auth/go/reason"
)

// AuthMethod is how the resource server authenticates at the endpoint.
type AuthMethod string

// The methods, by their names in the IANA registry of token endpoint
// authentication methods.
const (
	ClientSecretBasic AuthMethod = "client_secret_basic" // RFC 6749 §2.3.1
	ClientSecretPost  AuthMethod = "client_secret_post"  // RFC 6749 §2.3.1
	PrivateKeyJWT     AuthMethod = "private_key_jwt"     // RFC 7523 §2.2
)

// Client is this resource server as a client of the authorization server. It
// prints as "[redacted]".
type Client struct {
	ID     string
	Method AuthMethod
	Secret string       // for the methods with a secret
	Key    *jose.Signer // for PrivateKeyJWT
}

// Format prints "[redacted]" for every verb.
func (c *Client) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte("[redacted]")) }

// Config configures an [Introspector]. It is complete and valid.
type Config struct {
	// Endpoint is the URL to ask at. Empty means the introspection_endpoint of
	// the metadata.
	Endpoint string
	Client   *Client
	// Expected is what the server's tokens look like, the issuer included.
	Expected claims.Expected
	// AllowedClients stand for an audience that a token lacks.
	AllowedClients []string
	// OnlyAccessTokens says that the server calls no other tokens active.
	OnlyAccessTokens bool
	// Signed accepts signed answers only. Algorithms are allowed to sign them;
	// nil allows all.
	Signed     bool
	Algorithms []jose.Algorithm
	// CacheTTL is how long the answer for an active token is remembered.
	CacheTTL time.Duration
	// Timeout bounds one introspection.
	Timeout time.Duration
	Keys    *keys.Source
	Fetch   *fetch.Client
	Now     func() time.Time
	// OnAsk, if set, is called after each question, in the goroutine that asked.
	OnAsk func(Event)
}

// Event describes one question to the introspection endpoint.
type Event struct {
	Issuer   string
	Duration time.Duration
	Active   bool
	Err      error
}

// Introspector asks one authorization server about tokens for one resource.
type Introspector struct {
	config  Config
	answers *lookup.Client[answer]
}

// answer is what an authorization server said about a token: claims, or why
// the token is not acceptable.
type answer struct {
	claims  *claims.Claims
	refused *refusal.Refusal
}

// New makes an Introspector, which must be closed.
func New(config Config) *Introspector {
	i := &Introspector{config: config}
	i.answers = lookup.New(lookup.Config[answer]{
		Ask: i.observed, MayPass: mayPass, Retain: i.retain, Timeout: config.Timeout, Now: config.Now,
	})
	return i
}

// Close ends introspections under way and waits for them.
func (i *Introspector) Close() { i.answers.Close() }

// Verify implements [token.Verifier]: it proves a token that the server calls
// active.
func (i *Introspector) Verify(ctx context.Context, text, from string) (*token.Verified, *refusal.Refusal) {
	a, err := i.answers.Lookup(ctx, text, from)
	switch {
	case err != nil:
		return nil, refusal.Unavailable(reason.ServerUnavailable, fmt.Errorf("introspection failed: %w", err))
	case a.refused != nil:
		return nil, a.refused
	}
	return &token.Verified{Token: text, Claims: a.claims}, nil
}

// Ready finds the endpoint.
func (i *Introspector) Ready(ctx context.Context) error {
	if _, err := i.endpoint(ctx); err != nil {
		return fmt.Errorf("mcpauth: %w", err)
	}
	return nil
}

// retain says how long an answer is remembered: never past the token's exp,
// whatever the leeway.
func (i *Introspector) retain(a answer, asked time.Time) lookup.Retention {
	until := asked.Add(i.config.CacheTTL)
	if a.refused != nil || !i.isForUs(a.claims) {
		return lookup.Retention{Until: until, Inactive: true}
	}
	if a.claims.ExpiresAt.Before(until) {
		until = a.claims.ExpiresAt
	}
	return lookup.Retention{Until: until, Bytes: a.claims.Size()}
}

// observed asks, and reports that it did.
func (i *Introspector) observed(ctx context.Context, text string) (answer, error) {
	if i.config.OnAsk == nil {
		return i.ask(ctx, text)
	}
	began := time.Now()
	a, err := i.ask(ctx, text)
	i.config.OnAsk(Event{Issuer: i.config.Expected.Issuer, Duration: time.Since(began), Active: err == nil && a.refused == nil, Err: err})
	return a, err
}

// isForUs reports whether a token is for this resource. Others count as inactive
// here: their holders must not crowd out tokens of this resource.
func (i *Introspector) isForUs(c *claims.Claims) bool {
	return c.AllowedClient || slices.ContainsFunc(c.Audience, i.accepts)
}

// ask asks the authorization server. An error means that nothing is known of the
// token.
func (i *Introspector) ask(ctx context.Context, text string) (answer, error) {
	endpoint, err := i.endpoint(ctx)
	if err != nil {
		return answer{}, err
	}
	request, err := i.request(endpoint, text)
	if err != nil {
		return answer{}, err
	}
	resp, err := i.config.Fetch.Do(ctx, request)
	if err != nil {
		return answer{}, err // which names the endpoint
	}
	a, err := i.read(ctx, resp)
	if err != nil {
		return answer{}, fmt.Errorf("%s: %w", fetch.Shown(endpoint), err)
	}
	return a, nil
}

// mayPass reports whether to ask again after a failure. Metadata, or keys for a
// signed answer, that are missing were asked for again already.
func mayPass(err error) bool {
	var document *remote.Error
	return !errors.As(err, &document) && fetch.MayPass(err)
}

// endpoint is where to ask: as configured, or as the metadata says.
func (i *Introspector) endpoint(ctx context.Context) (string, error) {
	if i.config.Endpoint != "" {
		return i.config.Endpoint, nil
	}
	md, err := i.config.Keys.Metadata(ctx)
	switch {
	case err != nil:
		return "", err // which names the server
	case md.IntrospectionEndpoint == "":
		return "", fmt.Errorf("the metadata of %q has no introspection_endpoint", i.config.Expected.Issuer)
	}
	return md.IntrospectionEndpoint, nil
}

// accepts reports whether an audience is this resource.
func (i *Introspector) accepts(audience string) bool {
	return slices.Contains(i.config.Expected.Audiences, audience)
}
