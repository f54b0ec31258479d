package body

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
)

// newPlain is the plain reference of New: a buffer without room.
func newPlain(w http.ResponseWriter, r *http.Request) *Buffer { return &Buffer{w: w, r: r} }

// FuzzRoom compares buffers with and without room, for bodies of any size, and
// for announced lengths that are wrong.
func FuzzRoom(f *testing.F) {
	for _, size := range []int{0, 1, 199, 200, 201, 456, 457, 5000} {
		f.Add(bytes.Repeat([]byte("x"), size), int64(size), int64(4096))
	}
	f.Add([]byte("short"), int64(300), int64(4096))
	f.Add([]byte("of unknown length"), int64(-1), int64(4096))
	f.Fuzz(func(t *testing.T, sent []byte, length, most int64) {
		if most < 0 || most > 1<<20 || length > 1<<20 {
			return
		}
		read := func(from func(http.ResponseWriter, *http.Request) *Buffer) (decided, handled []byte, failed bool) {
			r := httptest.NewRequest(http.MethodPost, "/", nil)
			r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(sent)), length
			b := from(httptest.NewRecorder(), r)
			decided, err := b.Bytes(most)
			if err != nil {
				var large *http.MaxBytesError
				_ = errors.As(err, &large)
				return nil, nil, true
			}
			handled, err = io.ReadAll(b)
			if err != nil {
				t.Fatal(err)
			}
			return decided, handled, false
		}
		decided, handled, failed := read(New)
		plain, plainHandled, plainFailed := read(newPlain)
		if failed != plainFailed || !bytes.Equal(decided, plain) || !bytes.Equal(handled, plainHandled) || !bytes.Equal(decided, handled) {
			t.Errorf("with room %q, %q, %v; without %q, %q, %v", decided, handled, failed, plain, plainHandled, plainFailed)
		}
	})
}

func BenchmarkRoom(b *testing.B) {
	sent := bytes.Repeat([]byte("x"), 180)
	run := func(from func(http.ResponseWriter, *http.Request) *Buffer) func(b *testing.B) {
		return func(b *testing.B) {
			b.ReportAllocs()
			reader := bytes.NewReader(sent)
			r := &http.Request{Body: io.NopCloser(reader), ContentLength: int64(len(sent))}
			for b.Loop() {
				reader.Reset(sent)
				if _, err := from(nil, r).Bytes(4096); err != nil {
					b.Fatal(err)
				}
			}
		}
	}
	b.Run("with room", run(New))
	b.Run("plain", run(newPlain))
}
