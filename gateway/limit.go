package gateway

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"strconv"
	"time"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/internal/panics"
	"github.com/mcp-auth/go/internal/refusal"
	"github.com/mcp-auth/go/internal/response"
	"github.com/mcp-auth/go/internal/safelog"
	"github.com/mcp-auth/go/policy"
)

// codeServerError is the first of the codes of JSON-RPC 2.0 §5.1 that are for servers to
// define.
const codeServerError = -32000

// Limiter bounds how many requests callers make. Package gateway/ratelimit has one.
type Limiter interface {
	// Take counts a request that was let in. A [*LimitError] says that there were too many:
	// the request is answered with 429, and not counted. Any other error says that it
	// cannot be told: it is logged, and the request goes on. Take must honour ctx and be
	// safe for concurrent use.
	Take(ctx context.Context, r LimitedRequest) error
}

// LimitedRequest is what a [Limiter] sees of a request.
type LimitedRequest struct {
	// Resource is the resource identifier.
	Resource string
	// Caller is nil without a token.
	Caller *mcpauth.AuthInfo
	// Address is the one of [ClientAddress].
	Address netip.Addr
	// Operations are the messages of the request, with their method and name; none
	// without a body.
	Operations []policy.Operation
}

// LimitError says that there were too many requests.
type LimitError struct {
	// Limit names the limit, for logs and metrics. It is of the configuration, and has few
	// values.
	Limit string
	// RetryAfter is how long to wait.
	RetryAfter time.Duration
}

// Error says what happened.
func (e *LimitError) Error() string {
	return "more requests than the limit " + strconv.Quote(e.Limit) + " allows"
}

// LimitEvent describes a request that a [Limiter] refused, or could not judge; see
// [Hooks.Limited].
type LimitEvent struct {
	// Resource is the resource identifier.
	Resource string
	// Method is the HTTP method.
	Method string
	// Limit is the one of the [LimitError].
	Limit string
	// RetryAfter is how long the caller is asked to wait.
	RetryAfter time.Duration
	// Err is why the limits could not be told, and the request went on. It is nil if the
	// request was refused.
	Err error
}

// isLimited reports whether a request was answered because there were too many.
func (f *forwarder) isLimited(w http.ResponseWriter, r *http.Request) bool {
	if f.limiter == nil {
		return false
	}
	ctx, messages := r.Context(), messagesOf(r)
	info, _ := mcpauth.FromContext(ctx)
	request := LimitedRequest{Resource: f.resource, Caller: info, Address: ClientAddress(ctx)}
	for _, m := range messages.All() {
		request.Operations = append(request.Operations, policy.Operation{Method: m.Method, Name: m.Name})
	}
	_, err := panics.Call("the Limiter", func() (struct{}, error) { return struct{}{}, f.limiter.Take(ctx, request) })
	if err == nil {
		return false
	}
	event := LimitEvent{Resource: f.resource, Method: r.Method, Err: err}
	over, refused := errors.AsType[*LimitError](err)
	if refused {
		event.Limit, event.RetryAfter, event.Err = over.Limit, over.RetryAfter, nil
	} else {
		safelog.Write(ctx, f.log, slog.LevelError, "mcpauth: limits cannot be checked, and the request goes on", safelog.Cause(err)...)
	}
	observe(ctx, f, "Limited", f.hooks.Limited, event)
	if refused {
		setRetryAfter(w.Header(), max(over.RetryAfter, time.Second))
		response.WriteRPC(w, &refusal.RPC{
			Status: http.StatusTooManyRequests, Code: codeServerError, Message: "Too many requests. Try again later.", ID: messageOf(r).id,
		})
	}
	return refused
}
