package stdio

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
)

var errQuiet = errors.New("there is no answer yet")

// reply is the response to requests: JSON, or an event stream if something comes
// before the answers, or they take long.
type reply struct {
	x      *exchange
	events *events
	open   map[*call]bool // not answered yet
	modern bool
	ready  []item // answers, as long as they are not sent
}

func (x *exchange) newReply(calls []*call, modern bool) *reply {
	p := &reply{x: x, events: x.newEvents(), open: map[*call]bool{}, modern: modern}
	for _, c := range calls {
		p.open[c] = true
	}
	return p
}

// run answers the requests with what comes into out.
func (p *reply) run(ctx context.Context, out *outbox) {
	quiet, stop := context.WithTimeoutCause(ctx, p.x.h.config.StreamAfter, errQuiet)
	defer stop()
	for len(p.open) > 0 {
		wait := ctx
		if p.x.accepts.events && !p.events.begun {
			wait = quiet
		}
		i, err := out.next(wait)
		switch {
		case err == nil:
			err = p.take(i)
		case err == errQuiet:
			err = p.stream()
		default:
			p.fail(err)
			return
		}
		if err != nil {
			return
		}
	}
	_ = p.finish()
}

// take sends a message, or keeps it if it may be one of a response in JSON.
func (p *reply) take(i item) error {
	if i.answers != nil {
		delete(p.open, i.answers)
	}
	switch {
	case i.text == nil:
		return nil
	case p.events.begun:
		return p.events.send(i.text)
	case i.answers == nil && !p.x.accepts.events:
		return nil // it has no place in JSON
	}
	p.ready = append(p.ready, i)
	if i.answers == nil || !p.x.accepts.json {
		return p.stream()
	}
	return nil
}

// stream makes the response an event stream.
func (p *reply) stream() error {
	if err := p.events.begin(); err != nil {
		return err
	}
	for _, i := range p.ready {
		if err := p.events.send(i.text); err != nil {
			return err
		}
	}
	p.ready = nil
	return nil
}

// finish ends the response when all requests are answered or given up.
func (p *reply) finish() error {
	switch {
	case p.events.begun:
		return nil
	case len(p.ready) > 0:
		return p.writeJSON()
	case p.x.accepts.events:
		return p.events.begin()
	}
	p.x.refuse(http.StatusOK, codeInternalError, "The request was cancelled.")
	return nil
}

func (p *reply) writeJSON() error {
	x := p.x
	body, status := p.ready[0].text, http.StatusOK
	if x.batch {
		var texts [][]byte
		for _, i := range p.ready {
			texts = append(texts, i.text)
		}
		body = slices.Concat([]byte("["), bytes.Join(texts, []byte(",")), []byte("]"))
	} else if p.modern {
		status = statusOf(p.ready[0].message.ErrorCode())
	}
	h := x.w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	x.deadline()
	x.w.WriteHeader(status)
	_, err := x.w.Write(body)
	return err
}

// statusOf returns the status of a response with an error (MCP 2026-07-28, Streamable
// HTTP).
func statusOf(code int) int {
	switch code {
	case codeMethodNotFound:
		return http.StatusNotFound
	case codeHeaderMismatch, codeMissingCapability, codeUnsupportedVersion:
		return http.StatusBadRequest
	}
	return http.StatusOK
}

// fail answers requests that the process will not answer.
func (p *reply) fail(err error) {
	switch {
	case p.x.r.Context().Err() != nil:
		return // the client has gone away
	case !p.events.begun && len(p.ready) == 0:
		p.x.fail(err)
		return
	}
	end := fmt.Sprintf(`,"error":{"code":%d,"message":%q}}`, codeInternalError, failureOf(err).text)
	for _, c := range slices.Collect(maps.Keys(p.open)) {
		text := slices.Concat([]byte(`{"jsonrpc":"2.0","id":`), c.clientID, []byte(end))
		if p.take(item{text: text, answers: c}) != nil {
			return
		}
	}
	_ = p.finish()
}

// events is an event stream as the HTML standard, section 9.2, has it.
type events struct {
	x     *exchange
	begun bool
}

func (x *exchange) newEvents() *events { return &events{x: x} }

// begin sends the header.
func (e *events) begin() error {
	h := e.x.w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-cache, no-transform")
	h.Set("X-Accel-Buffering", "no")
	e.begun = true
	return e.write(nil)
}

// send sends a message, which is on one line.
func (e *events) send(text []byte) error {
	return e.write(slices.Concat([]byte("event: message\ndata: "), text, []byte("\n\n")))
}

// write gives up a client that takes nothing for too long.
func (e *events) write(text []byte) error {
	e.x.deadline()
	defer e.x.noDeadline()
	if len(text) > 0 {
		if _, err := e.x.w.Write(text); err != nil {
			return err
		}
	} else {
		e.x.w.WriteHeader(http.StatusOK)
	}
	return http.NewResponseController(e.x.w).Flush()
}
