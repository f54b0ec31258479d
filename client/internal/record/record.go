// Package record holds what the client keeps in its store: which authorization
// server an MCP server uses, the tokens it issued, and the registrations there.
package record

import (
	"time"

	"github.com/mcp-auth/go/client/internal/proof"
)

// Finding is how an authorization server was found.
type Finding string

// The findings, from the most to the least that a server publishes.
const (
	// ByResource means that the resource metadata names it.
	ByResource Finding = ""
	// AtOrigin means that its metadata is at the origin of the MCP server.
	AtOrigin Finding = "metadata"
	// Assumed means that there is no metadata.
	Assumed Finding = "endpoints"
)

// Server says which authorization server an MCP server uses. The zero value is
// a server without a login.
type Server struct {
	Issuer   string `json:"issuer"`
	Resource string `json:"resource"`
	// Bound reports whether credentials configured without an issuer were used
	// there.
	Bound bool `json:"bound,omitempty"`
	// Finding is how the authorization server was found.
	Finding Finding `json:"finding,omitempty"`
}

// Token is what one authorization server granted for one resource. It has no
// access token and no refresh token if the server no longer accepts them.
type Token struct {
	Issuer   string `json:"issuer"`
	Resource string `json:"resource"`
	ClientID string `json:"client_id,omitempty"`
	// ClientSecret and ClientMethod are those of a dynamic registration, which
	// may be replaced before the token is refreshed or revoked.
	ClientSecret string    `json:"client_secret,omitempty"`
	ClientMethod string    `json:"client_method,omitempty"`
	AccessToken  string    `json:"access_token,omitempty"`
	TokenType    string    `json:"token_type,omitempty"`
	RefreshToken string    `json:"refresh_token,omitempty"`
	ExpiresAt    time.Time `json:"expires_at,omitzero"`
	// RenewAt is from when the token is no longer sent: it has to arrive before
	// it expires.
	RenewAt time.Time `json:"renew_at,omitzero"`
	// Requested are the scopes that were requested, the basis of a step-up.
	Requested []string `json:"requested,omitempty"`
	// Granted are the scopes that the server says it granted. Nil means that it
	// granted the requested ones (RFC 6749 §5.1).
	Granted []string `json:"granted,omitempty"`
	// ProofKey is the key of a DPoP-bound token, in PKCS #8.
	ProofKey []byte `json:"proof_key,omitempty"`

	key *proof.Key
}

// Key returns the key that the token is bound to, nil if it is not bound.
func (t *Token) Key() *proof.Key { return t.key }

// Bind binds the token to a key.
func (t *Token) Bind(key *proof.Key) (err error) {
	t.key = key
	t.ProofKey, err = key.Marshal()
	return err
}

// restore parses the key of a token that was read.
func (t *Token) restore() (err error) {
	if len(t.ProofKey) > 0 {
		t.key, err = proof.ParseKey(t.ProofKey)
	}
	return err
}

// Scopes returns the scopes of the token as far as is known.
func (t *Token) Scopes() []string {
	if t.Granted != nil {
		return t.Granted
	}
	return t.Requested
}

// Client is a dynamic registration at one authorization server.
type Client struct {
	Issuer       string    `json:"issuer"`
	ClientID     string    `json:"client_id"`
	ClientSecret string    `json:"client_secret,omitempty"`
	Method       string    `json:"method"`
	RedirectURI  string    `json:"redirect_uri"`
	Scopes       []string  `json:"scopes,omitempty"`
	ExpiresAt    time.Time `json:"expires_at,omitzero"`
}
