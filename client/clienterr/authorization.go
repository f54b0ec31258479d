package clienterr

import "fmt"

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
// refusal comes from that server.
type AuthorizationError struct {
	Issuer string
	// Code is the error code, such as "access_denied".
	Code string
	// Description is the server's text for developers: printable, at most 300
	// bytes, empty if there is none.
	Description string
}

// Error names the authorization server and its reason.
func (e *AuthorizationError) Error() string {
	return e.Issuer + " refused the authorization: " + described(e.Code, e.Description)
}
