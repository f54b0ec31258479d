package body

import "io"

// Watcher is a body that the handler reads itself. It notes whether the body
// holds several messages.
type Watcher struct {
	Body  io.ReadCloser
	Seen  Observer
	began bool
}

// Observer is told of what a handler reads.
type Observer interface {
	// SawBatch says whether the body is a JSON array.
	SawBatch(batch bool)
}

// Read looks at the first byte that is not white space.
func (b *Watcher) Read(p []byte) (int, error) {
	n, err := b.Body.Read(p)
	for _, c := range p[:n] {
		if b.began {
			break
		}
		switch c {
		case ' ', '\t', '\r', '\n':
		default:
			b.began = true
			b.Seen.SawBatch(c == '[')
		}
	}
	return n, err
}

// Close closes the body.
func (b *Watcher) Close() error { return b.Body.Close() }
