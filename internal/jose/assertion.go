package jose

import (
	"crypto/rand"
	"time"
)

// ClientAssertionType is the client_assertion_type of a JWT (RFC 7523 §2.2).
const ClientAssertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// assertionLifetime is enough for one request, clock differences included.
const assertionLifetime = time.Minute

// ClientAssertion makes a JWT with which a client authenticates once to the
// issuer (RFC 7523 §3). Its audience is the issuer alone: with the token
// endpoint as audience, a server could pass it on to another (RFC 7523 as
// updated).
func (s *Signer) ClientAssertion(clientID, issuer string, now time.Time) (string, error) {
	return s.Sign("JWT", map[string]any{
		"iss": clientID, "sub": clientID, "aud": issuer, "jti": rand.Text(),
		"iat": now.Unix(), "exp": now.Add(assertionLifetime).Unix(),
	})
}
