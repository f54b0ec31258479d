package mcpauth

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/mcp-auth/go/internal/challenge"
	"github.com/mcp-auth/go/internal/jose"
)

// refusal is why the engine says no; the door's [Challenge] is made from it.
type refusal struct {
	status int
	code   string
	reason Reason
	cause  error
}

func (r *refusal) Error() string { return string(r.reason) }
func (r *refusal) Unwrap() error { return r.cause }

// cause is an error text that is put together only if somebody reads it, which
// for most refusals nobody does.
type cause struct {
	format string
	args   []any
}

func (c *cause) Error() string { return c.Unwrap().Error() }

// Unwrap leads to the errors among args that format wraps.
func (c *cause) Unwrap() error { return fmt.Errorf(c.format, c.args...) }

func refuse(status int, code string, reason Reason, format string, args ...any) *refusal {
	return &refusal{status, code, reason, &cause{format, args}}
}

func invalidToken(reason Reason, format string, args ...any) *refusal {
	return refuse(http.StatusUnauthorized, "invalid_token", reason, format, args...)
}

// rejected is invalidToken for an error that says it all.
func rejected(reason Reason, err error) *refusal {
	return &refusal{http.StatusUnauthorized, "invalid_token", reason, err}
}

func invalidRequest(reason Reason, format string, args ...any) *refusal {
	return refuse(http.StatusBadRequest, "invalid_request", reason, format, args...)
}

var (
	errNoCredentials = errors.New("the request has no Authorization header")
	errOtherScheme   = errors.New("the Authorization header has a scheme that is not taken here")
)

// credential returns the access token: one Authorization header, scheme Bearer
// or DPoP in any case, nothing in the query (RFC 6750 §2.1, RFC 9449 §7.1, RFC
// 9110 §11.6.2). It notes the scheme in the request.
func credential(res *resource, req *Request) (string, *refusal) {
	if hasQueryToken(req.URL) {
		return "", invalidRequest(TokenInQuery, "the query has an access_token parameter")
	}
	values := req.Header["Authorization"]
	switch len(values) {
	case 0:
		return "", &refusal{http.StatusUnauthorized, "", NoCredentials, errNoCredentials}
	case 1:
	default:
		return "", invalidRequest(MalformedCredentials, "%d Authorization headers", len(values))
	}
	rest, ok := cutScheme(values[0], "bearer")
	req.scheme = schemeBearer
	if !ok {
		rest, ok = cutScheme(values[0], "dpop")
		req.scheme = schemeDPoP
	}
	if !ok || req.scheme == schemeDPoP && res.dpop == nil {
		req.scheme = schemeNone
		return "", &refusal{http.StatusUnauthorized, "", NoCredentials, errOtherScheme}
	}
	token := strings.TrimLeft(rest, " ")
	switch {
	case req.scheme == schemeBearer && res.dpop != nil && res.dpop.required:
		return "", invalidToken(DPoPRequired, "the token was sent as a bearer token where DPoP is required")
	case token == "":
		return "", invalidRequest(MalformedCredentials, "the Authorization header has a scheme but no token")
	case len(token) > jose.MaxTokenSize:
		return "", invalidToken(MalformedToken, "the token has %d bytes, at most %d are accepted", len(token), jose.MaxTokenSize)
	}
	return token, nil
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
func checkForm(token string) *refusal {
	if !challenge.ValidToken68(token) {
		return invalidRequest(MalformedCredentials, "the token has a character that RFC 6750 §2.1 does not allow")
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
