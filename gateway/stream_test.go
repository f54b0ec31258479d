package gateway_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/gateway"
	"github.com/mcp-auth/go/policy"
)

// event writes an event of a stream and sends it off.
func event(t *testing.T, w http.ResponseWriter, text string) {
	t.Helper()
	if _, err := io.WriteString(w, text); err != nil {
		t.Log(err) // the client has gone away
	}
	_ = http.NewResponseController(w).Flush()
}

// Each event reaches the client before the upstream writes the next, and an upstream
// learns at once that its client went away.
//
// Covers GW15, GW17.
func TestStream(t *testing.T) {
	t.Parallel()
	next, gone := make(chan string), make(chan error, 1)
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		for {
			select {
			case text := <-next:
				event(t, w, text)
			case <-r.Context().Done():
				gone <- r.Context().Err()
				return
			}
		}
	}))
	t.Cleanup(upstream.Close)
	w := newWorld(t, newUpstream(t, gateway.UpstreamConfig{URL: upstream.URL}))
	for _, r := range []*http.Request{w.get(), w.post(ping)} {
		ctx, cancel := context.WithCancel(t.Context())
		started := make(chan *http.Response, 1)
		go func() { started <- w.send(r.WithContext(ctx)) }()
		next <- "data: 0\n\n"
		response := <-started
		if response.Header.Get("X-Accel-Buffering") != "no" || response.StatusCode != http.StatusOK {
			t.Errorf("status %d, %v", response.StatusCode, response.Header)
		}
		lines := bufio.NewReader(response.Body)
		for i := range 3 {
			if line, err := lines.ReadString('\n'); err != nil || line != fmt.Sprintf("data: %d\n", i) {
				t.Fatalf("%q, %v", line, err)
			}
			if _, err := lines.ReadString('\n'); err != nil {
				t.Fatal(err)
			}
			next <- fmt.Sprintf("data: %d\n\n", i+1)
		}
		cancel()
		select {
		case <-gone:
		case <-time.After(patience):
			t.Fatal("the upstream was not told")
		}
		if e := w.event(); e.Err != context.Canceled || !e.Stream || e.Method != r.Method {
			t.Errorf("%+v", e)
		}
	}
}

// pipe is a gateway without tokens, on a connection in memory, for synthetic time.
type pipe struct {
	net.Conn
	gateway *gateway.Gateway
	events  chan gateway.UpstreamEvent
}

// newPipe connects to a gateway.
func newPipe(t *testing.T, upstream http.Handler, keepAlive time.Duration) *pipe {
	t.Helper()
	events := make(chan gateway.UpstreamEvent, 10)
	g, err := gateway.New(gateway.Config{
		Resources: []gateway.Resource{{
			Resource: mcpauth.Resource{
				Identifier: "https://mcp.example.com/mcp", AuthorizationServers: []mcpauth.AuthorizationServer{{Issuer: "https://auth.example.com"}},
				Policy: &policy.Policy{Default: policy.Public(), ShowAll: true, Methods: map[string]policy.Requirement{"initialize": policy.Public(), "ping": policy.Public()}},
			},
			Upstream: upstream,
		}},
		KeepAlive: keepAlive,
		Hooks:     gateway.Hooks{Upstream: func(_ context.Context, e gateway.UpstreamEvent) { events <- e }},
	})
	if err != nil {
		t.Fatal(err)
	}
	near, far := net.Pipe()
	server := &http.Server{Handler: g}
	listener := &oneConn{conns: make(chan net.Conn, 1)}
	listener.conns <- far
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() {
		near.Close()
		server.Close()
		time.Sleep(time.Second) // net/http takes a moment, of synthetic time, to let go of a connection
		if err := g.Close(); err != nil {
			t.Error(err)
		}
	})
	return &pipe{near, g, events}
}

// oneConn accepts what it is given.
type oneConn struct{ conns chan net.Conn }

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
func (l *oneConn) Addr() net.Addr { return &net.TCPAddr{} }

const (
	pipeGet  = "GET /mcp HTTP/1.1\r\nHost: mcp.example.com\r\nAccept: text/event-stream\r\n\r\n"
	pipePost = "POST /mcp HTTP/1.1\r\nHost: mcp.example.com\r\nContent-Type: application/json\r\nContent-Length: 40\r\n\r\n"
)

// send writes a request and returns a reader of the answer.
func (p *pipe) send(t *testing.T, request string) *bufio.Reader {
	t.Helper()
	if _, err := io.WriteString(p, request); err != nil {
		t.Fatal(err)
	}
	return bufio.NewReader(p)
}

