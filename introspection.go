package mcpauth

import (
	"crypto"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/mcp-auth/go/configerr"
	"github.com/mcp-auth/go/internal/fetch"
	"github.com/mcp-auth/go/internal/identifier"
	"github.com/mcp-auth/go/internal/introspection"
	"github.com/mcp-auth/go/internal/jose"
	"github.com/mcp-auth/go/internal/token"
)

const (
	defaultIntrospectionTimeout = 5 * time.Second
	maxIntrospectionTimeout     = 10 * time.Second
	maxIntrospectionCacheTTL    = time.Hour
)

// Introspection proves tokens by asking the authorization server about them
// (RFC 7662). It is the way to accept opaque tokens, and to notice that a token
// was revoked.
//
// A token is accepted if the server calls it active; issuer, audience, expiry,
// sender constraint and scopes are then checked as for every other token. If the
// server cannot be asked, or its answer cannot be relied on, the request is
// answered with 503 and never with 401: clients throw a token away when they see
// 401.
//
// One authorization server per resource can have an Introspection or a
// [Verifier]: a token that names no issuer must have one place to go.
type Introspection struct {
	// Endpoint is the URL of the introspection endpoint: https, or http on
	// loopback. Empty means the introspection_endpoint of the server's metadata.
	Endpoint string
	// ClientID is this resource server's client identifier at the authorization
	// server. Required, as introspection must be authenticated (RFC 7662 §2.1).
	ClientID string
	// ClientSecret authenticates the resource server, for [ClientSecretBasic]
	// and [ClientSecretPost].
	ClientSecret Secret
	// Key authenticates the resource server, for [PrivateKeyJWT]: an RSA key of
	// 2048 bits or more, an ECDSA key on P-256, P-384 or P-521, or an Ed25519
	// key. It must be safe for concurrent use.
	Key crypto.Signer `json:"-"`
	// KeyID is the key's kid at the authorization server. Empty leaves it out.
	KeyID string
	// KeyAlgorithm signs with Key. Empty means RS256, the algorithm of the
	// key's curve, or EdDSA.
	KeyAlgorithm string
	// AuthMethod is how the resource server authenticates. Empty means
	// [PrivateKeyJWT] with a Key and [ClientSecretBasic] otherwise.
	AuthMethod ClientAuthMethod
	// Tokens says which tokens are introspected. Empty means [OpaqueTokens].
	Tokens IntrospectedTokens
	// CacheTTL is how long the answer for an active token is remembered, at
	// most one hour and never past the token's exp. A token that is revoked is
	// accepted that much longer. Zero asks for each request. What is remembered
	// is bounded; that a token is inactive is remembered for 5 seconds at most.
	CacheTTL time.Duration
	// Timeout bounds one introspection as a whole. Zero means 5 seconds; 10
	// seconds is the most.
	Timeout time.Duration
	// AllowedClients is the alternative for a server whose answers have no aud:
	// a token without an audience is accepted if it was issued to one of these
	// clients (client_id), and if the answer says that it is an access token
	// (token_type, or token_use); see OnlyAccessTokens. Such a token may be meant for any resource of
	// that server, so list only clients that get tokens for this one. A token
	// with an audience is never accepted for its client. For JWTs that keys
	// verify there is [AuthorizationServer.AllowedClients].
	//
	// Empty means that a token without an audience is refused.
	AllowedClients []string
	// OnlyAccessTokens says that the server calls only access tokens active, so that
	// AllowedClients needs neither token_type nor token_use in the answer, which
	// RFC 7662 leaves to the server. Do not set it for a server that introspects
	// refresh tokens, too: they would be accepted in place of access tokens.
	OnlyAccessTokens bool
	// SignedResponses asks for signed answers (RFC 9701) and accepts no others.
	// They are verified with the server's keys; their aud must be ClientID, the
	// resource identifier or one of Audiences.
	SignedResponses bool
}

// ClientAuthMethod is how a client authenticates at the authorization server: a
// name from the IANA registry of token endpoint authentication methods.
type ClientAuthMethod string

// The methods of [Introspection.AuthMethod].
const (
	ClientSecretBasic ClientAuthMethod = "client_secret_basic" // RFC 6749 §2.3.1
	ClientSecretPost  ClientAuthMethod = "client_secret_post"  // RFC 6749 §2.3.1
	PrivateKeyJWT     ClientAuthMethod = "private_key_jwt"     // RFC 7523 §2.2
)

// IntrospectedTokens says which tokens are introspected.
type IntrospectedTokens string

// The values of [Introspection.Tokens].
const (
	// OpaqueTokens introspects what is not shaped like a signed JWT, that is,
	// what does not have exactly two dots. JWTs are verified with the server's keys.
	OpaqueTokens IntrospectedTokens = "opaque"
	// AllTokens introspects every token of the server. Its keys are used only
	// to verify signed answers.
	AllTokens IntrospectedTokens = "all"
)

// redacted is what secrets print as.
const redacted = "[redacted]"

// Format prints where the resource server asks, and as whom, whatever the verb.
func (c Introspection) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprintf(f, "{Endpoint:%s ClientID:%s}", c.Endpoint, c.ClientID)
}

// Secret is a client secret that keeps itself out of logs: every way of
// printing or encoding it gives "[redacted]".
type Secret string

