package client

import (
	"crypto"
	"crypto/x509"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/mcp-auth/go/internal/challenge"
	"github.com/mcp-auth/go/internal/fetch"
	"github.com/mcp-auth/go/internal/jose"
	"github.com/mcp-auth/go/metadata"
)

const (
	defaultClientName  = "MCP client"
	defaultTimeout     = 10 * time.Second
	maxTimeout         = time.Minute
	defaultUserTimeout = 5 * time.Minute
	maxUserTimeout     = time.Hour

	// defaultRedirectURI stands for any port of loopback (RFC 8252 §7.3).
	defaultRedirectURI = "http://127.0.0.1/callback"
)

// Config configures a [Client]. [New] copies it and checks it once.
type Config struct {
	// ServerURL is the URL of the MCP server, byte for byte as it is requested:
	// the resource in the server's metadata must be identical (RFC 9728 §3.3).
	// Plain http only on loopback. Required.
	ServerURL string
	// Grant is how tokens are obtained. Nil means [AuthorizationCode] with
	// nobody to ask: stored tokens are used and refreshed, and a
	// [*LoginRequiredError] tells when a user is needed.
	Grant Grant

	// Credentials are those of clients that were registered beforehand, one for
	// each authorization server. They come before every other way to register.
	Credentials []Credentials
	// MetadataDocumentURL is the https URL of the client's metadata document,
	// used as client_id if the authorization server supports that (OAuth Client
	// ID Metadata Document). The document must list the redirect URI.
	MetadataDocumentURL string
	// Registration is what the client says about itself when it registers
	// dynamically (RFC 7591).
	Registration Registration

	// Scopes are asked for in addition to those the server asks for.
	Scopes []string
	// DPoP says whether tokens are bound to a key of the client (RFC 9449).
	DPoP DPoPMode
	// LegacyDiscovery says what to do with servers of MCP 2025-03-26, which
	// have no resource metadata.
	LegacyDiscovery LegacyDiscovery
	// Store keeps tokens and registrations. Nil means memory.
	Store Store

	// AllowedNetworks are the private networks in which authorization servers
	// may be. Without them they are reached at public addresses only, and on
	// loopback if the MCP server itself is there.
	AllowedNetworks []netip.Prefix
	// RootCAs verifies authorization servers. Nil means the system's.
	RootCAs *x509.CertPool
	// Timeout bounds each request to an authorization server. Zero means 10
	// seconds; one minute is the most.
	Timeout time.Duration
	// Logger is told of each step. Nil means silence. No secret reaches it.
	Logger *slog.Logger
	// Now is the clock, for tests. Nil means [time.Now].
	Now func() time.Time
}

// Credentials identify a client at one authorization server.
type Credentials struct {
	// Issuer is the issuer identifier of the authorization server the client is
	// registered with, byte for byte; they are never used at another. Empty
	// binds them to the first one the MCP server names, for as long as the Store
	// remembers: set it for anything with a secret.
	Issuer string
	// ClientID is the client_id. Required.
	ClientID string
	// ClientSecret makes a confidential client that authenticates by
	// client_secret_basic or client_secret_post.
	ClientSecret string
	// PrivateKey makes one that authenticates by private_key_jwt (RFC 7523).
	PrivateKey crypto.Signer
	// KeyID and Algorithm go into the assertions' header. An empty algorithm is
	// chosen by the key.
	KeyID, Algorithm string
	// AuthMethod is none, client_secret_basic, client_secret_post or
	// private_key_jwt. Empty chooses by what is set here and what the
	// authorization server supports.
	AuthMethod string
}

// LogValue keeps secrets out of logs.
func (c Credentials) LogValue() slog.Value {
	return slog.GroupValue(slog.String("issuer", c.Issuer), slog.String("client_id", c.ClientID))
}

// Format prints no secret, whatever the verb.
func (c Credentials) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, "{"+c.Issuer+" "+c.ClientID+"}")
}

// Registration is what the client says about itself to an authorization server
// that it registers with (RFC 7591 §2).
type Registration struct {
	// Disabled keeps the client from registering.
	Disabled bool
	// ClientName is shown to users. Empty means "MCP client".
	ClientName string
	// ClientURI is the URL of the client's home page, LogoURI that of its logo.
	ClientURI, LogoURI string
	// SoftwareID and SoftwareVersion identify the software, the same for all
	// its installations.
	SoftwareID, SoftwareVersion string
}

// DPoPMode says whether tokens are bound to a key of the client.
type DPoPMode string

