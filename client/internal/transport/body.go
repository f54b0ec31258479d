package transport

import (
	"bytes"
	"errors"
	"io"
	"net/http"
)

// maxReplay is how large a request body may be to be sent again after a
// challenge. A larger one is sent once.
const maxReplay = 8 << 20

// body is the body of a request, to be sent several times.
type body struct {
	original io.ReadCloser
	open     func() (io.ReadCloser, error) // nil: once only
}

// bodyOf makes the body of a request replayable, if need be by keeping it in
// memory.
func bodyOf(r *http.Request) (*body, error) {
	switch {
	case r.Body == nil || r.Body == http.NoBody:
		return &body{open: func() (io.ReadCloser, error) { return r.Body, nil }}, nil
	case r.GetBody != nil:
		return &body{original: r.Body, open: r.GetBody}, nil
	}
	head, err := io.ReadAll(io.LimitReader(r.Body, maxReplay+1))
	if err != nil {
		return nil, errors.Join(err, r.Body.Close())
	}
	if len(head) > maxReplay {
		return &body{original: struct {
			io.Reader
			io.Closer
		}{io.MultiReader(bytes.NewReader(head), r.Body), r.Body}}, nil
	}
	return &body{original: r.Body, open: func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(head)), nil
	}}, nil
}

// replayable reports whether the body can be sent once more.
func (b *body) replayable() bool { return b.open != nil }

// attach gives a request its body. The caller's own body is closed as soon as it
// is not needed, as [http.RoundTripper] demands.
func (b *body) attach(r *http.Request) (err error) {
	if b.open == nil {
		r.Body, b.original = b.original, nil
		return nil
	}
	if r.Body, err = b.open(); err != nil {
		return err
	}
	return b.close()
}

func (b *body) close() error {
	if b.original == nil {
		return nil
	}
	err := b.original.Close()
	b.original = nil
	return err
}
