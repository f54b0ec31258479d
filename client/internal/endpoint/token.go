package endpoint

import (
	"errors"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/mcp-auth/go/client/internal/untrusted"
	"github.com/mcp-auth/go/internal/challenge"
	"github.com/mcp-auth/go/internal/jsonx"
)

// maxLifetime is the longest lifetime of a token that counts. A longer one is
// taken for this.
const maxLifetime = 10 * 365 * 24 * time.Hour

// Token is a successful answer of a token endpoint (RFC 6749 §5.1).
type Token struct {
	AccessToken string
	// Type is the token type as the server writes it, in any case.
	Type         string
	RefreshToken string
	// IssuedType is the type of the issued token (RFC 8693), empty if absent.
	IssuedType string
	// Lifetime counts only if HasLifetime.
	Lifetime    time.Duration
	HasLifetime bool
	// Scope counts only if HasScope.
	Scope    []string
	HasScope bool
}

// ErrTokenType is the error for a token of an unknown type.
var ErrTokenType = errors.New("token_type is missing or unknown")

var (
	errAccessToken = errors.New("access_token is missing or cannot be sent in a header")
	errLifetime    = errors.New("expires_in is not a number of seconds")
	errRefresh     = errors.New("refresh_token is not printable or too long")
	errScope       = errors.New("scope is not a list of scope tokens")
)

// parseToken reads a token response. Members of the wrong type are errors: a
// token whose lifetime or scope is guessed is worse than none.
func parseToken(body []byte) (*Token, error) {
	t := &Token{}
	err := readMembers(body, t.member)
	switch {
	case err != nil:
		return nil, err
	case !sendable(t.AccessToken):
		return nil, errAccessToken
	case t.Type == "":
		return nil, ErrTokenType
	}
	return t, nil
}

func (t *Token) member(name string, raw []byte) error {
	ok := true
	switch name {
	case "access_token":
		if t.AccessToken, ok = jsonx.String(raw); !ok {
			return errAccessToken
		}
	case "token_type":
		if t.Type, ok = jsonx.String(raw); !ok || !untrusted.Printable(t.Type) {
			return ErrTokenType
		}
	case "issued_token_type":
		if t.IssuedType, ok = jsonx.String(raw); !ok {
			return ErrTokenType
		}
	case "refresh_token":
		t.RefreshToken, ok = jsonx.String(raw)
		if !ok || len(t.RefreshToken) > maxToken || !untrusted.Printable(t.RefreshToken) {
			return errRefresh
		}
	case "expires_in":
		return t.readLifetime(raw)
	case "scope":
		return t.readScope(raw)
	}
	return nil
}

// sendable reports whether an access token can be sent in a header. It may have
// every character that RFC 6749 appendix A.12 allows, more than the syntax of
// RFC 6750 §2.1 has: some servers use a colon. A header loses a space at an end
// of its value.
func sendable(token string) bool {
	return token != "" && len(token) <= maxToken && untrusted.Printable(token) && strings.TrimSpace(token) == token
}

// readLifetime accepts a number, and a number in quotes, which some servers
// send. The lifetime of a token that is said to live no time is not known: the
// token was issued to be used.
func (t *Token) readLifetime(raw []byte) error {
	text := string(raw)
	if quoted, ok := jsonx.String(raw); ok {
		text = quoted
	}
	seconds, err := strconv.ParseFloat(text, 64)
	if errors.Is(err, strconv.ErrRange) { // an infinity
		err = nil
	}
	if err != nil || math.IsNaN(seconds) || strings.Trim(text, "+-.0123456789eE") != "" {
		return errLifetime
	}
	if seconds <= 0 {
		return nil
	}
	seconds = min(seconds, maxLifetime.Seconds())
	t.Lifetime, t.HasLifetime = time.Duration(seconds*float64(time.Second)), true
	return nil
}

func (t *Token) readScope(raw []byte) error {
	list, ok := jsonx.Strings(raw) // which some servers send
	if text, isText := jsonx.String(raw); isText {
		list, ok = strings.Fields(text), true
	}
	if !ok {
		return errScope
	}
	t.Scope, t.HasScope = list, true
	for _, scope := range t.Scope {
		if !challenge.ValidScope(scope) {
			return errScope
		}
	}
	return nil
}
