package mcpauthtest

import (
	"cmp"
	"crypto/x509"
	"log/slog"
	"maps"
	"net/netip"
	"slices"
	"time"
)

const (
	defaultListen          = "127.0.0.1:0"
	defaultAlgorithm       = "ES256"
	defaultAccessTokenTTL  = time.Hour
	defaultRefreshTokenTTL = 30 * 24 * time.Hour
	defaultRegistrationTTL = 30 * 24 * time.Hour

	defaultUsername = "alice"
	defaultPassword = "wonderland"
)

// Scopes with a meaning of their own. They can always be asked for.
const (
	scopeOpenID        = "openid"
	scopeProfile       = "profile"
	scopeEmail         = "email"
	scopeOfflineAccess = "offline_access"
)

// Config configures a [Server]. The zero value is ready to use: one user, any
// scope, any resource, a free port on loopback.
type Config struct {
	// Issuer is the issuer identifier (RFC 8414 §2), used byte for byte, if
	// clients reach the server at another address than its own. Empty means the
	// address of the listener with Path. [New] needs it.
	Issuer string
	// Path is the path of an issuer that is derived from the listener, such as
	// "/tenant1". Empty means none.
	Path string
	// Listen is the address [NewServer] listens on. Empty means a free port of
	// 127.0.0.1. An address that is not loopback needs Issuer too.
	Listen string
	// AutoApprove answers each authorization request at once, without a page,
	// as if the first user had logged in and consented; a login_hint with
	// another user's name selects that user. Anybody who reaches the server
	// gets tokens, so use it only for tests on loopback.
	AutoApprove bool
	// Users can log in. Empty means one user "alice" with the password
	// "wonderland".
	Users []User
	// Clients are registered in advance. Others register themselves (RFC 7591).
	Clients []Client
	// Scopes are advertised and can be asked for, beside openid, profile, email
	// and offline_access. Empty means that any scope can be asked for.
	Scopes []string
	// DefaultScopes are granted to a request that names none (RFC 6749 §3.3).
	// Empty means all of Scopes.
	DefaultScopes []string
	// ScopeDescriptions says in words what a scope permits, for the consent page.
	ScopeDescriptions map[string]string
	// Resources are the resource indicators (RFC 8707) that can be asked for,
	// compared byte for byte. The first is the audience of tokens for which none
	// was asked. Empty means any https or loopback URL, and the issuer itself as
	// audience where none was asked.
	Resources []string
	// AccessTokenTTL is how long access tokens are valid. Zero means one hour.
	AccessTokenTTL time.Duration
	// OpaqueAccessTokens makes access tokens that resource servers cannot read:
	// they must introspect them (RFC 7662), as one of Clients that has a
	// Secret. Otherwise access tokens are JWTs (RFC 9068), which can be
	// introspected, too.
	OpaqueAccessTokens bool
	// RefreshTokenTTL is how long after the login tokens can be refreshed. Zero
	// means 30 days.
	RefreshTokenTTL time.Duration
	// RegistrationTTL is how long dynamically registered clients live. Zero
	// means 30 days.
	RegistrationTTL time.Duration
	// OpenRegistration lets anybody register a client (RFC 7591) even if the
	// host of Issuer is not on loopback. On loopback anybody can.
	OpenRegistration bool
	// DPoPNonce demands a nonce of the server in DPoP proofs (RFC 9449 §8).
	// Without it, proofs are accepted and tokens bound as well.
	DPoPNonce bool
	// TrustedIssuers sign assertions that are accepted as grants (RFC 7523
	// §2.1).
	TrustedIssuers []TrustedIssuer
	// AssertionAudiences are authorization servers that clients get identity
	// assertions for, in exchange for an ID token (RFC 8693).
	AssertionAudiences []AssertionAudience
	// AllowedNetworks are special-purpose networks, such as private ones, from
	// which client metadata and keys may be fetched, beside the public
	// internet. Loopback is allowed if the host of Issuer is on loopback.
	AllowedNetworks []netip.Prefix
	// RootCAs verifies the servers that client metadata and keys are fetched
	// from. Nil means the system's.
	RootCAs *x509.CertPool
	// Store keeps clients, grants and keys. Nil means memory.
	Store Store
	// StatusPage serves a page at the Issuer that lists the grants and shows
	// what is in a token. Anybody who reaches the server under the Issuer's
	// host sees it.
	StatusPage bool
	// Algorithm signs the tokens: ES256, ES384, ES512, RS256, RS384, RS512,
	// PS256, PS384, PS512 or EdDSA. Empty means ES256.
	Algorithm string
	// Logger is told what the server grants and refuses. Nil means silence.
	Logger *slog.Logger
	// Now is the clock. Nil means [time.Now].
	Now func() time.Time
}

