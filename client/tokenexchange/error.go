package tokenexchange

import (
	"errors"
	"slices"

	"github.com/mcp-auth/go/client/clienterr"
	"github.com/mcp-auth/go/client/internal/tokenendpoint"
)

// Kind says whose fault it is that there is no token.
type Kind string

// The kinds of [Error].
const (
	// Refused means that the caller's token is no longer good, or not good enough:
	// a new one helps.
	Refused Kind = "refused"
	// Unavailable means that the authorization server did not answer, or fails.
	Unavailable Kind = "unavailable"
	// Misconfigured means that the authorization server does not let this client
	// exchange tokens for this service, or that its answer cannot be used. Neither
	// a new token nor a second try helps.
	Misconfigured Kind = "misconfigured"
)

// Error says why there is no token. Its text is fixed and may be shown to the
// caller; the cause, which Unwrap leads to, is for logs.
//
// If the kind is [Refused] or [Unavailable], errors.As finds a
// [*mcpauth.Challenge] in it, with 401 or 503.
type Error struct {
	Kind      Kind
	cause     error
	challenge error // nil if there is none
}

// Error says whose fault it is.
func (e *Error) Error() string {
	switch e.Kind {
	case Refused:
		return "the authorization server does not accept the token any more"
	case Unavailable:
		return "the authorization server cannot be reached now"
	}
	return "the server cannot get a token for the service behind it"
}

// Unwrap returns the challenge, if there is one, and the cause.
func (e *Error) Unwrap() []error {
	if e.challenge == nil {
		return []error{e.cause}
	}
	return []error{e.challenge, e.cause}
}

// tokenCodes are the error codes that speak of the caller's token: those of RFC
// 6749 §5.2 and RFC 6750 §3.1, and those by which authorization servers ask for the
// user (OpenID Connect Core §3.1.2.6).
var tokenCodes = []string{"invalid_grant", "invalid_token", "interaction_required", "login_required", "consent_required"}

// kindOf tells whose fault an error is. A nil error has none.
func kindOf(err error) Kind {
	var refused *clienterr.TokenError
	switch {
	case err == nil:
		return ""
	case errors.As(err, &refused) && slices.Contains(tokenCodes, refused.Code):
		return Refused
	case tokenendpoint.IsOutage(err):
		return Unavailable
	}
	return Misconfigured
}
