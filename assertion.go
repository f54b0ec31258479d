package mcpauth

import (
	"crypto/rand"
	"time"

	"github.com/mcp-auth/go/internal/jose"
)

// assertionTTL is enough for one request, clock differences included.
const assertionTTL = time.Minute

// clientAssertion makes a JWT with which a client authenticates once to the
// issuer (RFC 7523 §3).
func clientAssertion(signer *jose.Signer, clientID, issuer string, now time.Time) (string, error) {
	return signer.Sign("JWT", map[string]any{
		"iss": clientID, "sub": clientID, "aud": issuer, "jti": rand.Text(),
		"iat": now.Unix(), "exp": now.Add(assertionTTL).Unix(),
	})
}
