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
