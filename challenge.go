package mcpauth

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/mcp-auth/go/internal/challenge"
	"github.com/mcp-auth/go/internal/credential"
	"github.com/mcp-auth/go/internal/refusal"
	"github.com/mcp-auth/go/internal/response"
	"github.com/mcp-auth/go/reason"
)

// Challenge is a refusal: what [Auth.Authorize] returns instead of an AuthInfo
// and what [WriteChallenge] sends. It holds only what the caller may see,
// except Reason; the cause is for logs, and [errors.Unwrap] returns it.
type Challenge struct {
	// Status is the HTTP status: 400, 401, 403, or 503 when the request cannot
	// be decided on now; 404, 405, 413 and 415 for sessions and messages, see
	// [Resource.Policy].
	Status int
	// Code is the error code of RFC 6750 §3.1: invalid_request, invalid_token,
	// insufficient_scope; or of RFC 9449: invalid_dpop_proof, use_dpop_nonce; or
	// empty when the request carried no credentials.
	Code string
	// Description is the human-readable error_description.
	Description string
	// Scopes are the scopes to ask for, none if no scope would help.
	Scopes []string
	// ResourceMetadata is the URL of the protected resource metadata (RFC 9728 §5.1).
	ResourceMetadata string
	// DPoPAlgorithms are the algorithms accepted in DPoP proofs. If there are
	// any, a challenge of the scheme DPoP is sent (RFC 9449 §7.1).
	DPoPAlgorithms []string
	// DPoPOnly leaves the challenge of the scheme Bearer out.
	DPoPOnly bool
	// DPoPNonce is the value of the header DPoP-Nonce, if any (RFC 9449 §9).
	DPoPNonce string
	// RetryAfter is how long to wait after a 503.
	RetryAfter time.Duration
	// Reason says why, for logs and metrics.
	Reason reason.Reason
	// Hidden says that the answer should be as if what the caller asked for did
	// not exist (policy.Policy.HideRefused). [Auth.AuthorizeOperation] sets it.
	Hidden bool

	scheme credential.Scheme // that the request used
	cause  error
	rpc    *refusal.RPC // nil: the body is not JSON-RPC
}

// own is c for somebody who may change it: the scopes may be those of the policy
// or of the door.
func (c *Challenge) own() *Challenge {
	c.Scopes = slices.Clone(c.Scopes)
	return c
}

// Error describes the refusal without its cause.
func (c *Challenge) Error() string {
	return fmt.Sprintf("mcpauth: request refused with status %d: %s", c.Status, c.Reason)
}

// Unwrap returns the cause, which is for logs and never for the caller.
func (c *Challenge) Unwrap() error { return c.cause }

// WWWAuthenticate returns the values of the WWW-Authenticate header (RFC 6750
// §3, RFC 9449 §7.1, RFC 9728 §5.1): one for each scheme that is accepted,
// Bearer first, as some clients read the first only. The error is in the
// challenge of the scheme that the request used. Refusals that have no
// challenge, such as those with status 503, have no values.
func (c *Challenge) WWWAuthenticate() []string {
	if c.Status == http.StatusServiceUnavailable || c.Status == http.StatusMethodNotAllowed || c.rpc != nil || c.Code == refusal.CodeAccessDenied || c.Code == refusal.CodeSessionNotFound {
		return nil // nothing that a token would change
	}
	dpop, bearer := len(c.DPoPAlgorithms) > 0, !c.DPoPOnly || len(c.DPoPAlgorithms) == 0
	values := make([]string, 0, 2)
	if bearer {
		values = append(values, c.render("Bearer", !dpop || c.scheme != credential.DPoP))
	}
	if dpop {
		values = append(values, c.render("DPoP", !bearer || c.scheme != credential.Bearer))
	}
	return values
}

func (c *Challenge) render(scheme string, withError bool) string {
	params := make([]challenge.Param, 0, 5)
	if scheme == "DPoP" {
		params = append(params, challenge.Param{Name: "algs", Value: strings.Join(c.DPoPAlgorithms, " ")})
	}
	if withError && c.Code != "" {
		params = append(params, challenge.Param{Name: "error", Value: c.Code})
	}
	if len(c.Scopes) > 0 {
		params = append(params, challenge.Param{Name: "scope", Value: strings.Join(c.Scopes, " ")})
	}
	if c.ResourceMetadata != "" {
		params = append(params, challenge.Param{Name: "resource_metadata", Value: c.ResourceMetadata})
	}
	// Last: some clients search the header for "scope=" without parsing it, and
	// would find it in a description.
	if withError && c.Code != "" && c.Description != "" {
		params = append(params, challenge.Param{Name: "error_description", Value: c.Description})
	}
	return challenge.Format(scheme, params...)
}

// WriteChallenge answers a request with a refusal: status, WWW-Authenticate,
// DPoP-Nonce, Retry-After and the JSON body {"error", "error_description"}. If
// err is not a [*Challenge], or has no error status, it answers with 500 and a
// fixed text.
func WriteChallenge(w http.ResponseWriter, err error) {
	c := challengeIn(err)
	switch {
	case c != nil && c.rpc != nil:
		response.WriteRPC(w, c.rpc)
		return
	case c == nil || c.Status < 400 || c.Status > 599:
		c = &Challenge{Status: http.StatusInternalServerError, Description: "The request could not be authorized."}
	case c.Status == http.StatusMethodNotAllowed:
		w.Header().Set("Allow", "GET, POST, DELETE")
	}
	a := c.answer()
	a.Write(w, c.DPoPNonce, c.RetryAfter)
}

func challengeIn(err error) *Challenge {
	if c, ok := err.(*Challenge); ok {
		return c
	}
	var c *Challenge
	if !errors.As(err, &c) {
		return nil
	}
	return c
}

// answer is what WriteChallenge sends for c, nonce and delay aside.
func (c *Challenge) answer() response.Answer {
	var challenges []string
	if c.Status != http.StatusInternalServerError {
		challenges = c.WWWAuthenticate()
	}
	return response.NewAnswer(c.Status, challenges, c.Code, c.Description)
}
