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
	// Admin is the address of /livez and /readyz.
	Admin string `yaml:"admin"`
	// TrustedProxies are networks such as 10.0.0.0/24.
	TrustedProxies []string `yaml:"trusted_proxies"`
	// KeepAlive is after how much silence an event stream gets a comment.
	KeepAlive time.Duration `yaml:"keep_alive"`
	// LegacyMetadata serves clients of 2025-03-26.
	LegacyMetadata bool      `yaml:"legacy_metadata"`
	Drain          Drain     `yaml:"drain"`
	Audit          *Audit    `yaml:"audit"`
	Telemetry      Telemetry `yaml:"telemetry"`
}

// KeyPair names the files of a certificate and its key, in PEM.
type KeyPair struct {
	Cert string `yaml:"cert"`
	Key  string `yaml:"key"`
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
	Logs Logs `yaml:"logs"`
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
	Header *Header `yaml:"header"`
}

// Header is a header that is the same for all callers.
type Header struct {
	Name  string `yaml:"name"`
	Value Secret `yaml:"value"`
}

// Secret names the place of a secret: exactly one of its fields.
type Secret struct {
	File string `yaml:"file"`
	Env  string `yaml:"env"`
}
