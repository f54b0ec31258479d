package stdio

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/mcp-auth/go/gateway/stdio/internal/wire"
	"github.com/mcp-auth/go/internal/mcpmethod"
	"github.com/mcp-auth/go/internal/mcpmsg"
)

// exchange is a request of a client and its response.
type exchange struct {
	h       *Handler
	w       http.ResponseWriter
	r       *http.Request
	user    string // empty for a caller without a token
	accepts accepts

	messages []wire.Message
	batch    bool
	id       json.RawMessage // of the one message
}

// post serves messages of a client.
func (x *exchange) post() {
	method, ok := x.read()
	if !ok {
		return
	}
	if !x.accepts.json && !x.accepts.events {
		x.refuse(http.StatusNotAcceptable, mcpmsg.CodeInvalidRequest, "The Accept header must list application/json and text/event-stream.")
		return
	}
	named := len(x.r.Header.Values(sessionHeader)) > 0
	switch {
	case mcpmsg.Modern(x.r.Header):
		x.postShared()
	case method != mcpmethod.Initialize:
		x.postSession()
	case named:
		x.refuse(http.StatusBadRequest, mcpmsg.CodeInvalidRequest, "The session is initialized already.")
	default:
		x.initialize()
	}
}

// read reads the body, strictly, and returns the method of its request. It reports
// false if it has refused it.
func (x *exchange) read() (method string, ok bool) {
	control := http.NewResponseController(x.w)
	_ = control.SetReadDeadline(time.Now().Add(x.h.config.ClientTimeout))
	body, err := io.ReadAll(http.MaxBytesReader(x.w, x.r.Body, x.h.config.MaxBody))
	_ = control.SetReadDeadline(time.Time{})
	if err != nil {
		status := http.StatusBadRequest
		if _, large := errors.AsType[*http.MaxBytesError](err); large {
			status = http.StatusRequestEntityTooLarge
		}
		x.refuse(status, mcpmsg.CodeInvalidRequest, "The body is too large or incomplete.")
		return "", false
	}
	var parsed mcpmsg.Request
	if err := parsed.Parse(x.r.Header, body); err != nil {
		if fault, ok := errors.AsType[*mcpmsg.Error](err); ok {
			x.id = fault.ID
			x.refuse(fault.Status, fault.Code, "The request is not a message that this MCP server accepts.")
		}
		return "", false
	}
	x.batch = parsed.Batch
	if first := parsed.All()[0]; !x.batch && first.Method != "" && first.ID != nil {
		x.id, method = first.ID, first.Method
	}
	if x.messages, err = wire.Read(body); err != nil {
		x.refuse(http.StatusBadRequest, mcpmsg.CodeInvalidRequest, "The request is not a message that this MCP server accepts.")
		return "", false
	}
	return method, true
}

// postSession serves messages of a session.
func (x *exchange) postSession() {
	l := x.find()
	if l == nil {
		return
	}
	defer l.leave()
	for i := range x.messages {
		if m := &x.messages[i]; m.Method == methodCancelled {
			l.giveUp(m.Cancelled())
		}
	}
	x.relay(l)
}

// giveUp ends a request that its client has cancelled: the process need not answer it.
func (l *link) giveUp(key string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if c := l.take(key, nil); c != nil {
		c.out.put(item{answers: c})
	}
}

// postShared serves a message of revision 2026-07-28 or a later one. There, a client
// cancels a request by closing its response: a notification would name an id that
// another client may use as well.
func (x *exchange) postShared() {
	if x.messages[0].Method == methodCancelled {
		x.w.WriteHeader(http.StatusAccepted)
		return
	}
	l, err := x.shared()
	if err != nil {
		x.fail(err)
		return
	}
	defer l.leave()
	x.relay(l)
}

// relay sends the messages to the process, and its answers to the client. What is not
// answered when the client has gone is cancelled.
func (x *exchange) relay(l *link) {
	out := x.h.newOutbox(x.accepts.events)
	calls, err := l.register(x.messages, out)
	defer func() { l.cancel(l.forget(calls)) }()
	if err == nil {
		err = x.send(l, calls)
	}
	switch {
	case err != nil:
		x.fail(err)
	case len(calls) == 0:
		x.w.WriteHeader(http.StatusAccepted)
	default:
		x.newReply(calls, l.shared).run(x.r.Context(), out)
	}
}

// send sends the messages to the process.
func (x *exchange) send(l *link, calls []*call) error {
	ctx, cancel := context.WithTimeout(x.r.Context(), x.h.config.SendTimeout)
	defer cancel()
	for i := range x.messages {
		m, c := &x.messages[i], (*call)(nil)
		if m.Kind == wire.Request {
			c, calls = calls[0], calls[1:]
		}
		if err := l.child.Send(ctx, line(m, c)); err != nil {
			return err
		}
	}
	return nil
}

func (h *Handler) newOutbox(events bool) *outbox {
	return newOutbox(h.config.MaxLine, events)
}
