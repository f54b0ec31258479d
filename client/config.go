package client

import (
	"crypto"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"time"

	"github.com/mcp-auth/go/network"
)

const defaultClientName = "MCP client"

// Config configures a [Client]. [New] copies it.
type Config struct {
	// ServerURL is the URL of the MCP server, byte for byte as it is requested:
	// the resource in the server's metadata must be identical (RFC 9728 §3.3).
	// Plain http only on loopback. Required.
	ServerURL string
	// Grant is how tokens are obtained. Nil means [AuthorizationCode] without a
	// way to ask a user: stored tokens are used and refreshed, and a
	// [*clienterr.LoginRequiredError] reports that a user is needed.
	Grant Grant

	// Credentials are the clients that were registered beforehand, one for each
	// authorization server. They take precedence over every other way to
	// register.
	Credentials []Credentials
	// MetadataDocumentURL is the https URL of the client's metadata document,
	// used as client_id if the authorization server supports that (OAuth Client
	// ID Metadata Document). The document must list the redirect URI.
	MetadataDocumentURL string
	// MetadataDocumentKey is a key whose public part the document publishes, in
	// jwks or jwks_uri. The client then authenticates by private_key_jwt (RFC
	// 7523) at servers that support it. Nil means that the document describes a
	// public client.
	MetadataDocumentKey *ClientKey
	// Registration is what the client says about itself when it registers
	// dynamically (RFC 7591).
	Registration Registration

	// AuthorizationServers are the authorization servers that do not conform,
	// and how to deal with them.
	AuthorizationServers []AuthorizationServer
	// LookupAuthorizationServer returns how to deal with an authorization server
	// that is not listed, nil if it conforms as far as is known. It is called
	// once the MCP server has named the issuer; the result's Issuer is ignored.
	LookupAuthorizationServer func(issuer string) *AuthorizationServer

	// Scopes are requested in addition to the scopes that the server asks for.
	Scopes []string
	// DPoP says whether tokens are bound to a key of the client (RFC 9449).
	DPoP DPoPMode
	// LegacyDiscovery says what to do with servers of MCP 2025-03-26, which
	// have no resource metadata.
	LegacyDiscovery LegacyDiscovery
	// Store keeps tokens and registrations. Nil means memory.
	Store Store

	// Network says how authorization servers are reached. Without allowed
	// networks they are reached only at public addresses, and on loopback if the
	// MCP server itself is there. The timeout is one minute at most.
	Network network.Settings
	// Logger gets an entry for each step, without secrets. Nil means that
	// nothing is logged.
	Logger *slog.Logger
	// Now is the clock, for tests. Nil means [time.Now].
	Now func() time.Time
}

// ClientKey is a key that a client authenticates with.
type ClientKey struct {
	// PrivateKey signs the client's assertions. Required.
	PrivateKey crypto.Signer `json:"-"`
	// KeyID and Algorithm go into the header of assertions. An empty algorithm
	// is chosen by the key.
	KeyID, Algorithm string
}

// Format does not print the key, whatever the verb.
func (k ClientKey) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "{"+k.KeyID+"}") }

// LogValue keeps the key out of logs.
func (k ClientKey) LogValue() slog.Value { return slog.StringValue(k.KeyID) }

// Registration is what the client says about itself to an authorization server
// that it registers with (RFC 7591 §2).
type Registration struct {
	// Disabled keeps the client from registering.
	Disabled bool
	// ClientName is shown to users. Empty means "MCP client".
	ClientName string
	// ClientURI is the URL of the client's home page, LogoURI the URL of its
	// logo.
	ClientURI, LogoURI string
	// SoftwareID and SoftwareVersion identify the software, the same for all
	// its installations.
	SoftwareID, SoftwareVersion string
}

// withDefaults returns a copy with the defaults filled in.
func (c Config) withDefaults() Config {
	if c.Grant == nil {
		c.Grant = AuthorizationCode{}
	}
	if c.Registration.ClientName == "" {
		c.Registration.ClientName = defaultClientName
	}
	if c.Store == nil {
		c.Store = NewMemoryStore()
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	c.Scopes = slices.Clone(c.Scopes)
	return c
}
