package mcpserver

import (
	"context"
	"net/http"

	"github.com/mcp-auth/go/check/internal/answer"
	"github.com/mcp-auth/go/check/internal/endpoint"
	"github.com/mcp-auth/go/check/internal/finding"
	"github.com/mcp-auth/go/check/internal/transport"
)

// state is how a server answers requests without a token.
type state int

const (
	unknown   state = iota // there was an answer that does not show it
	protected              // with 401
	open                   // as if nothing were protected
)

// admission is the outcome of a request without a token.
type admission struct {
	state   state
	refusal *answer.Answer // or whatever else the answer is
}

// admit sends the first request of every client, without a token. It returns
// nil if there is no answer.
func admit(ctx context.Context, e *endpoint.Endpoint) *admission {
	a, err := e.Try(ctx, "initialize without a token", e.Request(http.MethodPost, endpoint.Initialize, nil), "")
	if err != nil {
		e.Add(transport.Failure(err, "server_unreachable", "The server did not send a readable answer.")...)
		return nil
	}
	e.Add(transport.Connection(a.Response, e.Now())...)
	state, found := judgeAdmission(a)
	e.Add(found)
	return &admission{state, a}
}

// judgeAdmission decides whether the server is protected at all.
func judgeAdmission(a *answer.Answer) (state, finding.Finding) {
	switch {
	case a.Status == http.StatusUnauthorized:
		return protected, finding.New("server_protected", "", "A request without a token is refused with 401.")
	case a.OK() && a.RPCError() != nil:
		return unknown, finding.New("server_refusal_as_success", a.Text(), "A request without a token is answered with %d and an error in the body.", a.Status)
	case a.OK() && !a.IsMessage():
		return unknown, finding.New("server_not_mcp", a.Header.Get("Content-Type"), "The answer to initialize is not a JSON-RPC message.")
	case a.OK():
		return open, finding.New("server_open", "", "initialize is answered without a token: nothing is protected at this point.")
	case a.Status >= 300 && a.Status < 400:
		return unknown, finding.New("server_redirects", a.Header.Get("Location"), "The server answers with %d and sends clients elsewhere.", a.Status)
	}
	if refusesHost(a) {
		return unknown, finding.New("server_host_refused", a.Text(), "A request is answered with %d because of its Host header.", a.Status)
	}
	return unknown, finding.New(refusalCode(a.Status), a.Text(), "A request without a token is answered with %d instead of 401.", a.Status)
}

func refusalCode(status int) finding.Code {
	switch {
	case status == http.StatusForbidden:
		return "server_forbidden"
	case status == http.StatusNotFound:
		return "server_not_found"
	case status == http.StatusMethodNotAllowed:
		return "server_post_not_allowed"
	case status >= 500:
		return "server_failure"
	}
	return "server_request_refused"
}

// otherMethods sends GET and DELETE, which must be protected like POST (RS3).
func otherMethods(ctx context.Context, e *endpoint.Endpoint, refusal *answer.Answer) {
	alike := true
	for _, method := range []string{http.MethodGet, http.MethodDelete} {
		a := e.Send(ctx, method+" without a token", e.Request(method, "", nil), "")
		if a == nil && e.GaveUp(ctx) {
			alike = false // it was not seen
			continue
		}
		found := judgeMethod(method, a, refusal)
		e.Add(found...)
		alike = alike && len(found) == 0
	}
	if alike {
		e.Add(finding.New("server_methods_alike", "", "GET and DELETE are refused as POST is."))
	}
}

// judgeMethod compares the answer to a method with the refusal of POST. The
// answer is nil if the server sent none.
func judgeMethod(method string, a, refusal *answer.Answer) (found finding.List) {
	switch {
	case a == nil:
		found.Add("server_method_differs", "", "%s without a token gets no answer instead of 401.", method)
	case a.Status == http.StatusUnauthorized && !a.SameChallenge(refusal):
		found.Add("challenge_differs", a.Challenge(), "The challenge to %s differs from the challenge to POST.", method)
	case a.Status == http.StatusUnauthorized:
		// It is refused as POST is.
	case a.OK() && (method != http.MethodGet || a.MediaType() == "text/event-stream"):
		found.Add("server_method_open", "", "%s without a token is answered with %d, while POST is refused.", method, a.Status)
	case a.OK(): // a page for a user who opens the URL in a browser
		found.Add("server_method_differs", a.Header.Get("Content-Type"), "%s without a token is answered with %d and no event stream, instead of 401.", method, a.Status)
	case a.Status == http.StatusMethodNotAllowed:
		found.Add("server_method_not_offered", "", "%s without a token is answered with 405.", method)
	default:
		found.Add("server_method_differs", a.Text(), "%s without a token is answered with %d instead of 401.", method, a.Status)
	}
	return found
}
