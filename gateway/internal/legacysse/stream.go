package legacysse

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
)

// maxPreamble bounds what comes before the end of the first event, in bytes.
const maxPreamble = 8 << 10

// The faults of streams.
var (
	errNoEndpoint = errors.New("the stream does not begin with an event named endpoint")
	errForeign    = errors.New("the event endpoint names a URL of another origin")
	errSecond     = errors.New("the stream holds a second event named endpoint")
)

// ReadEndpoint reads a stream to the end of its first event, and returns the URL for
// messages that it names, resolved against the stream's own URL.
func ReadEndpoint(r *bufio.Reader, stream *url.URL) (*url.URL, error) {
	var name, data string
	for left := maxPreamble; ; {
		line, err := readLine(r, &left)
		if err != nil {
			return nil, errors.Join(errNoEndpoint, err)
		}
		if line == "" && name == "" && data == "" {
			continue // after a comment
		}
		if line == "" {
			break
		}
		switch field, value := cut(line); field {
		case "event":
			name = value
		case "data":
			data += value
		}
	}
	if name != "endpoint" {
		return nil, errNoEndpoint
	}
	return resolve(stream, data)
}

// readLine reads a line without its end, which is LF or CRLF here.
func readLine(r *bufio.Reader, left *int) (string, error) {
	var line []byte
	for {
		c, err := r.ReadByte()
		switch {
		case err != nil:
			return "", err
		case c == '\n':
			return strings.TrimPrefix(string(bytes.TrimSuffix(line, []byte("\r"))), "\ufeff"), nil
		}
		if *left--; *left < 0 {
			return "", fmt.Errorf("the first event has more than %d bytes", maxPreamble)
		}
		line = append(line, c)
	}
}

// cut splits a line into field and value (HTML §9.2.6).
func cut(line string) (field, value string) {
	field, value, _ = strings.Cut(line, ":")
	return field, strings.TrimPrefix(value, " ")
}

func resolve(stream *url.URL, reference string) (*url.URL, error) {
	endpoint, err := stream.Parse(strings.TrimSpace(reference))
	switch {
	case err != nil || reference == "":
		return nil, errNoEndpoint
	case endpoint.Scheme != stream.Scheme || !strings.EqualFold(endpoint.Host, stream.Host) || endpoint.User != nil:
		return nil, errForeign
	}
	endpoint.Fragment, endpoint.RawFragment = "", ""
	return endpoint, nil
}

// Stream is what a client gets of a stream: an event endpoint of the gateway's own,
// and all that comes after the upstream's.
type Stream struct {
	first *strings.Reader
	rest  io.Reader
	body  io.Closer
	ended func()
	line  []byte // beginning of the line that is being read
	err   error
}

// NewStream returns the stream whose first event names the endpoint. The body is
// that of the upstream, of which rest has what was not read. ended is called once
// the stream is closed.
func NewStream(endpoint string, rest io.Reader, body io.Closer, ended func()) *Stream {
	return &Stream{first: strings.NewReader("event: endpoint\ndata: " + endpoint + "\n\n"), rest: rest, body: body, ended: ended}
}

// Read returns an error instead of a part in which another event endpoint begins.
// Clients drop an event that does not end.
func (s *Stream) Read(p []byte) (int, error) {
	if s.err != nil {
		return 0, s.err
	}
	if s.first.Len() > 0 {
		return s.first.Read(p)
	}
	n, err := s.rest.Read(p)
	if s.namesEndpoint(p[:n]) {
		s.err = errSecond
		return 0, s.err
	}
	return n, err
}

// longest is the longest line that names the event endpoint.
const longest = len("\ufeffevent: endpoint")

// namesEndpoint reports whether a line that ends in p is the name of an event
// endpoint.
func (s *Stream) namesEndpoint(p []byte) bool {
	for len(p) > 0 {
		end := bytes.IndexAny(p, "\r\n")
		part := p
		if end >= 0 {
			part = p[:end]
		}
		if room := longest + 1 - len(s.line); room > 0 {
			s.line = append(s.line, part[:min(room, len(part))]...)
		}
		if end < 0 {
			return false
		}
		if field, value := cut(strings.TrimPrefix(string(s.line), "\ufeff")); field == "event" && value == "endpoint" {
			return true
		}
		s.line, p = s.line[:0], p[end+1:]
	}
	return false
}

// Close closes the stream of the upstream.
func (s *Stream) Close() error {
	s.ended()
	return s.body.Close()
}
