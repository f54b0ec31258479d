package jose

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	_ "crypto/sha256" // for crypto.Hash
	_ "crypto/sha512" // for crypto.Hash
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
)

const minSigningRSABits = 2048

// Signer makes compact JWSs with one key, which may stand in a key management
// service. Make one with [NewSigner]; it is safe for concurrent use if its key is.
type Signer struct {
	key   crypto.Signer
	alg   Algorithm
	keyID string
}

// NewSigner checks that the key is strong enough and fits the algorithm; an
// empty algorithm is chosen by the key. An empty keyID is left out.
func NewSigner(key crypto.Signer, algorithm, keyID string) (*Signer, error) {
	if key == nil {
		return nil, errors.New("no signing key")
	}
	usual, err := usualAlgorithm(key.Public())
	if err != nil {
		return nil, err
	}
	s := &Signer{key: key, alg: usual, keyID: keyID}
	if algorithm == "" {
		return s, nil
	}
	alg, ok := ParseAlgorithm(algorithm)
	if !ok || alg != usual && (alg.keyType() != rsaKey || usual.keyType() != rsaKey) {
		return nil, fmt.Errorf("the signing key is not for %.20q", algorithm)
	}
	s.alg = alg
	return s, nil
}

func usualAlgorithm(public crypto.PublicKey) (Algorithm, error) {
	switch key := public.(type) {
	case *rsa.PublicKey:
		if key.N.BitLen() < minSigningRSABits {
			return "", fmt.Errorf("an RSA key needs %d bits or more", minSigningRSABits)
		}
		return RS256, nil
	case *ecdsa.PublicKey:
		switch key.Curve {
		case elliptic.P256():
			return ES256, nil
		case elliptic.P384():
			return ES384, nil
		case elliptic.P521():
			return ES512, nil
		}
	case ed25519.PublicKey:
		return EdDSA, nil
	}
	return "", errors.New("the signing key is not RSA, ECDSA on P-256, P-384 or P-521, or Ed25519")
}

// Sign makes a compact JWS over claims, which are written as JSON, with the
// header members alg, typ and, if there is one, kid.
func (s *Signer) Sign(typ string, claims any) (string, error) {
	header, err := json.Marshal(struct {
		Algorithm Algorithm `json:"alg"`
		Type      string    `json:"typ"`
		KeyID     string    `json:"kid,omitempty"`
	}{s.alg, typ, s.keyID})
	if err != nil {
		return "", err
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	encode := base64.RawURLEncoding.EncodeToString
	input := encode(header) + "." + encode(payload)
	signature, err := s.signature([]byte(input))
	if err != nil {
		return "", fmt.Errorf("signing with %s: %w", s.alg, err)
	}
	return input + "." + encode(signature), nil
}

// signature signs as RFC 7518 §3.3–3.5 and RFC 8037 §3.1 say.
func (s *Signer) signature(input []byte) ([]byte, error) {
	if s.alg == EdDSA {
		return s.key.Sign(rand.Reader, input, crypto.Hash(0))
	}
	hash := s.alg.hash()
	digester := hash.New()
	digester.Write(input)
	var opts crypto.SignerOpts = hash
	if s.alg.pss() {
		opts = &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: hash}
	}
	signature, err := s.key.Sign(rand.Reader, digester.Sum(nil), opts)
	if err != nil || s.alg.keyType() == rsaKey {
		return signature, err
	}
	return s.fixedLength(signature)
}

// fixedLength turns an ASN.1 signature, which crypto.Signer makes, into r and s
// side by side (RFC 7518 §3.4).
func (s *Signer) fixedLength(der []byte) ([]byte, error) {
	public, ok := s.key.Public().(*ecdsa.PublicKey)
	if !ok {
		return nil, errors.New("the key is no ECDSA key any more")
	}
	var sig struct{ R, S *big.Int }
	rest, err := asn1.Unmarshal(der, &sig)
	size := (public.Curve.Params().BitSize + 7) / 8
	if err != nil || len(rest) > 0 || !fits(sig.R, size) || !fits(sig.S, size) {
		return nil, errors.New("the key made a malformed signature")
	}
	fixed := make([]byte, 2*size)
	sig.R.FillBytes(fixed[:size])
	sig.S.FillBytes(fixed[size:])
	return fixed, nil
}

// fits reports whether n can be written in size bytes.
func fits(n *big.Int, size int) bool { return n.Sign() > 0 && n.BitLen() <= 8*size }
