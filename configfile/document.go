package configfile

import "time"

// Document is what a file configures. Its fields have the names of the file in
// their tags.
type Document struct {
	// Resources are the protected resources, at least one.
	Resources []Resource `yaml:"resources"`
	// Leeway is the clock difference that is tolerated.
	Leeway time.Duration `yaml:"leeway"`
	// AllowedNetworks are private networks in which authorization servers may be,
	// such as 10.20.0.0/16.
	AllowedNetworks []string `yaml:"allowed_networks"`
	// DangerouslyAllowHTTP are hosts of your own network that may be plain http, for
	// development.
	DangerouslyAllowHTTP []string `yaml:"dangerously_allow_http"`
}

// Resource is a protected resource, see [mcpauth.Resource].
type Resource struct {
	Identifier           string                `yaml:"identifier"`
	AuthorizationServers []AuthorizationServer `yaml:"authorization_servers"`
	ScopesSupported      []string              `yaml:"scopes_supported"`
	// Policy is the name of a policy file, relative to this file.
	Policy string `yaml:"policy"`
	// ChallengeAllScopes lets a 401 ask for all scopes of the policy.
	ChallengeAllScopes bool `yaml:"challenge_all_scopes"`
	// DPoP is "required", "optional" or empty.
	DPoP string `yaml:"dpop"`
}

// AuthorizationServer is an authorization server, by its issuer or by a profile
// of package provider. See [mcpauth.AuthorizationServer].
type AuthorizationServer struct {
	// Provider is the name of a profile. It excludes Issuer, Type, MetadataURL,
	// Algorithms, TokenTypes and ScopeClaim.
	Provider string `yaml:"provider"`
	// Parameters are the parameters of the profile.
	Parameters     map[string]string `yaml:"parameters"`
	Issuer         string            `yaml:"issuer"`
	Type           string            `yaml:"type"`
	MetadataURL    string            `yaml:"metadata_url"`
	Audiences      []string          `yaml:"audiences"`
	AllowedClients []string          `yaml:"allowed_clients"`
	Algorithms     []string          `yaml:"algorithms"`
	TokenTypes     []string          `yaml:"token_types"`
	ScopeClaim     string            `yaml:"scope_claim"`
	Introspection  *Introspection    `yaml:"introspection"`
}

// Introspection is how tokens are introspected, see [mcpauth.Introspection].
type Introspection struct {
	Endpoint string `yaml:"endpoint"`
	ClientID string `yaml:"client_id"`
	// ClientSecretEnv is the name of the environment variable that holds the
	// client secret.
	ClientSecretEnv string   `yaml:"client_secret_env"`
	AuthMethod      string   `yaml:"auth_method"`
	Tokens          string   `yaml:"tokens"`
	AllowedClients  []string `yaml:"allowed_clients"`
	// OnlyAccessTokens is for servers that introspect no refresh tokens.
	OnlyAccessTokens bool `yaml:"only_access_tokens"`
}
