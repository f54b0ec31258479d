package policy

import (
	"encoding/json"
	"errors"

	"github.com/mcp-auth/go/internal/scope"
)

// Caller is the caller of an operation, as a verified access token describes it.
type Caller struct {
	// Issuer is the authorization server that issued the token (claim iss).
	Issuer string
	// Subject is the user or service the token stands for (claim sub). It is
	// unique only within Issuer, and may be empty.
	Subject string
	// ClientID is the OAuth client the token was issued to.
	ClientID string
	// Scopes are the scopes the token carries.
	Scopes []string

	claims    json.RawMessage
	hierarchy *scope.Hierarchy
}

// WithClaims returns the caller with the claims of the token: raw is the JSON
// object that holds all of them. It is not copied.
func (c Caller) WithClaims(raw json.RawMessage) Caller {
	c.claims = raw
	return c
}

// ErrNoClaims is returned by [Caller.Claims] if the claims are not known.
var ErrNoClaims = errors.New("policy: the claims of the caller are not known")

// Claims decodes all claims of the token into dst, as [json.Unmarshal] does. It
// returns [ErrNoClaims] if they are not known.
func (c Caller) Claims(dst any) error {
	if len(c.claims) == 0 {
		return ErrNoClaims
	}
	return json.Unmarshal(c.claims, dst)
}

// HasScope reports whether the token carries the scope. In a [CheckFunc], a
// broader scope that includes it counts as well.
func (c Caller) HasScope(scope string) bool { return c.hierarchy.Satisfied(c.Scopes, scope) }

// missing counts the needed scopes that the caller lacks.
func (c *Caller) missing(needed []string) int { return c.hierarchy.Missing(c.Scopes, needed) }
