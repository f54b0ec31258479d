// Package client holds the clients of an authorization server: what is known of
// them and how they are found.
package client

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/url"
	"slices"

	"github.com/mcp-auth/go/internal/authserver/keyset"
)

// Client is a registered client. It is never changed.
type Client struct {
	ID         string
	Name       string
	Origin     Origin
	SecretHash []byte         // nil without a secret
	Keys       *keyset.Source // nil without keys
	// KeyOptional lets the client do without its keys, as a public client.
	KeyOptional bool
	// DPoPBound refuses token requests without a proof (RFC 9449 §5.2).
	DPoPBound    bool
	RedirectURIs []string
	GrantTypes   []string
}

// Origin says how the server came to know a client.
type Origin int

// The origins of clients.
const (
	Configured     Origin = iota
	SelfRegistered        // RFC 7591
	SelfDescribed         // by a Client ID Metadata Document
)

// Confidential reports whether the client must authenticate.
func (c *Client) Confidential() bool { return c.SecretHash != nil || c.Keys != nil && !c.KeyOptional }

// May reports whether the client may use a grant type.
func (c *Client) May(grantType string) bool { return slices.Contains(c.GrantTypes, grantType) }

// HashSecret returns the hash under which a secret is stored. Secrets that the
// server makes are random, so a slow hash would add nothing.
func HashSecret(secret string) []byte {
	sum := sha256.Sum256([]byte(secret))
	return sum[:]
}

// Knows reports whether the client has this secret.
func (c *Client) Knows(secret string) bool {
	return c.SecretHash != nil && subtle.ConstantTimeCompare(HashSecret(secret), c.SecretHash) == 1
}

// DocumentHost returns the host that identifies the client (Client ID Metadata
// Document §6.4). It is empty if none does.
func (c *Client) DocumentHost() string {
	if c.Origin != SelfDescribed {
		return ""
	}
	u, err := url.Parse(c.ID)
	if err != nil {
		return ""
	}
	return u.Host
}

// RedirectURI returns where an authorization response goes: asked as it is, if
// it matches a registered URI. A client with a single URI may leave it out.
func (c *Client) RedirectURI(asked string) (string, bool) {
	if asked == "" {
		if len(c.RedirectURIs) != 1 {
			return "", false
		}
		return c.RedirectURIs[0], true
	}
	for _, registered := range c.RedirectURIs {
		if redirectMatches(registered, asked) {
			return asked, true
		}
	}
	return "", false
}
