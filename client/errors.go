package client

import (
	"errors"
	"fmt"
	"strings"
)

// ResourceKind is a stable code for why a server's metadata cannot be used.
type ResourceKind string

// The kinds of [ResourceError].
const (
	// ResourceNotFound: the server has no metadata document (RFC 9728), so it
	// does not say where to get tokens, or only in a way that
	// [Config.LegacyDiscovery] does not allow.
	ResourceNotFound ResourceKind = "not found"
	// ResourceMismatch: the document is about another resource than the server
	// (RFC 9728 §3.3). Nothing was registered or asked for.
	ResourceMismatch ResourceKind = "resource mismatch"
	// ResourceMalformed: the answer is not a metadata document, names no
	// authorization server, or is at a URL that must not be fetched.
	ResourceMalformed ResourceKind = "malformed"
	// ResourceUnavailable: the server could not be reached or cannot answer now.
	ResourceUnavailable ResourceKind = "unavailable"
)

// ResourceError says why the metadata of the protected resource cannot be used.
type ResourceError struct {
	// URL is the document's, without its query.
	URL  string
	Kind ResourceKind
	// Err is the cause.
	Err error
}

// Error names the place and the cause.
func (e *ResourceError) Error() string {
	return fmt.Sprintf("client: resource metadata %s: %s: %v", e.URL, e.Kind, e.Err)
}

// Unwrap returns the cause.
func (e *ResourceError) Unwrap() error { return e.Err }

// UnsuitableError says that an authorization server lacks something that MCP
// demands.
type UnsuitableError struct {
	Issuer string
	// Reason says what is missing.
	Reason string
}

func (e *UnsuitableError) Error() string {
	return fmt.Sprintf("client: the authorization server %s cannot be used: %s", e.Issuer, e.Reason)
}

// RegistrationKind is a stable code for why there is no client identifier.
type RegistrationKind string

// The kinds of [RegistrationError].
const (
	// RegistrationNeeded: the authorization server supports neither client ID
	// metadata documents (or the client has none) nor dynamic registration. A
	// client must be registered there by hand, see [Config.Credentials].
	RegistrationNeeded RegistrationKind = "registration needed"
	// RegistrationRefused: the authorization server refused to register the
	// client; the cause is a [*TokenError].
	RegistrationRefused RegistrationKind = "registration refused"
	// OtherIssuer: the credentials belong to another authorization server than
	// the one the MCP server now names, and are not sent there.
	OtherIssuer RegistrationKind = "credentials of another issuer"
)

// RegistrationError says why the client has no client identifier at an
// authorization server, and what to do.
type RegistrationError struct {
	Issuer string
	Kind   RegistrationKind
	// RedirectURI is the redirect URI to register.
	RedirectURI string
	// Err is the cause, nil if there is none.
	Err error
}

// Error says what to do.
func (e *RegistrationError) Error() string {
	switch e.Kind {
	case RegistrationNeeded:
		return fmt.Sprintf("client: the authorization server %s registers no clients by itself (no dynamic registration, no client ID metadata document): register a client there by hand, with the redirect URI %s, and configure its client ID", e.Issuer, e.RedirectURI)
	case OtherIssuer:
		return fmt.Sprintf("client: the MCP server now sends users to %s, where the configured client is not registered: %v", e.Issuer, e.Err)
	}
	return fmt.Sprintf("client: the authorization server %s: %s: %v", e.Issuer, e.Kind, e.Err)
}

// Unwrap returns the cause.
func (e *RegistrationError) Unwrap() error { return e.Err }

// LoginRequiredError says that a user must log in and is not asked: no function
// of [AuthorizationCode] is set, or the call was Client.Token, which never
// asks.
type LoginRequiredError struct {
	ServerURL string
}

func (e *LoginRequiredError) Error() string {
	return "client: " + e.ServerURL + " needs a user to log in"
}

// CallbackFault is a stable code for what is wrong with an authorization
// response.
type CallbackFault string

// The faults of [CallbackError].
const (
	// WrongRedirect: the browser was not sent to the redirect URI.
	WrongRedirect CallbackFault = "not at the redirect URI"
	// MalformedCallback: a parameter is repeated, too long or unreadable.
	MalformedCallback CallbackFault = "malformed"
	// StateMismatch: the state is not the one that was sent (OAuth 2.1 §7.5).
	StateMismatch CallbackFault = "state mismatch"
	// IssuerMissing: iss is missing though the server says it sends it (RFC
	// 9207 §2.4).
	IssuerMissing CallbackFault = "iss missing"
	// IssuerMismatch: iss is not the server that was asked (RFC 9207 §2.4).
	IssuerMismatch CallbackFault = "iss mismatch"
	// CodeMissing: there is neither a code nor an error.
	CodeMissing CallbackFault = "code missing"
)

// CallbackError says that an authorization response was discarded. It shows
// nothing of the response, because nobody knows who sent it.
type CallbackError struct {
	Issuer string
	Fault  CallbackFault
}

func (e *CallbackError) Error() string {
	return fmt.Sprintf("client: the answer to the authorization request at %s was discarded: %s", e.Issuer, e.Fault)
}

// AuthorizationError says that the authorization server, or the user, refused
// the login (RFC 6749 §4.1.2.1). It is certain that the refusal comes from that
// server.
type AuthorizationError struct {
	Issuer string
	// Code is the error code, such as "access_denied".
	Code string
	// Description is the server's text for developers: printable, at most 300
	// bytes, empty if there is none.
	Description string
}

func (e *AuthorizationError) Error() string {
	return "client: " + e.Issuer + " refused the authorization: " + described(e.Code, e.Description)
}

// TokenError says that an endpoint of the authorization server refused a
// request (RFC 6749 §5.2, RFC 7591 §3.2.2).
type TokenError struct {
	// Endpoint is the URL that was asked, without its query.
	Endpoint string
	// Status is the answer's status.
	Status int
	// Code is the error code, such as "invalid_grant"; empty if the answer has
	// none.
	Code string
	// Description is the server's text for developers: printable, at most 300
	// bytes, without any secret that was sent, empty if there is none.
	Description string
}

func (e *TokenError) Error() string {
	text := fmt.Sprintf("client: %s answered with status %d", e.Endpoint, e.Status)
	if e.Code != "" {
		text += ": " + described(e.Code, e.Description)
	}
	return text
}

// AnswerError says that the answer of an authorization server cannot be used.
type AnswerError struct {
	// Endpoint is the URL that was asked, without its query.
	Endpoint string
	// Reason says what is wrong, and shows nothing of the answer.
	Reason string
}

func (e *AnswerError) Error() string {
	return "client: the answer of " + e.Endpoint + " cannot be used: " + e.Reason
}

// StoreError says that the [Store] failed, or that a record in it cannot be
// read.
type StoreError struct{ Err error }

func (e *StoreError) Error() string { return "client: the token store: " + e.Err.Error() }

// Unwrap returns the cause.
func (e *StoreError) Unwrap() error { return e.Err }

var errRecord = errors.New("a record cannot be read")

func described(code, description string) string {
	if description == "" {
		return code
	}
	return code + ": " + description
}

const (
	maxErrorCode        = 100
	maxErrorDescription = 300
)

// shown makes another side's text fit for an error: bounded, printable, and
// dropped if it repeats a secret.
func shown(text string, limit int, secrets ...string) string {
	for _, secret := range secrets {
		if len(secret) >= 8 && strings.Contains(text, secret) {
			return ""
		}
	}
	if len(text) > limit {
		text = text[:limit] + "..."
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, text)
}
