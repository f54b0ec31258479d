package fetch

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/mcp-auth/go/network"
)

func TestDo(t *testing.T) {
	t.Parallel()
	s := newServer(t, true, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Answer", "yes")
		w.WriteHeader(http.StatusAccepted)
		io.WriteString(w, r.Method+" "+r.URL.RequestURI())
	})
	c := newClient(t, Policy{Settings: network.Settings{RootCAs: s.roots()}, UserAgent: "tester/1"}, nil)
	given := http.Header{"Accept": {"application/json"}, "Authorization": {"Basic x"}}
	resp, err := c.Do(t.Context(), Request{URL: s.URL + "/jwks?a=b", Header: given, AllowLoopback: true})
	if err != nil {
		t.Fatal(err)
	}
	if resp.Status != http.StatusAccepted || resp.Header.Get("X-Answer") != "yes" ||
		string(resp.Body) != "GET /jwks?a=b" || resp.URL != s.URL+"/jwks?a=b" {
		t.Errorf("response is %+v, body %q", resp, resp.Body)
	}
	got := s.seen()[0].Header
	if got.Get("User-Agent") != "tester/1" || got.Get("Accept") != "application/json" || got.Get("Authorization") != "Basic x" {
		t.Errorf("request header is %v", got)
	}
	if len(given) != 2 {
		t.Errorf("the caller's header was changed: %v", given)
	}
}

func TestEveryStatusIsAResponse(t *testing.T) {
	t.Parallel()
	s := newServer(t, false, func(w http.ResponseWriter, r *http.Request) {
		status, _ := strconv.Atoi(r.URL.Path[1:])
		w.WriteHeader(status)
	})
	c := newClient(t, Policy{}, nil)
	// The redirects among them have no Location.
	for _, status := range []int{200, 201, 204, 206, 300, 301, 302, 303, 304, 307, 308, 400, 401, 403, 404, 410, 429, 500, 502, 503, 599} {
		resp, err := c.Do(t.Context(), Request{URL: s.URL + "/" + strconv.Itoa(status), AllowLoopback: true})
		if err != nil || resp.Status != status || len(resp.Body) != 0 {
			t.Errorf("%d: got %+v, %v", status, resp, err)
		}
	}
}

func TestPost(t *testing.T) {
	t.Parallel()
	s := newServer(t, false, func(w http.ResponseWriter, r *http.Request) { io.Copy(w, r.Body) })
	c := newClient(t, Policy{}, nil)
	for _, body := range []string{"token=abc", ""} {
		resp, err := c.Do(t.Context(), Request{Method: http.MethodPost, URL: s.URL, Body: []byte(body), AllowLoopback: true})
		if err != nil || string(resp.Body) != body {
			t.Errorf("%q came back as %+v, %v", body, resp, err)
		}
	}
	for _, r := range s.seen() {
		if r.ContentLength < 0 || r.Method != http.MethodPost {
			t.Errorf("%s with length %d", r.Method, r.ContentLength)
		}
	}
}

// TestHost holds that another Host is sent to the server of the URL, and to no
// other.
func TestHost(t *testing.T) {
	t.Parallel()
	s := newServer(t, false, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/from" {
			http.Redirect(w, r, "/to", http.StatusFound)
		}
	})
	resp, err := newClient(t, Policy{}, nil).Do(t.Context(), Request{URL: s.URL + "/from", Host: "public.example", AllowLoopback: true})
	if err != nil || resp.Status != http.StatusOK {
		t.Fatalf("%+v, %v", resp, err)
	}
	if seen := s.seen(); len(seen) != 2 || seen[0].Host != "public.example" || seen[1].Host == "public.example" {
		t.Errorf("the server saw %+v", seen)
	}
}

func TestInvalidRequests(t *testing.T) {
	t.Parallel()
	s := newServer(t, false, func(http.ResponseWriter, *http.Request) {})
	c := newClient(t, Policy{}, nil)
	for name, r := range map[string]Request{
		"GET with a body": {URL: s.URL, Body: []byte("x")},
		"method":          {Method: "GE T " + secret, URL: s.URL},
		"header value":    {URL: s.URL, Header: http.Header{"X": {secret + "\r\nY: z"}}},
		"header name":     {URL: s.URL, Header: http.Header{"X\r\n" + secret: {"z"}}},
	} {
		r.AllowLoopback = true
		_, err := c.Do(t.Context(), r)
		if e := wantKind(t, err, InvalidRequest); e.URL != s.URL {
			t.Errorf("%s: URL is %q", name, e.URL)
		}
	}
	if len(s.seen()) != 0 {
		t.Error("an invalid request was sent")
	}
}

