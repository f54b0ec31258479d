package body_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"
	"weak"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/internal/authtest"
	"github.com/mcp-auth/go/policy"
)

// The decision is made on exactly the bytes that the handler reads.
//
// Covers RS15.
func TestHandlerReadsTheSameBytes(t *testing.T) {
	t.Parallel()
	const body = " " + `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"t","arguments":{"a":[1, 2.50,"\u00e9"]}}}` + "\n"
	g := authtest.Guard(t, func(r *mcpauth.Resource) {
		r.Policy = &policy.Policy{Default: policy.Authenticated()}
	}, func(w http.ResponseWriter, r *http.Request) {
		got, err := io.ReadAll(r.Body)
		if err != nil || string(got) != body || r.ContentLength != int64(len(body)) || len(r.TransferEncoding) > 0 {
			t.Errorf("%q, length %d, %v, %v", got, r.ContentLength, r.TransferEncoding, err)
		}
	})
	server := httptest.NewServer(g.Handler)
	defer server.Close()
	for name, reader := range map[string]io.Reader{"length": strings.NewReader(body), "chunked": io.MultiReader(strings.NewReader(body))} {
		resp := g.PostOver(t, server.URL, reader)
		if resp.Body.Close(); resp.StatusCode != http.StatusOK {
			t.Errorf("%s: %d", name, resp.StatusCode)
		}
	}
}

// Covers RS15.
func TestBodyLimit(t *testing.T) {
	t.Parallel()
	g := authtest.Guard(t, func(r *mcpauth.Resource) {
		r.Policy = &policy.Policy{Default: policy.Authenticated(), MaxBody: int64(len(authtest.CallTool))}
	}, func(http.ResponseWriter, *http.Request) {})
	server := httptest.NewServer(g.Handler)
	defer server.Close()
	for name, test := range map[string]struct {
		reader io.Reader
		want   int
	}{
		"at the limit":            {strings.NewReader(authtest.CallTool), http.StatusOK},
		"at the limit, chunked":   {io.MultiReader(strings.NewReader(authtest.CallTool)), http.StatusOK},
		"over the limit":          {strings.NewReader(authtest.CallTool + " "), http.StatusRequestEntityTooLarge},
		"over the limit, chunked": {io.MultiReader(strings.NewReader(authtest.CallTool + " ")), http.StatusRequestEntityTooLarge},
	} {
		resp := g.PostOver(t, server.URL, test.reader)
		if resp.Body.Close(); resp.StatusCode != test.want {
			t.Errorf("%s: %d", name, resp.StatusCode)
		}
	}
}

// writerFunc is called with what is written.
type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

// A session of an MCP SDK may keep the context of the request that opened it. It
// must not keep the body.
func TestContextKeepsNoBody(t *testing.T) {
	t.Parallel()
	var kept context.Context
	var body weak.Pointer[byte]
	policy := func(r *mcpauth.Resource) { r.Policy = &policy.Policy{Default: policy.Authenticated()} }
	g := authtest.Guard(t, policy, func(_ http.ResponseWriter, r *http.Request) {
		kept = r.Context()
		_, _ = r.Body.(io.WriterTo).WriteTo(writerFunc(func(p []byte) (int, error) {
			body = weak.Make(&p[0])
			return len(p), nil
		}))
	})
	g.Post(authtest.CallTool)
	for i := 0; i < 10 && body.Value() != nil; i++ {
		runtime.GC()
	}
	if body.Value() != nil {
		t.Error("the context keeps the body")
	}
	runtime.KeepAlive(kept)
}

// idleBody is announced and never comes.
type idleBody struct{ asked int }

func (b *idleBody) Read(p []byte) (int, error) {
	b.asked = max(b.asked, len(p))
	return 0, io.ErrUnexpectedEOF
}

// A caller who announces a large body gets no memory for it before it comes.
func TestAnnouncedBody(t *testing.T) {
	t.Parallel()
	policy := func(r *mcpauth.Resource) { r.Policy = &policy.Policy{} }
	g := authtest.Guard(t, policy, func(http.ResponseWriter, *http.Request) { t.Error("the handler was reached") })
	body := &idleBody{}
	r := httptest.NewRequest(http.MethodPost, "/mcp", body)
	r.ContentLength = 4 << 20
	r.Header.Set("Authorization", "Bearer "+g.Token)
	w := httptest.NewRecorder()
	g.Handler.ServeHTTP(w, r)
	if w.Code != http.StatusBadRequest || body.asked > 64<<10 {
		t.Errorf("%d, with %d bytes of memory", w.Code, body.asked)
	}
}

// The body lies in memory of different kinds, by its length.
func TestHandlerReadsBodiesOfAllLengths(t *testing.T) {
	t.Parallel()
	policy := func(r *mcpauth.Resource) { r.Policy = &policy.Policy{Default: policy.Authenticated()} }
	for _, read := range []func(io.Reader) ([]byte, error){
		io.ReadAll,
		func(r io.Reader) ([]byte, error) { return io.ReadAll(iotest.OneByteReader(r)) },
		func(r io.Reader) ([]byte, error) {
			var b bytes.Buffer
			_, err := io.Copy(&b, r)
			return b.Bytes(), err
		},
	} {
		var got []byte
		g := authtest.Guard(t, policy, func(_ http.ResponseWriter, r *http.Request) {
			var err error
			if got, err = read(r.Body); err != nil {
				t.Error(err)
			}
			if n, err := r.Body.Read(make([]byte, 1)); n != 0 || err != io.EOF {
				t.Errorf("behind the end: %d, %v", n, err)
			}
		})
		for _, length := range []int{199, 200, 201, 455, 456, 457, 64 << 10, 64<<10 + 1} {
			body := authtest.CallTool + strings.Repeat(" ", length-len(authtest.CallTool))
			if g.Post(body); string(got) != body {
				t.Errorf("of %d bytes the handler has read %d", length, len(got))
			}
		}
	}
}
