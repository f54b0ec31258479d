package gateway_test

import (
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"strings"
	"testing"

	"github.com/mcp-auth/go/gateway"
)

// hostileResponses are what an upstream may answer, over raw TCP, and what becomes of
// it.
var hostileResponses = []struct {
	name    string
	answer  string // up to the end of the header, without the first line's version
	body    string
	status  int
	failed  bool // reported as a failure of the upstream
	present []string
	absent  []string // of the header, in lower case
}{
	{name: "its own 401", answer: "401 Unauthorized\r\nWWW-Authenticate: Bearer resource_metadata=\"https://evil.example/\"", status: 502, failed: true, absent: []string{"evil", "www-authenticate: "}},
	{name: "407", answer: "407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=evil", status: 502, failed: true, absent: []string{"evil"}},
	{name: "403 with a challenge", answer: "403 Forbidden\r\nWWW-Authenticate: Bearer resource_metadata=\"https://evil.example/\"\r\nX-Why: no", body: "denied", status: 403,
		absent: []string{"evil"}, present: []string{"X-Why: no"}},
	{name: "307", answer: "307 Temporary Redirect\r\nLocation: /mcp/", status: 502, failed: true, absent: []string{"location"}},
	{name: "302 elsewhere", answer: "302 Found\r\nLocation: https://evil.example/", status: 502, failed: true, absent: []string{"evil"}},
	{name: "304", answer: "304 Not Modified\r\nEtag: \"a\"", status: 502, failed: true},
	{name: "101", answer: "101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket", status: 502, failed: true, absent: []string{"upgrade"}},
	{name: "cookies and nonces", status: 200, body: "{}",
		answer: "200 OK\r\nContent-Type: application/json\r\nSet-Cookie: evil=1\r\nAlt-Svc: h3=\"evil:443\"\r\nDPoP-Nonce: evil\r\nProxy-Authenticate: evil\r\n" +
			"Strict-Transport-Security: max-age=1\r\nClear-Site-Data: \"evil\"\r\nX-Accel-Redirect: /evil\r\nX-Fine: yes\r\nMcp-Session-Id: s-1",
		absent: []string{"evil", "strict-transport"}, present: []string{"X-Fine: yes", "Mcp-Session-Id: s-1"}},
	{name: "cors", answer: "200 OK\r\nContent-Type: application/json\r\nAccess-Control-Allow-Origin: https://evil.example\r\nAccess-Control-Allow-Credentials: true\r\nVary: X-Other", status: 200, body: "{}",
		absent: []string{"evil", "credentials"}, present: []string{"Access-Control-Allow-Origin: http://localhost:9", "Vary: Origin", "Vary: X-Other"}},
	{name: "its own 503", answer: "503 Service Unavailable\r\nRetry-After: 9", body: "later", status: 503, present: []string{"Retry-After: 9"}},
	{name: "no HTTP", answer: "nonsense", status: 502, failed: true},
}

// Covers GW12, GW13, GW14, GW16, GW20, GW21, GW22.
func TestHostileResponses(t *testing.T) {
	t.Parallel()
	for _, tc := range hostileResponses {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			upstream := newTap(t, "HTTP/1.1 "+tc.answer+"\r\n\r\n"+tc.body)
			w := newWorld(t, newUpstream(t, gateway.UpstreamConfig{URL: upstream.url("/mcp")}))
			response := w.send(w.post(ping, "Origin", "http://localhost:9"))
			body := readAll(t, response)
			if response.StatusCode != tc.status {
				t.Fatalf("status %d: %s", response.StatusCode, body)
			}
			checkHeader(t, response.Header, tc.present, tc.absent)
			if requests := upstream.requests(); len(requests) != 1 || strings.Contains(requests[0], "Accept-Encoding") {
				t.Errorf("the upstream has seen %q", requests)
			}
			e := w.event()
			if (e.Err != nil) != tc.failed || e.Status != tc.status || e.Resource != w.identifier || strings.Contains(w.log.String(), "the upstream failed") != tc.failed {
				t.Errorf("event %+v, log\n%s", e, w.log)
			}
			if tc.failed {
				checkRPCError(t, body, "7")
			} else if body != tc.body {
				t.Errorf("the body is %q", body)
			}
		})
	}
}

// checkHeader checks the header that a client gets.
func checkHeader(t *testing.T, h http.Header, present, absent []string) {
	t.Helper()
	var b strings.Builder
	if err := h.Write(&b); err != nil {
		t.Fatal(err)
	}
	for _, line := range present {
		if !strings.Contains("\r\n"+b.String(), "\r\n"+line+"\r\n") {
			t.Errorf("%q is missing:\n%s", line, &b)
		}
	}
	for _, text := range absent {
		if strings.Contains(strings.ToLower(b.String()), text) {
			t.Errorf("%q has reached the client:\n%s", text, &b)
		}
	}
}

