package mcpauthtest

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"slices"
	"strings"
	"time"
)

// grant is what a user allowed a client to do. It is fixed when the user
// consents and never changed: narrow makes smaller ones.
type grant struct {
	clientID    string
	subject     string
	name        string // for ID tokens
	username    string
	email       string
	scopes      []string
	resources   []string
	redirectURI string
	challenge   string // S256 (RFC 7636 §4.2)
	nonce       string // OpenID Connect Core §3.1.2.1
	authTime    time.Time
}

// narrow returns the grant with only the scopes and the resource given, empty
// ones leaving things as they are. It never returns more than g has.
func (g grant) narrow(scopes []string, resource string) (grant, *oauthError) {
	if len(scopes) > 0 {
		for _, s := range scopes {
			if !slices.Contains(g.scopes, s) {
				return grant{}, invalidScope("the scope exceeds what was granted")
			}
		}
		g.scopes = slices.Clone(scopes)
	}
	if resource != "" {
		if !slices.Contains(g.resources, resource) {
			return grant{}, invalidTarget("the resource is not one that was granted")
		}
		g.resources = []string{resource}
	}
	return g, nil
}

// provedBy tells whether verifier is the one the challenge was made from
// (RFC 7636 §4.6, S256).
func (g grant) provedBy(verifier string) bool {
	if !validVerifier(verifier) {
		return false
	}
	sum := sha256.Sum256([]byte(verifier))
	computed := base64.RawURLEncoding.EncodeToString(sum[:])
	return subtle.ConstantTimeCompare([]byte(computed), []byte(g.challenge)) == 1
}

// validVerifier implements the code-verifier of RFC 7636 §4.1.
func validVerifier(s string) bool {
	if len(s) < 43 || len(s) > 128 {
		return false
	}
	return !strings.ContainsFunc(s, func(r rune) bool {
		return !alphanumeric(r) && !strings.ContainsRune("-._~", r)
	})
}

// validChallenge tells whether s can be the S256 of anything.
func validChallenge(s string) bool {
	_, ok := decodeExactly(s, sha256.Size)
	return ok
}

func alphanumeric(r rune) bool {
	return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
}
