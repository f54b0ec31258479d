package mcpauthtest

import (
	"cmp"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/mcp-auth/go/configerr"
	"github.com/mcp-auth/go/internal/authserver"
	"github.com/mcp-auth/go/internal/authserver/client"
	"github.com/mcp-auth/go/internal/authserver/key"
	"github.com/mcp-auth/go/internal/authserver/store"
	"github.com/mcp-auth/go/internal/authserver/tokenendpoint"
	"github.com/mcp-auth/go/internal/authserver/trustedissuer"
	"github.com/mcp-auth/go/internal/identifier"
	"github.com/mcp-auth/go/internal/jose"
)

const (
	defaultAlgorithm       = "ES256"
	defaultAccessTokenTTL  = time.Hour
	defaultRefreshTokenTTL = 30 * 24 * time.Hour
	defaultRegistrationTTL = 30 * 24 * time.Hour

	maxNetworkTimeout = time.Minute

	defaultUsername = "alice"
	defaultPassword = "wonderland"
)

const (
	invalidPath  configerr.Fault = `the path does not begin with "/", or has a query or a fragment`
	unusedPath   configerr.Fault = "the path is for an issuer that is derived from the listener, and Issuer is set or nothing listens"
	remoteListen configerr.Fault = "the address is not on loopback, so Issuer is required"
)

// parsed is a valid configuration with the defaults filled in.
type parsed struct {
	Config                    // Users, Resources and ScopeDescriptions are copies
	base   *authserver.Config // everything else that the server needs, copied
}

// parse returns the configuration, or every mistake in it.
func (c Config) parse() (*parsed, error) {
	var list configerr.List
	if c.Path != "" {
		list.Add(unusedPath, "Path", c.Path)
	}
	list.Nest("Network", identifier.CheckNetwork(c.Network, maxNetworkTimeout))
	c.Users = parseUsers(&list, c.Users)
	c.AccessTokenTTL = cmp.Or(c.AccessTokenTTL, defaultAccessTokenTTL)
	base := authserver.Parse(&list, c.settings())
	c.Algorithm = cmp.Or(c.Algorithm, defaultAlgorithm)
	if !key.Supported(c.Algorithm) {
		list.AddErr(configerr.InvalidAlgorithm, "Algorithm", c.Algorithm, jose.WhyNot(c.Algorithm))
	}
	if err := list.Err(); err != nil {
		return nil, err
	}
	c.Resources = slices.Clone(c.Resources)
	c.ScopeDescriptions = maps.Clone(c.ScopeDescriptions)
	if c.Store == nil {
		c.Store = store.NewMemory()
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return &parsed{c, base}, nil
}

// parseUsers returns a copy of the users, or the default user if there is none.
func parseUsers(list *configerr.List, users []User) []User {
	if len(users) == 0 {
		users = []User{{
			Username: defaultUsername, Password: defaultPassword, Name: "Alice", Email: "alice@example.com",
		}}
	}
	users = slices.Clone(users)
	seen := map[string]bool{}
	for i, u := range users {
		field := fmt.Sprintf("Users[%d]", i)
		if u.Username == "" {
			list.Add(configerr.MissingValue, field+".Username", "")
		}
		if u.Password == "" {
			list.Add(configerr.MissingValue, field+".Password", "")
		}
		if seen[u.Username] {
			list.Add(configerr.DuplicateValue, field+".Username", u.Username)
		}
		seen[u.Username] = true
		users[i].Subject = cmp.Or(u.Subject, u.Username)
	}
	return users
}

// settings returns the part of the configuration that every authorization server
// has.
func (c Config) settings() authserver.Settings {
	s := authserver.Settings{
		Issuer: c.Issuer, Scopes: c.Scopes, DefaultScopes: c.DefaultScopes, Resources: c.Resources,
		AccessTokenTTL:     c.AccessTokenTTL,
		RefreshTokenTTL:    cmp.Or(c.RefreshTokenTTL, defaultRefreshTokenTTL),
		RegistrationTTL:    cmp.Or(c.RegistrationTTL, defaultRegistrationTTL),
		OpaqueAccessTokens: c.OpaqueAccessTokens, OpenRegistration: c.OpenRegistration, DPoPNonce: c.DPoPNonce,
		PlainHosts: c.Network.DangerouslyAllowHTTP, NoClientDocuments: c.NoClientDocuments, Network: c.Network,
	}
	for _, configured := range c.Clients {
		s.Clients = append(s.Clients, client.Settings(configured))
	}
	for _, t := range c.TrustedIssuers {
		trusted := trustedissuer.Settings{
			Issuer: t.Issuer, JWKS: t.JWKS, JWKSURI: t.JWKSURI, IdentityAssertions: t.IdentityAssertions,
		}
		for _, w := range t.Workloads {
			trusted.Workloads = append(trusted.Workloads, trustedissuer.Workload(w))
		}
		s.TrustedIssuers = append(s.TrustedIssuers, trusted)
	}
	for _, a := range c.AssertionAudiences {
		s.AssertionAudiences = append(s.AssertionAudiences, tokenendpoint.Audience(a))
	}
	return s
}

// checkListen returns the mistakes of a configuration for [NewServer] that must
// be found before the server listens.
func (c Config) checkListen(address string) error {
	var list configerr.List
	if c.Issuer == "" && !loopbackListen(address) {
		list.Add(remoteListen, "Listen", address)
	}
	if c.Path != "" && (!strings.HasPrefix(c.Path, "/") || strings.ContainsAny(c.Path, "?#")) {
		list.Add(invalidPath, "Path", c.Path)
	}
	return list.Err()
}
