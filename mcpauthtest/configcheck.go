package mcpauthtest

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/mcp-auth/go/internal/challenge"
	"github.com/mcp-auth/go/internal/fetch"
	"github.com/mcp-auth/go/internal/jose"
	"github.com/mcp-auth/go/metadata"
)

// ConfigError is one mistake in a [Config]. [New] and [NewServer] join all they
// find, each is reached by [errors.As].
type ConfigError struct {
	// Field is the field in question, such as "Users[0].Password".
	Field string
	// Reason says what is wrong with it.
	Reason string
}

func (e *ConfigError) Error() string {
	return "mcpauthtest: " + e.Field + ": " + e.Reason
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
		if !challenge.ValidScope(s) || !c.scopeSupported(s) || identityScope(s) {
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
		if !challenge.ValidScope(s) {
			errs = append(errs, &ConfigError{fmt.Sprintf("Scopes[%d]", i), "is not a scope token (RFC 6749 §3.3)"})
		}
	}
	for i, s := range c.DefaultScopes {
		if !challenge.ValidScope(s) || !c.scopeSupported(s) {
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

// printableASCII tells whether s has only characters that a URL may be written
// with, as far as headers are concerned.
func printableASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' })
}

func hasControl(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f })
}
