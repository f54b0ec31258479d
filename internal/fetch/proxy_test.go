package fetch

import (
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/mcp-auth/go/network"
)

// proxy is a forward proxy that knows one server, under every name.
type proxy struct {
	server string // address
	asked  []string
	refuse int
}

func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.asked = append(p.asked, r.Method+" "+r.Host)
	if p.refuse != 0 {
		w.WriteHeader(p.refuse)
		return
	}
	upstream, err := net.Dial("tcp", p.server)
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	defer upstream.Close()
	down, read, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer down.Close()
	_, _ = io.WriteString(down, "HTTP/1.1 200 OK\r\n\r\n")
	go func() { _, _ = io.Copy(upstream, read) }()
	_, _ = io.Copy(down, upstream)
}

func newProxied(t *testing.T, p *proxy, roots bool) *Client {
	t.Helper()
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("here")) }))
	t.Cleanup(server.Close)
	p.server = server.Listener.Addr().String()
	front := httptest.NewServer(p)
	t.Cleanup(front.Close)
	target, err := url.Parse(front.URL)
	if err != nil {
		t.Fatal(err)
	}
	target.User = url.UserPassword("user", "s3cret")
	settings := network.Settings{Proxy: func(*url.URL) (*url.URL, error) { return target, nil }}
	if roots {
		settings.RootCAs = x509.NewCertPool()
		settings.RootCAs.AddCert(server.Certificate())
	}
	c := New(Policy{Settings: settings})
	t.Cleanup(c.Close)
	return c
}

// A configured proxy reaches what this machine does not.
//
// Covers RS21.
func TestProxy(t *testing.T) {
	t.Parallel()
	p := &proxy{}
	resp, err := newProxied(t, p, true).Do(t.Context(), Request{URL: "https://example.com/x", AllowLoopback: true})
	if err != nil || string(resp.Body) != "here" {
		t.Fatalf("%+v, %v", resp, err)
	}
	if strings.Join(p.asked, ",") != "CONNECT example.com:443" {
		t.Errorf("the proxy was asked for %q", p.asked)
	}
}

// What must not be reached is not asked of a proxy either, and its failures show
// no password.
//
// Covers RS21.
func TestProxyRefusals(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		target string
		refuse int
		roots  bool
		kind   Kind
		asked  bool
	}{
		"private address":     {"https://10.0.0.1/", 0, true, BlockedAddress, false},
		"metadata service":    {"https://169.254.169.254/", 0, true, BlockedAddress, false},
		"loopback":            {"https://127.0.0.1:1/", 0, true, BlockedAddress, false},
		"http":                {"http://example.com/", 0, true, NotHTTPS, false},
		"unknown certificate": {"https://example.com/", 0, false, TLS, true},
		"proxy refuses":       {"https://example.com/", http.StatusProxyAuthRequired, true, Network, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := &proxy{refuse: test.refuse}
			_, err := newProxied(t, p, test.roots).Do(t.Context(), Request{URL: test.target})
			var failure *Error
			if !errors.As(err, &failure) || failure.Kind != test.kind || strings.Contains(err.Error(), "s3cret") {
				t.Errorf("error %v, want %s", err, test.kind)
			}
			if (len(p.asked) > 0) != test.asked {
				t.Errorf("the proxy was asked for %q", p.asked)
			}
		})
	}
	broken := New(Policy{Settings: network.Settings{Proxy: func(*url.URL) (*url.URL, error) { return nil, errors.New("http://user:s3cret@") }}})
	defer broken.Close()
	if _, err := broken.Do(t.Context(), Request{URL: "https://example.com/"}); err == nil || strings.Contains(err.Error(), "s3cret") {
		t.Errorf("error %v", err)
	}
}

// Requests to this machine go past a proxy.
func TestLoopbackPastProxy(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer server.Close()
	p := &proxy{}
	if _, err := newProxied(t, p, true).Do(t.Context(), Request{URL: server.URL, AllowLoopback: true}); err != nil || len(p.asked) > 0 {
		t.Errorf("error %v, asked %q", err, p.asked)
	}
}
