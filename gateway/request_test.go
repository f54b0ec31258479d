package gateway_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/mcp-auth/go/gateway"
)

// rawRequest writes a request for a path by hand. Header lines replace the usual ones
// of the same name.
func (w *world) rawRequest(method, target, body string, lines ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\n", method, target)
	usual := []string{"Host: " + w.addr(), "Authorization: Bearer " + w.token, "Content-Type: application/json"}
	if body != "" {
		usual = append(usual, fmt.Sprintf("Content-Length: %d", len(body)))
	}
	hasConnection := false
	for _, line := range lines {
		name, _, _ := strings.Cut(line, ":")
		hasConnection = hasConnection || name == "Connection"
		if strings.HasPrefix(line, "-") { // takes a usual header away
			name = line[1:]
		}
		for i := len(usual) - 1; i >= 0; i-- {
			if strings.HasPrefix(usual[i], name+":") && !strings.HasPrefix(line, "+") {
				usual = append(usual[:i], usual[i+1:]...)
			}
		}
	}
	for _, line := range lines {
		if !strings.HasPrefix(line, "-") {
			usual = append(usual, strings.TrimPrefix(line, "+"))
		}
	}
	if !hasConnection {
		usual = append(usual, "Connection: close")
	}
	b.WriteString(strings.Join(usual, "\r\n") + "\r\n\r\n" + body)
	return b.String()
}

// hostile is a request that a client writes over raw TCP.
type hostile struct {
	name   string
	method string   // POST if empty
	target string   // /mcp if empty
	body   string   // ping if empty; "-" for none
	lines  []string // headers
	status string
	absent []string // must not be in what the upstream sees, in lower case
	seen   []string // must be in it
}

// hostileRequests are refused, and reach no upstream, unless their status is 200.
var hostileRequests = []hostile{
	// GW1
	{name: "Connection names a header", lines: []string{"Connection: close, Mcp-Name"}, status: "400"},
	{name: "Connection names the protocol version", lines: []string{"Connection: close, MCP-Protocol-Version"}, status: "400"},
	{name: "Connection names the token", lines: []string{"Connection: close, authorization"}, status: "400"},
	{name: "two Connection headers", lines: []string{"Connection: close", "+Connection: X-Forwarded-For"}, status: "400"},
	{name: "Connection with te", lines: []string{"Connection: close, TE", "TE: trailers"}, status: "200", absent: []string{"connection: close, te"}},
	// GW3
	{name: "double slashes and dots", target: "//evil//mcp/%2e%2e/x", status: "404"},
	{name: "dots", target: "/mcp/../x", status: "404"},
	{name: "dots that lead back", target: "/x/../mcp", status: "404"},
	{name: "encoded letter", target: "/%6dcp", status: "404"},
	{name: "slash at the end", target: "/mcp/", status: "404"},
	{name: "other case", target: "/MCP", status: "404"},
	{name: "foreign host", lines: []string{"Host: evil.example"}, status: "421"},
	{name: "foreign host in the target", target: "http://evil.example/mcp", status: "421"},
	{name: "host of another port", lines: []string{"Host: 127.0.0.1:1"}, status: "421"},
	{name: "query", target: "/mcp?url=http://evil.example/&%zz", status: "200", absent: []string{"evil", "%zz"}, seen: []string{"POST /upstream?fixed=1 "}},
	// GW4
	{name: "forwarded headers", status: "200", lines: []string{
		"X-Forwarded-For: 203.0.113.9", "X-Forwarded-Host: evil.example", "X-Forwarded-Proto: gopher", "X-Forwarded-Prefix: /evil",
		"Forwarded: for=203.0.113.9", "X-Real-IP: 203.0.113.9", "X-Original-URL: /evil", "X-HTTP-Method-Override: DELETE",
	}, absent: []string{"203.0.113.9", "evil", "gopher", "forwarded: for", "delete"}, seen: []string{"X-Forwarded-For: 127.0.0.1\r\n", "X-Forwarded-Proto: http\r\n"}},
	// GW5
	{name: "underscores", lines: []string{"X_Auth_Subject: evil", "MCP_Name: evil", "X_Tenant: evil"}, status: "200", absent: []string{"evil", "_auth", "x_tenant"}},
	{name: "identity headers", status: "200", lines: []string{
		"X-Auth-Subject: evil", "x-auth-request-email: evil", "Remote-User: evil", "X-Forwarded-User: evil", "Mcp-Auth-Assertion: evil",
		"X-Goog-Authenticated-User-Email: evil", "Tailscale-User-Login: evil", "X-MS-CLIENT-PRINCIPAL: evil",
	}, absent: []string{"evil"}},
	// GW6
	{name: "credentials", status: "200", lines: []string{
		"Cookie: a=secret", "Proxy-Authorization: Basic secret", "Proxy-Connection: secret", "DPoP: secret", "Client-Cert: :secret:", "Origin: http://localhost:1",
	}, absent: []string{"secret", "authorization", "origin", "bearer"}},
	// GW7
	{name: "two tokens", lines: []string{"+Authorization: Bearer other"}, status: "400"},
	{name: "two content types", lines: []string{"+Content-Type: text/plain"}, status: "400"},
	{name: "two sessions", lines: []string{"Mcp-Session-Id: a", "Mcp-Session-Id: b"}, status: "400"},
	{name: "two methods", lines: []string{"Mcp-Method: ping", "Mcp-Method: ping"}, status: "400"},
	{name: "two names", lines: []string{"Mcp-Name: a", "Mcp-Name: b"}, status: "400"},
	{name: "two versions", lines: []string{"MCP-Protocol-Version: 2026-07-28", "mcp-protocol-version: 2025-03-26"}, status: "400"},
	// GW8
	{name: "body in two readings", body: `{"jsonrpc":"2.0","id":7,"method":"ping","method":"tools/call"}`, status: "400"},
	{name: "spaces in the body", body: "  {\"jsonrpc\" : \"2.0\",\r\n\t\"id\":7, \"method\":\"ping\", \"params\":{\"b\":1e2,\"a\":\"\\u00e9\"}}\n", status: "200",
		seen: []string{"\r\n\r\n  {\"jsonrpc\" : \"2.0\",\r\n\t\"id\":7, \"method\":\"ping\", \"params\":{\"b\":1e2,\"a\":\"\\u00e9\"}}\n"}},
	{name: "both lengths", body: "-", status: "200", seen: []string{"\r\nContent-Length: 40\r\n", "\r\n\r\n" + ping}, absent: []string{"transfer-encoding", "evil"},
		lines: []string{"Connection: close", "Content-Length: 4", "Transfer-Encoding: chunked", "Trailer: X-Forwarded-Host",
			"\r\n28\r\n" + ping + "\r\n0\r\nX-Forwarded-Host: evil"}},
	{name: "unknown transfer coding", body: "-", lines: []string{"Transfer-Encoding: gzip, chunked", "\r\n0"}, status: "501"},
	// GW9
	{name: "encoded body", lines: []string{"Content-Encoding: gzip"}, status: "415"},
	{name: "identity is an encoding too", lines: []string{"Content-Encoding: identity"}, status: "415"},
	{name: "strange expectation", lines: []string{"Expect: 200-maybe"}, status: "417"},
	// GW10
	{name: "websocket", method: "GET", body: "-", lines: []string{"Connection: close, Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13"}, status: "400"},
	{name: "upgrade of a POST", lines: []string{"Connection: close, Upgrade", "Upgrade: foo"}, status: "400"},
	{name: "h2c among others", lines: []string{"Connection: close, Upgrade", "Upgrade: h2c, websocket"}, status: "400"},
	{name: "h2c is ignored", lines: []string{"Connection: close, Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAAP__"}, status: "200", absent: []string{"h2c", "http2-settings", "upgrade"}},
	{name: "HEAD", method: "HEAD", body: "-", status: "405"},
	{name: "PUT", method: "PUT", status: "405"},
	{name: "TRACE", method: "TRACE", body: "-", status: "405"},
	{name: "CONNECT", method: "CONNECT", target: "evil.example:443", body: "-", lines: []string{"Host: evil.example:443"}, status: "421"},
	{name: "OPTIONS that is no preflight", method: "OPTIONS", body: "-", status: "405"},
	{name: "GET with a body", method: "GET", status: "400"},
	{name: "DELETE with a body", method: "DELETE", status: "400"},
	// The caller is asked first.
	{name: "no token", lines: []string{"-Authorization"}, status: "401"},
	{name: "token in the query", target: "/mcp?access_token=x", status: "400"},
}

