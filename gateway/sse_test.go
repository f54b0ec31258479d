package gateway_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/gateway"
	"github.com/mcp-auth/go/mcpauthtest"
	"github.com/mcp-auth/go/policy"
)

// oldServer is an MCP server over HTTP+SSE. What is posted to it is what its stream
// says.
type oldServer struct {
	*httptest.Server
	preamble string // the stream's beginning; %s is the server's host
	posted   chan string
	ended    chan struct{}
}

func newOldServer(t *testing.T, preamble string) *oldServer {
	t.Helper()
	s := &oldServer{preamble: preamble, posted: make(chan string, 10), ended: make(chan struct{}, 10)}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /sse", func(w http.ResponseWriter, r *http.Request) {
		defer func() { s.ended <- struct{}{} }()
		w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
		if r.Header.Get("Accept-Encoding") != "" {
			t.Error("the stream would come compressed")
		}
		event(t, w, strings.ReplaceAll(s.preamble, "%s", strings.TrimPrefix(s.URL, "http://")))
		for {
			select {
			case text := <-s.posted:
				event(t, w, text)
			case <-r.Context().Done():
				return
			}
		}
	})
	mux.HandleFunc("POST /messages", func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		s.posted <- fmt.Sprintf("event: message\ndata: %s %s\n\n", r.URL.RawQuery, body)
		w.WriteHeader(http.StatusAccepted)
	})
	s.Server = httptest.NewServer(mux)
	t.Cleanup(s.Server.Close)
	return s
}

// open opens a stream and returns the URL for messages that it names.
func (w *world) open(token string) (stream *bufio.Reader, endpoint string, cancel func()) {
	w.t.Helper()
	ctx, cancel := context.WithCancel(w.t.Context())
	r := w.get("Last-Event-ID", "7", "Accept-Encoding", "gzip").WithContext(ctx)
	if r.Header.Del("Authorization"); token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	r.URL.RawQuery = "transport=evil"
	response := w.send(r)
	if response.StatusCode != http.StatusOK {
		w.t.Fatalf("status %d: %s", response.StatusCode, readAll(w.t, response))
	}
	stream = bufio.NewReader(response.Body)
	name, err := stream.ReadString('\n')
	data, err2 := stream.ReadString('\n')
	blank, err3 := stream.ReadString('\n')
	path, ok := strings.CutPrefix(data, "data: /mcp?session_id=")
	if err != nil || err2 != nil || err3 != nil || name != "event: endpoint\n" || blank != "\n" || !ok {
		w.t.Fatalf("%q %q %q", name, data, blank)
	}
	return stream, w.identifier + "?session_id=" + strings.TrimSpace(path), cancel
}

// message posts a message to an endpoint and returns the status.
func (w *world) message(endpoint, token string) int {
	w.t.Helper()
	r := w.post(ping)
	r.URL.RawQuery = endpoint[strings.Index(endpoint, "?")+1:]
	if r.Header.Del("Authorization"); token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	return w.send(r).StatusCode
}

