package mcpauth

import (
	"encoding/json"
	"errors"
	"net/http"

	"github.com/mcp-auth/go/internal/mcpmethod"
	"github.com/mcp-auth/go/internal/mcpmsg"
	"github.com/mcp-auth/go/internal/refusal"
	"github.com/mcp-auth/go/reason"
)

// codeResourceNotFound is that of revisions before 2026-07-28.
const codeResourceNotFound = -32002

// rpcError is an answer in the form of JSON-RPC 2.0: of a message that is
// refused as such, or of something that is not to be found.
type rpcError struct {
	status  int
	code    int
	message string
	id      json.RawMessage // nil: null
}

// rpcOf is the JSON-RPC error that a refusal is answered with, or nil.
func rpcOf(r *refusal.Refusal, req *Request) *rpcError {
	if req.rpc != nil {
		return req.rpc
	}
	if r.Reason != reason.MalformedMessage && r.Reason != reason.HeaderMismatch { // looking at the cause would write its text
		return nil
	}
	if fault, ok := errors.AsType[*mcpmsg.Error](r.Cause); ok {
		return &rpcError{fault.Status, fault.Code, fault.Text, fault.ID}
	}
	if r.Reason == reason.MalformedMessage && r.Status != http.StatusMethodNotAllowed {
		return &rpcError{r.Status, mcpmsg.CodeInvalidRequest, r.Description(), nil}
	}
	return nil
}

// notFound is the answer to a call of something that does not exist. It is nil
// where nothing is named or no answer expected.
func notFound(req *Request, m *mcpmsg.Message) *rpcError {
	if m.ID == nil {
		return nil
	}
	modern := mcpmsg.Modern(req.Header)
	e := &rpcError{status: http.StatusOK, code: mcpmsg.CodeInvalidParams, id: m.ID}
	if modern { // as MCP servers do since 2026-07-28
		e.status = http.StatusBadRequest
	}
	switch targetOf(operation(m)) {
	case mcpmethod.Tool:
		e.message = "Unknown tool"
	case mcpmethod.Prompt:
		e.message = "Unknown prompt"
	case mcpmethod.Resource:
		e.message = "Resource not found"
		if !modern {
			e.code = codeResourceNotFound
		}
	default:
		return nil
	}
	return e
}

func (e *rpcError) write(w http.ResponseWriter) {
	type detail struct {
		Code    int    `json:"code"`
		Message string `json:"message"`
	}
	id := e.id
	if id == nil {
		id = json.RawMessage("null")
	}
	w.Header().Set("Cache-Control", "no-store")
	writeJSON(w, e.status, struct {
		Version string          `json:"jsonrpc"`
		ID      json.RawMessage `json:"id"`
		Error   detail          `json:"error"`
	}{"2.0", id, detail{e.code, e.message}})
}
