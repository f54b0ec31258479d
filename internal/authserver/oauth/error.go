package oauth

import (
	"errors"
	"net/http"
)

// Error is an error response (RFC 6749 §4.1.2.1, §5.2). Every other error that
// an endpoint meets is the server's own and is answered as server_error.
type Error struct {
	// Status is the HTTP status at endpoints that answer in JSON.
	Status int
	// Code is the error parameter.
	Code string
	// Description is the error_description. It never repeats what the client
	// sent.
	Description string
	// Cause is for the log. It is nil if the description says it all.
	Cause error
}

// Error returns the code and the description.
func (e *Error) Error() string { return e.Code + ": " + e.Description }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// WithCause returns e with the cause, which is logged and never sent.
func (e *Error) WithCause(cause error) *Error {
	caused := *e
	caused.Cause = cause
	return &caused
}

// BadRequest returns an error with status 400.
func BadRequest(code, description string) *Error {
	return &Error{Status: http.StatusBadRequest, Code: code, Description: description}
}

// InvalidRequest returns an invalid_request error (RFC 6749 §5.2).
func InvalidRequest(description string) *Error { return BadRequest("invalid_request", description) }

// InvalidScope returns an invalid_scope error (RFC 6749 §5.2).
func InvalidScope(description string) *Error { return BadRequest("invalid_scope", description) }

// InvalidTarget returns an invalid_target error (RFC 8707 §2).
func InvalidTarget(description string) *Error { return BadRequest("invalid_target", description) }

// InvalidGrant returns an invalid_grant error (RFC 6749 §5.2).
func InvalidGrant(description string) *Error { return BadRequest("invalid_grant", description) }

// UnauthorizedClient returns an unauthorized_client error (RFC 6749 §5.2).
func UnauthorizedClient(description string) *Error {
	return BadRequest("unauthorized_client", description)
}

// InvalidClient returns an invalid_client error, which has status 401
// (RFC 6749 §5.2).
func InvalidClient(description string) *Error {
	return &Error{Status: http.StatusUnauthorized, Code: "invalid_client", Description: description}
}

// InvalidProof returns an invalid_dpop_proof error (RFC 9449 §5).
func InvalidProof(description string) *Error { return BadRequest("invalid_dpop_proof", description) }

// UseDPoPNonce is the code that asks for a nonce in the proof (RFC 9449 §8).
const UseDPoPNonce = "use_dpop_nonce"

// TooManyRequests returns a temporarily_unavailable error with status 429.
func TooManyRequests(description string) *Error {
	return &Error{Status: http.StatusTooManyRequests, Code: "temporarily_unavailable", Description: description}
}

// Unavailable returns a temporarily_unavailable error with status 503.
func Unavailable(description string) *Error {
	return &Error{Status: http.StatusServiceUnavailable, Code: "temporarily_unavailable", Description: description}
}

// ServerError returns the response for an error of the server's own. Its
// description does not say what failed.
func ServerError(cause error) *Error {
	return &Error{
		Status: http.StatusInternalServerError, Code: "server_error", Description: "the server failed", Cause: cause,
	}
}

// ClientFault reports whether err is a client's doing. Other errors are the
// server's own, or pass: the client can send the same request again.
func ClientFault(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Status < http.StatusInternalServerError && e.Status != http.StatusTooManyRequests
}
