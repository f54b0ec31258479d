package legacysse_test

import (
	"bufio"
	"bytes"
	"io"
	"net/url"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/mcp-auth/go/gateway/internal/legacysse"
)

// read reads a stream as a gateway does, in parts of any size.
func read(r io.Reader) (endpoint, text string, err error) {
	stream, err := url.Parse("http://notes:3000/a/sse?x=y")
	if err != nil {
		return "", "", err
	}
	rest := bufio.NewReader(r)
	found, err := legacysse.ReadEndpoint(rest, stream)
	if err != nil {
		return "", "", err
	}
	ended := false
	s := legacysse.NewStream("/own", rest, io.NopCloser(r), func() { ended = true })
	data, err := io.ReadAll(s)
	if s.Close() != nil || !ended {
		panic("the stream was not closed")
	}
	return found.String(), string(data), err
}

const own = "event: endpoint\ndata: /own\n\n"

func TestStream(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ stream, endpoint, rest string }{
		"usual":            {"event: endpoint\ndata: /m?s=1\n\ndata: 1\n\n", "http://notes:3000/m?s=1", "data: 1\n\n"},
		"relative":         {"event: endpoint\ndata: m\n\n", "http://notes:3000/a/m", ""},
		"CRLF":             {"event: endpoint\r\ndata: /m\r\n\r\ndata: 1\r\n\r\n", "http://notes:3000/m", "data: 1\r\n\r\n"},
		"other order":      {"id: 1\ndata:/m\nretry: 5\nevent:endpoint\n\n", "http://notes:3000/m", ""},
		"after comments":   {"\ufeff: hello\n\n\n:\nevent: endpoint\ndata: /m\n\n", "http://notes:3000/m", ""},
		"absolute":         {"event: endpoint\ndata: http://NOTES:3000/m#f\n\n", "http://NOTES:3000/m", ""},
		"speaks of events": {"event: endpoint\ndata: /m\n\ndata: event: endpoint\nevent: endpoints\nx: \n\n", "http://notes:3000/m", "data: event: endpoint\nevent: endpoints\nx: \n\n"},
	} {
		for _, r := range []io.Reader{strings.NewReader(tc.stream), iotest.OneByteReader(strings.NewReader(tc.stream)), iotest.DataErrReader(strings.NewReader(tc.stream))} {
			if endpoint, text, err := read(r); endpoint != tc.endpoint || text != own+tc.rest || err != nil {
				t.Errorf("%s: %s, %q, %v", name, endpoint, text, err)
			}
		}
	}
}

// FuzzStream holds that no client sees an event endpoint but the gateway's own, however
// the stream is cut into parts.
func FuzzStream(f *testing.F) {
	f.Add([]byte("data: 1\n\nevent: endpoint\ndata: /evil\n\n"))
	f.Add([]byte("event:endpoint\r\rdata: x"))
	f.Add([]byte("\ufeffevent: endpoint\n"))
	f.Add([]byte("event: endpoint x\nevent : endpoint\n"))
	f.Fuzz(func(t *testing.T, rest []byte) {
		const first = "event: endpoint\ndata: /m\n\n"
		_, whole, errWhole := read(strings.NewReader(first + string(rest)))
		_, cut, errCut := read(iotest.OneByteReader(strings.NewReader(first + string(rest))))
		if (errWhole == nil) != (errCut == nil) || errWhole == nil && whole != cut {
			t.Fatalf("%q, %v and %q, %v", whole, errWhole, cut, errCut)
		}
		for _, text := range []string{whole, cut} {
			passed := strings.TrimPrefix(text, own)
			last := strings.LastIndexAny(passed, "\r\n") + 1
			for _, line := range bytes.FieldsFunc([]byte(passed[:last]), func(r rune) bool { return r == '\r' || r == '\n' }) {
				field, value, _ := strings.Cut(strings.TrimPrefix(string(line), "\ufeff"), ":")
				if field == "event" && strings.TrimPrefix(value, " ") == "endpoint" {
					t.Errorf("%q has passed", passed)
				}
			}
		}
	})
}
