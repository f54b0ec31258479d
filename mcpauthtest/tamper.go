package mcpauthtest

import (
	"encoding/base64"
	"encoding/json"
	"strings"
)

// breakSignature flips a bit in the middle of the signature, because some of the
// last bits of the encoding are unused.
func breakSignature(token string) string {
	begin := strings.LastIndexByte(token, '.') + 1
	signature, err := base64.RawURLEncoding.DecodeString(token[begin:])
	if err != nil || len(signature) == 0 {
		return token
	}
	signature[len(signature)/2] ^= 1
	return token[:begin] + base64.RawURLEncoding.EncodeToString(signature)
}

func tamperClaims(token string) string {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return token
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return token
	}
	claims := map[string]json.RawMessage{}
	if err := json.Unmarshal(payload, &claims); err != nil {
		return token
	}
	claims["sub"] = json.RawMessage(`"mallory"`)
	changed, err := json.Marshal(claims)
	if err != nil {
		return token
	}
	parts[1] = base64.RawURLEncoding.EncodeToString(changed)
	return strings.Join(parts, ".")
}
