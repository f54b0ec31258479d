package fetch

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mcp-auth/go/network"
)

func zipped(data []byte) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	z.Write(data)
	z.Close()
	return b.Bytes()
}

// Covers RS21.
func TestBodyLimit(t *testing.T) {
	t.Parallel()
	const limit = 10_000
	incompressible := bytes.NewBuffer(nil)
	for i := range limit {
		fmt.Fprintf(incompressible, "%x", uint64(i)*2654435761)
	}
	tests := []struct {
		name, coding string
		body         []byte
		chunked      bool
		want         Kind
		wantBody     []byte
	}{
		{name: "empty", wantBody: []byte{}},
		{name: "at the limit", body: make([]byte, limit), wantBody: make([]byte, limit)},
		{name: "at the limit, chunked", body: make([]byte, limit), chunked: true, wantBody: make([]byte, limit)},
		{name: "over it", body: make([]byte, limit+1), want: TooLarge},
		{name: "over it, chunked", body: make([]byte, limit+1), chunked: true, want: TooLarge},
		{name: "far over it", body: make([]byte, 1<<20), chunked: true, want: TooLarge},
		{name: "identity", coding: "identity", body: []byte("{}"), wantBody: []byte("{}")},
		{name: "gzip", coding: "gzip", body: zipped([]byte("{}")), wantBody: []byte("{}")},
		{name: "x-gzip", coding: "X-GZip", body: zipped([]byte("{}")), wantBody: []byte("{}")},
		{name: "gzip without a body", coding: "gzip", wantBody: []byte{}},
		{name: "gzip at the limit", coding: "gzip", body: zipped(make([]byte, limit)), wantBody: make([]byte, limit)},
		{name: "gzip over it", coding: "gzip", body: zipped(make([]byte, limit+1)), want: TooLarge},
		{name: "gzip bomb", coding: "gzip", body: zipped(make([]byte, 500_000)), want: TooLarge},
		{name: "bomb of members", coding: "gzip", body: bytes.Repeat(zipped(make([]byte, 1000)), 20), want: TooLarge},
		{name: "members with nothing in them", coding: "gzip", body: bytes.Repeat(zipped(nil), 1000), want: TooLarge},
		{name: "compressed over it", coding: "gzip", body: zipped(incompressible.Bytes()), want: TooLarge},
		{name: "gzip cut off", coding: "gzip", body: zipped([]byte("hello"))[:12], want: Network},
		{name: "no gzip", coding: "gzip", body: []byte("plain " + secret), want: Malformed},
		{name: "gzip with garbage", coding: "gzip", body: append(zipped(nil), strings.Repeat(secret, 9)...), want: Malformed},
		{name: "other coding", coding: "br", body: []byte(secret), want: Malformed},
		{name: "coding twice", coding: "gzip, gzip", body: zipped(zipped(nil)), want: Malformed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t, false, func(w http.ResponseWriter, _ *http.Request) {
				if tt.coding != "" {
					w.Header().Set("Content-Encoding", tt.coding)
				}
				if !tt.chunked {
					w.Header().Set("Content-Length", fmt.Sprint(len(tt.body)))
				}
				w.Write(tt.body)
			})
			resp, err := newClient(t, Policy{MaxBody: limit}, nil).Do(t.Context(), Request{URL: s.URL, AllowLoopback: true})
			if tt.want != "" {
				wantKind(t, err, tt.want)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(resp.Body, tt.wantBody) {
				t.Errorf("body has %d bytes, want %d", len(resp.Body), len(tt.wantBody))
			}
		})
	}
}

// A body without end ends the fetch at the limit. Covers RS21.
func TestEndlessBody(t *testing.T) {
	t.Parallel()
	s := newServer(t, false, func(w http.ResponseWriter, _ *http.Request) {
		for chunk := make([]byte, 4096); ; {
			if _, err := w.Write(chunk); err != nil {
				return
			}
		}
	})
	_, err := newClient(t, Policy{}, nil).Do(t.Context(), Request{URL: s.URL, AllowLoopback: true})
	wantKind(t, err, TooLarge)
}

// raw serves each connection with what answer writes, over pipes inside a
// synctest bubble, so that time is fake.
func raw(c *Client, answer func(net.Conn)) {
	dial := func(context.Context, string, string) (net.Conn, error) {
		client, server := net.Pipe()
		go func() {
			defer server.Close()
			answer(server)
		}()
		return client, nil
	}
	c.public.DialContext, c.public.DialTLSContext = dial, c.tlsDialer(dial)
	c.loopback.DialContext, c.loopback.DialTLSContext = dial, c.tlsDialer(dial)
}

