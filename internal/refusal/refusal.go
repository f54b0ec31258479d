// Package refusal describes why a request is refused, as data: what the engine's
// parts return instead of a result. A response is made from it elsewhere.
package refusal

import (
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/mcp-auth/go/reason"
)

// The error codes of RFC 6750 §3.1 and RFC 9449 §7.1, and those of bodies that
// are not errors of a token: access_denied is that of RFC 6749 §4.1.2.1.
const (
	CodeInvalidRequest    = "invalid_request"
	CodeInvalidToken      = "invalid_token"
	CodeInsufficientScope = "insufficient_scope"
	CodeInvalidDPoPProof  = "invalid_dpop_proof"
	CodeUseDPoPNonce      = "use_dpop_nonce"
	CodeAccessDenied      = "access_denied"
	CodeSessionNotFound   = "session_not_found"
)

// Refusal says why a request is refused. It is not written to once it is
// returned.
type Refusal struct {
	// Status is the HTTP status of the answer.
	Status int
	// Code is the OAuth error code. It is empty if the request carried no
	// credentials, and for a 503.
	Code string
	// Reason is for logs and metrics.
	Reason reason.Reason
	// Cause is for logs. It never reaches the caller.
	Cause error
	// Scopes are the scopes to ask for, if others than those of the handler.
	Scopes []string
	// RPC is the JSON-RPC error to answer with. Nil means an OAuth error.
	RPC *RPC
}

// RPC is an error answer in the form of JSON-RPC 2.0.
type RPC struct {
	Status  int
	Code    int
	Message string
	ID      json.RawMessage // nil means null
}

// Error returns the reason.
func (r *Refusal) Error() string { return string(r.Reason) }

// Unwrap returns the cause.
func (r *Refusal) Unwrap() error { return r.Cause }

// New returns a refusal whose cause is formatted only if it is read, which for
// most refusals never happens.
func New(status int, code string, why reason.Reason, format string, args ...any) *Refusal {
	return &Refusal{Status: status, Code: code, Reason: why, Cause: &cause{format, args}}
}

// InvalidToken refuses with 401 invalid_token.
func InvalidToken(why reason.Reason, format string, args ...any) *Refusal {
	return New(http.StatusUnauthorized, CodeInvalidToken, why, format, args...)
}

// RejectedToken is [InvalidToken] with an error as its cause.
func RejectedToken(why reason.Reason, err error) *Refusal {
	return &Refusal{Status: http.StatusUnauthorized, Code: CodeInvalidToken, Reason: why, Cause: err}
}

// InvalidRequest refuses with 400 invalid_request.
func InvalidRequest(why reason.Reason, format string, args ...any) *Refusal {
	return New(http.StatusBadRequest, CodeInvalidRequest, why, format, args...)
}

// Malformed refuses a message as such, with an answer in the form of JSON-RPC.
func Malformed(status int, format string, args ...any) *Refusal {
	r := New(status, CodeInvalidRequest, reason.MalformedMessage, format, args...)
	r.RPC = &RPC{Status: status, Code: rpcInvalidRequest, Message: r.Description()}
	return r
}

// rpcInvalidRequest is the code of JSON-RPC 2.0 §5.1.
const rpcInvalidRequest = -32600

// NoCredentials refuses with 401 and no error code (RFC 6750 §3.1).
func NoCredentials(err error) *Refusal {
	return &Refusal{Status: http.StatusUnauthorized, Reason: reason.NoCredentials, Cause: err}
}

// Unavailable refuses with 503: the request cannot be decided now.
func Unavailable(why reason.Reason, err error) *Refusal {
	return &Refusal{Status: http.StatusServiceUnavailable, Reason: why, Cause: err}
}

// cause is an error text that is put together when it is read.
type cause struct {
	format string
	args   []any
}

func (c *cause) Error() string { return c.Unwrap().Error() }

// Unwrap leads to the errors among args that format wraps.
func (c *cause) Unwrap() error { return fmt.Errorf(c.format, c.args...) }
