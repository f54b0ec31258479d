package policy

import (
	"errors"
	"fmt"
	"strings"
)

// Outcome is the result of a [Decision].
type Outcome int

// The outcomes.
const (
	// OutcomeDenied refuses: no scope would help. A [Claim] or [Check] may be the
	// reason, which is not for the caller to know.
	OutcomeDenied Outcome = iota
	// OutcomeAllowed admits.
	OutcomeAllowed
	// OutcomeNoCredentials refuses a caller without a token (RFC 6750 §3.1: 401
	// without an error code).
	OutcomeNoCredentials
	// OutcomeInsufficientScope refuses a token that lacks scopes (RFC 6750 §3.1:
	// 403 insufficient_scope).
	OutcomeInsufficientScope
	// OutcomeURINotNormal refuses a resource URI that a server might read as one
	// to which another rule applies.
	OutcomeURINotNormal
	// OutcomeNamesTooLong refuses operations whose names are more than 64 KiB
	// together.
	OutcomeNamesTooLong
)

// String names the outcome.
func (o Outcome) String() string {
	switch o {
	case OutcomeDenied:
		return "denied"
	case OutcomeAllowed:
		return "allowed"
	case OutcomeNoCredentials:
		return "no credentials"
	case OutcomeInsufficientScope:
		return "insufficient scope"
	case OutcomeURINotNormal:
		return "URI not normal"
	case OutcomeNamesTooLong:
		return "names too long"
	}
	return fmt.Sprintf("Outcome(%d)", int(o))
}

// Decision is the answer to the question whether a caller may do something.
type Decision struct {
	// Outcome is the result.
	Outcome Outcome
	// Scopes are all scopes that the operations and the handler need, also those
	// that the caller has: clients that replace their scopes by those of a
	// challenge would lose the others. They must not be modified, and are nil if
	// no scope would help.
	Scopes []string
	// Hidden is set if the answer should be as if what the operations name did not
	// exist, see [Policy.HideRefused].
	Hidden bool
	// Cause says more about a refusal. It is for logs, not for the caller.
	Cause error
}

// Allowed reports whether the caller may do all of the operations.
func (d Decision) Allowed() bool { return d.Outcome == OutcomeAllowed }

var (
	errDenied        = errors.New("the policy denies the operation")
	errNoCredentials = errors.New("the operation needs an access token")
	errNamesTooLong  = fmt.Errorf("all names together are over %d bytes", maxNames)
)

// denialError is a denial by a claim or a check.
type denialError struct{ cause error }

func (e *denialError) Error() string { return errDenied.Error() + ": " + e.cause.Error() }

func (e *denialError) Unwrap() error { return e.cause }

// scopeError says which scopes there are. It is not formatted unless it is read,
// as anybody can have it made as often as they like.
type scopeError struct{ granted, needed []string }

func (e *scopeError) Error() string {
	return fmt.Sprintf("the token has the scopes %.500q, the operation needs %q", strings.Join(e.granted, " "), e.needed)
}

// uriError names a URI that servers might read in several ways.
type uriError string

func (e uriError) Error() string {
	return fmt.Sprintf("the resource URI %.200q is not in normal form, or falls under several rules in the readings that servers make of it", string(e))
}

// nameError names a tool, prompt or method whose name servers might take for
// another one.
type nameError string

func (e nameError) Error() string {
	return fmt.Sprintf("a server might take the name %.200q for one to which another rule applies", string(e))
}
