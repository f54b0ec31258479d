package fetch

import (
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// readBody reads the body, decompressed. Both sides of the decompression have
// the limit: what comes out, because of bombs, and what goes in, because a
// stream of empty gzip members never puts anything out.
func (c *Client) readBody(resp *http.Response) ([]byte, error) {
	body, err := c.decoded(resp)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(body)
}

func (c *Client) decoded(resp *http.Response) (io.Reader, error) {
	limit := c.policy.MaxBody
	raw := &limitedReader{r: resp.Body, left: limit, limit: limit}
	switch coding := strings.ToLower(strings.Join(resp.Header.Values("Content-Encoding"), ",")); coding {
	case "", "identity":
		return raw, nil
	case "gzip", "x-gzip":
		resp.Header.Del("Content-Encoding")
		resp.Header.Del("Content-Length")
		return gunzip(raw, limit)
	default:
		return nil, errUnknownCoding
	}
}

func gunzip(raw io.Reader, limit int64) (io.Reader, error) {
	z, err := gzip.NewReader(raw)
	if errors.Is(err, io.EOF) { // no body at all: a HEAD, a 204
		return http.NoBody, nil
	}
	if err != nil {
		return nil, err
	}
	return &limitedReader{r: z, left: limit, limit: limit}, nil
}

var errUnknownCoding = errors.New("the answer has a Content-Encoding that was not asked for")

// tooLargeError is what reading over a limit fails with.
type tooLargeError struct {
	what  string
	limit int64
}

func (e *tooLargeError) Error() string {
	return fmt.Sprintf("the %s has more than %d bytes", e.what, e.limit)
}

// limitedReader fails with a [*tooLargeError] where io.LimitedReader would
// pretend that the input ends.
type limitedReader struct {
	r           io.Reader
	left, limit int64
}

func (l *limitedReader) Read(p []byte) (int, error) {
	if int64(len(p)) > l.left+1 {
		p = p[:l.left+1]
	}
	n, err := l.r.Read(p)
	if l.left -= int64(n); l.left < 0 {
		return 0, &tooLargeError{"body", l.limit}
	}
	return n, err
}
