package mcpauth

import (
	"bytes"
	"crypto"
	"encoding/json"
	"time"

	"github.com/mcp-auth/go/internal/jose"
)

// MetadataSigner signs the resource's metadata (RFC 9728 §2.2): the document
// then carries the member signed_metadata, a JWT with all other members as
// claims, issued by the resource identifier. It is signed once, by [New].
//
// Publish the public key at [Resource.JWKSURI].
type MetadataSigner struct {
	// Key is an RSA key of at least 2048 bits, an ECDSA key on P-256, P-384 or
	// P-521, or an Ed25519 key. It may stand in a key management service.
	Key crypto.Signer
	// Algorithm is the JWS algorithm, such as "ES256". It must suit the key.
	Algorithm string
	// KeyID is the kid of the key, if any.
	KeyID string
}

func (s *MetadataSigner) check(f *faults, field string) {
	if s == nil {
		return
	}
	if _, ok := jose.ParseAlgorithm(s.Algorithm); !ok {
		f.add(InvalidAlgorithm, s.Algorithm, "%s.Algorithm", field)
		return
	}
	if _, err := jose.NewSigner(s.Key, s.Algorithm, s.KeyID); err != nil {
		f.addDetail(InvalidSigner, err, "", "%s.Key", field)
	}
}

// sign makes the JWT of a document without it.
func (s *MetadataSigner) sign(document []byte, issuer string, now time.Time) (string, error) {
	signer, err := jose.NewSigner(s.Key, s.Algorithm, s.KeyID)
	if err != nil {
		return "", err
	}
	var claims map[string]any
	d := json.NewDecoder(bytes.NewReader(document))
	d.UseNumber() // signed as they stand
	if err := d.Decode(&claims); err != nil {
		return "", err
	}
	claims["iss"], claims["iat"] = issuer, now.Unix()
	return signer.Sign("JWT", claims)
}