// redirectedDial connects to addr for as.example.com, and as ever for others.
func redirectedDial(c *Client, addr string) dialFunc {
	checked := newGuard(c.policy.AllowedNetworks).dialer(c)
	return func(ctx context.Context, network, target string) (net.Conn, error) {
		if host, _, _ := net.SplitHostPort(target); host == "as.example.com" {
			return new(net.Dialer).DialContext(ctx, network, addr)
		}
		return checked(ctx, network, target)
	}
}

func readRequest(conn net.Conn) *bufio.Reader {
	r := bufio.NewReader(conn)
	if req, err := http.ReadRequest(r); err == nil {
		io.Copy(io.Discard, req.Body)
	}
	return r
}

// Covers RS21.
func TestTimeLimit(t *testing.T) {
	t.Parallel()
	const limit = 7 * time.Second
	trickle := func(conn net.Conn, text string, every time.Duration) {
		for {
			time.Sleep(every)
			if _, err := io.WriteString(conn, text); err != nil {
				return
			}
		}
	}
	tests := []struct {
		name, url string
		method    string
		answer    func(net.Conn)
	}{
		{"request is not read", "http://localhost/", "POST", func(conn net.Conn) { conn.Read(make([]byte, 1)); time.Sleep(time.Hour) }},
		{"nothing comes", "http://localhost/", "GET", func(conn net.Conn) { readRequest(conn); time.Sleep(time.Hour) }},
		{"header trickles", "http://localhost/", "GET", func(conn net.Conn) {
			readRequest(conn)
			io.WriteString(conn, "HTTP/1.1 200 OK\r\nX: ")
			trickle(conn, "x", time.Second)
		}},
		{"header lines trickle", "http://localhost/", "GET", func(conn net.Conn) {
			readRequest(conn)
			io.WriteString(conn, "HTTP/1.1 200 OK\r\n")
			trickle(conn, "X: y\r\n", time.Second)
		}},
		{"interim answers without end", "http://localhost/", "GET", func(conn net.Conn) {
			readRequest(conn)
			trickle(conn, "HTTP/1.1 103 Early Hints\r\n\r\n", time.Second)
		}},
		{"body trickles", "http://localhost/", "GET", func(conn net.Conn) {
			readRequest(conn)
			io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
			trickle(conn, "x", time.Second)
		}},
		{"chunks trickle", "http://localhost/", "GET", func(conn net.Conn) {
			readRequest(conn)
			io.WriteString(conn, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
			trickle(conn, "1\r\nx\r\n", time.Second)
		}},
		{"gzip trickles", "http://localhost/", "GET", func(conn net.Conn) {
			readRequest(conn)
			io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n")
			trickle(conn, string(zipped(nil)), time.Second)
		}},
		{"body stops", "http://localhost/", "GET", func(conn net.Conn) {
			readRequest(conn)
			io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nx")
			time.Sleep(time.Hour)
		}},
		{"no end of redirects", "http://localhost/", "GET", func(conn net.Conn) {
			readRequest(conn)
			time.Sleep(3 * time.Second)
			io.WriteString(conn, "HTTP/1.1 302 Found\r\nLocation: /x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
		}},
		{"handshake", "https://as.example.com/", "GET", func(conn net.Conn) { io.Copy(io.Discard, conn) }},
		{"handshake is not read", "https://as.example.com/", "GET", func(net.Conn) { time.Sleep(time.Hour) }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				defer time.Sleep(2 * time.Hour) // of fake time: lets the server wake up and end
				c := newClient(t, Policy{Settings: network.Settings{Timeout: limit}}, nil)
				raw(c, tt.answer)
				r := Request{Method: tt.method, URL: tt.url + "?" + secret, AllowLoopback: true}
				if tt.method == http.MethodPost {
					r.Body = bytes.Repeat([]byte("x"), 1<<16)
				}
				start := time.Now()
				_, err := c.Do(t.Context(), r)
				wantKind(t, err, Timeout)
				if !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("%v is not context.DeadlineExceeded", err)
				}
				if d := time.Since(start); d != limit {
					t.Errorf("it took %s, want %s", d, limit)
				}
			})
		})
	}
}

func TestDefaultTimeLimitAndCallersDeadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newClient(t, Policy{}, nil)
		raw(c, func(conn net.Conn) { readRequest(conn); io.Copy(io.Discard, conn) })
		start := time.Now()
		_, err := c.Do(t.Context(), Request{URL: "http://localhost/", AllowLoopback: true})
		wantKind(t, err, Timeout)
		if d := time.Since(start); d != 10*time.Second {
			t.Errorf("it took %s, want 10s", d)
		}
		start = time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err = c.Do(ctx, Request{URL: "http://localhost/", AllowLoopback: true})
		wantKind(t, err, Timeout)
		if d := time.Since(start); d != time.Second {
			t.Errorf("it took %s, want 1s", d)
		}
	})
}

// What cannot be understood is not quoted: a server may send back what it got.
// Covers RS21.
func TestMalformedAnswers(t *testing.T) {
	t.Parallel()
	write := func(text string) func(net.Conn) {
		return func(conn net.Conn) { readRequest(conn); io.WriteString(conn, text) }
	}
	const ok = "HTTP/1.1 200 OK\r\n"
	tests := []struct {
		name   string
		answer func(net.Conn)
		want   Kind
	}{
		{"echo", func(conn net.Conn) {
			line, _ := bufio.NewReader(conn).ReadString('\n')
			io.WriteString(conn, line)
		}, Malformed},
		{"no HTTP", write(secret + "\r\n\r\n"), Malformed},
		{"status", write("HTTP/1.1 " + secret + "\r\n\r\n"), Malformed},
		{"version", write("HTTP/" + secret + " 200 OK\r\n\r\n"), Malformed},
		{"header", write(ok + secret + "\r\n\r\n"), Malformed},
		{"header name", write(ok + ": " + secret + "\r\n\r\n"), Malformed},
		{"length", write(ok + "Content-Length: " + secret + "\r\n\r\n"), Malformed},
		{"lengths", write(ok + "Content-Length: 1\r\nContent-Length: 2\r\n\r\nx"), Malformed},
		{"transfer coding", write(ok + "Transfer-Encoding: " + secret + "\r\n\r\n"), Malformed},
		{"chunk", write(ok + "Transfer-Encoding: chunked\r\n\r\n" + secret + "\r\n"), Malformed},
		{"switching protocols", write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: " + secret + "\r\n\r\n"), Malformed},
		{"header too large", write(ok + "X: " + strings.Repeat("x", maxResponseHeader+5000) + "\r\n\r\n"), TooLarge},
		{"headers too large", write(ok + strings.Repeat("X: "+strings.Repeat("x", 1000)+"\r\n", 80) + "\r\n\r\n"), TooLarge},
		{"interim answers too large", write(strings.Repeat("HTTP/1.1 103 Early Hints\r\nX: "+strings.Repeat("x", 30000)+"\r\n\r\n", 10)), TooLarge},
		{"nothing", func(conn net.Conn) { readRequest(conn) }, Network},
		{"closed in the header", write(ok + "X: " + secret), Network},
		{"closed in the body", write(ok + "Content-Length: 100\r\n\r\n" + secret), Network},
		{"closed in a chunk", write(ok + "Transfer-Encoding: chunked\r\n\r\n64\r\n" + secret), Network},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c := newClient(t, Policy{}, nil)
				raw(c, tt.answer)
				_, err := c.Do(t.Context(), Request{
					URL: "http://localhost/path?" + secret, Header: http.Header{"Authorization": {secret}}, AllowLoopback: true,
				})
				if e := wantKind(t, err, tt.want); e.URL != "http://localhost/path" {
					t.Errorf("URL is %q", e.URL)
				}
			})
		})
	}
}

// However a connection is closed without an answer, it is the network.
func TestClosedWithoutAnswer(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			conn.Close()
		}
	}()
	c := newClient(t, Policy{}, nil)
	for i := range 50 {
		r := Request{URL: "http://" + l.Addr().String() + "/?" + secret, AllowLoopback: true}
		if i%2 == 0 {
			r.Method, r.Body = http.MethodPost, []byte(secret)
		}
		_, err := c.Do(t.Context(), r)
		wantKind(t, err, Network)
	}
}

// An answer as large as is allowed gets through.
func TestLargeHeaderAccepted(t *testing.T) {
	t.Parallel()
	s := newServer(t, false, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X", strings.Repeat("x", maxResponseHeader-2000))
	})
	if _, err := newClient(t, Policy{}, nil).Do(t.Context(), Request{URL: s.URL, AllowLoopback: true}); err != nil {
		t.Error(err)
	}
}
