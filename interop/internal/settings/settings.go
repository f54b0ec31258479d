// Package settings is what the tests and cmd/resource-server say to each other.
package settings

import "time"

// Variable is the environment variable that holds a [ResourceServer] as JSON.
const Variable = "INTEROP_RESOURCE_SERVER"

// ResourceServer configures cmd/resource-server.
type ResourceServer struct {
	Resource      string // its URL, where it listens
	Issuer        string
	Scopes        []string // required
	Introspection *Introspection
	DPoP          *DPoP
}

// Introspection is mcpauth.Introspection without what cannot be written as JSON.
type Introspection struct {
	ClientID        string
	ClientSecret    string
	Key             string // PKCS #8 in PEM
	KeyID           string
	AuthMethod      string
	Tokens          string
	CacheTTL        time.Duration
	SignedResponses bool
}

// DPoP is the part of mcpauth.DPoP that the suites vary.
type DPoP struct {
	Required     bool
	RequireNonce bool
}

// Identity is what the tool whoami answers.
type Identity struct {
	Issuer   string   `json:"issuer"`
	Subject  string   `json:"subject"`
	ClientID string   `json:"client_id"`
	Scopes   []string `json:"scopes"`
	Audience []string `json:"audience"`
	// Key is the thumbprint of the key that the token is bound to (RFC 9449
	// §6.1). The quickstart does not tell it.
	Key string `json:"key,omitempty"`
}
