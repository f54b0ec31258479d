package gateway

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"github.com/mcp-auth/go/internal/body"
	"github.com/mcp-auth/go/internal/mcpmsg"
	"github.com/mcp-auth/go/internal/refusal"
	"github.com/mcp-auth/go/internal/response"
)

// codeInternalError is the code of JSON-RPC 2.0 §5.1 for what is not the client's
// fault.
const codeInternalError = -32603

// Fail answers a request for an upstream that cannot serve it, in the form of an
// error of JSON-RPC. The status is 502, 503 or 504. The cause goes to the log and to
// [Hooks.Upstream], and not to the client. It is for handlers that are the Upstream of
// a [Resource], and is to be called with what they were called with. If the response
// has begun, only the cause is noted.
func Fail(w http.ResponseWriter, r *http.Request, status int, retryAfter time.Duration, cause error) {
	if x, ok := w.(*exchange); ok {
		x.fail(status, retryAfter, cause)
		return
	}
	writeFailure(w, status, retryAfter, messageOf(r))
}

// message is what is known of the message that a request consists of.
type message struct {
	id json.RawMessage // nil: none, or several
}

// messageOf returns the message that a request consists of, as the decision was made on
// it.
func messageOf(r *http.Request) message {
	messages := messagesOf(r)
	if all := messages.All(); len(all) == 1 && !messages.Batch {
		return message{all[0].ID}
	}
	return message{}
}

// messagesOf reads the body of a request once more.
func messagesOf(r *http.Request) (messages mcpmsg.Request) {
	read, ok := r.Body.(*body.Buffer)
	if !ok {
		return mcpmsg.Request{}
	}
	if err := messages.Parse(r.Header, read.Data()); err != nil {
		return mcpmsg.Request{}
	}
	return messages
}

func writeFailure(w http.ResponseWriter, status int, retryAfter time.Duration, asked message) {
	if retryAfter > 0 {
		setRetryAfter(w.Header(), retryAfter)
	}
	text := "The MCP server cannot be reached."
	switch status {
	case http.StatusServiceUnavailable:
		text = "The MCP server cannot take the request now."
	case http.StatusGatewayTimeout:
		text = "The MCP server did not answer in time."
	}
	response.WriteRPC(w, &refusal.RPC{Status: status, Code: codeInternalError, Message: text, ID: asked.id})
}

// setRetryAfter sets a time in full seconds (RFC 9110 §10.2.3).
func setRetryAfter(h http.Header, after time.Duration) {
	h.Set("Retry-After", strconv.FormatInt(int64((after+time.Second-1)/time.Second), 10))
}
