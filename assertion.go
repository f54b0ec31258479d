package mcpauth

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
	"time"

	"github.com/mcp-auth/go/internal/jose"
)

const (
	minRSABits = 2048
	// assertionTTL is enough for one request, clock differences included.
	assertionTTL = time.Minute
)

// assertionKey signs the assertions that a client authenticates with (RFC 7523).
type assertionKey struct {
	signer crypto.Signer
	alg    jose.Algorithm
	kid    string
}

// newAssertionKey checks that the key is strong enough and fits the algorithm;
// an empty one is chosen by the key.
func newAssertionKey(signer crypto.Signer, algorithm, kid string) (*assertionKey, error) {
	usual, err := usualAlgorithm(signer.Public())
	if err != nil {
		return nil, err
	}
	k := &assertionKey{signer: signer, alg: usual, kid: kid}
	if algorithm == "" {
		return k, nil
	}
	alg, _ := jose.ParseAlgorithm(algorithm)
	_, isRSA := signer.Public().(*rsa.PublicKey)
	if alg != usual && (!isRSA || !signsWithRSA(alg)) {
		return nil, fmt.Errorf("the key is not for %s", algorithm)
	}
	k.alg = alg
	return k, nil
}

func usualAlgorithm(public crypto.PublicKey) (jose.Algorithm, error) {
	switch key := public.(type) {
	case *rsa.PublicKey:
		if key.N.BitLen() < minRSABits {
			return "", fmt.Errorf("an RSA key needs %d bits or more", minRSABits)
		}
		return jose.RS256, nil
	case *ecdsa.PublicKey:
		switch key.Curve {
		case elliptic.P256():
			return jose.ES256, nil
		case elliptic.P384():
			return jose.ES384, nil
		case elliptic.P521():
			return jose.ES512, nil
		}
	case ed25519.PublicKey:
		return jose.EdDSA, nil
	}
	return "", errors.New("the key is not RSA, ECDSA on P-256, P-384 or P-521, or Ed25519")
}

func signsWithRSA(alg jose.Algorithm) bool {
	switch alg {
	case jose.RS256, jose.RS384, jose.RS512, jose.PS256, jose.PS384, jose.PS512:
		return true
	}
	return false
}

// assertion makes a JWT that is good for one request to the issuer (RFC 7523 §3).
func (k *assertionKey) assertion(clientID, issuer string, now time.Time) (string, error) {
	header, err := json.Marshal(struct {
		Algorithm jose.Algorithm `json:"alg"`
		Type      string         `json:"typ"`
		KeyID     string         `json:"kid,omitempty"`
	}{k.alg, "JWT", k.kid})
	if err != nil {
		return "", err
	}
	claims, err := json.Marshal(map[string]any{
		"iss": clientID, "sub": clientID, "aud": issuer, "jti": rand.Text(),
		"iat": now.Unix(), "exp": now.Add(assertionTTL).Unix(),
	})
	if err != nil {
		return "", err
	}
	encode := base64.RawURLEncoding.EncodeToString
	input := encode(header) + "." + encode(claims)
	signature, err := k.sign([]byte(input))
	if err != nil {
		return "", fmt.Errorf("signing the client assertion: %w", err)
	}
	return input + "." + encode(signature), nil
}

// sign makes a JWS signature (RFC 7518 §3.3–3.5, RFC 8037 §3.1).
func (k *assertionKey) sign(input []byte) ([]byte, error) {
	if k.alg == jose.EdDSA {
		return k.signer.Sign(rand.Reader, input, crypto.Hash(0))
	}
	hash := map[jose.Algorithm]crypto.Hash{
		jose.RS256: crypto.SHA256, jose.PS256: crypto.SHA256, jose.ES256: crypto.SHA256,
		jose.RS384: crypto.SHA384, jose.PS384: crypto.SHA384, jose.ES384: crypto.SHA384,
		jose.RS512: crypto.SHA512, jose.PS512: crypto.SHA512, jose.ES512: crypto.SHA512,
	}[k.alg]
	digester := hash.New()
	digester.Write(input)
	digest := digester.Sum(nil)
	switch k.alg {
	case jose.PS256, jose.PS384, jose.PS512:
		return k.signer.Sign(rand.Reader, digest, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: hash})
	case jose.RS256, jose.RS384, jose.RS512:
		return k.signer.Sign(rand.Reader, digest, hash)
	}
	der, err := k.signer.Sign(rand.Reader, digest, hash)
	if err != nil {
		return nil, err
	}
	return k.fixedLength(der)
}

// fixedLength turns an ASN.1 signature, which crypto.Signer makes, into r and s
// side by side (RFC 7518 §3.4).
func (k *assertionKey) fixedLength(der []byte) ([]byte, error) {
	public, ok := k.signer.Public().(*ecdsa.PublicKey)
	if !ok {
		return nil, errors.New("the key is not an ECDSA key any more")
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