// Covers GW3, GW21: messages go where the upstream wants them, in the sessions that
// the gateway has handed out, to their callers only.
func TestOldTransport(t *testing.T) {
	t.Parallel()
	old := newOldServer(t, ": hello\n\nevent: endpoint\r\ndata: /messages?sessionId=secret-1&x=%2F\r\n\r\n")
	w := newWorld(t, newUpstream(t, gateway.UpstreamConfig{URL: old.URL + "/sse", Transport: gateway.SSE}))
	other := w.tokenFor(w.identifier, func(c *mcpauthtest.TokenClaims) { c.Subject = "somebody-else" })
	stream, endpoint, cancel := w.open(w.token)
	for name, tc := range map[string]struct {
		endpoint, token string
		status          int
	}{
		"without a session":    {w.identifier + "?", w.token, 400},
		"two sessions":         {endpoint + "&session_id=x", w.token, 400},
		"a made-up session":    {w.identifier + "?session_id=secret-1", w.token, 404},
		"the upstream's query": {w.identifier + "?sessionId=secret-1", w.token, 400},
		"another caller":       {endpoint, other, 404},
		"nobody":               {endpoint, "", 401},
	} {
		if status := w.message(tc.endpoint, tc.token); status != tc.status {
			t.Errorf("%s: status %d, want %d", name, status, tc.status)
		}
	}
	if status := w.message(endpoint+"&x=evil", w.token); status != http.StatusAccepted {
		t.Errorf("status %d", status)
	}
	line, err := stream.ReadString('\n')
	data, err2 := stream.ReadString('\n')
	if err != nil || err2 != nil || line != "event: message\n" || data != "data: sessionId=secret-1&x=%2F "+ping+"\n" {
		t.Errorf("%q %q %v %v", line, data, err, err2)
	}
	r := w.post("")
	if r.Method = http.MethodDelete; w.send(r).StatusCode != http.StatusMethodNotAllowed {
		t.Error("DELETE is not part of the transport")
	}
	cancel()
	select {
	case <-old.ended:
	case <-time.After(patience):
		t.Fatal("the upstream's stream goes on")
	}
	for range 8 { // of the messages, the DELETE, and the stream
		w.event()
	}
	if status := w.message(endpoint, w.token); status != http.StatusNotFound {
		t.Errorf("status %d of a session that has ended", status)
	}
}

// A session that was opened without a token becomes that of the first who has one.
//
// Covers GW21.
func TestOldTransportAnonymous(t *testing.T) {
	t.Parallel()
	old := newOldServer(t, "event: endpoint\ndata: /messages\n\n")
	w := newWorld(t, newUpstream(t, gateway.UpstreamConfig{URL: old.URL + "/sse", Transport: gateway.SSE}), func(c *gateway.Config) {
		c.Resources[0].Policy = &policy.Policy{Methods: map[string]policy.Requirement{"ping": policy.Public(), "initialize": policy.Public()}}
	})
	other := w.tokenFor(w.identifier, func(c *mcpauthtest.TokenClaims) { c.Subject = "somebody-else" })
	_, endpoint, cancel := w.open("")
	defer cancel()
	for i, step := range []struct {
		token  string
		status int
	}{{"", 202}, {w.token, 202}, {other, 404}, {"", 404}, {w.token, 202}} {
		if status := w.message(endpoint, step.token); status != step.status {
			t.Errorf("step %d: status %d, want %d", i, status, step.status)
		}
	}
}

// A list in a stream shows what its caller may use.
func TestOldTransportFilters(t *testing.T) {
	t.Parallel()
	old := newOldServer(t, "event: endpoint\ndata: /messages\n\n")
	w := newWorld(t, newUpstream(t, gateway.UpstreamConfig{URL: old.URL + "/sse", Transport: gateway.SSE}), func(c *gateway.Config) {
		c.Resources[0].Policy = &policy.Policy{Tools: map[string]policy.Requirement{"a": policy.Authenticated(), "b": policy.Denied()}}
		c.KeepAlive = time.Hour
	})
	response := w.send(w.get())
	old.posted <- `data: {"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"a"},{"name":"b"}]}}` + "\n\n"
	stream := bufio.NewReader(response.Body)
	var all string
	for !strings.Contains(all, "tools") {
		line, err := stream.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		all += line
	}
	if !strings.HasPrefix(all, ": keep-alive\n\nevent: endpoint\ndata: /mcp?session_id=") || !strings.HasSuffix(all, `{"tools":[{"name":"a"}]}}`+"\n") {
		t.Errorf("%s", all)
	}
}