// String returns "[redacted]".
func (s Secret) String() string { return redacted }

// GoString returns "[redacted]".
func (s Secret) GoString() string { return redacted }

// Format prints "[redacted]" for every verb.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(redacted)) }

// LogValue implements [slog.LogValuer] with "[redacted]".
func (s Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText gives "[redacted]", so that JSON and other encodings hold no secret.
func (s Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// clone copies what the caller could change afterwards.
func (c *Introspection) clone() *Introspection {
	if c == nil {
		return nil
	}
	copied := *c
	copied.AllowedClients = slices.Clone(c.AllowedClients)
	return &copied
}

func (c *Introspection) authMethod() ClientAuthMethod {
	switch {
	case c.AuthMethod != "":
		return c.AuthMethod
	case c.Key != nil:
		return PrivateKeyJWT
	}
	return ClientSecretBasic
}

// all reports whether JWTs are introspected, too.
func (c *Introspection) all() bool { return c != nil && c.Tokens == AllTokens }

// parseIntrospection reads how the server is asked about tokens, and reports
// mistakes. It returns nil if the server is not asked.
func (s *AuthorizationServer) parseIntrospection(faults *configerr.List, field string, tokens *token.Server, urls identifier.Rules) *introspection.Config {
	c := s.Introspection
	if c == nil {
		return nil
	}
	if s.Verifier != nil {
		faults.Add(configerr.ConflictingSources, field+" and Verifier", "")
	}
	switch {
	case c.Endpoint != "":
		faults.Nest(field+".Endpoint", urls.CheckServerURL(c.Endpoint, true))
	case !s.mayNameEndpoint(urls.Of(s.Issuer)):
		faults.Add(configerr.NoIntrospectionEndpoint, field+".Endpoint", "")
	}
	c.checkLimits(faults, field)
	checkClients(faults, field, c.AllowedClients)
	timeout := c.Timeout
	if timeout == 0 {
		timeout = defaultIntrospectionTimeout
	}
	return &introspection.Config{
		Endpoint: c.Endpoint, Client: c.parseClient(faults, field), Expected: tokens.Expected,
		AllowedClients: c.AllowedClients, OnlyAccessTokens: c.OnlyAccessTokens, Signed: c.SignedResponses, Algorithms: tokens.Algorithms,
		CacheTTL: c.CacheTTL, Timeout: timeout,
	}
}

func (c *Introspection) checkLimits(faults *configerr.List, field string) {
	if c.Tokens != "" && c.Tokens != OpaqueTokens && c.Tokens != AllTokens {
		faults.Add(configerr.InvalidIntrospectedTokens, field+".Tokens", string(c.Tokens))
	}
	if c.CacheTTL < 0 || c.CacheTTL > maxIntrospectionCacheTTL {
		faults.Add(configerr.InvalidCacheTTL, field+".CacheTTL", c.CacheTTL.String())
	}
	if c.Timeout < 0 || c.Timeout > maxIntrospectionTimeout {
		faults.Add(configerr.InvalidTimeout, field+".Timeout", c.Timeout.String())
	}
}

// mayNameEndpoint reports whether there is metadata, or will be, that can name
// the endpoint.
func (s *AuthorizationServer) mayNameEndpoint(urls identifier.Rules) bool {
	if s.Metadata == nil {
		return s.JWKS == nil // with keys by hand no metadata is fetched
	}
	endpoint := s.Metadata.IntrospectionEndpoint
	return endpoint != "" && urls.CheckServerURL(endpoint, fetch.IsLoopbackURL(s.Issuer)) == nil
}

// parseClient returns the credentials, and reports missing ones and those that
// do not fit the method.
func (c *Introspection) parseClient(faults *configerr.List, field string) *introspection.Client {
	if c.ClientID == "" {
		faults.Add(configerr.InvalidClient, field+".ClientID", "")
	}
	if c.ClientSecret != "" && c.Key != nil {
		faults.Add(configerr.ConflictingSources, field+".ClientSecret and Key", "")
	}
	client := &introspection.Client{ID: c.ClientID, Method: introspection.AuthMethod(c.authMethod()), Secret: string(c.ClientSecret)}
	switch c.authMethod() {
	case ClientSecretBasic, ClientSecretPost:
		if c.ClientSecret == "" {
			faults.Add(configerr.NoClientCredentials, field+".ClientSecret", "")
		}
	case PrivateKeyJWT:
		client.Key = c.parseKey(faults, field)
	default:
		faults.Add(configerr.InvalidAuthMethod, field+".AuthMethod", string(c.AuthMethod))
	}
	return client
}

func (c *Introspection) parseKey(faults *configerr.List, field string) *jose.Signer {
	if c.Key == nil {
		faults.Add(configerr.NoClientCredentials, field+".Key", "")
		return nil
	}
	if _, known := jose.ParseAlgorithm(c.KeyAlgorithm); c.KeyAlgorithm != "" && !known {
		faults.AddErr(configerr.InvalidAlgorithm, field+".KeyAlgorithm", c.KeyAlgorithm, jose.WhyNot(c.KeyAlgorithm))
		return nil
	}
	signer, err := jose.NewSigner(c.Key, c.KeyAlgorithm, c.KeyID)
	if err != nil {
		faults.AddErr(configerr.InvalidClientKey, field+".Key", "", err)
	}
	return signer
}
