package gateway

import (
	"bytes"
	"time"
)

// comment is what an event stream gets so that it is not silent. Clients drop it.
const comment = ": keep-alive\n\n"

// comments are the comments of an event stream (HTML §9.2). The zero value has none.
type comments struct {
	every time.Duration
	timer *time.Timer // nil: not begun
	tail  []byte      // the end of what was written
}

// longestEnd is the longest end of an event.
const longestEnd = len("\r\n\r\n")

// wrote notes what was written of the stream.
func (c *comments) wrote(p []byte) {
	if c.timer == nil || len(p) == 0 {
		return
	}
	c.timer.Reset(c.every)
	c.tail = append(c.tail, p[max(0, len(p)-longestEnd):]...)
	c.tail = append(c.tail[:0], c.tail[max(0, len(c.tail)-longestEnd):]...)
}

// isBetweenEvents reports whether what was written ends with an empty line.
func (c *comments) isBetweenEvents() bool {
	if len(c.tail) == 0 {
		return true
	}
	for _, end := range []string{"\n\n", "\r\n\r\n", "\r\r", "\n\r\n", "\r\r\n"} {
		if bytes.HasSuffix(c.tail, []byte(end)) {
			return true
		}
	}
	return false
}

func (c *comments) stop() {
	if c.timer != nil {
		c.timer.Stop()
	}
}

// startComments sends a comment at once: proxies that speak HTTP/2 hold a header back
// that no data follows.
func (x *exchange) startComments() {
	if x.comments.every <= 0 {
		return
	}
	x.comments.timer = time.AfterFunc(x.comments.every, x.beat)
	x.sendComment()
}

// beat sends a comment if the stream was silent, unless an event has begun.
func (x *exchange) beat() {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.over {
		return
	}
	x.comments.timer.Reset(x.comments.every)
	if x.comments.isBetweenEvents() {
		x.sendComment()
	}
}

// sendComment leaves errors to the next Write: the client has gone away.
func (x *exchange) sendComment() {
	if _, err := x.send([]byte(comment)); err == nil {
		_ = x.flush()
	}
}
