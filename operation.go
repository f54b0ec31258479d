package mcpauth

import (
	"encoding/json"
	"errors"
	"net/http"

	"github.com/mcp-auth/go/internal/mcpmsg"
	"github.com/mcp-auth/go/internal/refusal"
	"github.com/mcp-auth/go/reason"
)

// Operation is one MCP operation, as a [Policy] sees it.
type Operation struct {
	// Method is the MCP method, such as "tools/call". Empty for a response of
	// the client, and for a stream.
	Method string
	// Name is the tool, the prompt or the resource URI that the operation names.
	Name string
	// Ref is "prompt" or "resource" for completion/complete: what an argument
	// is completed of. Otherwise empty.
	Ref string
	// Arguments is the member arguments of the operation as it was sent; {} for a
	// call of a tool or prompt without it. It is nil while lists are filtered, and
	// for operations that have no arguments. No name is there twice in one object,
	// but OWNER may be there beside owner, or instead of it: a [CheckFunc] must
	// decode it as the handler does. [json.Unmarshal] into a struct takes both for
	// one field, and into a map for two.
	Arguments json.RawMessage
}

// operationKind is what an operation names.
type operationKind int

const (
	kindNone operationKind = iota
	kindTool
	kindPrompt
	kindResource
)

func (op *Operation) kind() operationKind {
	switch op.Method {
	case "tools/call":
		return kindTool
	case "prompts/get":
		return kindPrompt
	case "resources/read", "resources/subscribe", "resources/unsubscribe":
		return kindResource
	case "subscriptions/listen":
		if op.Name != "" {
			return kindResource
		}
	case "completion/complete":
		switch op.Ref {
		case "prompt":
			return kindPrompt
		case "resource":
			return kindResource
		}
	}
	return kindNone
}

// operations lists what the messages of a request ask for.
func operations(messages []mcpmsg.Message) (ops []Operation) {
	for i := range messages {
		m := &messages[i]
		ops = append(ops, operation(m))
		for _, name := range m.More {
			ops = append(ops, Operation{Method: m.Method, Name: name})
		}
	}
	return ops
}

func operation(m *mcpmsg.Message) Operation {
	op := Operation{m.Method, m.Name, m.Ref, m.Arguments}
	if op.Arguments == nil && (op.Method == "tools/call" || op.Method == "prompts/get") {
		op.Arguments = json.RawMessage("{}") // nil is for lists
	}
	return op
}

// read reads the messages of a request, once its caller may send a body. There
// are none in one that only opens a stream or ends a session.
func (p *policy) read(req *Request, source bodySource, messages *mcpmsg.Request) *refusal.Refusal {
	switch req.Method {
	case http.MethodGet, http.MethodHead, http.MethodDelete, http.MethodOptions:
		return nil
	case http.MethodPost:
	default:
		return refusal.New(http.StatusMethodNotAllowed, refusal.CodeInvalidRequest, reason.MalformedMessage, "the method %.20q is not MCP's", req.Method)
	}
	body, refused := p.body(source)
	if refused != nil {
		return refused
	}
	if err := messages.Parse(req.Header, body); err != nil {
		return messageRefusal(err)
	}
	return p.hideable(messages)
}

// hideable refuses messages that could not be answered as if what they name did
// not exist, whether or not it is refused: the difference would tell.
func (p *policy) hideable(messages *mcpmsg.Request) *refusal.Refusal {
	if !p.config.HideRefused {
		return nil
	}
	if messages.Batch {
		return refusal.Malformed(http.StatusBadRequest, "a batch, in which nothing can be hidden")
	}
	first := &messages.All()[0]
	if op := operation(first); op.kind() != kindNone && first.ID == nil {
		return refusal.Malformed(http.StatusBadRequest, "a call without an id, which cannot be answered")
	}
	return nil
}

func (p *policy) body(source bodySource) ([]byte, *refusal.Refusal) {
	body, err := source.Bytes(p.maxBody)
	_, large := errors.AsType[*http.MaxBytesError](err)
	switch {
	case large || int64(len(body)) > p.maxBody:
		return nil, refusal.Malformed(http.StatusRequestEntityTooLarge, "the body is over %d bytes", p.maxBody)
	case err != nil:
		return nil, refusal.Malformed(http.StatusBadRequest, "the body cannot be read: %w", err)
	}
	return body, nil
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
