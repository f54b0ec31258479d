package mcpauthtest

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"slices"
	"strings"
	"time"
)

// grant is what a client was allowed to do, by a user or for itself. It is fixed
// when it is given and never changed: narrow makes smaller ones.
type grant struct {
	Type        string    `json:"type"` // the grant type it was given for
	ClientID    string    `json:"client_id"`
	ClientName  string    `json:"client_name,omitempty"`
	Subject     string    `json:"sub"`
	Username    string    `json:"username,omitempty"`
	Name        string    `json:"name,omitempty"` // for ID tokens
	Email       string    `json:"email,omitempty"`
	Scopes      []string  `json:"scopes,omitempty"`
	Resources   []string  `json:"resources,omitempty"`
	RedirectURI string    `json:"redirect_uri,omitempty"`
	Challenge   string    `json:"code_challenge,omitempty"` // S256 (RFC 7636 §4.2)
	Nonce       string    `json:"nonce,omitempty"`          // OpenID Connect Core §3.1.2.1
	JKT         string    `json:"dpop_jkt,omitempty"`       // RFC 9449 §10
	Given       time.Time `json:"given"`
}

// boundTo returns the grant for one DPoP key only (RFC 9449 §5). A grant that is
// bound already stays with its key.
func (g grant) boundTo(jkt string) (grant, *oauthError) {
	if g.JKT != "" && subtle.ConstantTimeCompare([]byte(g.JKT), []byte(jkt)) != 1 {
		return grant{}, invalidGrant("the grant is bound to another DPoP key, or no proof was sent")
	}
	g.JKT = jkt
	return g, nil
}

// narrow returns the grant with only the scopes and the resource given, empty
// ones leaving things as they are. It never returns more than g has.
func (g grant) narrow(scopes []string, resource string) (grant, *oauthError) {
	if len(scopes) > 0 {
		for _, s := range scopes {
			if !slices.Contains(g.Scopes, s) {
				return grant{}, invalidScope("the scope exceeds what was granted")
			}
		}
		g.Scopes = slices.Clone(scopes)
	}
	if resource != "" {
		if !slices.Contains(g.Resources, resource) {
			return grant{}, invalidTarget("the resource is not one that was granted")
		}
		g.Resources = []string{resource}
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
	return subtle.ConstantTimeCompare([]byte(computed), []byte(g.Challenge)) == 1
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
