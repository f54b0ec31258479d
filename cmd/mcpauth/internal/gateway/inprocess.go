package gateway

import (
	"bytes"
	"io"
	"net/http"
)

// inProcess is an [http.RoundTripper] that has a handler answer, for probes of
// upstreams without a URL.
type inProcess struct{ handler http.Handler }

// RoundTrip returns the whole answer.
func (p inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body == nil {
		r.Body = http.NoBody
	}
	w := &buffered{header: http.Header{}, status: http.StatusOK}
	p.handler.ServeHTTP(w, r)
	return &http.Response{
		StatusCode: w.status, Header: w.header, Request: r, Body: io.NopCloser(&w.body),
		ProtoMajor: 1, ProtoMinor: 1, ContentLength: int64(w.body.Len()),
	}, nil
}

// buffered keeps a response.
type buffered struct {
	header http.Header
	status int
	begun  bool
	body   bytes.Buffer
}

func (b *buffered) Header() http.Header { return b.header }

func (b *buffered) WriteHeader(status int) {
	if !b.begun && status >= http.StatusOK {
		b.status, b.begun = status, true
	}
}

func (b *buffered) Write(p []byte) (int, error) {
	b.WriteHeader(http.StatusOK)
	return b.body.Write(p)
}

// Flush has nothing to do.
func (b *buffered) Flush() {}
