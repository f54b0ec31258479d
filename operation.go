package mcpauth

import (
	"encoding/json"
	"errors"
	"net/http"

	"github.com/mcp-auth/go/internal/mcpmethod"
	"github.com/mcp-auth/go/internal/mcpmsg"
	"github.com/mcp-auth/go/internal/refusal"
	"github.com/mcp-auth/go/policy"
	"github.com/mcp-auth/go/reason"
)

// operation returns what the params of one message ask for. What else a message
// names is in its More.
func operation(m *mcpmsg.Message) policy.Operation {
	op := policy.Operation{Method: m.Method, Name: m.Name, Ref: m.Ref, Arguments: m.Arguments}
	if op.Arguments == nil && mcpmethod.Of(m.Method).HasArguments {
		op.Arguments = json.RawMessage("{}") // nil is for lists
	}
	return op
}

// appendOperations appends what the messages of a request ask for.
func appendOperations(ops []policy.Operation, messages []mcpmsg.Message) []policy.Operation {
	for i := range messages {
		m := &messages[i]
		ops = append(ops, operation(m))
		for _, name := range m.More {
			ops = append(ops, policy.Operation{Method: m.Method, Name: name})
		}
	}
	return ops
}

// targetOf returns what a message names.
func targetOf(m *mcpmsg.Message) mcpmethod.Target {
	return mcpmethod.Of(m.Method).Names(m.Name, m.Ref)
}

// readMessages reads the messages of a request whose caller may send a body. A
// request that only opens a stream or ends a session has none.
func (r *resource) readMessages(req *Request, source bodySource, messages *mcpmsg.Request) *refusal.Refusal {
	switch req.Method {
	case http.MethodGet, http.MethodHead, http.MethodDelete, http.MethodOptions:
		return nil
	case http.MethodPost:
	default:
		return refusal.New(http.StatusMethodNotAllowed, refusal.CodeInvalidRequest, reason.MalformedMessage, "MCP has no HTTP method %.20q", req.Method)
	}
	body, refused := readBody(source, r.policy.MaxBody())
	if refused != nil {
		return refused
	}
	if err := messages.Parse(req.Header, body); err != nil {
		return messageRefusal(err)
	}
	if r.policy.HidesRefused() {
		return checkHideable(messages)
	}
	return nil
}

func readBody(source bodySource, most int64) ([]byte, *refusal.Refusal) {
	body, err := source.Bytes(most)
	_, large := errors.AsType[*http.MaxBytesError](err)
	switch {
	case large || int64(len(body)) > most:
		return nil, refusal.Malformed(http.StatusRequestEntityTooLarge, "the body is over %d bytes", most)
	case err != nil:
		return nil, refusal.Malformed(http.StatusBadRequest, "the body cannot be read: %w", err)
	}
	return body, nil
}

// checkHideable refuses messages that could not be answered as if what they name
// did not exist. It does so whether or not the operation is refused: the
// difference would reveal what exists.
func checkHideable(messages *mcpmsg.Request) *refusal.Refusal {
	if messages.Batch {
		return refusal.Malformed(http.StatusBadRequest, "a batch, in which nothing can be hidden")
	}
	if first := &messages.All()[0]; first.ID == nil && targetOf(first) != mcpmethod.None {
		return refusal.Malformed(http.StatusBadRequest, "a call without an id, which cannot be answered")
	}
	return nil
}

func messageRefusal(err error) *refusal.Refusal {
	var fault *mcpmsg.Error
	if !errors.As(err, &fault) {
		return refusal.Malformed(http.StatusBadRequest, "%w", err)
	}
	refused := refusal.Malformed(fault.Status, "%w", err)
	if fault.Code == mcpmsg.CodeHeaderMismatch {
		refused.Reason = reason.HeaderMismatch
	}
	refused.RPC = &refusal.RPC{Status: fault.Status, Code: fault.Code, Message: fault.Text, ID: fault.ID}
	return refused
}
