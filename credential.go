package mcpauth

import (
	"errors"
	"net/url"
	"strings"

	"github.com/mcp-auth/go/internal/challenge"
	"github.com/mcp-auth/go/internal/jose"
	"github.com/mcp-auth/go/internal/refusal"
	"github.com/mcp-auth/go/reason"
)

var (
	errNoCredentials = errors.New("the request has no Authorization header")
	errOtherScheme   = errors.New("the Authorization header has a scheme that is not taken here")
)

// credential returns the access token: one Authorization header, scheme Bearer
// or DPoP in any case, nothing in the query (RFC 6750 §2.1, RFC 9449 §7.1, RFC
// 9110 §11.6.2).
func credential(res *resource, req *Request) (token string, scheme authScheme, _ *refusal.Refusal) {
	if hasQueryToken(req.URL) {
		return "", schemeNone, refusal.InvalidRequest(reason.TokenInQuery, "the query has an access_token parameter")
	}
	values := req.Header["Authorization"]
	switch len(values) {
	case 0:
		return "", schemeNone, refusal.NoCredentials(errNoCredentials)
	case 1:
	default:
		return "", schemeNone, refusal.InvalidRequest(reason.MalformedCredentials, "%d Authorization headers", len(values))
	}
	rest, ok := cutScheme(values[0], "bearer")
	scheme = schemeBearer
	if !ok {
		rest, ok = cutScheme(values[0], "dpop")
		scheme = schemeDPoP
	}
	if !ok || scheme == schemeDPoP && res.dpop == nil {
		return "", schemeNone, refusal.NoCredentials(errOtherScheme)
	}
	token = strings.TrimLeft(rest, " ")
	switch {
	case scheme == schemeBearer && res.dpop != nil && res.dpop.required:
		return "", scheme, refusal.InvalidToken(reason.DPoPRequired, "the token was sent as a bearer token where DPoP is required")
	case token == "":
		return "", scheme, refusal.InvalidRequest(reason.MalformedCredentials, "the Authorization header has a scheme but no token")
	case len(token) > jose.MaxTokenSize:
		return "", scheme, refusal.InvalidToken(reason.MalformedToken, "the token has %d bytes, at most %d are accepted", len(token), jose.MaxTokenSize)
	}
	return token, scheme, nil
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

// checkForm refuses what cannot be a bearer token (RFC 6750 §2.1). A token that
// is remembered as verified has the form already.
func checkForm(token string) *refusal.Refusal {
	if !challenge.ValidToken68(token) {
		return refusal.InvalidRequest(reason.MalformedCredentials, "the token has a character that RFC 6750 §2.1 does not allow")
	}
	return nil
}

// hasQueryToken reports an access_token parameter in the target's query,
// percent-encoded or not.
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
