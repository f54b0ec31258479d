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

// callerOf returns the caller as a policy sees it.
func callerOf(info *AuthInfo) policy.Caller {
	c := policy.Caller{Issuer: info.Issuer, Subject: info.Subject, ClientID: info.ClientID, Scopes: info.Scopes}
	if info.raw == nil {
		return c
	}
	return c.WithClaims(*info.raw)
}

// operation returns what the params of one message ask for. What else a message
// names is in its More.
func operation(m *mcpmsg.Message) policy.Operation {
	op := policy.Operation{Method: m.Method, Name: m.Name, Ref: m.Ref, Arguments: m.Arguments}
	if op.Arguments == nil && mcpmethod.Of(m.Method).HasArguments {
		op.Arguments = json.RawMessage("{}") // nil is for lists
	}
	return op
}

// operations returns what the messages of a request ask for. The usual one
// operation takes the room of one.
func operations(messages []mcpmsg.Message, one *[1]policy.Operation) []policy.Operation {
	ops := one[:0]
	for i := range messages {
		m := &messages[i]
		ops = append(ops, operation(m))
		for _, name := range m.More {
			ops = append(ops, policy.Operation{Method: m.Method, Name: name})
		}
	}
	return ops
}

// targetOf returns what an operation names.
func targetOf(op policy.Operation) mcpmethod.Target {
	return mcpmethod.Of(op.Method).Names(op.Name, op.Ref)
}

// readMessages reads the messages of a request whose caller may send a body. A
// request that only opens a stream or ends a session has none.
func (r *resource) readMessages(req *Request, messages *mcpmsg.Request) *refusal.Refusal {
	switch req.Method {
	case http.MethodGet, http.MethodHead, http.MethodDelete, http.MethodOptions:
		return nil
	case http.MethodPost:
	default:
		return refusal.New(http.StatusMethodNotAllowed, refusal.CodeInvalidRequest, reason.MalformedMessage, "MCP has no HTTP method %.20q", req.Method)
	}
	body, refused := readBody(req, r.policy.MaxBody())
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

func readBody(req *Request, most int64) ([]byte, *refusal.Refusal) {
	var body []byte // no body is refused later, as no message
	var err error
	switch {
	case req.body != nil:
		body, err = req.body.read(most)
	case req.Body != nil:
		body, err = req.Body(most)
	}
	_, large := errors.AsType[*http.MaxBytesError](err)
	switch {
	case large || int64(len(body)) > most:
		return nil, refusal.New(http.StatusRequestEntityTooLarge, refusal.CodeInvalidRequest, reason.MalformedMessage, "the body is over %d bytes", most)
	case err != nil:
		return nil, refusal.InvalidRequest(reason.MalformedMessage, "the body cannot be read: %w", err)
	}
	return body, nil
}

// checkHideable refuses messages that could not be answered as if what they name
// did not exist. It does so whether or not the operation is refused: the
// difference would reveal what exists.
func checkHideable(messages *mcpmsg.Request) *refusal.Refusal {
	if messages.Batch {
		return refusal.InvalidRequest(reason.MalformedMessage, "a batch, in which nothing can be hidden")
	}
	first := &messages.All()[0]
	if first.ID == nil && targetOf(operation(first)) != mcpmethod.None {
		return refusal.InvalidRequest(reason.MalformedMessage, "a call without an id, which cannot be answered")
	}
	return nil
}

func messageRefusal(err error) *refusal.Refusal {
	status, why := http.StatusBadRequest, reason.MalformedMessage
	var fault *mcpmsg.Error
	if errors.As(err, &fault) {
		status = fault.Status
		if fault.Code == mcpmsg.CodeHeaderMismatch {
			why = reason.HeaderMismatch
		}
	}
	return refusal.New(status, refusal.CodeInvalidRequest, why, "%w", err)
}