// A silent stream gets comments, at once and every 25 seconds, but none in the middle
// of an event.
//
// Covers GW15, GW18.
func TestKeepAlive(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPipe(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/event-stream")
			event(t, w, "data: first\r\n\r\n")
			time.Sleep(60 * time.Second) // silence
			event(t, w, "data: half of")
			time.Sleep(60 * time.Second)
			event(t, w, " an event\n")
			time.Sleep(60 * time.Second)
			event(t, w, "\n")
			time.Sleep(30 * time.Second)
			event(t, w, "data: last\n\n")
		}), 25*time.Second)
		response, err := http.ReadResponse(p.send(t, pipeGet), nil)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		const c = ": keep-alive\n\n"
		if want := c + "data: first\r\n\r\n" + c + c + "data: half of an event\n\n" + c + "data: last\n\n"; string(body) != want {
			t.Errorf("got\n%q\nwant\n%q", body, want)
		}
	})
}

// A response may take hours, as long as there is a byte an hour.
//
// Covers GW18, GW22.
func TestSilentUpstream(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPipe(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			for range 5 {
				time.Sleep(59 * time.Minute)
				event(t, w, "x")
			}
			<-r.Context().Done()
			gateway.Fail(w, r, http.StatusGatewayTimeout, 0, context.Cause(r.Context()))
		}), 0)
		began := time.Now()
		response, err := http.ReadResponse(p.send(t, pipePost+ping), nil)
		if err != nil {
			t.Fatal(err)
		}
		if body, err := io.ReadAll(response.Body); err != nil || string(body) != "xxxxx" {
			t.Errorf("%q, %v", body, err)
		}
		if took := time.Since(began); took != 5*59*time.Minute+time.Hour {
			t.Errorf("it took %v", took)
		}
		if e := <-p.events; e.Err == nil || !strings.Contains(e.Err.Error(), "nothing for an hour") {
			t.Errorf("%+v", e)
		}
	})
}

// A client that reads nothing ends its request after 30 seconds, and one that sends
// half of a body is answered after 30 seconds.
//
// Covers GW11.
func TestStalledClient(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPipe(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/event-stream")
			for r.Context().Err() == nil {
				event(t, w, "data: "+strings.Repeat("x", 10_000)+"\n\n")
			}
		}), 0)
		began := time.Now()
		p.send(t, pipePost+ping)
		if e := <-p.events; e.Err == nil || time.Since(began) != 30*time.Second {
			t.Errorf("%+v after %v", e, time.Since(began))
		}
	})
	synctest.Test(t, func(t *testing.T) {
		p := newPipe(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("half of a body was forwarded") }), 0)
		began := time.Now()
		response, err := http.ReadResponse(p.send(t, pipePost+ping[:20]), nil)
		if err != nil {
			t.Fatal(err)
		}
		if response.StatusCode != http.StatusBadRequest || time.Since(began) != 30*time.Second {
			t.Errorf("status %d after %v", response.StatusCode, time.Since(began))
		}
	})
}

// A stream that waits for messages ends when the gateway drains, whole; a call goes on.
func TestDrain(t *testing.T) {
	t.Parallel()
	for method, request := range map[string]string{"GET": pipeGet, "POST": pipePost + ping} {
		synctest.Test(t, func(t *testing.T) {
			p := newPipe(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", "text/event-stream")
				event(t, w, "data: 1\n\n")
				select {
				case <-r.Context().Done():
					panic(http.ErrAbortHandler) // as ReverseProxy does
				case <-time.After(time.Minute):
					event(t, w, "data: 2\n\n")
				}
			}), 0)
			time.AfterFunc(time.Second, p.gateway.Drain)
			response, err := http.ReadResponse(p.send(t, request), nil)
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(response.Body)
			want := map[string]string{"GET": "data: 1\n\n", "POST": "data: 1\n\ndata: 2\n\n"}[method]
			if string(body) != want || err != nil {
				t.Errorf("%s: %q, %v", method, body, err)
			}
			if e := <-p.events; e.Err != nil {
				t.Errorf("%s: %+v", method, e)
			}
		})
	}
}

// unheard is an upstream that accepts connections and says nothing.
func unheard(t *testing.T, url string) *gateway.Upstream {
	t.Helper()
	upstream, err := gateway.NewUpstream(gateway.UpstreamConfig{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	upstream.DialBy(func(ctx context.Context, _, _ string) (net.Conn, error) {
		near, far := net.Pipe()
		go func() { _, _ = io.Copy(io.Discard, far) }()
		return near, nil
	})
	return upstream
}

// An upstream that does not speak TLS within 5 seconds, or says nothing for an hour, is
// 504.
//
// Covers GW18, GW22.
func TestUpstreamTimeouts(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]time.Duration{"https://notes.internal/mcp": 5 * time.Second, "http://notes.internal/mcp": time.Hour} {
		synctest.Test(t, func(t *testing.T) {
			p := newPipe(t, unheard(t, url), 0)
			began := time.Now()
			response, err := http.ReadResponse(p.send(t, pipePost+ping), nil)
			if err != nil {
				t.Fatal(err)
			}
			if response.StatusCode != http.StatusGatewayTimeout || time.Since(began) != want {
				t.Errorf("%s: status %d after %v", url, response.StatusCode, time.Since(began))
			}
			checkRPCError(t, readAll(t, response), "7")
			if e := <-p.events; e.Err == nil {
				t.Errorf("%+v", e)
			}
		})
	}
}
