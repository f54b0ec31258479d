package mcpauth

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	_ "crypto/sha256" // for crypto.Hash
	_ "crypto/sha512" // for crypto.Hash
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"errors"
	"math/big"
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

var (
	errNoSigningKey = errors.New("no key")
	errKeyMismatch  = errors.New("the key is not for the algorithm, or too weak")
)

func (s *MetadataSigner) check(f *faults, field string) {
	if s == nil {
		return
	}
	if _, ok := jose.ParseAlgorithm(s.Algorithm); !ok {
		f.add(InvalidAlgorithm, s.Algorithm, "%s.Algorithm", field)
		return
	}
	if s.Key == nil {
		f.addDetail(InvalidSigner, errNoSigningKey, "", "%s.Key", field)
		return
	}
	if !s.suits() {
		f.addDetail(InvalidSigner, errKeyMismatch, "", "%s.Key", field)
	}
}

// suits reports whether the key is for the algorithm.
func (s *MetadataSigner) suits() bool {
	switch key := s.Key.Public().(type) {
	case *rsa.PublicKey:
		return key.N.BitLen() >= 2048 && (s.family() == "RS" || s.family() == "PS")
	case *ecdsa.PublicKey:
		return s.Algorithm == map[int]string{256: "ES256", 384: "ES384", 521: "ES512"}[key.Curve.Params().BitSize]
	case ed25519.PublicKey:
		return s.family() == "Ed"
	}
	return false
}

func (s *MetadataSigner) family() string { return s.Algorithm[:2] }

// sign makes the JWT of a document without it.
func (s *MetadataSigner) sign(document []byte, issuer string, now time.Time) (string, error) {
	var claims map[string]json.RawMessage
	if err := json.Unmarshal(document, &claims); err != nil {
		return "", err
	}
	for name, value := range map[string]any{"iss": issuer, "iat": now.Unix()} {
		raw, err := json.Marshal(value)
		if err != nil {
			return "", err
		}
		claims[name] = raw
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	header, err := json.Marshal(struct {
		Algorithm string `json:"alg"`
		KeyID     string `json:"kid,omitempty"`
		Type      string `json:"typ"`
	}{s.Algorithm, s.KeyID, "JWT"})
	if err != nil {
		return "", err
	}
	encode := base64.RawURLEncoding.EncodeToString
	input := encode(header) + "." + encode(payload)
	signature, err := s.signature([]byte(input))
	return input + "." + encode(signature), err
}

// signature signs as RFC 7518 §3 and RFC 8037 §3.1 say.
func (s *MetadataSigner) signature(input []byte) ([]byte, error) {
	if s.family() == "Ed" {
		return s.Key.Sign(rand.Reader, input, crypto.Hash(0))
	}
	hash := map[string]crypto.Hash{"256": crypto.SHA256, "384": crypto.SHA384, "512": crypto.SHA512}[s.Algorithm[2:]]
	h := hash.New()
	h.Write(input)
	var opts crypto.SignerOpts = hash
	if s.family() == "PS" {
		opts = &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: hash}
	}
	signature, err := s.Key.Sign(rand.Reader, h.Sum(nil), opts)
	if err != nil || s.family() != "ES" {
		return signature, err
	}
	return fixedWidth(signature, s.Key.Public())
}

// fixedWidth turns an ASN.1 signature into the two numbers of RFC 7518 §3.4.
func fixedWidth(signature []byte, public crypto.PublicKey) ([]byte, error) {
	key, ok := public.(*ecdsa.PublicKey)
	var numbers struct{ R, S *big.Int }
	rest, err := asn1.Unmarshal(signature, &numbers)
	if err != nil {
		return nil, err
	}
	if !ok || len(rest) > 0 || numbers.R.Sign() <= 0 || numbers.S.Sign() <= 0 {
		return nil, errKeyMismatch
	}
	bits := key.Curve.Params().BitSize
	if numbers.R.BitLen() > bits || numbers.S.BitLen() > bits {
		return nil, errKeyMismatch
	}
	size := (bits + 7) / 8
	fixed := make([]byte, 2*size)
	numbers.R.FillBytes(fixed[:size])
	numbers.S.FillBytes(fixed[size:])
	return fixed, nil
}
