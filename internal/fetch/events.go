package fetch

import (
	"bytes"
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"sync/atomic"
	"time"
)

func isEventStream(resp *http.Response) bool {
	kind, _, err := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	return err == nil && kind == "text/event-stream"
}

// readFirstEvent reads an event stream up to the end of its first event that
// has data, or for as long as wait. Calling stop ends the request.
func (c *Client) readFirstEvent(resp *http.Response, wait time.Duration, stop context.CancelFunc) ([]byte, error) {
	var over atomic.Bool
	timer := time.AfterFunc(wait, func() { over.Store(true); stop() })
	defer timer.Stop()
	stream, err := c.decoded(resp)
	var read []byte
	for err == nil && !hasEvent(read) {
		chunk := make([]byte, 4<<10)
		var n int
		n, err = stream.Read(chunk)
		read = append(read, chunk[:n]...)
	}
	if err == nil || errors.Is(err, io.EOF) || over.Load() {
		return read, nil
	}
	return nil, err
}

// hasEvent reports whether a whole event with data is in what was read. Servers
// send events without data first, for clients to have an id to resume from.
func hasEvent(stream []byte) bool {
	stream = bytes.ReplaceAll(stream, []byte("\r\n"), []byte("\n"))
	for {
		event, rest, whole := bytes.Cut(stream, []byte("\n\n"))
		if !whole {
			return false
		}
		if hasData(event) {
			return true
		}
		stream = rest
	}
}

func hasData(event []byte) bool {
	for line := range bytes.SplitSeq(event, []byte("\n")) {
		if data, ok := bytes.CutPrefix(line, []byte("data:")); ok && len(bytes.TrimSpace(data)) > 0 {
			return true
		}
	}
	return false
}
