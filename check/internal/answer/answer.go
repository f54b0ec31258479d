// Package answer reads what an MCP endpoint answers: the challenge, and the
// JSON-RPC message in the body or in the first event of a stream.
package answer

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"

	"github.com/mcp-auth/go/check/internal/transport"
	"github.com/mcp-auth/go/internal/challenge"
	"github.com/mcp-auth/go/internal/fetch"
)

// Answer is the answer to one request.
type Answer struct {
	*fetch.Response
	// Challenges are those of WWW-Authenticate. Fault says what is wrong with
	// the header, and is nil if it is well-formed.
	Challenges []challenge.Challenge
	Fault      error
}

// Read reads an answer.
func Read(resp *fetch.Response) *Answer {
	a := &Answer{Response: resp}
	a.Challenges, a.Fault = challenge.Parse(resp.Header.Values("Www-Authenticate"))
	return a
}

// OK reports whether the status is one of success.
func (a *Answer) OK() bool { return a.Status >= 200 && a.Status < 300 }

// Accepted reports whether the answer is a success without a JSON-RPC error.
func (a *Answer) Accepted() bool { return a.OK() && a.RPCError() == nil }

// MediaType returns the type of the body, without parameters.
func (a *Answer) MediaType() string { return transport.MediaType(a.Header) }

// Bearer returns the first challenge of the scheme Bearer, or nil.
func (a *Answer) Bearer() *challenge.Challenge {
	for i := range a.Challenges {
		if a.Challenges[i].Is("Bearer") {
			return &a.Challenges[i]
		}
	}
	return nil
}

// ErrorCode returns the error of the challenge, "" if there is none.
func (a *Answer) ErrorCode() string {
	for _, c := range a.Challenges {
		if code := c.Params["error"]; code != "" {
			return code
		}
	}
	return ""
}

// Challenge returns WWW-Authenticate as evidence.
func (a *Answer) Challenge() string {
	return strings.Join(a.Header.Values("Www-Authenticate"), "; ")
}

// SameChallenge reports whether both answers have the same WWW-Authenticate.
func (a *Answer) SameChallenge(b *Answer) bool {
	return slices.Equal(a.Header.Values("Www-Authenticate"), b.Header.Values("Www-Authenticate"))
}

// Text returns the body as evidence. The text of a web page would not help.
func (a *Answer) Text() string {
	if a.MediaType() == "text/html" {
		return "an HTML page"
	}
	return string(a.Body)
}

// Message returns the JSON-RPC message of the body or of its first event with
// data. It returns nil if a stream has had no such event yet.
func (a *Answer) Message() []byte {
	if a.MediaType() != "text/event-stream" {
		return a.Body
	}
	stream := bytes.ReplaceAll(a.Body, []byte("\r\n"), []byte("\n"))
	for event := range bytes.SplitSeq(stream, []byte("\n\n")) {
		if data := eventData(event); len(data) > 0 {
			return data
		}
	}
	return nil
}

func eventData(event []byte) []byte {
	var data []byte
	for line := range bytes.SplitSeq(event, []byte("\n")) {
		if value, ok := bytes.CutPrefix(line, []byte("data:")); ok {
			data = append(data, bytes.TrimPrefix(value, []byte(" "))...)
		}
	}
	return data
}

// RPCError is the error of a JSON-RPC message.
type RPCError struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
}

// RPCError returns the JSON-RPC error in the body, or nil.
func (a *Answer) RPCError() *RPCError {
	var m struct {
		Error *RPCError `json:"error"`
	}
	if json.Unmarshal(a.Message(), &m) != nil {
		return nil
	}
	return m.Error
}

// IsMessage reports whether the body is a JSON-RPC message, or a stream from
// which none has come yet.
func (a *Answer) IsMessage() bool {
	message := a.Message()
	if message == nil {
		return true
	}
	var m struct {
		Version string `json:"jsonrpc"`
	}
	return json.Unmarshal(message, &m) == nil && m.Version == "2.0"
}

// HasResult reports whether the body has the result of a request.
func (a *Answer) HasResult() bool {
	var m struct {
		Result json.RawMessage `json:"result"`
	}
	return a.OK() && json.Unmarshal(a.Message(), &m) == nil && m.Result != nil
}
