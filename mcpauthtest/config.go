package mcpauthtest

import (
	"log/slog"
	"time"

	"github.com/mcp-auth/go/network"
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
	// Listen is the address that [NewServer] listens on. Empty means a free port
	// of 127.0.0.1. An address that is not loopback needs Issuer as well.
	Listen string
	// AutoApprove answers each authorization request at once, without a page,
	// as if the first user had logged in and consented; a login_hint with
	// another user's name selects that user. Anyone who reaches the server gets
	// tokens, so use it only for tests on loopback.
	AutoApprove bool
	// Users can log in. Empty means one user "alice" with the password
	// "wonderland".
	Users []User
	// Clients are registered in advance. Other clients register themselves
	// (RFC 7591).
	Clients []Client
	// Scopes are advertised and can be asked for, in addition to openid, profile,
	// email and offline_access. Empty means that any scope can be asked for.
	Scopes []string
	// DefaultScopes are granted to a request that names no scope (RFC 6749 §3.3).
	// Empty means all of Scopes.
	DefaultScopes []string
	// ScopeDescriptions says in words what a scope permits, for the consent page.
	ScopeDescriptions map[string]string
	// Resources are the resource indicators (RFC 8707) that can be asked for,
	// compared byte for byte. The first is the audience of tokens if none was
	// asked for. Empty means any https or loopback URL, and the issuer itself as
	// the audience if none was asked for.
	Resources []string
	// AccessTokenTTL is how long access tokens are valid. Zero means one hour.
	AccessTokenTTL time.Duration
	// OpaqueAccessTokens makes access tokens that resource servers cannot read:
	// they must introspect them (RFC 7662), as one of Clients that has a Secret.
	// Otherwise access tokens are JWTs (RFC 9068), which can also be
	// introspected.
	OpaqueAccessTokens bool
	// RefreshTokenTTL is how long after the login tokens can be refreshed. Zero
	// means 30 days.
	RefreshTokenTTL time.Duration
	// RegistrationTTL is how long dynamically registered clients live. Zero
	// means 30 days.
	RegistrationTTL time.Duration
	// OpenRegistration lets anyone register a client (RFC 7591) even if the host
	// of Issuer is not on loopback. On loopback anyone can.
	OpenRegistration bool
	// NoClientDocuments fetches no Client ID Metadata Documents and advertises
	// none, for a machine that cannot reach the internet: clients then register.
	NoClientDocuments bool
	// DPoPNonce demands a nonce of the server in DPoP proofs (RFC 9449 §8).
	// Proofs are accepted and tokens bound with or without it.
	DPoPNonce bool
	// TrustedIssuers sign assertions that are accepted as grants (RFC 7523
	// §2.1).
	TrustedIssuers []TrustedIssuer
	// AssertionAudiences are authorization servers for which clients get identity
	// assertions, in exchange for an ID token (RFC 8693).
	AssertionAudiences []AssertionAudience
	// Network says which servers client metadata and keys may be fetched from.
	// Loopback is allowed if the host of Issuer is on loopback. A zero Timeout
	// means 5 seconds. Its DangerouslyAllowHTTP names hosts whose Issuer, Resources
	// and TrustedIssuers may be plain http, for development inside one network such
	// as Docker Compose; passwords and tokens then travel in the clear.
	Network network.Settings
	// Store keeps clients, grants and keys. Nil means memory.
	Store Store
	// StatusPage serves a page at the Issuer that lists the grants and shows
	// what is in a token. Anyone who reaches the server under the Issuer's host
	// sees it.
	StatusPage bool
	// ShowUsers shows the names and the passwords of Users on the login page and
	// the status page, so that whoever tries something out need not look them up.
	ShowUsers bool
	// Algorithm signs the tokens: ES256, ES384, ES512, RS256, RS384, RS512,
	// PS256, PS384, PS512 or EdDSA. Empty means ES256.
	Algorithm string
	// Logger records what the server grants and refuses. Nil means no log.
	Logger *slog.Logger
	// Now is the clock. Nil means [time.Now].
	Now func() time.Time
}

// User is a person who can log in.
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
	// JWKS is a JWK Set with public keys. It also makes the client a
	// confidential one, which authenticates by private_key_jwt (RFC 7523 §2.2).
	// Without a secret and keys a client is public.
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
	// GrantTypes are grant types of RFC 7591 §2 that the server supports. Empty
	// means authorization_code and refresh_token for a client with redirect
	// URIs, client_credentials and token exchange for a confidential one, and
	// jwt-bearer for all.
	GrantTypes []string
}

// TrustedIssuer is an issuer whose assertions are accepted as grants.
type TrustedIssuer struct {
	// Issuer is the iss claim, compared byte for byte.
	Issuer string
	// JWKS is a JWK Set with the issuer's keys.
	JWKS []byte
	// JWKSURI is the URL of the JWK Set. If JWKS is empty as well, the set is
	// found through the issuer's metadata (RFC 8414, OpenID Connect Discovery).
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
	// Scopes are the scopes that it can ask for. It gets all of them if it asks
	// for none.
	Scopes []string
	// Resources are the resources that it can ask for. Empty means those that
	// [Config.Resources] allows.
	Resources []string
}

// AssertionAudience is an authorization server that trusts this one to vouch for
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
