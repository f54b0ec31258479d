// Package credential reads the access token of a request: one Authorization
// header of the scheme Bearer or DPoP, and nothing in the URL (RFC 6750 §2.1,
// RFC 9449 §7.1, RFC 9110 §11.6.2).
package credential

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/mcp-auth/go/internal/jose"
	"github.com/mcp-auth/go/internal/refusal"
	"github.com/mcp-auth/go/reason"
)

// Scheme is the scheme of the Authorization header.
type Scheme uint8

// The schemes that carry access tokens. None means another one, or no header.
const (
	None Scheme = iota
	Bearer
	DPoP
)

// Credential is an access token as a request carries it.
type Credential struct {
	Scheme Scheme
	// Token is not known to have the form of a token.
	Token string
}

// Schemes says which schemes a resource accepts. The zero value is Bearer only.
type Schemes struct {
	// DPoP accepts the scheme DPoP as well, DPoPOnly no other.
	DPoP, DPoPOnly bool
}

// The causes of a refusal without credentials.
var (
	ErrNone        = errors.New("the request has no Authorization header")
	errOtherScheme = errors.New("the Authorization header has a scheme that is not accepted here")
)

// Read returns the credential of a request with this header and URL. With a
// refusal comes the scheme that the request used, if it is accepted: the
// challenge depends on it.
func Read(header http.Header, target string, accepted Schemes) (Credential, *refusal.Refusal) {
	if hasQueryToken(target) {
		return Credential{}, refusal.InvalidRequest(reason.TokenInQuery, "the query has an access_token parameter")
	}
	values := header["Authorization"]
	switch len(values) {
	case 0:
		return Credential{}, refusal.NoCredentials(ErrNone)
	case 1:
	default:
		return Credential{}, refusal.InvalidRequest(reason.MalformedCredentials, "%d Authorization headers", len(values))
	}
	scheme, rest := split(values[0])
	if scheme == None || scheme == DPoP && !accepted.DPoP {
		return Credential{}, refusal.NoCredentials(errOtherScheme)
	}
	token := strings.TrimLeft(rest, " ")
	switch {
	case scheme == Bearer && accepted.DPoPOnly:
		return Credential{Scheme: scheme}, refusal.InvalidToken(reason.DPoPRequired, "the token was sent as a bearer token, and DPoP is required")
	case token == "":
		return Credential{Scheme: scheme}, refusal.InvalidRequest(reason.MalformedCredentials, "the Authorization header has a scheme but no token")
	case len(token) > jose.MaxTokenSize:
		return Credential{Scheme: scheme}, refusal.InvalidToken(reason.MalformedToken, "the token has %d bytes, at most %d are accepted", len(token), jose.MaxTokenSize)
	}
	return Credential{scheme, token}, nil
}

// split returns the scheme of a header and what follows it.
func split(value string) (Scheme, string) {
	if rest, ok := cutScheme(value, "bearer"); ok {
		return Bearer, rest
	}
	if rest, ok := cutScheme(value, "dpop"); ok {
		return DPoP, rest
	}
	return None, ""
}

// cutScheme returns what follows the scheme, compared without regard to case.
func cutScheme(value, scheme string) (rest string, ok bool) {
	n := len(scheme)
	if len(value) < n || !strings.EqualFold(value[:n], scheme) {
		return "", false
	}
	rest = value[n:]
	return rest, rest == "" || rest[0] == ' ' || rest[0] == '\t'
}

// hasQueryToken reports whether the target's query has an access_token
// parameter, percent-encoded or not.
func hasQueryToken(target string) bool {
	_, query, ok := strings.Cut(target, "?")
	if !ok {
		return false
	}
	for pair := range strings.FieldsFuncSeq(query, func(r rune) bool { return r == '&' || r == ';' }) {
		name, _, _ := strings.Cut(pair, "=")
		if name == "access_token" {
			return true
		}
		if !strings.ContainsAny(name, "%+") {
			continue
		}
		if plain, err := url.QueryUnescape(name); err == nil && plain == "access_token" {
			return true
		}
	}
	return false
}
