package mcpserver

import (
	"context"
	"fmt"
	"net/http"

	"github.com/mcp-auth/go/check/internal/answer"
	"github.com/mcp-auth/go/check/internal/endpoint"
	"github.com/mcp-auth/go/check/internal/finding"
)

// headerMismatch is the JSON-RPC error for headers that differ from the body
// (MCP 2026-07-28, Server Validation).
const headerMismatch = -32020

// messages sends messages that a server must refuse.
func messages(ctx context.Context, e *endpoint.Endpoint, valid *validRequest) {
	brokenMessage(ctx, e)
	batch(ctx, e)
	if headerAgreement(ctx, e) && valid.body == endpoint.Ping {
		headerTrust(ctx, e, valid)
	}
}

// send sends a body as a logged-in client, in its session unless there are
// headers.
func send(ctx context.Context, e *endpoint.Endpoint, purpose, body string, headers http.Header) *answer.Answer {
	r := e.Request(http.MethodPost, body, headers)
	if headers == nil {
		e.InSession(&r)
	}
	return e.SendAdmitted(ctx, purpose, r)
}

func brokenMessage(ctx context.Context, e *endpoint.Endpoint) {
	a := send(ctx, e, "half a message", endpoint.Broken, nil)
	switch {
	case a == nil:
	case a.Status >= 500:
		e.Add(finding.New("message_failure", a.Text(), "A body that is not JSON is answered with %d instead of 400.", a.Status))
	case a.Accepted():
		e.Add(finding.New("message_broken_accepted", "", "A body that is not JSON is answered with %d.", a.Status))
	}
}

func batch(ctx context.Context, e *endpoint.Endpoint) {
	if a := send(ctx, e, "a batch of messages", endpoint.Batch, nil); a != nil && a.Accepted() {
		e.Add(finding.New("message_batch_accepted", "", "A batch of messages is answered with %d.", a.Status))
	}
}

// headerAgreement finds out whether the server compares headers with the body
// (RS15). It returns false if the server accepts headers that differ, or if that
// was not seen.
func headerAgreement(ctx context.Context, e *endpoint.Endpoint) bool {
	a := send(ctx, e, "server/discover", endpoint.Discover, modernHeaders(endpoint.ModernVersion, "server/discover"))
	switch {
	case a == nil:
		return false
	case a.Status >= 500:
		e.Add(finding.New("valid_request_failure", a.Text(), "A valid server/discover is answered with %d.", a.Status))
		return false
	case !a.HasResult():
		e.Add(finding.New("modern_not_spoken", a.Text(), "The server does not answer server/discover of revision %s with a result.", endpoint.ModernVersion))
		return true
	}
	agreed := mismatch(ctx, e, "a wrong Mcp-Method", modernHeaders(endpoint.ModernVersion, "tools/list"))
	agreed = mismatch(ctx, e, "a wrong MCP-Protocol-Version", modernHeaders(endpoint.ProtocolVersion, "server/discover")) && agreed
	if agreed {
		e.Add(finding.New("message_mismatch_refused", "", "Headers that differ from the body are refused with 400 and %d.", headerMismatch))
	}
	return agreed
}

// headerTrust finds out whether the server also compares Mcp-Method with the
// body in requests of a revision that does not define the header. If it does
// not, an intermediary that decides by the header can be deceived: by a request
// that only claims that revision.
func headerTrust(ctx context.Context, e *endpoint.Endpoint, ping *validRequest) {
	a := ping.send(ctx, e, "a wrong Mcp-Method, in revision "+endpoint.ProtocolVersion, "", http.Header{"Mcp-Method": {"tools/list"}})
	switch {
	case a == nil || a.Status >= 500:
	case a.Accepted():
		e.Add(finding.New("headers_not_compared", "", "A request of revision %s whose body is ping and whose Mcp-Method is tools/list is accepted.", endpoint.ProtocolVersion))
	default:
		e.Add(finding.New("headers_compared", "", "A request whose Mcp-Method differs from its body is refused in revision %s as well.", endpoint.ProtocolVersion))
	}
}

// mismatch sends a message whose headers differ from the body, and reports
// whether it is refused as it should be.
func mismatch(ctx context.Context, e *endpoint.Endpoint, what string, headers http.Header) bool {
	a := send(ctx, e, what, endpoint.Discover, headers)
	if a == nil {
		return false
	}
	found := judgeMismatch(what, a)
	e.Add(found...)
	return len(found) == 0
}

func judgeMismatch(what string, a *answer.Answer) (found finding.List) {
	fault := a.RPCError()
	switch {
	case a.Accepted():
		found.Add("message_mismatch_accepted", "", "%s is accepted.", finding.Capital(what))
	case a.Status != http.StatusBadRequest || fault == nil || fault.Code != headerMismatch:
		found.Add("message_mismatch_code", a.Text(), "%s is answered with %s instead of 400 and %d.", finding.Capital(what), outcome(a.Status, fault), headerMismatch)
	}
	return found
}

func outcome(status int, fault *answer.RPCError) string {
	if fault == nil {
		return fmt.Sprint(status)
	}
	return fmt.Sprintf("%d and %d", status, fault.Code)
}

func modernHeaders(version, method string) http.Header {
	return http.Header{"Mcp-Protocol-Version": {version}, "Mcp-Method": {method}}
}
