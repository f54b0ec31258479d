package mcpauthtest

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"fmt"
)

// opaqueTokens makes tokens that say nothing to whom they are shown: a JWT,
// encrypted with a key that only the server has. So nothing need be kept of
// them, and they outlive a restart.
type opaqueTokens struct{ aead cipher.AEAD }

func newOpaqueTokens(key []byte) (*opaqueTokens, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("mcpauthtest: the key of opaque tokens: %w", err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, fmt.Errorf("mcpauthtest: the key of opaque tokens: %w", err)
	}
	return &opaqueTokens{aead}, nil
}

// conceal returns an opaque token for a JWT.
func (o *opaqueTokens) conceal(token string) string {
	return base64.RawURLEncoding.EncodeToString(o.aead.Seal(nil, nil, []byte(token), nil))
}

// reveal returns the JWT behind an opaque token, or the token itself.
func (o *opaqueTokens) reveal(token string) string {
	sealed, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil {
		return token
	}
	behind, err := o.aead.Open(nil, nil, sealed, nil)
	if err != nil {
		return token
	}
	return string(behind)
}
