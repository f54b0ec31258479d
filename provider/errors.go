package provider

import (
	"errors"
	"fmt"

	"github.com/mcp-auth/go/configerr"
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

// The faults that profiles and verifiers report, each as a [*configerr.Error]:
// errors.Is(err, provider.AudienceShared) finds it.
const (
	MissingParameter configerr.Fault = "the parameter is missing"
	UnknownParameter configerr.Fault = "the profile has no such parameter"
	InvalidParameter configerr.Fault = "the value of the parameter is not valid"
	InvalidIssuer    configerr.Fault = "the issuer that the parameters make is not valid (RFC 8414 §2)"

	AudienceRequired      configerr.Fault = "the provider does not issue tokens for the resource identifier: name the audience that it issues"
	InvalidAudience       configerr.Fault = "the audience is not of the form that the provider issues"
	AudienceShared        configerr.Fault = "the audience does not stand for this server alone"
	ClientsRequired       configerr.Fault = "the provider issues no audience: list the clients whose tokens are accepted, or name the audience that it was made to issue"
	ClientsOfNoUse        configerr.Fault = "the provider issues an audience: a list of clients would not be looked at"
	InvalidClient         configerr.Fault = "the client identifier is empty or has characters that it cannot have"
	VerifierRequired      configerr.Fault = "the tokens are opaque: use NewGitHub or NewGoogle in place of the profile"
	IntrospectionRequired configerr.Fault = "the tokens must be introspected, all of them"
	IntrospectionFails    configerr.Fault = "the provider does not introspect these tokens"

	InvalidURL         configerr.Fault = "the value is not an https URL, or an http one on loopback"
	SecretRequired     configerr.Fault = "the client secret is missing"
	IssuerRequired     configerr.Fault = "a GitHub Enterprise Server needs its issuer"
	IssuerMismatch     configerr.Fault = "the issuer is that of one server, and the API that of another"
	InvalidLifetime    configerr.Fault = "the time to remember answers is negative or over one hour"
	InvalidTimeout     configerr.Fault = "the timeout is negative or over ten seconds"
	InvalidRestriction configerr.Fault = "the entry of the list is empty or has characters that it cannot have"
	UsersRequired      configerr.Fault = "nothing says who is let in: list users, or set AllowAnyUser to let in everybody who has an account there"
	UsersContradict    configerr.Fault = "everybody is let in, and yet users are listed"
)

// faults collects the mistakes in what a profile or a verifier is given.
type faults struct {
	profile string
	list    configerr.List
}

// add adds a mistake. The hint says what would be right, or is empty.
func (f *faults) add(fault configerr.Fault, field, value, hint string) {
	var err error
	if hint != "" {
		err = errors.New(hint)
	}
	f.list.AddErr(fault, field, value[:min(len(value), maxShown)], err)
}

// err joins all mistakes, each with the name of the profile.
func (f *faults) err() error {
	var errs []error
	for _, e := range configerr.All(f.list.Err()) {
		errs = append(errs, fmt.Errorf("provider: %s: %w", f.profile, e))
	}
	return errors.Join(errs...)
}
