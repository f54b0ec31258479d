package upgrade_test

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"
	"time"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/internal/authtest"
	"github.com/mcp-auth/go/policy"
)

// tunnel answers an upgrade, and then whatever is sent.
func tunnel(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Upgrade") == "" && r.URL.Path != "/hijack" {
		_, _ = io.WriteString(w, "plain")
		return
	}
	conn, rw, err := http.NewResponseController(w).Hijack()
	if err != nil {
		http.Error(w, "no hijack", http.StatusInternalServerError)
		return
	}
	defer func() { _ = conn.Close() }()
	_, _ = rw.WriteString("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
	_ = rw.Flush()
	line, _ := rw.ReadString('\n')
	_, _ = rw.WriteString("unseen " + line)
	_ = rw.Flush()
}

// exchangeRaw sends a request and a line after it over one connection, and returns
// the status line and what the line is answered with.
func exchangeRaw(t *testing.T, server *httptest.Server, request string) (status, answer string) {
	t.Helper()
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := io.WriteString(conn, strings.ReplaceAll(request, "\n", "\r\n")+"\r\n"); err != nil {
		t.Fatal(err)
	}
	r := bufio.NewReader(conn)
	status, _ = r.ReadString('\n')
	if strings.Contains(status, "101") {
		_, _ = io.WriteString(conn, "tools/call\n")
	}
	rest, _ := io.ReadAll(r)
	return strings.TrimSpace(status), string(rest)
}

// Covers RS24: with a policy, no request leaves HTTP, whoever would change the
// protocol. Without one, that is the handler's business.
func TestUpgrade(t *testing.T) {
	t.Parallel()
	backend := httptest.NewServer(http.HandlerFunc(tunnel))
	t.Cleanup(backend.Close)
	target, err := url.Parse(backend.URL)
	if err != nil {
		t.Fatal(err)
	}
	handlers := map[string]http.HandlerFunc{
		"hijack": tunnel,
		"proxy":  (&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) }}).ServeHTTP,
	}
	const host = "Host: x\nConnection: close, Upgrade\n"
	for name, handler := range handlers {
		rules := func(r *mcpauth.Resource) { r.Policy = &policy.Policy{Default: policy.Authenticated()} }
		for _, tc := range []struct {
			policy  func(*mcpauth.Resource)
			request string
			want    string
		}{
			{rules, "GET /mcp HTTP/1.1\n" + host + "Upgrade: websocket\n", "400 Bad Request"},
			{rules, "POST /mcp HTTP/1.1\n" + host + "Upgrade: websocket\nContent-Length: 0\n", "400 Bad Request"},
			{rules, "DELETE /mcp HTTP/1.1\n" + host + "Upgrade: anything/1\n", "400 Bad Request"},
			{rules, "OPTIONS /mcp HTTP/1.1\n" + host + "Upgrade: h2c, websocket\n", "400 Bad Request"},
			{rules, "GET /mcp HTTP/1.1\n" + host + "Upgrade: h2c\nHTTP2-Settings: AAMA\n", "200 OK"},
			{rules, "CONNECT /mcp HTTP/1.1\n" + host, "405 Method Not Allowed"},
			{nil, "GET /mcp HTTP/1.1\n" + host + "Upgrade: websocket\n", "101 Switching Protocols"},
		} {
			g := authtest.Guard(t, tc.policy, handler)
			server := httptest.NewServer(g.Handler)
			status, answer := exchangeRaw(t, server, tc.request+"Authorization: Bearer "+g.Token+"\n")
			if status != "HTTP/1.1 "+tc.want || strings.Contains(answer, "unseen") != (tc.policy == nil) {
				t.Errorf("%s, %q: %s\n%s", name, tc.request, status, answer)
			}
			server.Close()
		}
	}
}

// Covers RS24: nor does a handler take the connection over that nobody asked for it.
func TestNoHijack(t *testing.T) {
	t.Parallel()
	rules := func(r *mcpauth.Resource) { r.Policy = &policy.Policy{Default: policy.Authenticated()} }
	for name, handler := range map[string]http.HandlerFunc{
		"hijack": tunnel,
		"switching protocols": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Upgrade", "websocket")
			w.WriteHeader(http.StatusSwitchingProtocols)
		},
	} {
		g := authtest.Guard(t, rules, handler)
		server := httptest.NewServer(g.Handler)
		status, answer := exchangeRaw(t, server, "GET /hijack HTTP/1.1\nHost: x\nConnection: close\nAuthorization: Bearer "+g.Token+"\n")
		if status != "HTTP/1.1 500 Internal Server Error" || strings.Contains(answer, "unseen") {
			t.Errorf("%s: %s\n%s", name, status, answer)
		}
		server.Close()
	}
}

// Covers RS24: a caller of Authorize is told of the upgrade, which it would not see.
func TestAuthorizeUpgrade(t *testing.T) {
	t.Parallel()
	config := authtest.OneResource()
	config.Resources[0].Policy = &policy.Policy{Default: policy.Public()}
	_, err := authtest.NewAuth(t, config).Authorize(context.Background(), mcpauth.Request{
		Method: http.MethodGet, URL: "/mcp", Header: http.Header{"Upgrade": {"h2c"}},
	})
	if c, ok := err.(*mcpauth.Challenge); !ok || c.Status != http.StatusBadRequest {
		t.Errorf("%v", err)
	}
}