// User is somebody who can log in.
type User struct {
	// Username and Password are for the login page. Both are required.
	Username, Password string
	// Subject is the sub claim. Empty means Username.
	Subject string
	// Name and Email go into ID tokens, with the scopes profile and email.
	Name, Email string
}

// Client is a client that is registered in advance.
type Client struct {
	// ID is the client_id.
	ID string
	// Secret makes the client a confidential one, which authenticates at the
	// token endpoint by client_secret_basic or client_secret_post.
	Secret string
	// JWKS is a JWK Set with public keys. It makes the client a confidential
	// one, too, which authenticates by private_key_jwt (RFC 7523 §2.2). Without
	// a secret and keys a client is public.
	JWKS []byte
	// JWKSURI is the URL of the JWK Set, in place of JWKS.
	JWKSURI string
	// DPoPBound refuses token requests of the client without a DPoP proof
	// (RFC 9449 §5.2).
	DPoPBound bool
	// Name is shown on the consent page. Empty means ID.
	Name string
	// RedirectURIs are compared byte for byte, except for ports on loopback
	// (RFC 8252 §7.3). They are https, or http on loopback.
	RedirectURIs []string
	// GrantTypes are those of RFC 7591 §2 that the server knows. Empty means
	// authorization_code and refresh_token for a client with redirect URIs,
	// client_credentials and token exchange for a confidential one, and
	// jwt-bearer for all.
	GrantTypes []string
}

// TrustedIssuer is an issuer whose assertions are accepted as grants.
type TrustedIssuer struct {
	// Issuer is the iss claim, compared byte for byte.
	Issuer string
	// JWKS is a JWK Set with the issuer's keys.
	JWKS []byte
	// JWKSURI is the URL of the JWK Set. With neither, the set is found through
	// the issuer's metadata (RFC 8414, OpenID Connect Discovery).
	JWKSURI string
	// IdentityAssertions accepts the issuer's ID-JAGs (Identity Assertion JWT
	// Authorization Grant): for clients that are registered here, on behalf of
	// the users that the issuer names, with the scopes and the resource that it
	// names.
	IdentityAssertions bool
	// Workloads can get tokens with assertions about themselves (Workload
	// Identity Federation).
	Workloads []Workload
}

// Workload is a program that another issuer vouches for.
type Workload struct {
	// Subject is the sub claim, compared byte for byte.
	Subject string
	// Scopes are what it can ask for, and what it gets if it asks for none.
	Scopes []string
	// Resources are those it can ask for. Empty means what [Config.Resources]
	// allows.
	Resources []string
}

// AssertionAudience is an authorization server that trusts this one to speak for
// its users.
type AssertionAudience struct {
	// Issuer is its issuer identifier, the aud of assertions.
	Issuer string
	// Resources are the resources it issues tokens for. Assertions are made
	// only for this issuer together with one of these resources.
	Resources []string
	// Scopes can be asked for. Empty means any.
	Scopes []string
	// ClientIDs maps clients of this server to their client_id there. A client
	// that is missing has the same client_id.
	ClientIDs map[string]string
}

