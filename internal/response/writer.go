// Package response stands between a protected handler and the wire. Its
// [Writer] binds the session that a handler opens, leaves out of lists the items
// that the caller may not use, and replaces the response by a refusal as long as
// the response has not begun.
package response

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mcp-auth/go/internal/mcpmethod"
	"github.com/mcp-auth/go/internal/mcpmsg"
	"github.com/mcp-auth/go/internal/session"
)

// Plan says what to do with a response.
type Plan struct {
	// Hides are the lists from which items are left out.
	Hides mcpmethod.Lists
	// CacheScope is what becomes of the member cacheScope of lists.
	CacheScope mcpmsg.Scope
	// Batch says that the request holds several messages, so that its response
	// cannot be replaced.
	Batch bool
	// StaysHTTP says that the handler cannot take the connection over: what is sent
	// on it afterwards, no policy reads.
	StaysHTTP bool
	// BindsSession says that a session which the handler opens is bound to its
	// caller.
	BindsSession bool
}

// Rules are the decisions that a [Writer] asks for while it writes.
type Rules interface {
	// Keep reports whether a list shows an item; see [mcpmsg.Keep].
	Keep(method, name string) bool
	// BindSession binds a session that the handler has opened to its caller.
	BindSession(id string) error
	// Withheld returns the answer to send in place of a response that cannot be
	// sent. The status is 500, or 503 if the cause may pass.
	Withheld(status int, cause error) Replacement
	// BrokenOff is called before the connection of a stream is broken off.
	BrokenOff(cause error)
}

// Replacement is an answer that takes the place of what a handler writes.
type Replacement interface{ Answer(w http.ResponseWriter) }

// Writer is the response that a protected handler writes. It is made ready with
// [Writer.Start] and ended with [Writer.Finish] and [Writer.Leave]. The methods
// are safe for concurrent use, as [http.ResponseController] demands of some.
type Writer struct {
	to        http.ResponseWriter
	rules     Rules
	plan      Plan
	over      bool // the response is replaced; under mu
	bodyBegan bool
	body      io.ReadCloser // that the handler reads itself

	mu      sync.Mutex
	instead Replacement   // of what the handler writes; nil: nothing
	list    *filteredList // nil: not filtered
	stage   atomic.Uint32 // written under mu
	batch   atomic.Bool   // the request holds several messages
}

// The stages of a response.
const (
	notBegun uint32 = iota
	begun
	left // the handler has returned
)

// filteredList is a response from which items are left out.
type filteredList struct {
	filter   *mcpmsg.Filter
	isStream bool
	status   int          // of a body that is sent in one piece
	whole    bytes.Buffer // that body
}

var (
	errEncoded  = errors.New("a list cannot be filtered: the handler encoded it")
	errSession  = errors.New("a session cannot be bound to its caller")
	errUpgrade  = errors.New("the handler changes the protocol of the connection")
	errReturned = errors.New("mcpauth: the handler has returned")
)

// Start makes w ready to write to a response.
func (w *Writer) Start(to http.ResponseWriter, rules Rules, plan Plan) {
	w.to, w.rules, w.plan = to, rules, plan
	if plan.Batch {
		w.batch.Store(true)
	}
}

// Header returns the response's header.
func (w *Writer) Header() http.Header { return w.Unwrap().Header() }

// Unwrap serves [http.ResponseController]. It does not lock: a deadline may be
// what ends a Write.
func (w *Writer) Unwrap() http.ResponseWriter {
	if w.HasLeft() {
		return returned{}
	}
	return w.to
}

// WriteHeader begins the response.
func (w *Writer) WriteHeader(status int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case status == http.StatusSwitchingProtocols && w.plan.StaysHTTP && w.stage.Load() == notBegun:
		w.stage.Store(begun)
		w.withhold(http.StatusInternalServerError, errUpgrade)
	case status >= 100 && status < 200:
		w.Unwrap().WriteHeader(status)
	default:
		w.begin(status)
	}
}

// Hijack implements [http.Hijacker]. It returns [http.ErrNotSupported] for a response
// that stays one of HTTP.
func (w *Writer) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.plan.StaysHTTP || w.instead != nil || w.stage.Load() == left {
		return nil, nil, http.ErrNotSupported
	}
	return http.NewResponseController(w.to).Hijack()
}

// begin decides what becomes of the response.
func (w *Writer) begin(status int) {
	if w.stage.Load() != notBegun {
		return
	}
	w.stage.Store(begun)
	if w.instead != nil {
		w.replace(w.instead)
		return
	}
	if err := w.bindSession(); err != nil {
		w.withhold(http.StatusServiceUnavailable, err)
		return
	}
	if w.plan.Hides != 0 && !w.startFilter(status) {
		return
	}
	w.to.WriteHeader(status)
}

// replace sends another answer instead of what the handler writes.
func (w *Writer) replace(answer Replacement) {
	w.over = true
	h := w.to.Header()
	for name := range h {
		if describesContent(name) {
			delete(h, name)
		}
	}
	answer.Answer(w.to)
}

