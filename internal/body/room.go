package body

import "net/http"

// New returns the body of r, not read yet. A body of usual size gets its room in
// the same piece of memory as the buffer, which saves a warm request one
// allocation; three sizes of room keep little of it unused.
func New(w http.ResponseWriter, r *http.Request) *Buffer {
	var b *Buffer
	switch length := r.ContentLength; {
	case 0 < length && length <= 200:
		roomy := &struct {
			Buffer
			room [200]byte
		}{}
		b, roomy.data = &roomy.Buffer, roomy.room[:0]
	case 0 < length && length <= 456:
		roomy := &struct {
			Buffer
			room [456]byte
		}{}
		b, roomy.data = &roomy.Buffer, roomy.room[:0]
	case length < 0 || length > maxEager:
		roomy := &struct {
			Buffer
			room [maxEager]byte
		}{}
		b, roomy.data = &roomy.Buffer, roomy.room[:0]
	default:
		b = &Buffer{}
	}
	b.w, b.r = w, r
	return b
}
