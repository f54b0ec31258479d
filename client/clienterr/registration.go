package clienterr

import "fmt"

// RegistrationKind is a stable code for why there is no client identifier.
type RegistrationKind string

// The kinds of [RegistrationError].
const (
	// RegistrationNeeded means that the authorization server supports neither
	// client ID metadata documents (or the client has none) nor dynamic
	// registration. Register a client there manually and set
	// client.Config.Credentials.
	RegistrationNeeded RegistrationKind = "registration needed"
	// RegistrationRefused means that the authorization server refused to
	// register the client; the cause is a [*TokenError].
	RegistrationRefused RegistrationKind = "registration refused"
	// OtherIssuer means that the credentials belong to another authorization
	// server than the one the MCP server now names. They are not sent there.
	OtherIssuer RegistrationKind = "credentials of another issuer"
)

// RegistrationError reports that the client has no client identifier at an
// authorization server.
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
		return fmt.Sprintf("the authorization server %s does not register clients automatically (no dynamic registration, no client ID metadata document): register a client there with the redirect URI %s and configure its client ID", e.Issuer, e.RedirectURI)
	case OtherIssuer:
		return fmt.Sprintf("the MCP server now sends users to %s, where the configured client is not registered: %v", e.Issuer, e.Err)
	}
	return fmt.Sprintf("the authorization server %s: %s: %v", e.Issuer, e.Kind, e.Err)
}

// Unwrap returns the cause.
func (e *RegistrationError) Unwrap() error { return e.Err }
