package mcpauth

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mcp-auth/go/internal/mcpmethod"
	"github.com/mcp-auth/go/internal/mcpmsg"
	"github.com/mcp-auth/go/internal/refusal"
	"github.com/mcp-auth/go/internal/scope"
	"github.com/mcp-auth/go/policy"
)

// doorWriter stands between a protected handler and the wire. It binds the
// session that the handler opens, leaves out of lists what the caller may not
// use, and turns a refusal of the handler into a challenge as long as the
// response has not begun.
//
// The handler's context and its request's body are views of it, [requestContext]
// and [requestBody]: all is one piece of memory, scopes and audience included
// unless there are many.
type doorWriter struct {
	to  http.ResponseWriter
	res *resource

	// The caller.
	ctx   context.Context // of the request, as it reached the door
	info  AuthInfo        // not set for who is anonymous
	lists [4]string       // memory of the info

	// Of the request.
	method string
	scopes []string      // that the handler needs
	needed []string      // scopes of the handler and the operations, with a policy
	body   io.ReadCloser // that the handler reads, if the engine did not

	mu     sync.Mutex
	denial *Challenge
	list   *filteredList // nil: not filtered

	stage     atomic.Uint32 // of the response; written under mu
	batch     atomic.Bool   // the request holds several messages
	over      bool          // the response is replaced; under mu
	bodyBegan bool
	anonymous bool // nobody in particular is calling
	opens     bool // the handler may open a session
	scheme    authScheme
	hides     mcpmethod.Lists
	scope     mcpmsg.Scope // of the lists, for caches
}

// The stages of a response.
const (
	notBegun uint32 = iota
	begun
	left // by the handler, which has returned
)

// filteredList is a response from which items are left out.
type filteredList struct {
	filter   *mcpmsg.Filter
	isStream bool
	status   int          // of a body that is sent in one piece
	whole    bytes.Buffer // that body
}

var (
	errEncoded = errors.New("a list cannot be filtered: the handler encoded it")
	errSession = errors.New("a session cannot be bound to its caller")
)

// expect notes what the answer to the messages may hold.
func (w *doorWriter) expect(p *policy.Evaluator, req *Request, messages *mcpmsg.Request) {
	list := messages.All()
	switch {
	case p.ShowsAll():
	case len(list) == 0: // a stream, which may replay answers to earlier requests
		w.hides = mcpmethod.AllLists
	default:
		for i := range list {
			w.hides |= mcpmethod.Of(list[i].Method).List
		}
	}
	w.scope = mcpmsg.ScopeLimited
	if w.hides != 0 && mcpmsg.Modern(req.Header) {
		w.scope = mcpmsg.ScopePrivate
	}
	if messages.Batch {
		w.batch.Store(true)
	}
}

// requestBody is the request's body as the handler reads it. It notes whether it
// holds several messages.
type requestBody doorWriter

// Read looks at the first byte that is not white space.
func (b *requestBody) Read(p []byte) (int, error) {
	n, err := b.body.Read(p)
	for _, c := range p[:n] {
		if b.bodyBegan {
			break
		}
		switch c {
		case ' ', '\t', '\r', '\n':
		default:
			b.bodyBegan = true
			b.batch.Store(c == '[')
		}
	}
	return n, err
}

// Close closes it.
func (b *requestBody) Close() error { return b.body.Close() }

// Header returns the response's header.
func (w *doorWriter) Header() http.Header { return w.Unwrap().Header() }

// Unwrap serves [http.ResponseController]. It does not lock: a deadline may be
// what ends a Write.
func (w *doorWriter) Unwrap() http.ResponseWriter {
	if w.stage.Load() == left {
		return returned{}
	}
	return w.to
}

// WriteHeader begins the response.
func (w *doorWriter) WriteHeader(status int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if status >= 100 && status < 200 {
		w.Unwrap().WriteHeader(status)
		return
	}
	w.begin(status)
}