// normalized returns a copy with the defaults filled in, sharing nothing
// with c.
func (c Config) normalized() Config {
	c.Users = slices.Clone(c.Users)
	if len(c.Users) == 0 {
		c.Users = []User{{
			Username: defaultUsername, Password: defaultPassword,
			Name: "Alice", Email: "alice@example.com",
		}}
	}
	for i := range c.Users {
		c.Users[i].Subject = cmp.Or(c.Users[i].Subject, c.Users[i].Username)
	}
	c.Clients = slices.Clone(c.Clients)
	for i := range c.Clients {
		c.Clients[i] = c.Clients[i].normalized()
	}
	c.Scopes = slices.Clone(c.Scopes)
	c.DefaultScopes = slices.Clone(c.DefaultScopes)
	if len(c.DefaultScopes) == 0 {
		c.DefaultScopes = slices.Clone(c.Scopes)
	}
	c.ScopeDescriptions = maps.Clone(c.ScopeDescriptions)
	c.Resources = slices.Clone(c.Resources)
	c.AccessTokenTTL = cmp.Or(c.AccessTokenTTL, defaultAccessTokenTTL)
	c.RefreshTokenTTL = cmp.Or(c.RefreshTokenTTL, defaultRefreshTokenTTL)
	c.RegistrationTTL = cmp.Or(c.RegistrationTTL, defaultRegistrationTTL)
	c.Algorithm = cmp.Or(c.Algorithm, defaultAlgorithm)
	c.TrustedIssuers = slices.Clone(c.TrustedIssuers)
	for i := range c.TrustedIssuers {
		c.TrustedIssuers[i] = c.TrustedIssuers[i].copied()
	}
	c.AssertionAudiences = slices.Clone(c.AssertionAudiences)
	for i := range c.AssertionAudiences {
		c.AssertionAudiences[i] = c.AssertionAudiences[i].copied()
	}
	c.AllowedNetworks = slices.Clone(c.AllowedNetworks)
	if c.Store == nil {
		c.Store = newMemory()
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return c
}

func (c Client) normalized() Client {
	c.Name = cmp.Or(c.Name, c.ID)
	c.JWKS = slices.Clone(c.JWKS)
	c.RedirectURIs = slices.Clone(c.RedirectURIs)
	c.GrantTypes = slices.Clone(c.GrantTypes)
	if len(c.GrantTypes) > 0 {
		return c
	}
	if len(c.RedirectURIs) > 0 {
		c.GrantTypes = append(c.GrantTypes, grantAuthorizationCode, grantRefreshToken)
	}
	if c.confidential() {
		c.GrantTypes = append(c.GrantTypes, grantClientCredentials, grantTokenExchange)
	}
	if len(c.GrantTypes) > 0 {
		c.GrantTypes = append(c.GrantTypes, grantJWTBearer)
	}
	return c
}

func (c Client) confidential() bool { return c.Secret != "" || len(c.JWKS) > 0 || c.JWKSURI != "" }

func (t TrustedIssuer) copied() TrustedIssuer {
	t.JWKS = slices.Clone(t.JWKS)
	t.Workloads = slices.Clone(t.Workloads)
	for i, w := range t.Workloads {
		t.Workloads[i].Scopes, t.Workloads[i].Resources = slices.Clone(w.Scopes), slices.Clone(w.Resources)
	}
	return t
}

func (a AssertionAudience) copied() AssertionAudience {
	a.Resources, a.Scopes = slices.Clone(a.Resources), slices.Clone(a.Scopes)
	a.ClientIDs = maps.Clone(a.ClientIDs)
	return a
}

// scopeSupported tells whether scope can be asked for.
func (c Config) scopeSupported(scope string) bool {
	if len(c.Scopes) == 0 || slices.Contains(c.Scopes, scope) {
		return true
	}
	return identityScope(scope)
}

// scopesSupported are the scopes to advertise.
func (c Config) scopesSupported() []string {
	all := slices.Clone(c.Scopes)
	for _, s := range identityScopes() {
		if !slices.Contains(all, s) {
			all = append(all, s)
		}
	}
	return all
}

func identityScopes() []string {
	return []string{scopeOpenID, scopeProfile, scopeEmail, scopeOfflineAccess}
}

// identityScope tells whether scope is about the user or the login, not about a
// resource.
func identityScope(scope string) bool { return slices.Contains(identityScopes(), scope) }
