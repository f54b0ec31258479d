// Package body reads the body of a request for a decision, and hands the handler
// exactly the bytes that were decided on.
package body

import (
	"io"
	"net/http"
	"slices"
)

// maxEager is how many bytes of memory a caller gets by announcing a body. For more
// it must send something.
const maxEager = 4 << 10

// growth is how many times as much memory there is for what is still to come.
const growth = 4

// Buffer is a request's body, read once. It does not lead to the request's
// context, which sessions may keep.
type Buffer struct {
	w    http.ResponseWriter
	r    *http.Request
	data []byte // the body; before it is read, room for it
	at   int    // how much of it the handler has read
}

// Bytes reads the body. One of more than most bytes is an
// [*http.MaxBytesError].
func (b *Buffer) Bytes(most int64) (_ []byte, err error) {
	switch length := b.r.ContentLength; {
	case b.r.Body == nil:
	case length < 0 || length > most:
		err = b.grow(http.MaxBytesReader(b.w, b.r.Body, most), most+1)
	case length > maxEager:
		err = b.grow(b.r.Body, length)
	default:
		b.data = slices.Grow(b.data, int(length))[:length] // net/http ends the body there
		_, err = io.ReadFull(b.r.Body, b.data)
	}
	return b.data, err
}

// grow reads length bytes, or fewer if that is all. The memory grows with what
// arrives.
func (b *Buffer) grow(from io.Reader, length int64) error {
	for int64(len(b.data)) < length {
		if len(b.data) == cap(b.data) {
			room := min(length, max(maxEager, growth*int64(len(b.data))))
			b.data = append(make([]byte, 0, room), b.data...)
		}
		n, err := from.Read(b.data[len(b.data):cap(b.data)])
		b.data = b.data[:len(b.data)+n]
		switch {
		case err == io.EOF && b.r.ContentLength > int64(len(b.data)):
			return io.ErrUnexpectedEOF
		case err == io.EOF:
			return nil
		case err != nil:
			return err
		}
	}
	return nil
}

// Len returns how many bytes were read for the decision.
func (b *Buffer) Len() int64 { return int64(len(b.data)) }

// Data returns what was read for the decision, which is not to be written to.
func (b *Buffer) Data() []byte { return b.data }

// Read is for the handler.
func (b *Buffer) Read(p []byte) (int, error) {
	if b.at == len(b.data) {
		return 0, io.EOF
	}
	n := copy(p, b.data[b.at:])
	b.at += n
	return n, nil
}

// WriteTo serves [io.Copy].
func (b *Buffer) WriteTo(w io.Writer) (int64, error) {
	n, err := w.Write(b.data[b.at:])
	b.at += n
	return int64(n), err
}

// Close has nothing to close.
func (*Buffer) Close() error { return nil }