// Covers GW1, GW2, GW3, GW4, GW5, GW6, GW7, GW8, GW9, GW10.
func TestHostileRequests(t *testing.T) {
	t.Parallel()
	for _, tc := range hostileRequests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			upstream := newTap(t, okAnswer)
			w := newWorld(t, newUpstream(t, gateway.UpstreamConfig{URL: upstream.url("/upstream?fixed=1")}))
			method, target, body := tc.method, tc.target, tc.body
			if method == "" {
				method = "POST"
			}
			if target == "" {
				target = "/mcp"
			}
			switch body {
			case "":
				body = ping
			case "-":
				body = ""
			}
			answer := raw(t, w.addr(), w.rawRequest(method, target, body, tc.lines...))
			if !strings.HasPrefix(answer, "HTTP/1.1 "+tc.status+" ") {
				t.Fatalf("want status %s, got\n%s", tc.status, answer)
			}
			requests := upstream.requests()
			if tc.status != "200" {
				if len(requests) > 0 {
					t.Errorf("the upstream has seen\n%s", requests)
				}
				return
			}
			if len(requests) != 1 {
				t.Fatalf("the upstream has seen %d requests", len(requests))
			}
			checkSeen(t, requests[0], tc, upstream.Addr().String())
		})
	}
}

// checkSeen checks what an upstream was sent.
func checkSeen(t *testing.T, request string, tc hostile, host string) {
	t.Helper()
	for _, text := range tc.absent {
		if strings.Contains(strings.ToLower(request), text) {
			t.Errorf("%q has reached the upstream:\n%s", text, request)
		}
	}
	for _, text := range append(tc.seen, "\r\nHost: "+host+"\r\n", "POST /upstream?fixed=1 HTTP/1.1\r\n") {
		if !strings.Contains(request, text) {
			t.Errorf("%q is missing in what the upstream sees:\n%s", text, request)
		}
	}
}