// begin decides what becomes of the response.
func (w *doorWriter) begin(status int) {
	if w.stage.Load() != notBegun {
		return
	}
	w.stage.Store(begun)
	if w.denial != nil {
		w.replace(w.denial)
		return
	}
	if err := w.bindSession(); err != nil {
		w.fail(http.StatusServiceUnavailable, err)
		return
	}
	if w.hides != 0 && !w.startFilter(status) {
		return
	}
	w.to.WriteHeader(status)
}

// replace sends a challenge instead of what the handler writes.
func (w *doorWriter) replace(c *Challenge) {
	w.over = true
	h := w.to.Header()
	for name := range h {
		if ofContent(name) {
			delete(h, name)
		}
	}
	WriteChallenge(w.to, c)
}

// ofContent reports headers that speak of what the handler would have sent.
// Others may be of middleware further out.
func ofContent(name string) bool {
	switch name {
	case sessionHeader, "Cache-Control", "Connection", "Digest", "Etag", "Expires", "Last-Modified",
		"Repr-Digest", "Trailer", "Transfer-Encoding", "X-Accel-Buffering":
		return true
	}
	return strings.HasPrefix(name, "Content-") && !strings.HasPrefix(name, "Content-Security-Policy")
}

func (w *doorWriter) fail(status int, cause error) {
	w.res.auth.log.LogAttrs(w.context(), slog.LevelError, "mcpauth: response withheld",
		slog.String("resource", w.res.identifier), slog.Any("cause", cause))
	c := &Challenge{Status: status, Description: "The response cannot be sent."}
	if status == http.StatusServiceUnavailable {
		c.RetryAfter = fetchCooldown
	}
	w.replace(c)
}

// session is the one that the handler opens, if any.
func (w *doorWriter) session() string {
	if !w.opens {
		return ""
	}
	if values := w.to.Header()[sessionHeader]; len(values) > 0 { // a canonical name
		return values[0]
	}
	return ""
}

func (w *doorWriter) bindSession() error {
	session := w.session()
	if session == "" {
		return nil
	}
	if err := w.res.sessions.opened(w.context(), session, w.caller().UserID()); err != nil {
		return errors.Join(errSession, err)
	}
	return nil
}

// startFilter makes ready to filter. It is false where the header is not to be
// sent yet, or never.
func (w *doorWriter) startFilter(status int) bool {
	h := w.to.Header()
	kind := strings.ToLower(h.Get("Content-Type"))
	isStream := strings.Contains(kind, "text/event-stream")
	if !isStream && !strings.Contains(kind, "application/json") {
		return true // no MCP client looks into it
	}
	if encoding := h.Get("Content-Encoding"); encoding != "" && encoding != "identity" {
		w.fail(http.StatusInternalServerError, errEncoded)
		return false
	}
	for _, name := range [...]string{"Content-Length", "Etag", "Content-Md5", "Digest", "Content-Digest", "Repr-Digest"} {
		h.Del(name)
	}
	keep := func(method, name string) bool {
		return w.res.visible(w.context(), w.caller(), w.scopes, policy.Operation{Method: method, Name: name})
	}
	w.list = &filteredList{isStream: isStream, status: status}
	var to io.Writer = w.to
	if !isStream {
		to = &w.list.whole
	}
	w.list.filter = mcpmsg.NewFilter(to, kind, w.hides, keep)
	w.list.filter.SetScope(w.scope)
	return isStream
}

// Write sends a part of the body, or what is left of it.
func (w *doorWriter) Write(p []byte) (int, error) {
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
func (w *doorWriter) breakOff() {
	past := time.Unix(1, 0)
	c := http.NewResponseController(w.to)
	_ = c.SetReadDeadline(past)  // cancels the request's context (HTTP/1)
	_ = c.SetWriteDeadline(past) // resets the stream (HTTP/2)
}

// Flush sends what was written so far.
func (w *doorWriter) Flush() {
	_ = w.FlushError()
}

// FlushError is Flush for [http.ResponseController].
func (w *doorWriter) FlushError() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.begin(http.StatusOK)
	if w.list != nil && !w.list.isStream && !w.over {
		return nil // sent whole at the end
	}
	return http.NewResponseController(w.Unwrap()).Flush()
}

