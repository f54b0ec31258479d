package provider

import (
	"errors"
	"fmt"

	"github.com/mcp-auth/go/internal/fetch"
)

// UnknownError is the error for a name that no profile has.
type UnknownError struct {
	Name string
	// Suggestion is the name that was probably meant, or empty.
	Suggestion string
}

// Error names the name, and the one that was probably meant.
func (e *UnknownError) Error() string {
	text := fmt.Sprintf("provider: no profile has the name %.80q", e.Name)
	if e.Suggestion != "" {
		return text + fmt.Sprintf("; did you mean %q?", e.Suggestion)
	}
	text += "; Names and the command mcpauth providers list them"
	return text
}

// Fault is a kind of mistake in what a profile is given. Each is an error of its
// own: errors.Is(err, provider.SharedAudience) finds it.
type Fault string

// Error describes the fault.
func (f Fault) Error() string { return string(f) }

// The faults that profiles and verifiers report.
const (
	MissingParameter Fault = "the parameter is missing"
	UnknownParameter Fault = "the profile has no such parameter"
	InvalidParameter Fault = "the value of the parameter is not valid"
	InvalidIssuer    Fault = "the issuer that the parameters make is not valid (RFC 8414 §2)"

	AudienceRequired      Fault = "the provider does not issue tokens for the resource identifier: name the audience that it issues"
	InvalidAudience       Fault = "the audience is not of the form that the provider issues"
	AudienceShared        Fault = "the audience does not stand for this server alone"
	ClientsRequired       Fault = "the provider issues no audience: list the clients whose tokens are accepted, or name the audience that it was made to issue"
	ClientsOfNoUse        Fault = "the provider issues an audience: a list of clients would not be looked at"
	InvalidClient         Fault = "the client identifier is empty or has characters that it cannot have"
	VerifierRequired      Fault = "the tokens are opaque: use NewGitHub or NewGoogle in place of the profile"
	IntrospectionRequired Fault = "the tokens must be introspected, all of them"
	IntrospectionFails    Fault = "the provider does not introspect these tokens"

	InvalidURL         Fault = "the value is not an https URL, or an http one on loopback"
	SecretRequired     Fault = "the client secret is missing"
	IssuerRequired     Fault = "a GitHub Enterprise Server needs its issuer"
	IssuerMismatch     Fault = "the issuer is that of one server, and the API that of another"
	InvalidLifetime    Fault = "the time to remember answers is negative or over one hour"
	InvalidTimeout     Fault = "the timeout is negative or over ten seconds"
	InvalidRestriction Fault = "the entry of the list is empty or has characters that it cannot have"
	UsersRequired      Fault = "nothing says who is let in: list users, or set AllowAnyUser to let in everybody who has an account there"
	UsersContradict    Fault = "everybody is let in, and yet users are listed"
)

// Error is one mistake in what a profile or a verifier was given. errors.As
// finds it, and [errors.Is] compares its [Fault]. Several are joined.
type Error struct {
	// Profile is the name of the profile.
	Profile string
	// Field is the place of the mistake, such as `Params["tenant"]`.
	Field string
	// Value is the offending value, where there is one. It is never a secret.
	Value string
	// Fault is the kind of mistake.
	Fault Fault
	// Hint says what would be right, where that can be said.
	Hint string
}

// Error names the profile, the place, the value, the fault and the remedy.
func (e *Error) Error() string {
	text := "provider: " + e.Profile + ": " + e.Field
	if e.Value != "" {
		text += fmt.Sprintf(" %.200q", e.Value)
	}
	text += ": " + e.Fault.Error()
	if e.Hint != "" {
		text += " (" + e.Hint + ")"
	}
	return text
}

// Unwrap returns the fault.
func (e *Error) Unwrap() error { return e.Fault }

// faults collects mistakes.
type faults struct {
	profile string
	errs    []error
}

func (f *faults) add(fault Fault, field, value, hint string) {
	value = fetch.HideUserinfo(value)
	if len(value) > maxShown {
		value = value[:maxShown]
	}
	f.errs = append(f.errs, &Error{Profile: f.profile, Field: field, Value: value, Fault: fault, Hint: hint})
}

func (f *faults) err() error { return errors.Join(f.errs...) }
