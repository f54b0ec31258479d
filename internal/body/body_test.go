package body_test

import (
	"bytes"
	"io"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/mcp-auth/go/internal/body"
)

// What was read is what the handler reads, whatever the length and however it comes.
func TestBytes(t *testing.T) {
	t.Parallel()
	for _, size := range []int{0, 1, 200, 201, 456, 457, 4 << 10, 4<<10 + 1, 64 << 10, 100 << 10} {
		sent := bytes.Repeat([]byte("x"), size)
		for _, length := range []int64{int64(size), -1} {
			r := httptest.NewRequest("POST", "/", iotest.OneByteReader(bytes.NewReader(sent)))
			r.ContentLength = length
			b := body.New(httptest.NewRecorder(), r)
			read, err := b.Bytes(1 << 20)
			if err != nil || !bytes.Equal(read, sent) || b.Len() != int64(size) {
				t.Errorf("%d of %d bytes: %d, %v", length, size, len(read), err)
			}
			if again, err := io.ReadAll(b); err != nil || !bytes.Equal(again, sent) {
				t.Errorf("%d of %d bytes: the handler reads %d, %v", length, size, len(again), err)
			}
		}
	}
	r := httptest.NewRequest("POST", "/", strings.NewReader("too long"))
	if _, err := body.New(httptest.NewRecorder(), r).Bytes(3); err == nil {
		t.Error("a body over the bound is read")
	}
}

// Covers RS25: who announces a body and sends nothing gets little memory for it.
func TestBytesGrowWithWhatArrives(t *testing.T) {
	const callers = 200
	before, after := new(runtime.MemStats), new(runtime.MemStats)
	runtime.ReadMemStats(before)
	for range callers {
		r := httptest.NewRequest("POST", "/", strings.NewReader("{"))
		r.ContentLength = 60 << 10
		if _, err := body.New(httptest.NewRecorder(), r).Bytes(4 << 20); err != nil && err != io.ErrUnexpectedEOF {
			t.Fatal(err)
		}
	}
	runtime.ReadMemStats(after)
	if each := (after.TotalAlloc - before.TotalAlloc) / callers; each > 16<<10 {
		t.Errorf("%d bytes for each", each)
	}
}