// Endpoints of other servers, and streams that name none, are not passed on.
//
// Covers GW3, GW14.
func TestHostileEndpoints(t *testing.T) {
	t.Parallel()
	for name, preamble := range map[string]string{
		"foreign origin":     "event: endpoint\ndata: https://evil.example/messages\n\n",
		"foreign host":       "event: endpoint\ndata: //evil.example/messages\n\n",
		"other port":         "event: endpoint\ndata: http://127.0.0.1:1/messages\n\n",
		"userinfo":           "event: endpoint\ndata: http://a@%s/messages\n\n",
		"other scheme":       "event: endpoint\ndata: https://%s/messages\n\n",
		"another event":      "event: message\ndata: {}\n\n",
		"no URL":             "event: endpoint\n\n",
		"an event too large": "event: endpoint\ndata: /" + strings.Repeat("x", 9000) + "\n\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			old := newOldServer(t, preamble)
			w := newWorld(t, newUpstream(t, gateway.UpstreamConfig{URL: old.URL + "/sse", Transport: gateway.SSE}))
			response := w.send(w.get())
			if body := readAll(t, response); response.StatusCode != http.StatusBadGateway || strings.Contains(body, "evil") {
				t.Errorf("status %d: %s", response.StatusCode, body)
			}
		})
	}
	t.Run("compressed", func(t *testing.T) {
		t.Parallel()
		upstream := newTap(t, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Encoding: gzip\r\n\r\nevent: endpoint\ndata: /messages\n\n")
		w := newWorld(t, newUpstream(t, gateway.UpstreamConfig{URL: upstream.url("/sse"), Transport: gateway.SSE}))
		if response := w.send(w.get()); response.StatusCode != http.StatusBadGateway {
			t.Errorf("status %d", response.StatusCode)
		}
	})
	for name, second := range map[string]string{
		"with a space":      "event: endpoint\ndata: https://evil.example/\n\n",
		"without a space":   "id: 1\nevent:endpoint\r\ndata: https://evil.example/\n\n",
		"after its data":    "data: https://evil.example/\revent: endpoint\r\r",
		"after a long line": ":" + strings.Repeat("x", 5000) + "\nevent: endpoint\ndata: https://evil.example/\n\n",
	} {
		t.Run("second endpoint "+name, func(t *testing.T) {
			t.Parallel()
			old := newOldServer(t, "event: endpoint\ndata: http://%s/messages\n\n")
			w := newWorld(t, newUpstream(t, gateway.UpstreamConfig{URL: old.URL + "/sse", Transport: gateway.SSE}))
			stream, _, cancel := w.open(w.token)
			defer cancel()
			old.posted <- second
			if rest, err := io.ReadAll(stream); err == nil || strings.Contains(string(rest), "endpoint\n") || strings.HasSuffix(string(rest), "\n\n") {
				t.Errorf("the stream goes on: %q, %v", rest, err)
			}
		})
	}
}

// Sessions of HTTP+SSE survive a new configuration, since they belong to the upstream.
//
// Covers GW21.
func TestSessionsSurviveReload(t *testing.T) {
	t.Parallel()
	old := newOldServer(t, "event: endpoint\ndata: /messages\n\n")
	upstream := newUpstream(t, gateway.UpstreamConfig{URL: old.URL + "/sse", Transport: gateway.SSE})
	var config gateway.Config
	w := newWorld(t, upstream, func(c *gateway.Config) { config = *c })
	stream, endpoint, cancel := w.open(w.token)
	defer cancel()
	config.Inherit = w.gateway
	config.Auth = mcpauth.Config{Leeway: time.Second}
	after := newGateway(t, config)
	w.as.SetFaults(mcpauthtest.Faults{JWKS: mcpauthtest.DocumentFault{Status: http.StatusInternalServerError}})
	r := httptest.NewRequest(http.MethodPost, endpoint, strings.NewReader(ping))
	r.Header = w.post(ping).Header
	recorder := httptest.NewRecorder()
	after.ServeHTTP(recorder, r)
	if recorder.Code != http.StatusAccepted {
		t.Errorf("status %d: %s", recorder.Code, recorder.Body)
	}
	if line, err := stream.ReadString('\n'); line != "event: message\n" {
		t.Errorf("%q, %v", line, err)
	}
}
