package authserver

import (
	"net/url"
	"strings"
	"time"

	"github.com/mcp-auth/go/configerr"
	"github.com/mcp-auth/go/internal/authserver/client"
	"github.com/mcp-auth/go/internal/authserver/oauth"
	"github.com/mcp-auth/go/internal/authserver/tokenendpoint"
	"github.com/mcp-auth/go/internal/authserver/trustedissuer"
	"github.com/mcp-auth/go/internal/fetch"
	"github.com/mcp-auth/go/network"
)

// Settings are what an operator configures.
type Settings struct {
	// Issuer is the issuer identifier (RFC 8414 §2), used byte for byte.
	Issuer string
	// Clients are registered in advance.
	Clients []client.Settings
	// Scopes can be asked for, DefaultScopes are granted to a request that names
	// none, Resources can be asked for. Empty means any scope, all of Scopes, any
	// resource.
	Scopes, DefaultScopes, Resources []string
	// AccessTokenTTL is how long access tokens are valid, RefreshTokenTTL how
	// long after the login tokens can be refreshed, RegistrationTTL how long
	// dynamically registered clients live.
	AccessTokenTTL, RefreshTokenTTL, RegistrationTTL time.Duration
	// OpaqueAccessTokens makes access tokens that must be introspected.
	OpaqueAccessTokens bool
	// OpenRegistration lets anyone register a client even if the issuer's host is
	// not on loopback.
	OpenRegistration bool
	// PlainHosts are hosts of one's own network whose issuer and resources may be
	// http, for development.
	PlainHosts oauth.PlainHosts
	// NoClientDocuments fetches no Client ID Metadata Documents and advertises none.
	NoClientDocuments bool
	// DPoPNonce demands a nonce in DPoP proofs (RFC 9449 §8).
	DPoPNonce bool
	// TrustedIssuers sign assertions that are accepted as grants.
	TrustedIssuers []trustedissuer.Settings
	// AssertionAudiences are authorization servers that identity assertions are
	// issued for.
	AssertionAudiences []tokenendpoint.Audience
	// Network says where documents of clients and issuers may be fetched.
	Network network.Settings
}

// Config is a valid configuration. Make one with [Parse].
type Config struct {
	issuer    string
	issuerURL *url.URL
	clients   map[string]*client.Client
	supported *oauth.Supported
	trusted   map[string]*trustedissuer.Issuer
	audiences []tokenendpoint.Audience
	network   network.Settings
	plain     bool // the issuer is http on one of the plain hosts

	accessTokenTTL, refreshTokenTTL, registrationTTL time.Duration
	opaqueAccessTokens, openRegistration, dpopNonce  bool
	noClientDocuments                                bool
}

// Parse returns the configuration that the settings describe, and adds every
// mistake to list. The configuration must not be used if there is one. It shares
// nothing with s.
func Parse(list *configerr.List, s Settings) *Config {
	c := &Config{
		issuer:    s.Issuer,
		issuerURL: parseIssuer(list, s.Issuer, s.PlainHosts),
		clients:   client.ParseAll(list, s.Clients),
		supported: oauth.ParseSupported(list, s.Scopes, s.DefaultScopes, s.Resources, s.PlainHosts),
		network:   s.Network.Clone(),

		opaqueAccessTokens: s.OpaqueAccessTokens, openRegistration: s.OpenRegistration, dpopNonce: s.DPoPNonce,
		noClientDocuments: s.NoClientDocuments,
	}
	c.plain = c.issuerURL != nil && s.PlainHosts.Plain(c.issuerURL)
	c.trusted = trustedissuer.ParseAll(list, s.TrustedIssuers, c.supported)
	c.audiences = tokenendpoint.ParseAudiences(list, s.AssertionAudiences)
	c.accessTokenTTL = parseLifetime(list, "AccessTokenTTL", s.AccessTokenTTL)
	c.refreshTokenTTL = parseLifetime(list, "RefreshTokenTTL", s.RefreshTokenTTL)
	c.registrationTTL = parseLifetime(list, "RegistrationTTL", s.RegistrationTTL)
	return c
}

func parseLifetime(list *configerr.List, field string, d time.Duration) time.Duration {
	if d < time.Second {
		list.Add(configerr.InvalidLifetime, field, d.String())
	}
	return d
}

const issuerSyntax configerr.Fault = "the issuer has user information, a query, a fragment or a character outside of printable ASCII (RFC 8414 §2)"

const insecureIssuer configerr.Fault = "the issuer is neither https nor http on a loopback host; for development inside a network of your own, Network.DangerouslyAllowHTTP names its host"

func parseIssuer(list *configerr.List, issuer string, plain oauth.PlainHosts) *url.URL {
	if issuer == "" {
		list.Add(configerr.MissingValue, "Issuer", "")
		return nil
	}
	u, err := url.Parse(issuer)
	if err != nil || u.Host == "" {
		list.Add(configerr.InvalidIssuer, "Issuer", issuer)
		return nil
	}
	if !plain.Secure(u) {
		list.Add(insecureIssuer, "Issuer", issuer)
	}
	if u.User != nil || strings.ContainsAny(issuer, "?#") || !oauth.PrintableASCII(issuer) {
		list.Add(issuerSyntax, "Issuer", issuer)
	}
	return u
}

// base returns the issuer without a terminating slash.
func (c *Config) base() string { return strings.TrimSuffix(c.issuer, "/") }

// path returns the path of the issuer without a terminating slash.
func (c *Config) path() string { return strings.TrimSuffix(c.issuerURL.Path, "/") }

func (c *Config) onLoopback() bool { return fetch.IsLoopbackURL(c.issuer) }

// registrationOpen reports whether anyone can register a client.
func (c *Config) registrationOpen() bool { return c.openRegistration || c.onLoopback() }
