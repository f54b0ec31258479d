package gateway

import (
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mcp-auth/go/mcpauthtest"
)

// oneConn is a listener with one connection.
type oneConn struct {
	net.Listener
	conns chan net.Conn
}

func (l *oneConn) Accept() (net.Conn, error) {
	conn, ok := <-l.conns
	if !ok {
		return nil, net.ErrClosed
	}
	return conn, nil
}

func (l *oneConn) Close() error {
	close(l.conns)
	return nil
}

// A client has ten seconds for its header, and a connection without requests two
// minutes.
//
// Covers GW11.
func TestLimitsOfConnections(t *testing.T) {
	t.Parallel()
	for request, want := range map[string]time.Duration{
		"POST /mcp HTTP/1.1\r\nHost: ":                    10 * time.Second,
		"GET / HTTP/1.1\r\nHost: mcp.example.com\r\n\r\n": 2 * time.Minute,
	} {
		synctest.Test(t, func(t *testing.T) {
			near, far := net.Pipe()
			defer near.Close()
			listener := &oneConn{conns: make(chan net.Conn, 1)}
			listener.conns <- far
			server := newServer(http.NotFoundHandler(), slog.New(slog.DiscardHandler))
			defer server.Close()
			go func() { _ = server.Serve(listener) }()
			began := time.Now()
			if _, err := io.WriteString(near, request); err != nil {
				t.Fatal(err)
			}
			if _, err := io.Copy(io.Discard, near); err != nil {
				t.Fatal(err)
			}
			if took := time.Since(began); took != want {
				t.Errorf("the connection ended after %v, want %v", took, want)
			}
		})
	}
}

// HTTP/2 without TLS is spoken only if the file says so.
//
// Covers GW10.
func TestH2C(t *testing.T) {
	t.Parallel()
	as := mcpauthtest.Start(t, mcpauthtest.Config{})
	for line, speaks := range map[string]bool{"h2c: true": true, "h2c: false": false} {
		r := start(t, as, config(as.Issuer(), named(t, "one"), line))
		transport := &http.Transport{Protocols: &http.Protocols{}}
		transport.Protocols.SetUnencryptedHTTP2(true)
		defer transport.CloseIdleConnections()
		request, err := http.NewRequest(http.MethodPost, "http://"+r.facts.Listen+"/mcp", strings.NewReader(ping))
		if err != nil {
			t.Fatal(err)
		}
		request.Host = "localhost:4711"
		response, err := transport.RoundTrip(request)
		if err == nil {
			response.Body.Close()
		}
		if answered := err == nil && response.StatusCode == http.StatusUnauthorized && response.ProtoMajor == 2; answered != speaks {
			t.Errorf("%s: %v, %v", line, response, err)
		}
	}
}
