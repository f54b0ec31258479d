package response

import "io"

// Watch returns the body for a handler that reads it itself. It notes whether the
// body holds several messages.
func (w *Writer) Watch(body io.ReadCloser) io.ReadCloser {
	w.body = body
	return (*watchedBody)(w)
}

// watchedBody is a Writer as the body of its request, in one piece of memory.
type watchedBody Writer

// Read looks at the first byte that is not white space.
func (b *watchedBody) Read(p []byte) (int, error) {
	n, err := b.body.Read(p)
	for _, c := range p[:n] {
		if b.bodyBegan {
			break
		}
		switch c {
		case ' ', '\t', '\r', '\n':
		default:
			b.bodyBegan = true
			b.batch.Store(c == '[')
		}
	}
	return n, err
}

// Close closes the body.
func (b *watchedBody) Close() error { return b.body.Close() }
