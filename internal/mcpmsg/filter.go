package mcpmsg

import (
	"bytes"
	"errors"
	"io"
	"strings"

	"github.com/mcp-auth/go/internal/mcpmethod"
)

// Keep decides whether a list shows an item. method is what a client calls to
// use it, name says which one: the name for "tools/call" and "prompts/get", the
// URI or the URI template for "resources/read".
type Keep func(method, name string) bool

// What ends a filtered response.
var (
	// ErrTooLarge: a JSON body or an event of more than 16 MiB.
	ErrTooLarge = errors.New("mcpmsg: response too large to filter")
	// ErrMalformed: a response that cannot be filtered, since clients may not
	// agree on what it says.
	ErrMalformed = errors.New("mcpmsg: malformed response")
	// ErrClosed: written to after Close.
	ErrClosed = errors.New("mcpmsg: filter is closed")
)

// maxFiltered bounds what is held of a response, in bytes: a JSON body, or one
// event of a stream.
const maxFiltered = 16 << 20

// Filter takes the items that a caller may not use out of the lists in a
// response, and leaves all else as it is, byte for byte. It stands between an
// MCP handler and the wire, and is not safe for concurrent use.
//
// A JSON body is held until Close and then written at once. Of an event stream
// each event is written as soon as its last line is. After an error nothing
// more is written, and nothing of what caused it was.
type Filter struct {
	body responseBody
	err  error
}

// responseBody is a response of one content type.
type responseBody interface {
	write(p []byte) error
	close() error
}

// NewFilter returns a filter that writes to w. contentType is the response's:
// JSON and event streams are filtered, and all others, which no MCP client
// reads, are passed through. So is everything if lists is empty.
func NewFilter(w io.Writer, contentType string, lists mcpmethod.Lists, keep Keep) *Filter {
	// Clients look for the media type at the beginning, or anywhere.
	contentType = strings.ToLower(contentType)
	isJSON := strings.Contains(contentType, "application/json")
	isStream := strings.Contains(contentType, "text/event-stream")
	c := cutter{lists: lists, keep: keep}
	switch {
	case lists == 0:
		return &Filter{body: plainBody{w}}
	case isJSON && isStream:
		return &Filter{body: plainBody{w}, err: ErrMalformed}
	case isJSON:
		return &Filter{body: &jsonBody{w: w, cutter: c}}
	case isStream:
		return &Filter{body: &eventBody{w: w, cutter: c}}
	default:
		return &Filter{body: plainBody{w}}
	}
}

// Scope says what becomes of the member cacheScope of a list, by which caches
// learn whether one caller's list may be given to another (MCP 2026-07-28).
type Scope uint8

// The scopes.
const (
	ScopeKept    Scope = iota // left as it is
	ScopeLimited              // "private" if there is one
	ScopePrivate              // "private" always: without one, a list is "public"
)

// SetScope is called before the first Write.
func (f *Filter) SetScope(scope Scope) {
	switch b := f.body.(type) {
	case *jsonBody:
		b.cutter.scope = scope
	case *eventBody:
		b.cutter.scope = scope
	}
}

// Write takes the next part of the response. It returns len(p), however much of
// the response was written by then, or the error that ended it: [ErrTooLarge],
// [ErrMalformed], [ErrClosed] or the underlying writer's.
func (f *Filter) Write(p []byte) (int, error) {
	if f.err == nil {
		f.err = f.body.write(p)
	}
	if f.err != nil {
		return 0, f.err
	}
	return len(p), nil
}

// Close ends the response: it writes a JSON body that was held, and drops an
// event that is not complete, as clients do. It returns the errors that Write
// returns, and leaves the underlying writer open.
func (f *Filter) Close() error {
	if errors.Is(f.err, ErrClosed) {
		return nil
	}
	if f.err == nil {
		f.err = f.body.close()
	}
	if f.err != nil {
		return f.err
	}
	f.err = ErrClosed
	return nil
}

// plainBody is passed through.
type plainBody struct{ w io.Writer }

func (b plainBody) write(p []byte) error { return writeAll(b.w, p) }

func (plainBody) close() error { return nil }

// jsonBody is one JSON-RPC message or a batch of them.
type jsonBody struct {
	w      io.Writer
	cutter cutter
	held   []byte
}

func (b *jsonBody) write(p []byte) error {
	if len(p) > maxFiltered-len(b.held) {
		b.held = nil
		return ErrTooLarge
	}
	b.held = append(b.held, p...)
	return nil
}

func (b *jsonBody) close() error {
	text := b.held
	b.held = nil
	if err := b.cutter.find(text); err != nil {
		return err
	}
	if len(b.cutter.cuts) == 0 {
		return writeAll(b.w, text)
	}
	return writeAll(b.w, b.cutter.appendRest(make([]byte, 0, len(text)+len(cacheScope)+16), text))
}

// writeAll writes p, if it is not empty: a first write sends the header.
func writeAll(w io.Writer, p []byte) error {
	if len(p) == 0 {
		return nil
	}
	n, err := w.Write(p)
	if err == nil && n < len(p) {
		return io.ErrShortWrite
	}
	return err
}

// mayHoldObject reports whether a JSON object can be in text, for any reader.
func mayHoldObject(text []byte) bool { return bytes.IndexByte(text, '{') >= 0 }
