package stdio

import (
	"strings"

	"github.com/mcp-auth/go/gateway/stdio/internal/wire"
)

const (
	methodCancelled = "notifications/cancelled"
	methodProgress  = "notifications/progress"
	methodLog       = "notifications/message"
	methodUpdated   = "notifications/resources/updated"
	listChanged     = "/list_changed"
)

// route hands a message of the process to whom it is for, without waiting. It reports
// false if there is nobody.
func (l *link) route(m *wire.Message) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case m.Kind == wire.Response:
		return l.answer(m)
	case l.shared:
		return l.routeShared(m)
	}
	return l.routeSession(m)
}

// answer hands an answer to whom it is for, with the id that the client knows.
func (l *link) answer(m *wire.Message) bool {
	c := l.take(wire.Key(m.ID()), nil)
	if c == nil {
		return false
	}
	text := m.Text
	if l.shared {
		var more []wire.Edit
		if at, key := m.Subscription(); key != "" && key == wire.Key(c.id) {
			more = append(more, wire.Edit{At: at, With: c.clientID})
		}
		text = m.WithID(c.clientID, more...)
	}
	return c.out.put(item{text: text, answers: c, message: m})
}

// routeShared is for a process that several clients share. Nothing is delivered of
// which it is not certain whose it is.
func (l *link) routeShared(m *wire.Message) bool {
	if m.Kind == wire.Request {
		return false // has no place in revision 2026-07-28
	}
	if at, key := m.Subscription(); key != "" {
		c := l.calls[key]
		return c != nil && c.out.put(item{text: m.With(wire.Edit{At: at, With: c.clientID})})
	}
	switch m.Method {
	case methodCancelled: // the server ends a subscription
		c := l.take(m.Cancelled(), nil)
		return c != nil && c.out.put(item{answers: c})
	case methodProgress:
		c := l.onlyCall(m.ReportsOn())
		return c != nil && c.out.put(item{text: m.Text})
	case methodLog:
		return len(l.newest) == 1 && l.newest[0].out.put(item{text: m.Text})
	}
	return false
}

// onlyCall returns the one call with a progress token. Clients choose the tokens: two
// may have the same.
func (l *link) onlyCall(token string) (found *call) {
	for _, c := range l.newest {
		if c.token != token || token == "" {
			continue
		}
		if found != nil {
			return nil
		}
		found = c
	}
	return found
}

// routeSession is for a process that has one client. Every message is for it; what
// belongs to a request comes with its answer if possible.
func (l *link) routeSession(m *wire.Message) bool {
	i := item{text: m.Text}
	if m.Method == methodProgress {
		if c := l.onlyCall(m.ReportsOn()); c != nil && c.out.events {
			return c.out.put(i)
		}
	}
	if l.stream != nil && (len(l.newest) == 0 || isUnrelated(m.Method)) {
		return l.stream.put(i)
	}
	for at := len(l.newest) - 1; at >= 0; at-- {
		if out := l.newest[at].out; out.events {
			return out.put(i)
		}
	}
	if l.stream != nil {
		return l.stream.put(i)
	}
	return l.keep(i)
}

// isUnrelated reports whether a notification belongs to no request.
func isUnrelated(method string) bool {
	return method == methodUpdated || strings.HasSuffix(method, listChanged)
}

// keep keeps a message for the stream that the client may open later. It reports false
// if something is lost for that: the oldest of what is kept makes room.
func (l *link) keep(i item) bool {
	if l.calls == nil {
		return false
	}
	kept := true
	for !l.backlog.hasRoom(i) {
		l.backlog.pop()
		kept = false
	}
	l.backlog.push(i)
	return kept
}

// attach makes out the stream of the session, in place of the one before: its client
// may have lost it without our noticing.
func (l *link) attach(out *outbox) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.stream != nil {
		l.detachLocked(l.stream)
	}
	if l.calls == nil {
		out.end(errEnded)
		return
	}
	l.stream = out
	for _, i := range l.backlog.clear() {
		out.put(i)
	}
}

// detach ends a stream. What was not sent on it waits for the next one.
func (l *link) detach(out *outbox) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.stream == out {
		l.detachLocked(out)
	}
}

func (l *link) detachLocked(out *outbox) {
	l.stream = nil
	for _, i := range out.rest() {
		l.keep(i)
	}
}