const (
	// DPoPAuto binds them where the MCP server knows DPoP and the authorization
	// server supports ES256 for it.
	DPoPAuto DPoPMode = ""
	// DPoPRequired takes no other tokens.
	DPoPRequired DPoPMode = "required"
	// DPoPOff never binds them.
	DPoPOff DPoPMode = "off"
)

// normalized returns a copy with the defaults filled in, sharing nothing that
// the caller could change.
func (c Config) normalized() Config {
	c.Credentials = slices.Clone(c.Credentials)
	c.Scopes = slices.Clone(c.Scopes)
	c.AllowedNetworks = slices.Clone(c.AllowedNetworks)
	if c.Grant == nil {
		c.Grant = AuthorizationCode{}
	}
	c.Grant = c.Grant.normalized()
	if c.Registration.ClientName == "" {
		c.Registration.ClientName = defaultClientName
	}
	if c.Store == nil {
		c.Store = NewMemoryStore()
	}
	if c.Timeout == 0 {
		c.Timeout = defaultTimeout
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return c
}

func (c *Config) check() error {
	var f faults
	if _, err := metadata.ResourceMetadataURL(c.ServerURL); err != nil {
		f.addDetail(InvalidServerURL, err, c.ServerURL, "ServerURL")
	}
	c.checkCredentials(&f)
	if c.MetadataDocumentURL != "" && !validMetadataDocumentURL(c.MetadataDocumentURL) {
		f.add(InvalidMetadataURL, c.MetadataDocumentURL, "MetadataDocumentURL")
	}
	for i, scope := range c.Scopes {
		if !challenge.ValidScope(scope) {
			f.add(InvalidScope, scope, "Scopes[%d]", i)
		}
	}
	if c.DPoP != DPoPAuto && c.DPoP != DPoPRequired && c.DPoP != DPoPOff {
		f.add(InvalidDPoPMode, string(c.DPoP), "DPoP")
	}
	if c.LegacyDiscovery != LegacyMetadata && c.LegacyDiscovery != LegacyOff && c.LegacyDiscovery != DangerouslyAssumeEndpoints {
		f.add(InvalidLegacyDiscovery, string(c.LegacyDiscovery), "LegacyDiscovery")
	}
	if c.Timeout < 0 || c.Timeout > maxTimeout {
		f.add(InvalidTimeout, c.Timeout.String(), "Timeout")
	}
	c.Grant.check(c, &f)
	return f.err()
}

func (c *Config) checkCredentials(f *faults) {
	seen := map[string]bool{}
	for i := range c.Credentials {
		field := fmt.Sprintf("Credentials[%d]", i)
		credentials := &c.Credentials[i]
		if credentials.Issuer != "" && metadata.CheckIssuer(credentials.Issuer) != nil {
			f.add(InvalidIssuer, credentials.Issuer, "%s.Issuer", field)
		}
		if seen[credentials.Issuer] {
			f.add(DuplicateIssuer, credentials.Issuer, "%s.Issuer", field)
		}
		seen[credentials.Issuer] = true
		credentials.check(f, field)
	}
}

func (c *Credentials) check(f *faults, field string) {
	if !validClientID(c.ClientID) {
		f.add(InvalidClientID, c.ClientID, "%s.ClientID", field)
	}
	if c.ClientSecret != "" && c.PrivateKey != nil {
		f.add(ConflictingSecrets, "", "%s", field)
	}
	if c.PrivateKey != nil {
		if _, err := jose.NewSigner(c.PrivateKey, c.Algorithm, c.KeyID); err != nil {
			f.addDetail(InvalidClientKey, err, "", "%s.PrivateKey", field)
		}
	}
	ok := c.AuthMethod == ""
	switch c.AuthMethod {
	case methodNone:
		ok = c.ClientSecret == "" && c.PrivateKey == nil
	case methodBasic, methodPost:
		ok = c.ClientSecret != ""
	case methodPrivateKey:
		ok = c.PrivateKey != nil
	}
	if !ok {
		f.add(InvalidAuthMethod, c.AuthMethod, "%s.AuthMethod", field)
	}
}

// validClientID accepts what RFC 6749 appendix A.1 does.
func validClientID(id string) bool { return id != "" && len(id) <= maxURL && printable(id) }

// validMetadataDocumentURL applies section 3 of the CIMD draft.
func validMetadataDocumentURL(raw string) bool {
	if fetch.CheckURL(raw, false) != nil {
		return false
	}
	_, err := metadata.ResourceMetadataURL(raw) // refuses dot segments
	u, errURL := url.Parse(raw)
	return err == nil && errURL == nil && u.Path != "" && u.Path != "/"
}

// validRedirectURI accepts https, and http on a loopback host.
func validRedirectURI(raw string) bool { return fetch.CheckURL(raw, true) == nil }

func printable(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' })
}
