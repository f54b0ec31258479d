package check

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"strings"
	"time"

	"github.com/mcp-auth/go/internal/jose"
)

// noToken is in the form of a token and is none.
const noToken = "mcpauth-check-this-is-no-token"

// forgery is a token that a server must refuse.
type forgery struct {
	what  string
	token string
	// accepted is the code for when it is not refused.
	accepted Code
}

// forgeries makes tokens that must be refused, in the order in which they get
// better.
func (s *serverCheck) forgeries() []forgery {
	list := []forgery{
		{"a word", noToken, TokenWordAccepted},
		{"an unsigned JWT", unsignedToken(s.claims()), TokenUnsignedAccepted},
	}
	if token, err := foreignToken(s.claims()); err == nil {
		list = append(list, forgery{"a JWT of an unknown key", token, TokenOfUnknownKeyAccepted})
	}
	if s.token {
		list = append(list, forgery{"the good token with another signature", otherEnd(s.opts.Token), TokenAlteredAccepted})
		if token := otherClaims(s.opts.Token); token != "" {
			list = append(list, forgery{"the good token with another subject", token, TokenAlteredAccepted})
		}
	}
	if s.opts.WrongAudienceToken != "" {
		list = append(list, forgery{"the token for another resource", s.opts.WrongAudienceToken, TokenWrongAudienceAccepted})
	}
	return list
}

// maxClaim bounds what a forged token takes over from the metadata. A token that
// is too long for a header would be refused for that.
const maxClaim = 512 // bytes

// claims are those of a good token, for what can be known from outside.
func (s *serverCheck) claims() map[string]any {
	now := s.opts.Now()
	claims := map[string]any{
		"iss": s.origin, "aud": s.url, "sub": "mcpauth-check", "client_id": "mcpauth-check",
		"jti": rand.Text(), "iat": now.Unix(), "exp": now.Add(time.Hour).Unix(),
	}
	if s.document == nil {
		return claims
	}
	claims["aud"] = cut(s.document.Resource, maxClaim)
	if len(s.document.AuthorizationServers) > 0 {
		claims["iss"] = cut(s.document.AuthorizationServers[0], maxClaim)
	}
	claims["scope"] = cut(strings.Join(s.document.ScopesSupported, " "), maxClaim)
	return claims
}

func unsignedToken(claims map[string]any) string {
	payload, err := json.Marshal(claims)
	if err != nil {
		return noToken
	}
	encode := base64.RawURLEncoding.EncodeToString
	return encode([]byte(`{"alg":"none","typ":"at+jwt"}`)) + "." + encode(payload) + "."
}

// foreignToken is signed by a key that nobody knows.
func foreignToken(claims map[string]any) (string, error) {
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

const base64URL = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

// otherEnd changes the last character of a token, and with it the highest of
// the bits that it stands for: the lowest ones may stand for nothing.
func otherEnd(token string) string {
	last := len(token) - 1
	i := strings.IndexByte(base64URL, token[last])
	if i < 0 {
		return token[:last] + "A"
	}
	return token[:last] + string(base64URL[i^0b100000])
}

// otherClaims gives a JWT another subject under the same signature. It returns
// "" for what is no JWT.
func otherClaims(token string) string {
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
	claims["sub"] = "mcpauth-check"
	altered, err := json.Marshal(claims)
	if err != nil {
		return ""
	}
	parts[1] = base64.RawURLEncoding.EncodeToString(altered)
	return strings.Join(parts, ".")
}
