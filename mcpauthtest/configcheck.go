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

// faults collects the mistakes of a configuration.
type faults []error

func (f *faults) add(field, reason string) { *f = append(*f, &ConfigError{field, reason}) }

// check reports every mistake in a normalized configuration.
func (c Config) check() error {
	var f faults
	c.checkIssuer(&f)
	c.checkUsers(&f)
	c.checkClients(&f)
	c.checkScopes(&f)
	c.checkResources(&f)
	c.checkTrustedIssuers(&f)
	c.checkAudiences(&f)
	c.checkTimes(&f)
	return errors.Join(f...)
}

func (c Config) checkIssuer(f *faults) {
	if c.Path != "" {
		f.add("Path", "is for an issuer derived from the listener, Issuer has its own")
		return
	}
	if c.Issuer == "" {
		f.add("Issuer", "is required")
		return
	}
	u, err := url.Parse(c.Issuer)
	if err != nil || u.Host == "" {
		f.add("Issuer", "is not an absolute URL")
		return
	}
	if !secureURL(u) {
		f.add("Issuer", "must be https, or http on a loopback host")
	}
	if u.User != nil || strings.ContainsAny(c.Issuer, "?#") || !printableASCII(c.Issuer) {
		f.add("Issuer", "must be ASCII without user information, query and fragment")
	}
}

func (c Config) checkUsers(f *faults) {
	seen := map[string]bool{}
	for i, u := range c.Users {
		field := fmt.Sprintf("Users[%d]", i)
		if u.Username == "" {
			f.add(field+".Username", "is required")
		}
		if u.Password == "" {
			f.add(field+".Password", "is required")
		}
		if seen[u.Username] {
			f.add(field+".Username", "is another user's")
		}
		seen[u.Username] = true
	}
}

func (c Config) checkClients(f *faults) {
	seen := map[string]bool{}
	for i, client := range c.Clients {
		field := fmt.Sprintf("Clients[%d]", i)
		if client.ID == "" {
			f.add(field+".ID", "is required")
		}
		if seen[client.ID] {
			f.add(field+".ID", "is another client's")
		}
		seen[client.ID] = true
		client.check(f, field)
	}
}

func (c Client) check(f *faults, field string) {
	for i, uri := range c.RedirectURIs {
		if err := checkRedirectURI(uri); err != nil {
			f.add(fmt.Sprintf("%s.RedirectURIs[%d]", field, i), err.Error())
		}
	}
	for _, g := range c.GrantTypes {
		if !slices.Contains(grantTypesSupported(), g) {
			f.add(field+".GrantTypes", "holds a grant type that is not supported")
		}
	}
	if len(c.GrantTypes) == 0 {
		f.add(field, "needs redirect URIs or a secret")
	}
	if slices.Contains(c.GrantTypes, grantAuthorizationCode) && len(c.RedirectURIs) == 0 {
		f.add(field+".RedirectURIs", "is required for authorization_code")
	}
	if slices.Contains(c.GrantTypes, grantClientCredentials) && !c.confidential() {
		f.add(field+".Secret", "is required for client_credentials, or JWKS")
	}
	checkKeys(f, field, c.JWKS, c.JWKSURI)
}

// checkKeys checks a JWK Set, or the place where it stands.
func checkKeys(f *faults, field string, jwks []byte, uri string) {
	if len(jwks) > 0 && uri != "" {
		f.add(field+".JWKSURI", "is one place too many, JWKS is set")
	}
	if len(jwks) > 0 {
		if set, err := jose.ParseKeySet(jwks); err != nil || set.Len() == 0 {
			f.add(field+".JWKS", "is no JWK Set with a public signing key")
		}
	}
	if uri != "" && fetch.CheckURL(uri, true) != nil {
		f.add(field+".JWKSURI", "must be an https URL, or http on loopback, without a fragment")
	}
}

func (c Config) checkTrustedIssuers(f *faults) {
	seen := map[string]bool{}
	for i, t := range c.TrustedIssuers {
		field := fmt.Sprintf("TrustedIssuers[%d]", i)
		if t.Issuer == "" || seen[t.Issuer] {
			f.add(field+".Issuer", "is missing, or another one's")
		}
		seen[t.Issuer] = true
		if len(t.JWKS) == 0 && t.JWKSURI == "" && metadata.CheckIssuer(t.Issuer) != nil {
			f.add(field+".Issuer", "has no metadata to find its keys with, so JWKS or JWKSURI is required")
		}
		if !t.IdentityAssertions && len(t.Workloads) == 0 {
			f.add(field, "is trusted for nothing: set IdentityAssertions or Workloads")
		}
		checkKeys(f, field, t.JWKS, t.JWKSURI)
		for j, w := range t.Workloads {
			c.checkWorkload(f, fmt.Sprintf("%s.Workloads[%d]", field, j), w)
		}
	}
}

func (c Config) checkWorkload(f *faults, field string, w Workload) {
	if w.Subject == "" {
		f.add(field+".Subject", "is required")
	}
	for i, s := range w.Scopes {
		if !challenge.ValidScope(s) || !c.scopeSupported(s) || identityScope(s) {
			f.add(fmt.Sprintf("%s.Scopes[%d]", field, i), "is not one of Scopes")
		}
	}
	for i, r := range w.Resources {
		if !validResource(r) || len(c.Resources) > 0 && !slices.Contains(c.Resources, r) {
			f.add(fmt.Sprintf("%s.Resources[%d]", field, i), "is not one of Resources")
		}
	}
}

func (c Config) checkAudiences(f *faults) {
	for i, a := range c.AssertionAudiences {
		field := fmt.Sprintf("AssertionAudiences[%d]", i)
		if metadata.CheckIssuer(a.Issuer) != nil {
			f.add(field+".Issuer", "is not an issuer identifier")
		}
		for j, r := range a.Resources {
			if !validResource(r) {
				f.add(fmt.Sprintf("%s.Resources[%d]", field, j), "is not a resource identifier")
			}
		}
	}
}

func (c Config) checkScopes(f *faults) {
	for i, s := range c.Scopes {
		if !challenge.ValidScope(s) {
			f.add(fmt.Sprintf("Scopes[%d]", i), "is not a scope token (RFC 6749 §3.3)")
		}
	}
	for i, s := range c.DefaultScopes {
		if !challenge.ValidScope(s) || !c.scopeSupported(s) {
			f.add(fmt.Sprintf("DefaultScopes[%d]", i), "is not one of Scopes")
		}
	}
}

func (c Config) checkResources(f *faults) {
	for i, r := range c.Resources {
		if !validResource(r) {
			f.add(fmt.Sprintf("Resources[%d]", i), "must be an https URL, or http on loopback, without a fragment (RFC 8707 §2)")
		}
	}
}

func (c Config) checkTimes(f *faults) {
	for _, t := range []struct {
		field string
		value time.Duration
	}{
		{"AccessTokenTTL", c.AccessTokenTTL},
		{"RefreshTokenTTL", c.RefreshTokenTTL},
		{"RegistrationTTL", c.RegistrationTTL},
	} {
		if t.value < time.Second {
			f.add(t.field, "must be at least a second")
		}
	}
	if _, ok := algorithms()[c.Algorithm]; !ok {
		f.add("Algorithm", "is not supported")
	}
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
