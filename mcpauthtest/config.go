package mcpauthtest

import (
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/mcp-auth/go/internal/fetch"
	"github.com/mcp-auth/go/internal/jose"
	"github.com/mcp-auth/go/metadata"
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

// ConfigError is one mistake in a [Config]. [New] and [NewServer] join all that
// they find; [errors.As] finds them.
type ConfigError struct {
	// Field is the field in question, such as "Users[0].Password".
	Field string
	// Reason says what is wrong with it.
	Reason string
}

func (e *ConfigError) Error() string {
	return "mcpauthtest: " + e.Field + ": " + e.Reason
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
		c.Users[i].Subject = orDefault(c.Users[i].Subject, c.Users[i].Username)
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
	c.AccessTokenTTL = orDefault(c.AccessTokenTTL, defaultAccessTokenTTL)
	c.RefreshTokenTTL = orDefault(c.RefreshTokenTTL, defaultRefreshTokenTTL)
	c.RegistrationTTL = orDefault(c.RegistrationTTL, defaultRegistrationTTL)
	c.Algorithm = orDefault(c.Algorithm, defaultAlgorithm)
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
	c.Name = orDefault(c.Name, c.ID)
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

// check reports every mistake in a normalized configuration.
func (c Config) check() error {
	return errors.Join(slices.Concat(
		c.checkIssuer(),
		c.checkUsers(),
		c.checkClients(),
		c.checkScopes(),
		c.checkResources(),
		c.checkTrustedIssuers(),
		c.checkAudiences(),
		c.checkTimes(),
	)...)
}

func (c Config) checkIssuer() []error {
	if c.Path != "" {
		return []error{&ConfigError{"Path", "is for an issuer derived from the listener, Issuer has its own"}}
	}
	if c.Issuer == "" {
		return []error{&ConfigError{"Issuer", "is required"}}
	}
	u, err := url.Parse(c.Issuer)
	if err != nil || u.Host == "" {
		return []error{&ConfigError{"Issuer", "is not an absolute URL"}}
	}
	var errs []error
	if !secureURL(u) {
		errs = append(errs, &ConfigError{"Issuer", "must be https, or http on a loopback host"})
	}
	if u.User != nil || strings.ContainsAny(c.Issuer, "?#") || !printableASCII(c.Issuer) {
		errs = append(errs, &ConfigError{"Issuer", "must be ASCII without user information, query and fragment"})
	}
	return errs
}

func (c Config) checkUsers() []error {
	var errs []error
	seen := map[string]bool{}
	for i, u := range c.Users {
		field := fmt.Sprintf("Users[%d]", i)
		if u.Username == "" {
			errs = append(errs, &ConfigError{field + ".Username", "is required"})
		}
		if u.Password == "" {
			errs = append(errs, &ConfigError{field + ".Password", "is required"})
		}
		if seen[u.Username] {
			errs = append(errs, &ConfigError{field + ".Username", "is another user's"})
		}
		seen[u.Username] = true
	}
	return errs
}

func (c Config) checkClients() []error {
	var errs []error
	seen := map[string]bool{}
	for i, client := range c.Clients {
		field := fmt.Sprintf("Clients[%d]", i)
		if client.ID == "" {
			errs = append(errs, &ConfigError{field + ".ID", "is required"})
		}
		if seen[client.ID] {
			errs = append(errs, &ConfigError{field + ".ID", "is another client's"})
		}
		seen[client.ID] = true
		errs = append(errs, client.check(field)...)
	}
	return errs
}

func (c Client) check(field string) []error {
	var errs []error
	for i, uri := range c.RedirectURIs {
		if err := checkRedirectURI(uri); err != nil {
			errs = append(errs, &ConfigError{fmt.Sprintf("%s.RedirectURIs[%d]", field, i), err.Error()})
		}
	}
	for _, g := range c.GrantTypes {
		if !slices.Contains(grantTypesSupported(), g) {
			errs = append(errs, &ConfigError{field + ".GrantTypes", "holds a grant type that is not supported"})
		}
	}
	if len(c.GrantTypes) == 0 {
		errs = append(errs, &ConfigError{field, "needs redirect URIs or a secret"})
	}
	if slices.Contains(c.GrantTypes, grantAuthorizationCode) && len(c.RedirectURIs) == 0 {
		errs = append(errs, &ConfigError{field + ".RedirectURIs", "is required for authorization_code"})
	}
	if slices.Contains(c.GrantTypes, grantClientCredentials) && !c.confidential() {
		errs = append(errs, &ConfigError{field + ".Secret", "is required for client_credentials, or JWKS"})
	}
	return append(errs, checkKeys(field, c.JWKS, c.JWKSURI)...)
}

// checkKeys checks a JWK Set, or the place where it stands.
func checkKeys(field string, jwks []byte, uri string) []error {
	var errs []error
	if len(jwks) > 0 && uri != "" {
		errs = append(errs, &ConfigError{field + ".JWKSURI", "is one place too many, JWKS is set"})
	}
	if len(jwks) > 0 {
		if set, err := jose.ParseKeySet(jwks); err != nil || set.Len() == 0 {
			errs = append(errs, &ConfigError{field + ".JWKS", "is no JWK Set with a public signing key"})
		}
	}
	if uri != "" && fetch.CheckURL(uri, true) != nil {
		errs = append(errs, &ConfigError{field + ".JWKSURI", "must be an https URL, or http on loopback, without a fragment"})
	}
	return errs
}

func (c Config) checkTrustedIssuers() []error {
	var errs []error
	seen := map[string]bool{}
	for i, t := range c.TrustedIssuers {
		field := fmt.Sprintf("TrustedIssuers[%d]", i)
		if t.Issuer == "" || seen[t.Issuer] {
			errs = append(errs, &ConfigError{field + ".Issuer", "is missing, or another one's"})
		}
		seen[t.Issuer] = true
		if len(t.JWKS) == 0 && t.JWKSURI == "" && metadata.CheckIssuer(t.Issuer) != nil {
			errs = append(errs, &ConfigError{field + ".Issuer", "has no metadata to find its keys with, so JWKS or JWKSURI is required"})
		}
		if !t.IdentityAssertions && len(t.Workloads) == 0 {
			errs = append(errs, &ConfigError{field, "is trusted for nothing: set IdentityAssertions or Workloads"})
		}
		errs = append(errs, checkKeys(field, t.JWKS, t.JWKSURI)...)
		for j, w := range t.Workloads {
			errs = append(errs, c.checkWorkload(fmt.Sprintf("%s.Workloads[%d]", field, j), w)...)
		}
	}
	return errs
}

func (c Config) checkWorkload(field string, w Workload) []error {
	var errs []error
	if w.Subject == "" {
		errs = append(errs, &ConfigError{field + ".Subject", "is required"})
	}
	for i, s := range w.Scopes {
		if !validScopeToken(s) || !c.scopeSupported(s) || identityScope(s) {
			errs = append(errs, &ConfigError{fmt.Sprintf("%s.Scopes[%d]", field, i), "is not one of Scopes"})
		}
	}
	for i, r := range w.Resources {
		if !validResource(r) || len(c.Resources) > 0 && !slices.Contains(c.Resources, r) {
			errs = append(errs, &ConfigError{fmt.Sprintf("%s.Resources[%d]", field, i), "is not one of Resources"})
		}
	}
	return errs
}

func (c Config) checkAudiences() []error {
	var errs []error
	for i, a := range c.AssertionAudiences {
		field := fmt.Sprintf("AssertionAudiences[%d]", i)
		if metadata.CheckIssuer(a.Issuer) != nil {
			errs = append(errs, &ConfigError{field + ".Issuer", "is not an issuer identifier"})
		}
		for j, r := range a.Resources {
			if !validResource(r) {
				errs = append(errs, &ConfigError{fmt.Sprintf("%s.Resources[%d]", field, j), "is not a resource identifier"})
			}
		}
	}
	return errs
}

func (c Config) checkScopes() []error {
	var errs []error
	for i, s := range c.Scopes {
		if !validScopeToken(s) {
			errs = append(errs, &ConfigError{fmt.Sprintf("Scopes[%d]", i), "is not a scope token (RFC 6749 §3.3)"})
		}
	}
	for i, s := range c.DefaultScopes {
		if !validScopeToken(s) || !c.scopeSupported(s) {
			errs = append(errs, &ConfigError{fmt.Sprintf("DefaultScopes[%d]", i), "is not one of Scopes"})
		}
	}
	return errs
}

func (c Config) checkResources() []error {
	var errs []error
	for i, r := range c.Resources {
		if !validResource(r) {
			errs = append(errs, &ConfigError{
				fmt.Sprintf("Resources[%d]", i),
				"must be an https URL, or http on loopback, without a fragment (RFC 8707 §2)",
			})
		}
	}
	return errs
}

func (c Config) checkTimes() []error {
	var errs []error
	for _, t := range []struct {
		field string
		value time.Duration
	}{
		{"AccessTokenTTL", c.AccessTokenTTL},
		{"RefreshTokenTTL", c.RefreshTokenTTL},
		{"RegistrationTTL", c.RegistrationTTL},
	} {
		if t.value < time.Second {
			errs = append(errs, &ConfigError{t.field, "must be at least a second"})
		}
	}
	if _, ok := algorithms()[c.Algorithm]; !ok {
		errs = append(errs, &ConfigError{"Algorithm", "is not supported"})
	}
	return errs
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

// validScopeToken implements the scope-token of RFC 6749 §3.3.
func validScopeToken(s string) bool {
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c > '~' || c == '"' || c == '\\' {
			return false
		}
	}
	return s != ""
}

// validResource tells whether s can be a resource indicator here: RFC 8707 §2,
// and https or loopback as MCP demands.
func validResource(s string) bool {
	u, err := url.Parse(s)
	if err != nil || strings.Contains(s, "#") || !printableASCII(s) {
		return false
	}
	return u.Host != "" && u.User == nil && secureURL(u)
}

// secureURL tells whether u is https, or http on a loopback host.
func secureURL(u *url.URL) bool {
	switch u.Scheme {
	case "https":
		return u.Hostname() != ""
	case "http":
		return fetch.IsLoopbackHost(u.Hostname())
	}
	return false
}

// loopbackURL tells whether raw names a loopback host.
func loopbackURL(raw string) bool {
	u, err := url.Parse(raw)
	return err == nil && fetch.IsLoopbackHost(u.Hostname())
}

// printableASCII tells whether s has only characters that a URL may be written
// with, as far as headers are concerned.
func printableASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' })
}

func hasControl(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f })
}

func orDefault[T comparable](value, fallback T) T {
	var zero T
	if value == zero {
		return fallback
	}
	return value
}
