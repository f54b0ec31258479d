package clientcredentials

// Kind says whether a token can be had later.
type Kind string

// The kinds of [Error].
const (
	// Unavailable means that the authorization server did not answer, or fails.
	Unavailable Kind = "unavailable"
	// Misconfigured means that the authorization server does not give this client a
	// token for this service, or that its answer cannot be used.
	Misconfigured Kind = "misconfigured"
)

// Error says why there is no token. Its text is fixed and may be shown to callers; the
// cause, which Unwrap leads to and [Error.Cause] returns, is for logs. What the
// authorization server said is a [*clienterr.TokenError] or a [*clienterr.AnswerError].
//
// If the kind is [Unavailable], errors.As finds a [*mcpauth.Challenge] in it, with 503.
type Error struct {
	Kind      Kind
	cause     error
	challenge error // nil if there is none
}

// Error says whether a token can be had later.
func (e *Error) Error() string {
	if e.Kind == Unavailable {
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

// Cause returns what happened, for logs and for the operator.
func (e *Error) Cause() error { return e.cause }
