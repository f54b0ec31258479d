// Package mcpmsg reads what an MCP request over HTTP asks for, before an MCP
// server does, so that a policy decides on exactly what is then executed.
//
// Servers differ in how they read JSON: some take the last of two members of
// one name, some the first, and encoding/json takes NAME for name. Whatever
// two servers could read in two ways is refused here.
package mcpmsg

import (
	"encoding/json"
	"errors"
	"net/http"

	"github.com/mcp-auth/go/internal/jsonx"
)

const (
	maxDepth    = 64   // levels of nesting in a body
	maxBatch    = 100  // messages in a batch
	maxMethod   = 256  // bytes of a method's name
	maxName     = 4096 // bytes of a name or URI
	maxMore     = 1000 // URIs in one subscriptions/listen
	maxIDLength = 1024 // bytes of a request ID as it stands in the body
)

// The codes that an Error carries.
const (
	CodeParse          = -32700 // not JSON (JSON-RPC 2.0 §5.1)
	CodeInvalidRequest = -32600 // not a message, or one that can be read in two ways
	CodeInvalidParams  = -32602 // params that do not say what the method needs
	CodeHeaderMismatch = -32020 // headers that differ from the body (MCP 2026-07-28, Server Validation)
)

// Request is what one HTTP request asks of an MCP server.
type Request struct {
	// Batch says that the body is a JSON array (protocol revision 2025-03-26).
	Batch bool

	read  bool
	one   [1]Message // unless it is a batch
	batch []Message
}

// All returns the messages: one at least after [Request.Parse], and exactly one unless
// Batch is set; none of a zero Request.
func (r *Request) All() []Message {
	switch {
	case r.Batch:
		return r.batch
	case r.read:
		return r.one[:]
	}
	return nil
}

// Message is one JSON-RPC message: a request, a notification or a response.
// What it holds of the body is a part of it and not to be modified.
type Message struct {
	// Method is empty for a response.
	Method string
	// Name is what the params name, by method:
	//
	//	tools/call, prompts/get                  name: the tool or prompt
	//	resources/read, /subscribe, /unsubscribe uri: the resource
	//	skills/get, resources/directory/read     uri: the skill, the directory
	//	completion/complete                      ref.name or ref.uri, see Ref
	//	subscriptions/listen                     notifications.resourceSubscriptions, the first
	//	tasks/get, /result, /cancel, /update     taskId: the task
	//
	// It is never empty for these, subscriptions/listen aside and what was
	// removed from the revision, and always for all others.
	Name string
	// More are further resource URIs: those after the first in a
	// subscriptions/listen.
	More []string
	// Ref is "prompt" or "resource" for completion/complete, else empty.
	Ref string
	// Arguments is params.arguments as it stands in the body; nil if absent.
	Arguments json.RawMessage
	// ID is a JSON string or integer. It is nil for a notification, and for a
	// response that says it does not know to what.
	ID json.RawMessage
}

// Error says why a request was refused. Nothing in it but the ID comes from the
// request.
type Error struct {
	// Status is the HTTP status: 400 or 415.
	Status int
	// Code is the JSON-RPC error code, one of the Code constants.
	Code int
	// ID is that of the request at fault, a JSON string or integer. It is nil
	// for a notification, and where it could not be read safely.
	ID json.RawMessage
	// Text is one of a few fixed texts.
	Text string
}

// Error implements the error interface.
func (e *Error) Error() string { return "mcp: " + e.Text }

// Parse reads the body of a POST request into a zero Request and holds the
// headers against it. Its error is always an *Error; the Request is then not to
// be used. The caller bounds the body's size.
func (r *Request) Parse(header http.Header, body []byte) error {
	if fault := checkContent(header); fault != nil {
		return fault
	}
	if isArray(body) {
		return r.parseBatch(readHeaders(header), body)
	}
	read := message{text: body, claims: readHeaders(header)}
	if fault := read.parse(maxDepth); fault != nil {
		return fault
	}
	if fault := read.claims.check(&read); fault != nil {
		fault.ID = read.ID
		return fault
	}
	r.one[0], r.read = read.Message, true
	return nil
}

func (r *Request) parseBatch(claims headers, body []byte) error {
	r.Batch = true
	err := jsonx.Elements(body, maxDepth, func(raw []byte) error {
		if len(r.batch) == maxBatch {
			return invalid("too many messages in a batch")
		}
		if raw[0] != '{' {
			return invalid("an element of the batch is no object")
		}
		read := message{text: raw, claims: claims}
		if fault := read.parse(maxDepth - 1); fault != nil {
			return fault
		}
		if fault := claims.checkBatched(&read); fault != nil {
			fault.ID = read.ID
			return fault
		}
		r.batch = append(r.batch, read.Message)
		return nil
	})
	if err != nil {
		return faultOf(err)
	}
	if len(r.batch) == 0 {
		return invalid("empty batch")
	}
	if repeatsID(r.batch) {
		return invalid("two requests of a batch have one id")
	}
	return nil
}

// repeatsID finds requests whose answers could not be told apart.
func repeatsID(messages []Message) bool {
	seen := make(map[string]struct{}, len(messages))
	for _, m := range messages {
		if m.Method == "" || m.ID == nil {
			continue
		}
		key := string(m.ID)
		if text, ok := jsonx.String(m.ID); ok {
			key = `"` + text
		}
		if _, found := seen[key]; found {
			return true
		}
		seen[key] = struct{}{}
	}
	return false
}

// isArray tells by the first byte that is no white space.
func isArray(body []byte) bool {
	for _, c := range body {
		switch c {
		case ' ', '\t', '\r', '\n':
		default:
			return c == '['
		}
	}
	return false
}

//go:noinline
func invalid(text string) *Error {
	return &Error{Status: http.StatusBadRequest, Code: CodeInvalidRequest, Text: text}
}

//go:noinline
func badParams(text string) *Error {
	return &Error{Status: http.StatusBadRequest, Code: CodeInvalidParams, Text: text}
}

//go:noinline
func mismatch(text string) *Error {
	return &Error{Status: http.StatusBadRequest, Code: CodeHeaderMismatch, Text: text}
}

// faultOf turns what a walk over JSON returned into an Error.
func faultOf(err error) *Error {
	if fault, ok := errors.AsType[*Error](err); ok {
		return fault
	}
	if fault, ok := errors.AsType[*jsonx.Error](err); ok {
		switch fault.Reason {
		case jsonx.Duplicate:
			return invalid("duplicate member name")
		case jsonx.TooDeep:
			return invalid("nested too deeply")
		case jsonx.Encoding:
			return &Error{Status: http.StatusBadRequest, Code: CodeParse, Text: "invalid UTF-8 or lone surrogate"}
		}
	}
	return &Error{Status: http.StatusBadRequest, Code: CodeParse, Text: "the body is not one JSON object or array"}
}