// finish ends the response when the handler has returned.
func (w *doorWriter) finish() {
	w.mu.Lock()
	defer w.mu.Unlock()
	defer w.letGo()
	if w.denial != nil || w.session() != "" {
		w.begin(http.StatusOK) // as net/http does where nothing was written
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
		w.fail(http.StatusInternalServerError, err)
		return
	}
	w.to.Header().Set("Content-Length", strconv.Itoa(w.list.whole.Len()))
	w.to.WriteHeader(w.list.status)
	_, _ = w.to.Write(w.list.whole.Bytes())
}

// leave is for a handler that panicked, after which nothing is finished.
func (w *doorWriter) leave() {
	if w.stage.Load() == left {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.letGo()
}

// letGo is called with mu held. Nothing that the handler left running then gets
// at the response.
func (w *doorWriter) letGo() {
	w.stage.Store(left)
	w.list = nil // sessions may keep the context, and that the writer
}

// returned stands in for the response of a handler that has returned: net/http
// may use the memory of that for another, and panics in HTTP/2.
type returned struct{}

var errReturned = errors.New("mcpauth: the handler has returned")

func (returned) Header() http.Header       { return http.Header{} }
func (returned) WriteHeader(int)           {}
func (returned) Write([]byte) (int, error) { return 0, errReturned }
func (returned) FlushError() error         { return errReturned }

// endStream breaks the connection off where the filter has stopped: the client
// must not take what it got for all.
func (w *doorWriter) endStream(err error) {
	if err == nil {
		return
	}
	w.res.auth.log.LogAttrs(w.context(), slog.LevelError, "mcpauth: stream broken off",
		slog.String("resource", w.res.identifier), slog.Any("cause", err))
	panic(http.ErrAbortHandler)
}

// deny has the response become a challenge, if that is still possible.
func (w *doorWriter) deny(c *Challenge) bool {
	// Checks, session stores and loggers are called with mu held once the
	// response has begun, and may ask.
	if w.stage.Load() != notBegun {
		return false
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.to == nil || w.stage.Load() != notBegun || w.over || w.batch.Load() {
		return false
	}
	w.denial = c
	return true
}

// Require demands scopes in a handler, for rules that depend on data: the owner
// of a note may delete it, others need a scope. It returns nil if the caller of
// the request that ctx belongs to has all of them, hierarchies included, and a
// [*Challenge] otherwise: return it from the tool. The adapters for the MCP
// SDKs make it a 403, on which clients ask for the scopes and try again, or, if
// the response has begun, an error that carries the challenge. A caller without
// a token is asked for one.
func Require(ctx context.Context, scopes ...string) error {
	info, known := FromContext(ctx)
	w := door(ctx)
	var included *scope.Hierarchy
	if w != nil {
		included = w.res.hierarchy
	}
	refused := refusal.NoCredentials(errNoCredentials)
	if known {
		refused = checkGranted(included, info.Scopes, scopes)
	}
	switch {
	case refused == nil:
		return nil
	case w == nil: // an AuthInfo made by hand, or no door
		return &Challenge{
			Status: refused.Status, Code: refused.Code, Reason: refused.Reason, Scopes: slices.Clone(scopes),
			Description: refused.Description(), cause: refused.Cause,
		}
	}
	already := scope.Union(w.scopes, w.needed)
	req := &Request{Method: w.method, Scopes: scope.Union(already, scopes), scheme: w.scheme}
	return w.res.auth.challenge(ctx, w.res, req, refused).own()
}

// Deny asks the door that let a request in to answer it with err, a
// [*Challenge] as [Require] returns it, whatever the handler writes. It returns
// false if that is no longer possible, because the response has begun or
// answers several messages. It never waits for the response, so a policy.CheckFunc
// or a [SessionStore] that is called in the middle of one may call it. It is
// for adapters; net/http handlers call [WriteChallenge].
func Deny(ctx context.Context, err error) bool {
	var c *Challenge
	w := door(ctx)
	if w == nil || !errors.As(err, &c) {
		return false
	}
	return w.deny(c)
}
