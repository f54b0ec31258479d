// Package key holds the signing keys of an authorization server and rotates
// them.
package key

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"fmt"

	"github.com/go-jose/go-jose/v4"
)

const rsaKeyBits = 2048

// Key is a key pair that signs tokens. It is never changed.
type Key struct {
	// Algorithm is the only algorithm the key signs with.
	Algorithm jose.SignatureAlgorithm
	// Private signs. Public is the key as the JWK Set has it.
	Private crypto.Signer
	Public  jose.JSONWebKey
}

// generators maps each supported algorithm to a function that makes its keys.
func generators() map[string]func() (crypto.Signer, error) {
	rsaKey := func() (crypto.Signer, error) { return rsa.GenerateKey(rand.Reader, rsaKeyBits) }
	ecKey := func(curve elliptic.Curve) func() (crypto.Signer, error) {
		return func() (crypto.Signer, error) { return ecdsa.GenerateKey(curve, rand.Reader) }
	}
	return map[string]func() (crypto.Signer, error){
		"RS256": rsaKey, "RS384": rsaKey, "RS512": rsaKey,
		"PS256": rsaKey, "PS384": rsaKey, "PS512": rsaKey,
		"ES256": ecKey(elliptic.P256()), "ES384": ecKey(elliptic.P384()), "ES512": ecKey(elliptic.P521()),
		"EdDSA": func() (crypto.Signer, error) {
			_, private, err := ed25519.GenerateKey(rand.Reader)
			return private, err
		},
	}
}

// Supported reports whether keys for the algorithm can be made.
func Supported(algorithm string) bool {
	_, ok := generators()[algorithm]
	return ok
}

// Algorithms returns the supported algorithms in no particular order.
func Algorithms() []jose.SignatureAlgorithm {
	var all []jose.SignatureAlgorithm
	for name := range generators() {
		all = append(all, jose.SignatureAlgorithm(name))
	}
	return all
}

// New makes a key for an algorithm.
func New(algorithm string) (*Key, error) {
	generate, ok := generators()[algorithm]
	if !ok {
		return nil, fmt.Errorf("algorithm %q is not supported", algorithm)
	}
	private, err := generate()
	if err != nil {
		return nil, fmt.Errorf("making a signing key: %w", err)
	}
	return of(algorithm, private)
}

// of returns the key with its thumbprint (RFC 7638) as its ID, so that two
// servers never share an ID.
func of(algorithm string, private crypto.Signer) (*Key, error) {
	public := jose.JSONWebKey{Key: private.Public(), Algorithm: algorithm, Use: "sig"}
	thumbprint, err := public.Thumbprint(crypto.SHA256)
	if err != nil {
		return nil, fmt.Errorf("naming a signing key: %w", err)
	}
	public.KeyID = base64.RawURLEncoding.EncodeToString(thumbprint)
	return &Key{Algorithm: jose.SignatureAlgorithm(algorithm), Private: private, Public: public}, nil
}

// ID returns the kid of the key.
func (k *Key) ID() string { return k.Public.KeyID }

// Sign returns a JWT of the given typ.
func (k *Key) Sign(typ string, claims map[string]any) (string, error) {
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", fmt.Errorf("writing the claims: %w", err)
	}
	options := (&jose.SignerOptions{}).WithType(jose.ContentType(typ)).WithHeader("kid", k.ID())
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: k.Algorithm, Key: k.Private}, options)
	if err != nil {
		return "", fmt.Errorf("preparing to sign: %w", err)
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		return "", fmt.Errorf("signing: %w", err)
	}
	return signed.CompactSerialize()
}
