// Package forgery makes tokens that every resource server must refuse.
package forgery

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"strings"

	"github.com/mcp-auth/go/internal/jose"
)

// Word has the form of a token but is not one.
const Word = "mcpauth-check-this-is-no-token"

const base64URL = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

// Unsigned returns a JWT with the algorithm none.
func Unsigned(claims map[string]any) string {
	payload, err := json.Marshal(claims)
	if err != nil {
		return Word
	}
	encode := base64.RawURLEncoding.EncodeToString
	return encode([]byte(`{"alg":"none","typ":"at+jwt"}`)) + "." + encode(payload) + "."
}

// OfUnknownKey returns a JWT that is signed with a new key.
func OfUnknownKey(claims map[string]any) (string, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return "", err
	}
	signer, err := jose.NewSigner(key, "", rand.Text())
	if err != nil {
		return "", err
	}
	return signer.Sign("at+jwt", claims)
}

// OtherSignature changes the last character of a token. It changes the highest
// of the bits that the character encodes, because the lowest ones may be unused.
func OtherSignature(token string) string {
	last := len(token) - 1
	i := strings.IndexByte(base64URL, token[last])
	if i < 0 {
		return token[:last] + "A"
	}
	return token[:last] + string(base64URL[i^0b100000])
}

// OtherSubject gives a JWT the subject without changing its signature. It
// returns "" if token is not a JWT.
func OtherSubject(token, subject string) string {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return ""
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return ""
	}
	var claims map[string]any
	decoder := json.NewDecoder(bytes.NewReader(payload))
	decoder.UseNumber()
	if decoder.Decode(&claims) != nil || claims == nil {
		return ""
	}
	claims["sub"] = subject
	altered, err := json.Marshal(claims)
	if err != nil {
		return ""
	}
	parts[1] = base64.RawURLEncoding.EncodeToString(altered)
	return strings.Join(parts, ".")
}