// checkRPCError checks that a body is an error of JSON-RPC for a message.
func checkRPCError(t *testing.T, body, id string) {
	t.Helper()
	var answer struct {
		Version string          `json:"jsonrpc"`
		ID      json.RawMessage `json:"id"`
		Error   struct {
			Code    int    `json:"code"`
			Message string `json:"message"`
		} `json:"error"`
	}
	err := json.Unmarshal([]byte(body), &answer)
	if err != nil || answer.Version != "2.0" || string(answer.ID) != id || answer.Error.Code != -32603 || answer.Error.Message == "" {
		t.Errorf("%v: %s", err, body)
	}
}

// An upstream that does not listen is 502, and the error has the id of the request.
//
// Covers GW22.
func TestUnreachableUpstream(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	url := "http://" + listener.Addr().String() + "/mcp"
	listener.Close()
	w := newWorld(t, newUpstream(t, gateway.UpstreamConfig{URL: url}))
	response := w.send(w.post(`{"jsonrpc":"2.0","id":"a","method":"tools/call","params":{"name":"x"}}`))
	if response.StatusCode != http.StatusBadGateway {
		t.Errorf("status %d", response.StatusCode)
	}
	checkRPCError(t, readAll(t, response), `"a"`)
	if e := w.event(); e.Err == nil || e.Status != http.StatusBadGateway {
		t.Errorf("%+v", e)
	}
	for _, r := range []*http.Request{w.get(), w.post("[" + ping + "]")} {
		response = w.send(r)
		if response.StatusCode != http.StatusBadGateway {
			t.Errorf("status %d", response.StatusCode)
		}
		checkRPCError(t, readAll(t, response), "null")
	}
}

// Trailers pass, except for those that are not the upstream's to set, and so do
// informational responses, without a trace in the response proper.
//
// Covers GW20.
func TestTrailersAndInformation(t *testing.T) {
	t.Parallel()
	upstream := newTap(t, "HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\nSet-Cookie: evil=1\r\nX-Early: 1\r\n\r\n"+
		"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum, Set-Cookie\r\n\r\n5\r\nhello\r\n0\r\nX-Sum: 5\r\nSet-Cookie: evil=2\r\n\r\n")
	w := newWorld(t, newUpstream(t, gateway.UpstreamConfig{URL: upstream.url("/mcp")}))
	var early textproto.MIMEHeader
	r := w.post(ping, "TE", "trailers", "Origin", "http://localhost:9")
	r = r.WithContext(httptrace.WithClientTrace(r.Context(), &httptrace.ClientTrace{Got1xxResponse: func(code int, header textproto.MIMEHeader) error {
		if code == http.StatusEarlyHints {
			early = header
		}
		return nil
	}}))
	response := w.send(r)
	if body := readAll(t, response); body != "hello" {
		t.Errorf("the body is %q", body)
	}
	if len(response.Trailer) != 1 || response.Trailer.Get("X-Sum") != "5" {
		t.Errorf("trailers %v", response.Trailer)
	}
	if early.Get("Link") == "" || early.Get("Set-Cookie") != "" {
		t.Errorf("the early hints are %v", early)
	}
	if response.Header.Get("Access-Control-Allow-Origin") != "http://localhost:9" || response.Header.Get("X-Early") != "" || response.Header.Get("Link") != "" {
		t.Errorf("the header is %v", response.Header)
	}
	if seen := upstream.requests()[0]; !strings.Contains(seen, "\r\nTe: trailers\r\n") {
		t.Errorf("the upstream has seen %s", seen)
	}
}

// What a client asks for in compression passes, and what it gets is not touched.
//
// Covers GW16.
func TestCompressionPasses(t *testing.T) {
	t.Parallel()
	const body = "\x1f\x8bnot really"
	upstream := newTap(t, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\nContent-Length: 12\r\n\r\n"+body)
	w := newWorld(t, newUpstream(t, gateway.UpstreamConfig{URL: upstream.url("/mcp")}))
	response := w.send(w.post(ping, "Accept-Encoding", "gzip"))
	if got := readAll(t, response); got != body || response.Header.Get("Content-Encoding") != "gzip" {
		t.Errorf("%q, %v", got, response.Header)
	}
	if seen := upstream.requests()[0]; !strings.Contains(seen, "\r\nAccept-Encoding: gzip\r\n") {
		t.Errorf("the upstream has seen %s", seen)
	}
}

// A response that breaks off does not look complete, and no request is sent again.
//
// Covers GW19.
func TestBrokenResponse(t *testing.T) {
	t.Parallel()
	upstream := newTap(t, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{\"half")
	w := newWorld(t, newUpstream(t, gateway.UpstreamConfig{URL: upstream.url("/mcp")}))
	response := w.send(w.post(ping))
	if got, err := io.ReadAll(response.Body); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("%q, %v", got, err)
	}
	if e := w.event(); e.Err == nil || e.Status != http.StatusOK {
		t.Errorf("%+v", e)
	}
	silent := newTap(t, "") // reads the request and closes the connection
	w = newWorld(t, newUpstream(t, gateway.UpstreamConfig{URL: silent.url("/mcp")}))
	if response := w.send(w.post(ping, "Idempotency-Key", "a")); response.StatusCode != http.StatusBadGateway || len(silent.requests()) != 1 {
		t.Errorf("status %d, %d requests", response.StatusCode, len(silent.requests()))
	}
}