// Covers RS21.
func TestRefusedURLs(t *testing.T) {
	t.Parallel()
	s := newServer(t, false, func(http.ResponseWriter, *http.Request) {})
	c := newClient(t, Policy{Settings: network.Settings{AllowedNetworks: networks("127.0.0.0/8")}}, names{"as.example": {"127.0.0.1"}})
	for _, tt := range []struct {
		url  string
		loop bool
		want Kind
	}{
		{s.URL, false, NotHTTPS},
		{s.at("as.example", "/"), true, NotHTTPS}, // an allowed network does not allow plain http
		{s.at("user:"+secret+"@localhost", "/"), true, InvalidURL},
		{"::" + secret, true, InvalidURL},
	} {
		_, err := c.Do(t.Context(), Request{URL: tt.url, AllowLoopback: tt.loop})
		wantKind(t, err, tt.want)
	}
	if len(s.seen()) != 0 {
		t.Error("a refused URL was fetched")
	}
}

// Covers RS21.
func TestLoopbackHosts(t *testing.T) {
	t.Parallel()
	ok := func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "ok") }
	plain, secure := newServer(t, false, ok), newServer(t, true, ok)
	// A resolver that lies about localhost is not asked.
	c := newClient(t, Policy{Settings: network.Settings{RootCAs: secure.roots()}}, names{"localhost": {"10.0.0.1"}, "app.localhost": {"10.0.0.1"}})
	for _, url := range []string{
		plain.URL, plain.at("localhost", "/"), plain.at("LOCALHOST", "/"), plain.at("app.localhost", "/"), secure.URL,
	} {
		resp, err := c.Do(t.Context(), Request{URL: url, AllowLoopback: true})
		if err != nil || string(resp.Body) != "ok" {
			t.Errorf("%s: %+v, %v", url, resp, err)
		}
	}
	before := len(plain.seen()) + len(secure.seen())
	// The connections above are idle now, and must not serve who may not.
	for _, url := range []string{secure.URL, secure.at("localhost", "/?"+secret)} {
		_, err := c.Do(t.Context(), Request{URL: url})
		wantKind(t, err, BlockedAddress)
	}
	if after := len(plain.seen()) + len(secure.seen()); after != before {
		t.Error("a request without AllowLoopback reached loopback")
	}
}

// Covers RS21.
func TestLocalhostOverIPv6(t *testing.T) {
	t.Parallel()
	c := newClient(t, Policy{}, nil)
	l, err := net.Listen("tcp", "[::1]:0")
	if err != nil { // a machine without IPv6
		_, err := c.Do(t.Context(), Request{URL: "http://[::1]:1/", AllowLoopback: true})
		wantKind(t, err, Network)
		return
	}
	srv := &http.Server{Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})}
	go srv.Serve(l)
	t.Cleanup(func() { srv.Close() })
	_, port, _ := net.SplitHostPort(l.Addr().String())
	for _, host := range []string{"localhost", "[::1]", "app.localhost"} {
		if _, err := c.Do(t.Context(), Request{URL: "http://" + host + ":" + port, AllowLoopback: true}); err != nil {
			t.Errorf("%s: %v", host, err)
		}
	}
}

// Covers RS21.
func TestBlockedAddresses(t *testing.T) {
	t.Parallel()
	s := newServer(t, true, func(http.ResponseWriter, *http.Request) {})
	known := names{
		"loopback.example":   {"127.0.0.1"},
		"private.example":    {"10.0.0.1"},
		"metadata.example":   {"169.254.169.254"},
		"mapped.example":     {"::ffff:127.0.0.1"},
		"nat64.example":      {"64:ff9b::7f00:1"},
		"several.example":    {"10.0.0.1,192.168.0.1"},
		"notlocalhost":       {"127.0.0.1"},
		"localhost.example":  {"127.0.0.1"},
		"unspecified.exampl": {"0.0.0.0"},
	}
	c := newClient(t, Policy{Settings: network.Settings{RootCAs: s.roots()}}, known)
	urls := []string{
		s.at("0.0.0.0", "/"), s.at("::ffff:127.0.0.1", "/"),
		"https://10.0.0.1/", "https://192.168.0.1/", "https://169.254.169.254/latest/meta-data", "https://100.64.0.1/",
		"https://255.255.255.255/", "https://224.0.0.1/", "https://[::ffff:10.0.0.1]/", "https://[::ffff:a9fe:a9fe]/",
	}
	for name := range known {
		urls = append(urls, s.at(name, "/jwks?q="+secret))
	}
	for _, url := range urls {
		for _, allowLoopback := range []bool{false, true} {
			_, err := c.Do(t.Context(), Request{URL: url, AllowLoopback: allowLoopback})
			if strings.Contains(url, "nat64") && isKind(err, Network) {
				continue // a machine without IPv6 does not get as far as the check
			}
			wantKind(t, err, BlockedAddress)
		}
	}
	if len(s.seen()) != 0 {
		t.Error("a blocked address was reached")
	}
}