// describesContent reports whether a header describes what the handler would
// have sent. Others may come from middleware further out.
func describesContent(name string) bool {
	switch name {
	case session.Header, "Cache-Control", "Connection", "Digest", "Etag", "Expires", "Last-Modified",
		"Repr-Digest", "Trailer", "Transfer-Encoding", "X-Accel-Buffering":
		return true
	}
	return strings.HasPrefix(name, "Content-") && !strings.HasPrefix(name, "Content-Security-Policy")
}

func (w *Writer) withhold(status int, cause error) { w.replace(w.rules.Withheld(status, cause)) }

// opened returns the session that the handler opens, if any.
func (w *Writer) opened() string {
	if !w.plan.BindsSession {
		return ""
	}
	if values := w.to.Header()[session.Header]; len(values) > 0 {
		return values[0]
	}
	return ""
}

func (w *Writer) bindSession() error {
	id := w.opened()
	if id == "" {
		return nil
	}
	if err := w.rules.BindSession(id); err != nil {
		return errors.Join(errSession, err)
	}
	return nil
}

// startFilter prepares to filter. It returns false if the header is not to be
// sent yet, or never.
func (w *Writer) startFilter(status int) bool {
	h := w.to.Header()
	kind := strings.ToLower(h.Get("Content-Type"))
	isStream := strings.Contains(kind, "text/event-stream")
	if !isStream && !strings.Contains(kind, "application/json") {
		return true // no MCP client looks into it
	}
	if encoding := h.Get("Content-Encoding"); encoding != "" && encoding != "identity" {
		w.withhold(http.StatusInternalServerError, errEncoded)
		return false
	}
	for _, name := range [...]string{"Content-Length", "Etag", "Content-Md5", "Digest", "Content-Digest", "Repr-Digest"} {
		h.Del(name)
	}
	w.list = &filteredList{isStream: isStream, status: status}
	var to io.Writer = w.to
	if !isStream {
		to = &w.list.whole
	}
	w.list.filter = mcpmsg.NewFilter(to, kind, w.plan.Hides, w.rules.Keep)
	w.list.filter.SetScope(w.plan.CacheScope)
	return isStream
}

// Write sends a part of the body, or what is left of it.
func (w *Writer) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.begin(http.StatusOK)
	switch {
	case w.over:
		return len(p), nil
	case w.list != nil:
		n, err := w.list.filter.Write(p)
		if err != nil && w.list.isStream {
			w.breakOff()
		}
		return n, err
	}
	return w.Unwrap().Write(p)
}

// breakOff ends a connection on which nothing more will be sent. The handler may
// wait for its end before it returns.
func (w *Writer) breakOff() {
	past := time.Unix(1, 0)
	c := http.NewResponseController(w.to)
	_ = c.SetReadDeadline(past)  // cancels the request's context (HTTP/1)
	_ = c.SetWriteDeadline(past) // resets the stream (HTTP/2)
}

// Flush sends what was written so far.
func (w *Writer) Flush() { _ = w.FlushError() }

// FlushError is Flush for [http.ResponseController].
func (w *Writer) FlushError() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.begin(http.StatusOK)
	if w.list != nil && !w.list.isStream && !w.over {
		return nil // sent whole at the end
	}
	return http.NewResponseController(w.Unwrap()).Flush()
}

// Replace has the response become another answer, if that is still possible. It
// never waits for the response: rules are asked with the response locked, and
// may call it.
func (w *Writer) Replace(answer Replacement) bool {
	if w.stage.Load() != notBegun {
		return false
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.to == nil || w.stage.Load() != notBegun || w.over || w.batch.Load() {
		return false
	}
	w.instead = answer
	return true
}

// Finish ends the response when the handler has returned.
func (w *Writer) Finish() {
	w.mu.Lock()
	defer w.mu.Unlock()
	defer w.letGo()
	if w.instead != nil || w.opened() != "" {
		w.begin(http.StatusOK) // as net/http does if nothing was written
	}
	if w.list == nil || w.over {
		return
	}
	err := w.list.filter.Close()
	if w.list.isStream {
		w.endStream(err)
		return
	}
	if err != nil {
		w.withhold(http.StatusInternalServerError, err)
		return
	}
	w.to.Header().Set("Content-Length", strconv.Itoa(w.list.whole.Len()))
	w.to.WriteHeader(w.list.status)
	_, _ = w.to.Write(w.list.whole.Bytes())
}

// endStream breaks the connection off if the filter has stopped: the client
// must not mistake what it got for everything.
func (w *Writer) endStream(err error) {
	if err == nil {
		return
	}
	w.rules.BrokenOff(err)
	panic(http.ErrAbortHandler)
}

// Leave is for a handler that panicked, after which nothing is finished.
func (w *Writer) Leave() {
	if w.HasLeft() {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.letGo()
}

// HasLeft reports whether the handler has returned.
func (w *Writer) HasLeft() bool { return w.stage.Load() == left }

// letGo is called with mu held. Nothing that the handler left running can reach
// the response then.
func (w *Writer) letGo() {
	w.stage.Store(left)
	w.list = nil // sessions may keep the context, and with it the writer
}

// returned stands in for the response of a handler that has returned: net/http
// may use its memory for another response, and panics in HTTP/2.
type returned struct{}

func (returned) Header() http.Header       { return http.Header{} }
func (returned) WriteHeader(int)           {}
func (returned) Write([]byte) (int, error) { return 0, errReturned }
func (returned) FlushError() error         { return errReturned }
