package mcpauth

import (
	"bytes"
	"crypto"
	"encoding/json"
	"time"

	"github.com/mcp-auth/go/configerr"
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

// parse returns the signer, nil if the metadata is not signed, and reports
// mistakes.
func (s *MetadataSigner) parse(faults *configerr.List, field string) *jose.Signer {
	if s == nil {
		return nil
	}
	if _, ok := jose.ParseAlgorithm(s.Algorithm); !ok {
		faults.Add(configerr.InvalidAlgorithm, field+".Algorithm", s.Algorithm)
		return nil
	}
	signer, err := jose.NewSigner(s.Key, s.Algorithm, s.KeyID)
	if err != nil {
		faults.AddErr(configerr.InvalidSigner, field+".Key", "", err)
	}
	return signer
}

// signDocument makes the JWT of a document that does not have one yet.
func signDocument(signer *jose.Signer, document []byte, issuer string, now time.Time) (string, error) {
	var claims map[string]any
	d := json.NewDecoder(bytes.NewReader(document))
	d.UseNumber() // signed as they stand
	if err := d.Decode(&claims); err != nil {
		return "", err
	}
	claims["iss"], claims["iat"] = issuer, now.Unix()
	return signer.Sign("JWT", claims)
}
