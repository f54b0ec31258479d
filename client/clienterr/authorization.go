package clienterr

import (
	"context"
	"fmt"
	"time"
)

// CallbackFault is a stable code for what is wrong with an authorization
// response.
type CallbackFault string

// The faults of [CallbackError].
const (
	// WrongRedirect means that the browser was not sent to the redirect URI.
	WrongRedirect CallbackFault = "not at the redirect URI"
	// MalformedCallback means that a parameter is repeated, too long or
	// unreadable.
	MalformedCallback CallbackFault = "malformed"
	// StateMismatch means that the state is not the one that was sent (OAuth 2.1
	// §7.5).
	StateMismatch CallbackFault = "state mismatch"
	// IssuerMissing means that iss is missing although the metadata of the
	// authorization server promises it (RFC 9207 §2.4).
	IssuerMissing CallbackFault = "iss missing"
	// IssuerMismatch means that iss is not the authorization server that was
	// asked (RFC 9207 §2.4).
	IssuerMismatch CallbackFault = "iss mismatch"
	// CodeMissing means that there is neither a code nor an error.
	CodeMissing CallbackFault = "code missing"
)

// CallbackError reports that an authorization response was discarded. It shows
// nothing of the response, because its sender is unknown.
type CallbackError struct {
	Issuer string
	Fault  CallbackFault
}

// Error names the authorization server and the fault.
func (e *CallbackError) Error() string {
	return fmt.Sprintf("the answer to the authorization request at %s was discarded: %s", e.Issuer, e.Fault)
}

// AuthorizationError reports that the authorization server, or the user,
// refused the login (RFC 6749 §4.1.2.1). State and iss have proved that the
// refusal comes from that server, unless it is Unproven.
type AuthorizationError struct {
	Issuer string
	// Unproven reports whether the refusal came without a state. Some servers
	// send it so; any web page that the user's browser shows could have, too.
	Unproven bool
	// Code is the error code, such as "access_denied".
	Code string
	// Description is the server's text for developers: printable, at most 300
	// bytes, empty if there is none.
	Description string
}

// Denied reports whether the user, or a rule of the authorization server, said
// no.
func (e *AuthorizationError) Denied() bool { return e.Code == "access_denied" }

// Error names the authorization server, its reason and who denied.
func (e *AuthorizationError) Error() string {
	text := e.Issuer + " refused the authorization: " + described(e.Code, e.Description)
	if e.Denied() {
		text += " (denied by the user, or by a rule of the authorization server)"
	}
	if e.Unproven {
		text += " (the refusal came without a state, so it may not be that server's)"
	}
	return text
}

// LoginTimeoutError reports that no valid answer to the authorization request
// came in time. [errors.Is] finds [context.DeadlineExceeded] in it.
type LoginTimeoutError struct {
	Issuer string
	// Timeout is how long the client waited for the user.
	Timeout time.Duration
	// Forgotten is the client_id of the registration that was used and is now
	// forgotten, empty if there is none: the authorization server may no longer
	// know that client, and have said so on a page that only the user saw.
	Forgotten string
}

// Error names the authorization server and what the user may have seen.
func (e *LoginTimeoutError) Error() string {
	text := fmt.Sprintf("the user did not finish logging in at %s within %s", e.Issuer, e.Timeout)
	if e.Forgotten != "" {
		text += fmt.Sprintf("; if its page reported an unknown client, it no longer knew the registration %s of an earlier login: the next login registers anew", e.Forgotten)
	}
	return text
}

// Unwrap returns [context.DeadlineExceeded].
func (e *LoginTimeoutError) Unwrap() error { return context.DeadlineExceeded }
