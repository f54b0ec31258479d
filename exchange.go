package mcpauth

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/mcp-auth/go/internal/keys"
	"github.com/mcp-auth/go/internal/protected"
	"github.com/mcp-auth/go/internal/response"
	"github.com/mcp-auth/go/internal/session"
	"github.com/mcp-auth/go/policy"
	"github.com/mcp-auth/go/reason"
)

// authorized is a decision that let a request in, with the AuthInfo made of it.
// All is one piece of memory, scopes and audience included unless there are
// many.
type authorized struct {
	decision
	info   AuthInfo         // not set for a caller without a token
	lists  [4]string        // memory of the info
	writer *response.Writer // nil: another enforcement point writes the response
}

// accept takes a decision over. It copies what handlers could change, so that
// claims may be shared.
func (a *authorized) accept(d *decision) {
	a.decision = *d
	if d.verified == nil {
		return
	}
	n := len(d.verified.Claims.Scopes)
	both := a.lists[:0]
	if size := n + len(d.verified.Claims.Audience); size > len(a.lists) {
		both = make([]string, 0, size)
	}
	both = append(append(both, d.verified.Claims.Scopes...), d.verified.Claims.Audience...)
	a.info = AuthInfo{
		Token:     Token{&d.verified.Token},
		Resource:  d.resource.identifier,
		Issuer:    d.verified.Claims.Issuer,
		Subject:   d.verified.Claims.Subject,
		ClientID:  d.verified.Claims.ClientID,
		Scopes:    both[:n:n],
		Audience:  both[n:],
		ExpiresAt: d.verified.Claims.ExpiresAt,
		from:      a,
	}
}

// caller is who is calling, or nil for a caller without a token.
func (a *authorized) caller() *AuthInfo {
	if a.verified == nil {
		return nil
	}
	return &a.info
}

// exchange is a request that [Auth.Protect] let in, with its response: the
// handler's context, body and response writer are views of it, in one piece of
// memory.
type exchange struct {
	authorized
	response.Writer
	ctx context.Context // of the request, as it arrived
	// forbidden says that the handler answered 403 in plain text, as MCP SDKs do to a
	// Host that they do not know.
	forbidden atomic.Bool
}

// WriteHeader notes what [middleware.reportForeignHost] reports.
func (x *exchange) WriteHeader(status int) {
	if status == http.StatusForbidden && strings.HasPrefix(x.Header().Get("Content-Type"), "text/plain") {
		x.forbidden.Store(true)
	}
	x.Writer.WriteHeader(status)
}

// Keep implements [response.Rules].
func (x *exchange) Keep(method, name string) bool {
	op := policy.Operation{Method: method, Name: name}
	return x.resource.policy.Visible(x.context(), x.policyCaller(new(policy.Caller)), x.scopes, op)
}

// BindSession implements [response.Rules].
func (x *exchange) BindSession(id string) error {
	return session.Open(x.context(), x.resource.sessions, id, x.userID())
}

// Withheld implements [response.Rules].
func (x *exchange) Withheld(status int, cause error) response.Replacement {
	x.resource.reportResponse(x.context(), "mcpauth: response withheld", cause)
	c := &Challenge{Status: status, Description: "The response cannot be sent."}
	if status == http.StatusServiceUnavailable {
		c.Reason, c.RetryAfter = reason.SessionStoreUnavailable, keys.Cooldown
	}
	return (*replacement)(c)
}

// BrokenOff implements [response.Rules].
func (x *exchange) BrokenOff(cause error) {
	x.resource.reportResponse(x.context(), "mcpauth: stream broken off", cause)
}

// replacement is a challenge that takes the place of a response.
type replacement Challenge

// Answer implements [response.Replacement].
func (c *replacement) Answer(w http.ResponseWriter) { WriteChallenge(w, (*Challenge)(c)) }

// requestContext is the context of a request that was let in. It carries the
// AuthInfo until the handler returns: an SDK that keeps the context of the request
// which opened a session must not take its caller for the caller of later requests.
type requestContext exchange

func (x *exchange) context() context.Context { return (*requestContext)(x) }

func (c *requestContext) Deadline() (time.Time, bool) { return c.ctx.Deadline() }
func (c *requestContext) Done() <-chan struct{}       { return c.ctx.Done() }
func (c *requestContext) Err() error                  { return c.ctx.Err() }

func (c *requestContext) Value(key any) any {
	switch key {
	case contextKey{}:
		if c.Writer.HasLeft() {
			return (*AuthInfo)(nil)
		}
		return c.caller()
	case anonymousKey{}:
		return c.verified == nil
	case authorizedKey{}:
		return &c.authorized
	case protected.Key{}:
		return true
	}
	return c.ctx.Value(key)
}

// Format prints the type only: printing a context prints what it holds.
func (c *requestContext) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(c.String())) }

// String is what printing a derived context shows.
func (c *requestContext) String() string { return "mcpauth.Context" }

// LogValue implements [slog.LogValuer].
func (c *requestContext) LogValue() slog.Value { return slog.StringValue(c.String()) }
