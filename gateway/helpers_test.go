package gateway_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/gateway"
	"github.com/mcp-auth/go/internal/authtest"
	"github.com/mcp-auth/go/mcpauthtest"
)

// patience bounds what a test waits for another part of it.
const patience = 20 * time.Second

// world is a gateway on loopback with one resource, and what it needs.
type world struct {
	t          *testing.T
	as         *mcpauthtest.Server
	front      *httptest.Server // the gateway's
	gateway    *gateway.Gateway
	identifier string
	token      string
	log        *authtest.Log
	events     chan gateway.UpstreamEvent
}

// newWorld puts a gateway in front of an upstream. The configuration may be changed
// before it is used.
func newWorld(t *testing.T, upstream http.Handler, change ...func(*gateway.Config)) *world {
	t.Helper()
	w := &world{t: t, as: mcpauthtest.Start(t, mcpauthtest.Config{}), log: &authtest.Log{}, events: make(chan gateway.UpstreamEvent, 100)}
	w.front = httptest.NewUnstartedServer(http.NotFoundHandler())
	w.identifier = "http://" + w.front.Listener.Addr().String() + "/mcp"
	config := gateway.Config{
		Auth: mcpauth.Config{Logger: slog.New(slog.NewTextHandler(w.log, nil))},
		Resources: []gateway.Resource{{
			Resource: mcpauth.Resource{Identifier: w.identifier, AuthorizationServers: []mcpauth.AuthorizationServer{{Issuer: w.as.Issuer()}}},
			Upstream: upstream,
		}},
		Hooks: gateway.Hooks{Upstream: func(_ context.Context, e gateway.UpstreamEvent) { w.events <- e }},
	}
	for _, f := range change {
		f(&config)
	}
	w.gateway = newGateway(t, config)
	w.front.Config.Handler = w.gateway
	w.front.Start()
	t.Cleanup(w.front.Close)
	w.token = w.tokenFor(w.identifier)
	return w
}

func newGateway(t *testing.T, config gateway.Config) *gateway.Gateway {
	t.Helper()
	g, err := gateway.New(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := g.Close(); err != nil {
			t.Error(err)
		}
	})
	return g
}

func newUpstream(t *testing.T, config gateway.UpstreamConfig) *gateway.Upstream {
	t.Helper()
	u, err := gateway.NewUpstream(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(u.Close)
	return u
}

func (w *world) tokenFor(resource string, change ...func(*mcpauthtest.TokenClaims)) string {
	w.t.Helper()
	claims := mcpauthtest.TokenClaims{Audience: []string{resource}, Scopes: []string{"read"}}
	for _, f := range change {
		f(&claims)
	}
	return w.as.MustToken(w.t, claims)
}

func (w *world) addr() string { return w.front.Listener.Addr().String() }

// event returns what the hook was called with.
func (w *world) event() gateway.UpstreamEvent {
	w.t.Helper()
	select {
	case e := <-w.events:
		return e
	case <-time.After(patience):
		w.t.Fatal("the hook was not called")
		return gateway.UpstreamEvent{}
	}
}

const ping = `{"jsonrpc":"2.0","id":7,"method":"ping"}`

// post returns a request with a token and the usual headers.
func (w *world) post(body string, headers ...string) *http.Request {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), http.MethodPost, w.identifier, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+w.token)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json, text/event-stream")
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	return r
}

// get returns a request for a stream.
func (w *world) get(headers ...string) *http.Request {
	r := w.post("", headers...)
	r.Method, r.Body, r.ContentLength, r.GetBody = http.MethodGet, nil, 0, nil
	r.Header.Del("Content-Type")
	return r
}

// send sends a request without following redirects, and closes the body when the test
// ends.
func (w *world) send(r *http.Request) *http.Response {
	w.t.Helper()
	transport := &http.Transport{DisableKeepAlives: true, DisableCompression: true}
	w.t.Cleanup(transport.CloseIdleConnections)
	response, err := transport.RoundTrip(r)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { response.Body.Close() })
	return response
}

func readAll(t *testing.T, r *http.Response) string {
	t.Helper()
	data, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// raw sends bytes over a connection of its own and returns the answer, up to the end
// of the connection.
func raw(t *testing.T, addr, request string) string {
	t.Helper()
	conn, err := net.DialTimeout("tcp", addr, patience)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(conn, request); err != nil {
		t.Fatal(err)
	}
	answer, err := io.ReadAll(conn)
	if err != nil && len(answer) == 0 {
		t.Fatal(err)
	}
	return string(answer)
}

// tap is an upstream that keeps every byte that it is sent, and answers each request
// with the same bytes.
type tap struct {
	net.Listener
	answer string

	mu   sync.Mutex
	seen []string
}

const okAnswer = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 36\r\n\r\n" + `{"jsonrpc":"2.0","id":7,"result":{}}`

func newTap(t *testing.T, answer string) *tap {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	tap := &tap{Listener: listener, answer: answer}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			wg.Go(func() { tap.serve(conn) })
		}
	})
	t.Cleanup(func() {
		listener.Close()
		wg.Wait()
	})
	return tap
}

// serve reads one request, byte by byte as it comes, and answers it.
func (p *tap) serve(conn net.Conn) {
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(patience))
	var seen bytes.Buffer
	r, err := http.ReadRequest(bufio.NewReader(io.TeeReader(conn, &seen)))
	if err == nil {
		_, err = io.Copy(io.Discard, r.Body)
	}
	p.mu.Lock()
	p.seen = append(p.seen, seen.String())
	p.mu.Unlock()
	if err == nil {
		_, _ = io.WriteString(conn, strings.Replace(p.answer, "\r\n\r\n", "\r\nConnection: close\r\n\r\n", 1))
	}
}

// requests are those that were seen.
func (p *tap) requests() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.seen...)
}

func (p *tap) url(path string) string { return fmt.Sprintf("http://%s%s", p.Addr(), path) }