func isKind(err error, kind Kind) bool {
	var e *Error
	return errors.As(err, &e) && e.Kind == kind
}

// Covers RS21.
func TestAllowedNetworks(t *testing.T) {
	t.Parallel()
	s := newServer(t, true, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "ok") })
	known := names{"as.example.com": {"127.0.0.1"}, "other.example.com": {"127.0.0.2"}, "both.example.com": {"127.0.0.2,127.0.0.1"}}
	c := newClient(t, Policy{Settings: network.Settings{RootCAs: s.roots(), AllowedNetworks: networks("127.0.0.1/32")}}, known)
	for _, url := range []string{s.at("as.example.com", "/"), s.URL} {
		resp, err := c.Do(t.Context(), Request{URL: url})
		if err != nil || string(resp.Body) != "ok" {
			t.Errorf("%s: %+v, %v", url, resp, err)
		}
	}
	_, err := c.Do(t.Context(), Request{URL: s.at("other.example.com", "/")})
	wantKind(t, err, BlockedAddress)
	// Of several addresses only the allowed one is connected to.
	resp, err := c.Do(t.Context(), Request{URL: s.at("both.example.com", "/")})
	if err != nil || string(resp.Body) != "ok" {
		t.Errorf("%+v, %v", resp, err)
	}
}

