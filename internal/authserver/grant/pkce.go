package grant

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"strings"
)

// ProvedBy reports whether the code challenge was made from the verifier
// (RFC 7636 §4.6, S256).
func (g Grant) ProvedBy(verifier string) bool {
	if !validVerifier(verifier) {
		return false
	}
	sum := sha256.Sum256([]byte(verifier))
	computed := base64.RawURLEncoding.EncodeToString(sum[:])
	return subtle.ConstantTimeCompare([]byte(computed), []byte(g.Challenge)) == 1
}

// validVerifier reports whether s is a code-verifier of RFC 7636 §4.1.
func validVerifier(s string) bool {
	if len(s) < 43 || len(s) > 128 {
		return false
	}
	return !strings.ContainsFunc(s, func(r rune) bool {
		return !alphanumeric(r) && !strings.ContainsRune("-._~", r)
	})
}

// ValidHash reports whether s is the base64url form of a SHA-256 hash, as
// code_challenge (RFC 7636 §4.2) and dpop_jkt (RFC 9449 §10) are.
func ValidHash(s string) bool {
	_, ok := decodeExactly(s, sha256.Size)
	return ok
}

func alphanumeric(r rune) bool {
	return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
}
