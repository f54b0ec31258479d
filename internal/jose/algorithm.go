package jose

import (
	"crypto"
	"errors"
	"fmt"
	"strings"
)

// Algorithm is a signature algorithm by its JOSE name (RFC 7518 §3.1, RFC 8037
// §3.1).
type Algorithm string

// The algorithms of this package: asymmetric ones only.
const (
	RS256 Algorithm = "RS256"
	RS384 Algorithm = "RS384"
	RS512 Algorithm = "RS512"
	PS256 Algorithm = "PS256"
	PS384 Algorithm = "PS384"
	PS512 Algorithm = "PS512"
	ES256 Algorithm = "ES256"
	ES384 Algorithm = "ES384"
	ES512 Algorithm = "ES512"
	EdDSA Algorithm = "EdDSA"
)

// ed25519Name is the fully specified name of EdDSA over the one curve that this
// package knows (RFC 9864 §2.2).
const ed25519Name = "Ed25519"

// Algorithms returns the supported algorithms.
func Algorithms() []Algorithm {
	return []Algorithm{RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, EdDSA}
}

// ParseAlgorithm returns the algorithm of that name, compared exactly, and
// whether it is supported. "Ed25519" (RFC 9864) is EdDSA here.
func ParseAlgorithm(name string) (Algorithm, bool) {
	if name == ed25519Name {
		return EdDSA, true
	}
	for _, alg := range Algorithms() {
		if string(alg) == name {
			return alg, true
		}
	}
	return "", false
}

// WhyNot says why a name is not that of a supported algorithm: what was probably
// meant, or what the algorithm lacks. It returns nil if it does not know.
func WhyNot(name string) error {
	for _, alg := range append(Algorithms(), ed25519Name) {
		if string(alg) != name && strings.EqualFold(string(alg), strings.TrimSpace(name)) {
			return fmt.Errorf("%s is meant: names are compared byte for byte", alg)
		}
	}
	switch upper := strings.ToUpper(name); {
	case name == "":
		return errors.New("the name is empty; is a variable not set?")
	case strings.HasPrefix(upper, "HS"):
		return errors.New("HMAC needs a secret that every verifier shares and could make tokens with, so have the authorization server sign with RS256 or ES256")
	case upper == "NONE":
		return errors.New("it stands for tokens without a signature, which anyone can make")
	case strings.HasPrefix(upper, "RSA-OAEP"), strings.HasPrefix(upper, "ECDH"), upper == "DIR":
		return errors.New("it encrypts and does not sign")
	}
	return nil
}

// keyType is what a key is, kty and crv together.
type keyType uint8

const (
	noKey keyType = iota
	rsaKey
	p256Key
	p384Key
	p521Key
	ed25519Key
)

// keyType returns the one type of key that the algorithm works with.
func (a Algorithm) keyType() keyType {
	switch a {
	case RS256, RS384, RS512, PS256, PS384, PS512:
		return rsaKey
	case ES256:
		return p256Key
	case ES384:
		return p384Key
	case ES512:
		return p521Key
	case EdDSA:
		return ed25519Key
	default:
		return noKey
	}
}

// hash returns the digest of an RSA or ECDSA algorithm.
func (a Algorithm) hash() crypto.Hash {
	switch a {
	case RS384, PS384, ES384:
		return crypto.SHA384
	case RS512, PS512, ES512:
		return crypto.SHA512
	default:
		return crypto.SHA256
	}
}

func (a Algorithm) pss() bool {
	return a == PS256 || a == PS384 || a == PS512
}
