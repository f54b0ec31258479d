package contender

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/asn1"
	"encoding/base64"
	"errors"
	"fmt"
	"math/big"
	"strings"

	"github.com/mcp-auth/go/bench/internal/fixture"
)

var errSignature = errors.New("the signature does not verify")

// Raw is the yardstick: hashing the token and verifying its signature with the
// standard library, everything else done beforehand.
func Raw(s *fixture.Server, alg, token string) (func() error, error) {
	key, err := s.Key(alg)
	if err != nil {
		return nil, err
	}
	dot := strings.LastIndexByte(token, '.')
	message := []byte(token[:dot])
	signature, err := base64.RawURLEncoding.DecodeString(token[dot+1:])
	if err != nil {
		return nil, err
	}
	switch public := key.Public().Key.(type) {
	case *ecdsa.PublicKey:
		half := len(signature) / 2
		der, err := asn1.Marshal([]*big.Int{new(big.Int).SetBytes(signature[:half]), new(big.Int).SetBytes(signature[half:])})
		return func() error {
			sum := sha256.Sum256(message)
			return verdict(ecdsa.VerifyASN1(public, sum[:], der))
		}, err
	case ed25519.PublicKey:
		return func() error { return verdict(ed25519.Verify(public, message, signature)) }, nil
	case *rsa.PublicKey:
		return func() error {
			sum := sha256.Sum256(message)
			return rsa.VerifyPKCS1v15(public, crypto.SHA256, sum[:], signature)
		}, nil
	default:
		return nil, fmt.Errorf("key of type %T", public)
	}
}

func verdict(ok bool) error {
	if !ok {
		return errSignature
	}
	return nil
}
