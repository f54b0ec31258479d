package jose

import "strings"

// AccessTokenType is the typ of access tokens (RFC 9068 §2.1), as MediaType
// returns it.
const AccessTokenType = "at+jwt"

// MediaType returns a typ header, which is a media type, in lower case and
// without "application/" (RFC 7515 §4.1.9).
func MediaType(typ string) string {
	if typ == AccessTokenType || typ == "" {
		return typ
	}
	return strings.TrimPrefix(strings.ToLower(typ), "application/")
}
