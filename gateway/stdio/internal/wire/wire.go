// Package wire reads the JSON-RPC messages that a child writes, as far as it takes to
// find out who they are for, and replaces values in them without a change to any other
// byte.
package wire

import (
	"bytes"
	"errors"
	"strconv"

	"github.com/mcp-auth/go/internal/jsonx"
)

const (
	maxDepth = 512  // levels of nesting
	maxBatch = 1000 // messages on a line
)

// Kind is what a message is.
type Kind uint8

// The kinds of messages.
const (
	Request Kind = iota + 1
	Notification
	Response
)

// Message is one message. What it returns are parts of its text.
type Message struct {
	// Text is the message as it was written, on one line.
	Text []byte
	// Kind is what it is.
	Kind Kind
	// Method is empty for a response.
	Method string

	id, params, result, fault jsonx.Span
}

var (
	errMessage = errors.New("the line is no message of JSON-RPC 2.0")
	errBatch   = errors.New("the line holds too many messages")
)

// Read reads the messages on a line: one, or those of a batch. Each is valid JSON, in
// which no object that matters for JSON-RPC has two members of one name. The line
// belongs to the messages afterwards.
func Read(line []byte) ([]Message, error) {
	line = bytes.Trim(line, " \t\r\n")
	if len(line) == 0 || line[0] != '[' {
		m, err := read(line, maxDepth)
		if err != nil {
			return nil, err
		}
		return []Message{m}, nil
	}
	var messages []Message
	err := jsonx.Elements(line, maxDepth, func(element []byte) error {
		if len(messages) == maxBatch {
			return errBatch
		}
		m, err := read(element, maxDepth-1)
		messages = append(messages, m)
		return err
	})
	return messages, err
}

func read(text []byte, depth int) (Message, error) {
	m := Message{Text: text}
	var version, method jsonx.Span
	err := jsonx.MembersAt(text, depth, func(name string, value jsonx.Span) error {
		switch name {
		case "jsonrpc":
			version = value
		case "id":
			m.id = value
		case "method":
			method = value
		case "params":
			m.params = value
		case "result":
			m.result = value
		case "error":
			m.fault = value
		}
		return nil
	})
	if err != nil {
		return m, err
	}
	if v, _ := jsonx.String(version.Of(text)); v != "2.0" {
		return m, errMessage
	}
	// Where JSON may have a carriage return it is white space. It would end a line of
	// an event.
	for i, c := range text {
		if c == '\r' || c == '\n' {
			text[i] = ' '
		}
	}
	return m, m.classify(method)
}

func (m *Message) classify(method jsonx.Span) error {
	var isString bool
	m.Method, isString = jsonx.String(method.Of(m.Text))
	hasID, isResult, isFault := m.id != jsonx.Span{}, m.result != jsonx.Span{}, m.fault != jsonx.Span{}
	switch {
	case hasID && Key(m.ID()) == "":
		return errMessage
	case method != jsonx.Span{}:
		if !isString || m.Method == "" || isResult || isFault {
			return errMessage
		}
		m.Kind = Notification
		if hasID {
			m.Kind = Request
		}
		return nil
	case hasID && isResult != isFault:
		m.Kind = Response
		return nil
	}
	return errMessage
}

// ID returns the id as it is written, nil if there is none.
func (m *Message) ID() []byte { return m.id.Of(m.Text) }

// Key returns what two spellings of one id, or of one progress token, have in common.
// It is empty for what is neither a string nor a number.
func Key(raw []byte) string {
	if len(raw) == 0 {
		return ""
	}
	if text, ok := jsonx.String(raw); ok {
		return `"` + text
	}
	if c := raw[0]; c == '-' || c >= '0' && c <= '9' {
		return string(raw)
	}
	return ""
}

// ErrorCode returns the code of a response's error, 0 if it has none.
func (m *Message) ErrorCode() int {
	code, _ := strconv.Atoi(string(m.member(m.fault, "code").Of(m.Text)))
	return code
}

// HasResult reports whether the message is a response whose result has a member.
func (m *Message) HasResult(member string) bool {
	return m.member(m.result, member) != jsonx.Span{}
}

// Cancelled returns the key of the request that a notification says is cancelled.
func (m *Message) Cancelled() string { return m.key("requestId") }

// ReportsOn returns the key of the progress token that a notification of progress has.
func (m *Message) ReportsOn() string { return m.key("progressToken") }

func (m *Message) key(param string) string { return Key(m.member(m.params, param).Of(m.Text)) }

// ProgressToken returns the key of the token with which a request asks for
// notifications of its progress, empty if it does not.
func (m *Message) ProgressToken() string {
	return Key(m.member(m.params, "_meta", "progressToken").Of(m.Text))
}

// Subscription returns where a message names the subscriptions/listen that it belongs
// to, and the key of that. The key is empty if it belongs to none.
func (m *Message) Subscription() (jsonx.Span, string) {
	from := m.params
	if m.Kind == Response {
		from = m.result
	}
	at := m.member(from, "_meta", "io.modelcontextprotocol/subscriptionId")
	return at, Key(at.Of(m.Text))
}

// member returns where a member of a member of an object is, the zero Span if it is
// nowhere.
func (m *Message) member(object jsonx.Span, path ...string) jsonx.Span {
	for _, name := range path {
		var found jsonx.Span
		err := jsonx.MembersAt(object.Of(m.Text), maxDepth, func(member string, value jsonx.Span) error {
			if member == name {
				found = jsonx.Span{From: object.From + value.From, To: object.From + value.To}
			}
			return nil
		})
		if err != nil || found == (jsonx.Span{}) {
			return jsonx.Span{}
		}
		object = found
	}
	return object
}
