package check

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/mcp-auth/go/internal/challenge"
	"github.com/mcp-auth/go/internal/fetch"
)

// The revisions that requests are sent in. Every server that speaks the
// initialize era knows the first or answers with one of its own.
const (
	protocolVersion = "2025-11-25"
	modernVersion   = "2026-07-28"
)

// The messages that are sent: none of them changes anything.
const (
	initialize = `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"` + protocolVersion +
		`","capabilities":{},"clientInfo":{"name":"mcpauth-check","version":"1"}}}`
	ping     = `{"jsonrpc":"2.0","id":2,"method":"ping"}`
	batch    = `[` + ping + `,{"jsonrpc":"2.0","id":3,"method":"ping"}]`
	broken   = `{"jsonrpc":"2.0","id":4,"method":`
	discover = `{"jsonrpc":"2.0","id":5,"method":"server/discover","params":{"_meta":{` +
		`"io.modelcontextprotocol/protocolVersion":"` + modernVersion + `",` +
		`"io.modelcontextprotocol/clientInfo":{"name":"mcpauth-check","version":"1"},` +
		`"io.modelcontextprotocol/clientCapabilities":{}}}}`
)

// maxEventWait is how long to wait for the first event of a stream.
const maxEventWait = 3 * time.Second

// eventWait is maxEventWait, or less where requests are given little time.
func (s *serverCheck) eventWait() time.Duration {
	if s.opts.Timeout <= 0 {
		return maxEventWait
	}
	return min(maxEventWait, s.opts.Timeout/2)
}

// answer is what the MCP endpoint said to one request.
type answer struct {
	status int
	header http.Header
	body   []byte
	// challenges are those of WWW-Authenticate; fault is what is wrong with it.
	challenges []challenge.Challenge
	fault      error
}

// request is one to the MCP endpoint, as clients send it.
func (s *serverCheck) request(method, body string, extra http.Header) fetch.Request {
	header := http.Header{"Accept": {"application/json, text/event-stream"}}
	if body != "" {
		header.Set("Content-Type", "application/json")
	}
	if method == http.MethodGet {
		header.Set("Accept", "text/event-stream")
	}
	for name, values := range extra {
		header[name] = values
	}
	return fetch.Request{Method: method, URL: s.url, Header: header, Body: []byte(body), EventWait: s.eventWait()}
}

func authorize(r *fetch.Request, scheme, token string) {
	r.Header.Set("Authorization", scheme+" "+token)
}

// sendAdmitted sends a request as who has been let in: with the good token, if
// there is one.
func (s *serverCheck) sendAdmitted(ctx context.Context, purpose string, r fetch.Request) *answer {
	if !s.token {
		return s.send(ctx, purpose, r, "")
	}
	authorize(&r, "Bearer", s.opts.Token)
	return s.send(ctx, purpose, r, s.opts.Token)
}

// send sends a request to the MCP endpoint. It returns nil if no answer came.
// After maxSilence such in a row nothing is sent any more.
func (s *serverCheck) send(ctx context.Context, purpose string, r fetch.Request, token string) *answer {
	if s.gaveUp(ctx) {
		return nil
	}
	resp, err := s.do(ctx, purpose, r)
	if err != nil {
		if s.silent++; s.silent == maxSilence && ctx.Err() == nil {
			s.add(ServerUnreachable, failureText(err), "The server has stopped answering. The rest of the check is missing.")
		}
		return nil
	}
	s.silent = 0
	s.noteSession(&r, resp)
	return s.answer(purpose, resp, token)
}

// gaveUp reports whether nothing is sent any more, so that what was not seen
// says nothing of the server.
func (s *serverCheck) gaveUp(ctx context.Context) bool {
	return s.silent >= maxSilence || ctx.Err() != nil
}

// answer reads an answer, and looks through it for what it should not hold.
func (s *serverCheck) answer(purpose string, resp *fetch.Response, token string) *answer {
	a := &answer{status: resp.Status, header: resp.Header, body: resp.Body}
	a.challenges, a.fault = challenge.Parse(resp.Header.Values("Www-Authenticate"))
	s.seen.look(purpose, a, token)
	return a
}

func (a *answer) success() bool { return a.status >= 200 && a.status < 300 }

// bearer returns the first challenge of the scheme Bearer, or nil.
func (a *answer) bearer() *challenge.Challenge {
	for i := range a.challenges {
		if a.challenges[i].Is("Bearer") {
			return &a.challenges[i]
		}
	}
	return nil
}

// code is the error of the challenge, "" for none.
func (a *answer) code() string {
	for _, c := range a.challenges {
		if code := c.Params["error"]; code != "" {
			return code
		}
	}
	return ""
}

// text is the body for a person to see. A page is of no use.
func (a *answer) text() string {
	if mediaType(a.header) == "text/html" {
		return "a page of HTML"
	}
	return string(a.body)
}

// message is the JSON-RPC message of the body or of its first event, or nil.
func (a *answer) message() []byte {
	if mediaType(a.header) != "text/event-stream" {
		return a.body
	}
	stream := bytes.ReplaceAll(a.body, []byte("\r\n"), []byte("\n"))
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

// rpcFault is the error of a JSON-RPC message.
type rpcFault struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
}

// rpcError returns the error in the body, or nil.
func (a *answer) rpcError() *rpcFault {
	var m struct {
		Error *rpcFault `json:"error"`
	}
	if json.Unmarshal(a.message(), &m) != nil {
		return nil
	}
	return m.Error
}

// isMessage reports whether the body is a JSON-RPC message, or a stream from
// which none has come yet.
func (a *answer) isMessage() bool {
	message := a.message()
	if message == nil {
		return true
	}
	var m struct {
		Version string `json:"jsonrpc"`
	}
	return json.Unmarshal(message, &m) == nil && m.Version == "2.0"
}

// hasResult reports whether the body has the result of a request.
func (a *answer) hasResult() bool {
	var m struct {
		Result json.RawMessage `json:"result"`
	}
	return a.success() && json.Unmarshal(a.message(), &m) == nil && m.Result != nil
}

func equalHeaders(a, b *answer, name string) bool {
	return slices.Equal(a.header.Values(name), b.header.Values(name))
}

// withoutScheme reports whether one of the headers begins with a parameter.
func withoutScheme(headers []string) bool {
	return slices.ContainsFunc(headers, func(h string) bool {
		name, _, ok := strings.Cut(h, "=")
		return ok && name != "" && !strings.ContainsAny(strings.TrimSpace(name), " \t,")
	})
}

// faultText is what is wrong with a WWW-Authenticate header.
func faultText(err error) string {
	var fault *challenge.Error
	if errors.As(err, &fault) {
		return fault.Error()
	}
	return ""
}
