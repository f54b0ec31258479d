package client

import (
	"crypto"
	"fmt"
	"io"
	"log/slog"

	"github.com/mcp-auth/go/client/internal/registration"
	"github.com/mcp-auth/go/configerr"
	"github.com/mcp-auth/go/internal/fetch"
	"github.com/mcp-auth/go/metadata"
)

// Credentials identify a client at one authorization server.
type Credentials struct {
	// Issuer is the issuer identifier of the authorization server that the
	// client is registered with, byte for byte; the credentials are never used
	// at another. Empty binds them to the first authorization server that the
	// MCP server names, for as long as the Store remembers: set Issuer for
	// anything with a secret.
	Issuer string
	// ClientID is the client_id. Required.
	ClientID string
	// ClientSecret makes a confidential client that authenticates by
	// client_secret_basic or client_secret_post.
	ClientSecret string `json:"-"`
	// PrivateKey makes a confidential client that authenticates by
	// private_key_jwt (RFC 7523).
	PrivateKey crypto.Signer `json:"-"`
	// KeyID and Algorithm go into the header of assertions. An empty algorithm
	// is chosen by the key.
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

// parseCredentials reads the credentials of a [Config], one for each issuer.
func parseCredentials(all []Credentials, plain fetch.PlainHosts, faults *configerr.List) []registration.Credentials {
	var parsed []registration.Credentials
	seen := map[string]bool{}
	for i, credentials := range all {
		field := fmt.Sprintf("Credentials[%d]", i)
		if credentials.Issuer != "" && metadata.CheckIssuer(plain.Secured(credentials.Issuer)) != nil {
			faults.Add(configerr.InvalidIssuer, field+".Issuer", credentials.Issuer)
		}
		if seen[credentials.Issuer] {
			faults.Add(configerr.DuplicateIssuer, field+".Issuer", credentials.Issuer)
		}
		seen[credentials.Issuer] = true
		parsed = append(parsed, credentials.parse(faults, field))
	}
	return parsed
}

// parse reads credentials, except for the issuer, which not all need.
func (c *Credentials) parse(faults *configerr.List, field string) registration.Credentials {
	client := registration.Client{
		ID: c.ClientID, Secret: c.ClientSecret, PrivateKey: c.PrivateKey,
		KeyID: c.KeyID, Algorithm: c.Algorithm, Method: c.AuthMethod,
	}
	return registration.Credentials{Issuer: c.Issuer, Identity: client.Parse(faults, field)}
}
