// Package gatewayfile reads the file of "mcpauth gateway". It is a configuration file
// as package configfile reads it, with more in it: the same file works with "mcpauth
// check --config" and "mcpauth policy test --config".
package gatewayfile

import (
	"time"

	"github.com/mcp-auth/go/configfile"
)

// Document is what a file configures. Its fields have the names of the file in
// their tags; those of gateway.Config have the same names as there.
type Document struct {
	configfile.Document
	// Resources take the place of those of configfile.Document.
	Resources []Resource `yaml:"resources"`
	// Listen is the address that clients reach, such as ":8443".
	Listen string `yaml:"listen"`
	// TLS is the certificate to listen with. It is read again when it changes.
	TLS *KeyPair `yaml:"tls"`
	// H2C accepts HTTP/2 without TLS.
	H2C bool `yaml:"h2c"`
	// Admin is the address of /livez, /readyz and /metrics.
	Admin string `yaml:"admin"`
	// TrustedProxies are networks such as 10.0.0.0/24.
	TrustedProxies []string `yaml:"trusted_proxies"`
	// KeepAlive is after how much silence an event stream gets a comment.
	KeepAlive time.Duration `yaml:"keep_alive"`
	// LegacyMetadata serves clients of 2025-03-26.
	LegacyMetadata bool      `yaml:"legacy_metadata"`
	Drain          Drain     `yaml:"drain"`
	Keys           Keys      `yaml:"keys"`
	Audit          *Audit    `yaml:"audit"`
	Telemetry      Telemetry `yaml:"telemetry"`
	// RateLimits bound how many requests callers make.
	RateLimits []RateLimit `yaml:"rate_limits"`
}

// KeyPair names the files of a certificate and its key, in PEM.
type KeyPair struct {
	Cert string `yaml:"cert"`
	Key  string `yaml:"key"`
}

// Keys are what all replicas of a gateway have in common.
type Keys struct {
	// Identity has the keys that sign assertions, in PEM: the first one signs, and
	// all are published.
	Identity *KeyFile `yaml:"identity"`
}

// KeyFile names a file with keys.
type KeyFile struct {
	File string `yaml:"file"`
}

// Drain is how the gateway stops.
type Drain struct {
	// Delay is how long it goes on after it has said that it is not ready.
	Delay time.Duration `yaml:"delay"`
	// Grace is how long requests then have to end.
	Grace time.Duration `yaml:"grace"`
}

// Audit is a log with a line for each decision.
type Audit struct {
	File string `yaml:"file"`
	// Fail is "open", or "closed" to refuse requests that cannot be logged.
	Fail string `yaml:"fail"`
}

// Telemetry is what the gateway reports of itself.
type Telemetry struct {
	Logs    Logs     `yaml:"logs"`
	Metrics *Metrics `yaml:"metrics"`
	Traces  *Traces  `yaml:"traces"`
}

// Metrics are where metrics go: one at least.
type Metrics struct {
	// Prometheus serves them at /metrics of the admin address.
	Prometheus bool `yaml:"prometheus"`
	// OTLP is the URL of a collector, such as http://collector:4318.
	OTLP string `yaml:"otlp"`
}

// Traces are where traces go.
type Traces struct {
	// OTLP is the URL of a collector, such as http://collector:4318.
	OTLP string `yaml:"otlp"`
	// Sample is which part of the traces is sampled, from 0 to 1. Left out, it is 1.
	Sample *float64 `yaml:"sample"`
	// Continue has the traces of clients go on, and their word on sampling decide.
	Continue bool `yaml:"continue"`
}

// RateLimit is a ratelimit.Rule.
type RateLimit struct {
	Key      string        `yaml:"key"`
	Tools    []string      `yaml:"tools"`
	Requests int           `yaml:"requests"`
	Per      time.Duration `yaml:"per"`
}

// Logs is the log on standard error.
type Logs struct {
	// Format is "text" or "json".
	Format string `yaml:"format"`
}

// Resource is an MCP server behind the gateway.
type Resource struct {
	configfile.Resource
	// Name is for logs and commands. Left out, it is the identifier.
	Name     string    `yaml:"name"`
	Upstream *Upstream `yaml:"upstream"`
	// Identity is what the upstream is told of callers.
	Identity *Identity `yaml:"identity"`
}

// Identity says how an upstream is told who is calling.
type Identity struct {
	// Assertion sends a signed JWT.
	Assertion bool            `yaml:"assertion"`
	Headers   IdentityHeaders `yaml:"headers"`
}

// IdentityHeaders names plain headers.
type IdentityHeaders struct {
	Subject  string `yaml:"subject"`
	Issuer   string `yaml:"issuer"`
	ClientID string `yaml:"client_id"`
	Scope    string `yaml:"scope"`
}

// Upstream is where an MCP server is: a URL, or a command.
type Upstream struct {
	URL        string       `yaml:"url"`
	Transport  string       `yaml:"transport"`
	TLS        *UpstreamTLS `yaml:"tls"`
	Credential *Credential  `yaml:"credential"`
	Stdio      *Stdio       `yaml:"stdio"`
}

// UpstreamTLS names the files for TLS to an upstream, in PEM.
type UpstreamTLS struct {
	// CA has the authorities to trust instead of the system's.
	CA string `yaml:"ca"`
	// Cert and Key are the gateway's own.
	Cert string `yaml:"cert"`
	Key  string `yaml:"key"`
}

// Credential is what an upstream wants to see: exactly one of its fields.
type Credential struct {
	Header            *Header        `yaml:"header"`
	ClientCredentials *TokenRequest  `yaml:"client_credentials"`
	TokenExchange     *TokenExchange `yaml:"token_exchange"`
}

// Header is a header that is the same for all callers.
type Header struct {
	Name string `yaml:"name"`
	// Scheme comes before the value, such as Bearer.
	Scheme string `yaml:"scheme"`
	Value  Secret `yaml:"value"`
}

// TokenRequest says where and how the gateway gets a token for an upstream.
type TokenRequest struct {
	// Issuer is the authorization server. Left out, it is the one of the resource.
	Issuer string `yaml:"issuer"`
	// TokenEndpoint is needed where the metadata of the issuer has none.
	TokenEndpoint string            `yaml:"token_endpoint"`
	Client        OAuthClient       `yaml:"client"`
	Audience      string            `yaml:"audience"`
	Resource      string            `yaml:"resource"`
	Scopes        []string          `yaml:"scopes"`
	Parameters    map[string]string `yaml:"parameters"`
}

// TokenExchange is a TokenRequest in the name of the caller.
type TokenExchange struct {
	TokenRequest
	// Flow is token_exchange, or on_behalf_of for Microsoft Entra ID.
	Flow string `yaml:"flow"`
}

// OAuthClient is the gateway at an authorization server: its identifier, and one of
// Secret and Key.
type OAuthClient struct {
	ID     string  `yaml:"id"`
	Secret *Secret `yaml:"secret"`
	// Key is a private key in PEM, for private_key_jwt.
	Key *Secret `yaml:"key"`
	// KeyID and Algorithm go into the header of assertions.
	KeyID     string `yaml:"key_id"`
	Algorithm string `yaml:"algorithm"`
	// AuthMethod is client_secret_basic, client_secret_post or private_key_jwt.
	AuthMethod string `yaml:"auth_method"`
}

// Secret names the place of a secret: exactly one of its fields.
type Secret struct {
	File string `yaml:"file"`
	Env  string `yaml:"env"`
}
