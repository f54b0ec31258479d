package stdio

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"

	"github.com/mcp-auth/go/internal/mcpmsg"
)

const sessionHeader = "Mcp-Session-Id"

var errSlowStart = errors.New("the MCP server takes too long for its first answer")

// session is a process of its own for one client, of revisions before 2026-07-28.
type session struct {
	link *link
	user string // empty for a caller without a token
}

// initialize starts a process and, if it accepts the client, a session.
func (x *exchange) initialize() {
	h := x.h
	l, err := h.start(x.user, false)
	if err != nil {
		x.fail(err)
		return
	}
	opened := false
	defer func() {
		if !opened {
			l.finish()
		}
	}()
	l.enter()
	defer l.leave()
	ctx, cancel := context.WithTimeoutCause(x.r.Context(), h.config.StartTimeout, errSlowStart)
	defer cancel()
	answer, c, err := l.ask(ctx, x.messages[0], h.newOutbox(false))
	if err != nil {
		x.fail(startError(ctx, err))
		return
	}
	if answer.message.HasResult("protocolVersion") {
		x.w.Header().Set(sessionHeader, h.open(l, x.user))
		opened = true
	}
	reply := x.newReply([]*call{c}, false)
	if reply.take(answer) == nil {
		_ = reply.finish()
	}
}

// startError says why a process was not asked in time.
func startError(ctx context.Context, err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return context.Cause(ctx)
	}
	return err
}

// open gives a process its session.
func (h *Handler) open(l *link, user string) (id string) {
	id = rand.Text()
	h.mu.Lock()
	defer h.mu.Unlock()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.session = id
	if !l.ending {
		h.sessions[id] = &session{link: l, user: user}
	}
	return id
}

// find returns the session that the request names, and nil if there is none: it has
// been answered then. The caller leaves the link.
func (x *exchange) find() *link {
	values := x.r.Header.Values(sessionHeader)
	if len(values) != 1 {
		x.refuse(http.StatusBadRequest, mcpmsg.CodeInvalidRequest, "The request must have one Mcp-Session-Id header: begin with initialize.")
		return nil
	}
	l := x.h.admit(values[0], x.user)
	if l == nil || !l.enter() {
		x.refuse(http.StatusNotFound, mcpmsg.CodeInvalidRequest, "The session has ended. Begin a new one.")
		return nil
	}
	return l
}

// admit returns the process of a session if it is the user's. A session that was
// opened without a token becomes that of the first user.
func (h *Handler) admit(id, user string) *link {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := h.sessions[id]
	switch {
	case s == nil:
		return nil
	case s.user == "":
		s.user = user
	case s.user != user:
		return nil
	}
	return s.link
}

// get serves the stream on which a session gets what belongs to no request.
func (x *exchange) get() {
	if !x.accepts.events {
		x.refuse(http.StatusNotAcceptable, mcpmsg.CodeInvalidRequest, "The Accept header must list text/event-stream.")
		return
	}
	l := x.find()
	if l == nil {
		return
	}
	defer l.leave()
	out := x.h.newOutbox(true)
	l.attach(out)
	defer l.detach(out)
	stream := x.newEvents()
	if stream.begin() != nil {
		return
	}
	for {
		i, err := out.next(x.r.Context())
		if err != nil || stream.send(i.text) != nil {
			return
		}
	}
}

// delete ends a session.
func (x *exchange) delete() {
	l := x.find()
	if l == nil {
		return
	}
	l.finish()
	l.leave()
	x.h.forget(l)
	x.w.WriteHeader(http.StatusNoContent)
}