// A name that leads elsewhere the second time is refused the second time.
// Covers RS21.
func TestDNSRebinding(t *testing.T) {
	t.Parallel()
	s := newServer(t, true, func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Connection", "close") })
	known := names{"as.example.com": {"127.0.0.1", "127.0.0.2"}}
	c := newClient(t, Policy{Settings: network.Settings{RootCAs: s.roots(), AllowedNetworks: networks("127.0.0.1/32")}}, known)
	if _, err := c.Do(t.Context(), Request{URL: s.at("as.example.com", "/")}); err != nil {
		t.Fatal(err)
	}
	_, err := c.Do(t.Context(), Request{URL: s.at("as.example.com", "/")})
	wantKind(t, err, BlockedAddress)
	if n := len(s.seen()); n != 1 {
		t.Errorf("%d requests arrived, want 1", n)
	}
}

func TestUnknownHost(t *testing.T) {
	t.Parallel()
	c := newClient(t, Policy{}, names{})
	_, err := c.Do(t.Context(), Request{URL: "https://nowhere.example/?" + secret})
	wantKind(t, err, Network)
	var dns *net.DNSError
	if !errors.As(err, &dns) || dns.Server != "" {
		t.Errorf("cause is %T, of the resolver %q", errors.Unwrap(err), dns.Server)
	}
}

func TestConnectionRefused(t *testing.T) {
	t.Parallel()
	s := newServer(t, false, func(http.ResponseWriter, *http.Request) {})
	s.Close()
	_, err := newClient(t, Policy{}, nil).Do(t.Context(), Request{URL: s.URL + "/?" + secret, AllowLoopback: true})
	wantKind(t, err, Network)
	_, err = newClient(t, Policy{}, nil).Do(t.Context(), Request{URL: s.at("localhost", "/?"+secret), AllowLoopback: true})
	wantKind(t, err, Network)
}

// A proxy would connect past the address check. Covers RS21.
func TestNoProxy(t *testing.T) {
	t.Parallel()
	c := newClient(t, Policy{}, nil)
	if c.public.Proxy != nil || c.loopback.Proxy != nil {
		t.Error("a proxy may be used")
	}
}

// Covers RS21.
func TestTLS(t *testing.T) {
	t.Parallel()
	s := newServer(t, true, func(http.ResponseWriter, *http.Request) {})
	plain := newServer(t, false, func(http.ResponseWriter, *http.Request) {})
	known := names{"wrong.example": {"127.0.0.1"}}
	local := networks("127.0.0.1/32")

	t.Run("what the connection was", func(t *testing.T) {
		t.Parallel()
		c := newClient(t, Policy{Settings: network.Settings{RootCAs: s.roots()}}, nil)
		resp, err := c.Do(t.Context(), Request{URL: s.URL, AllowLoopback: true})
		if err != nil || resp.TLS == nil || !resp.TLS.PeerCertificates[0].Equal(s.Certificate()) {
			t.Errorf("error %v, or not the server's certificate", err)
		}
		resp, err = c.Do(t.Context(), Request{URL: plain.URL, AllowLoopback: true})
		if err != nil || resp.TLS != nil {
			t.Errorf("error %v, or TLS where there is none", err)
		}
	})
	t.Run("unknown authority", func(t *testing.T) {
		t.Parallel()
		c := newClient(t, Policy{Settings: network.Settings{RootCAs: x509.NewCertPool()}}, nil)
		_, err := c.Do(t.Context(), Request{URL: s.URL + "/?" + secret, AllowLoopback: true})
		wantKind(t, err, TLS)
		var cause *tls.CertificateVerificationError
		if !errors.As(err, &cause) {
			t.Errorf("cause is %v", err)
		}
	})
	t.Run("wrong name", func(t *testing.T) {
		t.Parallel()
		c := newClient(t, Policy{Settings: network.Settings{RootCAs: s.roots(), AllowedNetworks: local}}, known)
		_, err := c.Do(t.Context(), Request{URL: s.at("wrong.example", "/")})
		wantKind(t, err, TLS)
	})
	t.Run("no TLS", func(t *testing.T) {
		t.Parallel()
		c := newClient(t, Policy{}, nil)
		_, err := c.Do(t.Context(), Request{URL: strings.Replace(plain.URL, "http:", "https:", 1), AllowLoopback: true})
		wantKind(t, err, TLS)
	})
	t.Run("version too old", func(t *testing.T) {
		t.Parallel()
		l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: s.TLS.Certificates, MaxVersion: tls.VersionTLS11, MinVersion: tls.VersionTLS10})
		if err != nil {
			t.Fatal(err)
		}
		srv := &http.Server{ErrorLog: nopLogger()}
		go srv.Serve(l)
		t.Cleanup(func() { srv.Close() })
		_, err = newClient(t, Policy{Settings: network.Settings{RootCAs: s.roots()}}, nil).Do(t.Context(), Request{URL: "https://" + l.Addr().String(), AllowLoopback: true})
		wantKind(t, err, TLS)
	})
}

// Close drops idle connections only.
func TestCloseLeavesTheClientUsable(t *testing.T) {
	t.Parallel()
	s := newServer(t, false, func(http.ResponseWriter, *http.Request) {})
	c := newClient(t, Policy{}, nil)
	for range 2 {
		if _, err := c.Do(t.Context(), Request{URL: s.URL, AllowLoopback: true}); err != nil {
			t.Fatal(err)
		}
		c.Close()
	}
}

func TestConnectionsAreReused(t *testing.T) {
	t.Parallel()
	s := newServer(t, false, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "ok") })
	c := newClient(t, Policy{}, nil)
	for range 5 {
		if _, err := c.Do(t.Context(), Request{Method: http.MethodPost, URL: s.URL, Body: []byte("x"), AllowLoopback: true}); err != nil {
			t.Fatal(err)
		}
	}
	ports := map[string]bool{}
	for _, r := range s.seen() {
		ports[r.RemoteAddr] = true
	}
	if len(ports) != 1 {
		t.Errorf("%d connections for 5 requests in a row, want 1", len(ports))
	}
}

func TestCanceled(t *testing.T) {
	t.Parallel()
	arrived := make(chan struct{})
	s := newServer(t, false, func(_ http.ResponseWriter, r *http.Request) {
		close(arrived)
		<-r.Context().Done()
	})
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-arrived
		cancel()
	}()
	_, err := newClient(t, Policy{}, nil).Do(ctx, Request{URL: s.URL + "/?" + secret, AllowLoopback: true})
	wantKind(t, err, Canceled)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v is not context.Canceled", err)
	}
}
