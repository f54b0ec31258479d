package dev

import (
	"time"

	"github.com/mcp-auth/go/internal/yamlfile"
	"github.com/mcp-auth/go/mcpauthtest"
	"github.com/mcp-auth/go/network"
)

// file is the configuration file. Fields are named as in
// [mcpauthtest.Config], so that its errors can be traced to a line.
type file struct {
	Listen             string              `yaml:"listen"`
	Issuer             string              `yaml:"issuer"`
	Users              []user              `yaml:"users"`
	Clients            []client            `yaml:"clients"`
	Scopes             []scope             `yaml:"scopes"`
	DefaultScopes      []string            `yaml:"default_scopes"`
	Resources          []string            `yaml:"resources"`
	Store              string              `yaml:"store"`
	AccessTokenTTL     time.Duration       `yaml:"access_token_ttl"`
	RefreshTokenTTL    time.Duration       `yaml:"refresh_token_ttl"`
	RegistrationTTL    time.Duration       `yaml:"registration_ttl"`
	OpaqueAccessTokens bool                `yaml:"opaque_access_tokens"`
	DPoPNonce          bool                `yaml:"dpop_nonce"`
	Algorithm          string              `yaml:"algorithm"`
	ClientDocuments    string              `yaml:"client_documents"`
	AllowedNetworks    []string            `yaml:"allowed_networks"`
	TrustedIssuers     []trustedIssuer     `yaml:"trusted_issuers"`
	AssertionAudiences []assertionAudience `yaml:"assertion_audiences"`

	DangerouslyAllowHTTP []string `yaml:"dangerously_allow_http"`

	source *yamlfile.File
}

type user struct {
	Username string `yaml:"username" json:"username"`
	Password string `yaml:"password" json:"password,omitempty"`
	Subject  string `yaml:"subject" json:"-"`
	Name     string `yaml:"name" json:"-"`
	Email    string `yaml:"email" json:"-"`
}

type client struct {
	ID           string   `yaml:"id"`
	Name         string   `yaml:"name"`
	Secret       string   `yaml:"secret"`
	JWKS         string   `yaml:"jwks"`
	JWKSURI      string   `yaml:"jwks_uri"`
	RedirectURIs []string `yaml:"redirect_uris"`
	GrantTypes   []string `yaml:"grant_types"`
	DPoPBound    bool     `yaml:"dpop_bound"`
}

type scope struct {
	Name        string `yaml:"name"`
	Description string `yaml:"description"`
}

type trustedIssuer struct {
	Issuer             string     `yaml:"issuer"`
	JWKS               string     `yaml:"jwks"`
	JWKSURI            string     `yaml:"jwks_uri"`
	IdentityAssertions bool       `yaml:"identity_assertions"`
	Workloads          []workload `yaml:"workloads"`
}

type workload struct {
	Subject   string   `yaml:"subject"`
	Scopes    []string `yaml:"scopes"`
	Resources []string `yaml:"resources"`
}

type assertionAudience struct {
	Issuer    string            `yaml:"issuer"`
	Resources []string          `yaml:"resources"`
	Scopes    []string          `yaml:"scopes"`
	ClientIDs map[string]string `yaml:"client_ids"`
}

// readFile reads a configuration file. A fault names its line. An empty file
// is a configuration, too.
func readFile(name string) (*file, error) {
	f := &file{}
	source, err := yamlfile.Read(name, f)
	if err != nil {
		return nil, err
	}
	f.source = source
	return f, nil
}

// config returns what the file says.
func (f *file) config() mcpauthtest.Config {
	c := mcpauthtest.Config{
		Listen: f.Listen, Issuer: f.Issuer, DefaultScopes: f.DefaultScopes, Resources: f.Resources,
		AccessTokenTTL: f.AccessTokenTTL, RefreshTokenTTL: f.RefreshTokenTTL, RegistrationTTL: f.RegistrationTTL,
		OpaqueAccessTokens: f.OpaqueAccessTokens, DPoPNonce: f.DPoPNonce, Algorithm: f.Algorithm,
		Network:           network.Settings{DangerouslyAllowHTTP: f.DangerouslyAllowHTTP},
		ScopeDescriptions: map[string]string{},
	}
	for _, u := range f.Users {
		c.Users = append(c.Users, mcpauthtest.User(u))
	}
	for _, scope := range f.Scopes {
		c.Scopes = append(c.Scopes, scope.Name)
		c.ScopeDescriptions[scope.Name] = scope.Description
	}
	for _, client := range f.Clients {
		c.Clients = append(c.Clients, mcpauthtest.Client{
			ID: client.ID, Name: client.Name, Secret: client.Secret,
			JWKS: []byte(client.JWKS), JWKSURI: client.JWKSURI,
			RedirectURIs: client.RedirectURIs, GrantTypes: client.GrantTypes, DPoPBound: client.DPoPBound,
		})
	}
	for _, issuer := range f.TrustedIssuers {
		trusted := mcpauthtest.TrustedIssuer{
			Issuer: issuer.Issuer, JWKS: []byte(issuer.JWKS), JWKSURI: issuer.JWKSURI,
			IdentityAssertions: issuer.IdentityAssertions,
		}
		for _, w := range issuer.Workloads {
			trusted.Workloads = append(trusted.Workloads, mcpauthtest.Workload(w))
		}
		c.TrustedIssuers = append(c.TrustedIssuers, trusted)
	}
	for _, audience := range f.AssertionAudiences {
		c.AssertionAudiences = append(c.AssertionAudiences, mcpauthtest.AssertionAudience(audience))
	}
	return c
}
