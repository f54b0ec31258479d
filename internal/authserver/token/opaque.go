package token

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"fmt"
)

// Sealer makes opaque tokens: a JWT, encrypted with a key that only the server
// has. So nothing needs to be stored about them, and they outlive a restart.
type Sealer struct{ aead cipher.AEAD }

// NewSealer returns a sealer with an AES key.
func NewSealer(key []byte) (*Sealer, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("the key of opaque tokens: %w", err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, fmt.Errorf("the key of opaque tokens: %w", err)
	}
	return &Sealer{aead}, nil
}

// Seal returns an opaque token for a JWT.
func (s *Sealer) Seal(jwt string) string {
	return base64.RawURLEncoding.EncodeToString(s.aead.Seal(nil, nil, []byte(jwt), nil))
}

// Open returns the JWT in an opaque token. It returns any other token as it is.
func (s *Sealer) Open(token string) string {
	sealed, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil {
		return token
	}
	jwt, err := s.aead.Open(nil, nil, sealed, nil)
	if err != nil {
		return token
	}
	return string(jwt)
}
