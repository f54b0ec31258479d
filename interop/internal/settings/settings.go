// Package settings is what the tests and the commands in cmd say to each other.
package settings

import "time"

// Variable is the environment variable that holds a [ResourceServer] as JSON.
const Variable = "INTEROP_RESOURCE_SERVER"

// ResourceServer configures cmd/resource-server.
type ResourceServer struct {
	Resource string // its URL, where it listens
	Issuer   string
	Scopes   []string // required
	// Tools has further tools, and the scopes that the policy demands for each.
	// No other tool can then be called, whoami neither unless it is named.
	Tools map[string][]string
	// ChallengeScopes are those a caller without a token is told to ask for.
	ChallengeScopes []string
	// Stateless serves without sessions, as the revision 2026-07-28 has it.
	Stateless     bool
	Introspection *Introspection
	DPoP          *DPoP
}

// ReverseProxyVariable is the environment variable that holds a [ReverseProxy]
// as JSON.
const ReverseProxyVariable = "INTEROP_REVERSE_PROXY"

// ReverseProxy configures cmd/reverse-proxy.
type ReverseProxy struct {
	Resource string // its URL, where it listens
	Upstream string // the URL of the MCP server behind
	Issuer   string
	// Token is added to each request in front of the door, which then demands
	// one. Empty means that everything is public.
	Token string
}

// PlainServerVariable is the environment variable that holds a [PlainServer] as
// JSON.
const PlainServerVariable = "INTEROP_PLAIN_SERVER"

// PlainServer configures the servers that know nothing of authorization, in any
// language.
type PlainServer struct {
	// Port is where it serves /mcp on 127.0.0.1.
	Port int `json:"port"`
	// Tools are the names of its tools. They take no arguments.
	Tools []string `json:"tools"`
	// Record is the file to which each call of a tool adds its name, a line.
	Record string `json:"record"`
	// Stateless serves without sessions.
	Stateless bool `json:"stateless"`
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
