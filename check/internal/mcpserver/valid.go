package mcpserver

import (
	"context"
	"maps"
	"net/http"

	"github.com/mcp-auth/go/check/internal/answer"
	"github.com/mcp-auth/go/check/internal/endpoint"
	"github.com/mcp-auth/go/check/internal/finding"
	"github.com/mcp-auth/go/internal/fetch"
)

// validRequest is a request without a fault, and how the server answers it.
// What differs in the answer to the same request with a fault is due to the
// fault.
type validRequest struct {
	what, body string
	headers    http.Header // nil for those of the client's session
	answer     *answer.Answer
}

// ping returns the request that servers of all revisions with initialize know.
func ping(a *answer.Answer) *validRequest { return &validRequest{"ping", endpoint.Ping, nil, a} }

// findValidRequest returns a request that the server answers as it should, or
// nil: then the answers to faulty requests would show nothing.
func findValidRequest(ctx context.Context, e *endpoint.Endpoint) *validRequest {
	list := []*validRequest{ping(nil), {"server/discover", endpoint.Discover, modernHeaders(endpoint.ModernVersion, "server/discover"), nil}}
	for _, v := range list {
		if v.answer = v.send(ctx, e, "a valid "+v.what, "", nil); v.answer == nil {
			return nil
		}
		if v.answer.Accepted() {
			return v
		}
	}
	e.Add(judgeNoneValid(list[0])...)
	return nil
}

// judgeNoneValid reports that the server answers no valid request as it should.
func judgeNoneValid(v *validRequest) (found finding.List) {
	code := finding.Code("valid_request_refused")
	if v.answer.Status >= 500 {
		code = "valid_request_failure"
	}
	found.Add(code, v.answer.Text(), "A valid %s is answered with %s.", v.what, outcome(v.answer.Status, v.answer.RPCError()))
	return found
}

// send sends the request as the logged-in client, if there is one, with another
// Host unless it is "", and with more headers.
func (v *validRequest) send(ctx context.Context, e *endpoint.Endpoint, purpose, host string, more http.Header) *answer.Answer {
	r := v.request(e, more)
	r.Host = host
	return e.SendAdmitted(ctx, purpose, r)
}

func (v *validRequest) request(e *endpoint.Endpoint, more http.Header) fetch.Request {
	headers := http.Header{}
	maps.Copy(headers, v.headers)
	maps.Copy(headers, more)
	r := e.Request(http.MethodPost, v.body, headers)
	if v.headers == nil {
		e.InSession(&r)
	}
	return r
}
