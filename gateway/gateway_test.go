package gateway_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/configerr"
	"github.com/mcp-auth/go/gateway"
	"github.com/mcp-auth/go/mcpauthtest"
	"github.com/mcp-auth/go/policy"
)

func TestConfigMistakes(t *testing.T) {
	t.Parallel()
	servers := []mcpauth.AuthorizationServer{{Issuer: "https://auth.example.com"}}
	_, err := gateway.New(gateway.Config{
		Auth: mcpauth.Config{Inherit: &mcpauth.Auth{}},
		Resources: []gateway.Resource{
			{Resource: mcpauth.Resource{Identifier: "https://mcp.example.com/mcp?a=b", AuthorizationServers: servers}},
			{Resource: mcpauth.Resource{Identifier: "https://mcp.example.com/.well-known/x"}, Upstream: http.NotFoundHandler()},
		},
		TrustedProxies: []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0")},
		KeepAlive:      time.Millisecond,
	})
	found := map[string]configerr.Fault{}
	for _, e := range configerr.All(err) {
		found[e.Field] = e.Fault
	}
	for field, want := range map[string]configerr.Fault{
		"Auth": gateway.MisplacedResources, "KeepAlive": gateway.InvalidKeepAlive, "TrustedProxies[0]": configerr.InvalidProxyNetwork,
		"Resources[0].Identifier": gateway.IdentifierQuery, "Resources[0].Upstream": gateway.NoUpstream,
		"Resources[1].Identifier": gateway.ReservedPath, "Resources[1].AuthorizationServers": configerr.NoAuthorizationServer,
	} {
		if found[field] != want {
			t.Errorf("%s: %q, want %q", field, found[field], want)
		}
	}
	for _, config := range []gateway.UpstreamConfig{
		{URL: ""}, {URL: "notes:3000/mcp"}, {URL: "ftp://notes/mcp"}, {URL: "http://a:b@notes/mcp"}, {URL: "http:///mcp"}, {URL: "http://notes/#x"},
		{URL: "http://notes", Transport: "websocket"},
	} {
		_, err := gateway.NewUpstream(config)
		if len(configerr.All(err)) != 1 || strings.Contains(err.Error(), "a:b@") {
			t.Errorf("%+v: %v", config, err)
		}
	}
}

// Covers GW3: resources are told apart by host and path, and each has its metadata.
func TestManyResources(t *testing.T) {
	t.Parallel()
	as := mcpauthtest.Start(t, mcpauthtest.Config{})
	upstreams := map[string]string{
		"https://one.example/mcp": "1", "https://one.example/b/mcp": "2", "https://two.example:8443/mcp": "3", "https://three.example": "4",
	}
	var config gateway.Config
	for identifier, name := range upstreams {
		config.Resources = append(config.Resources, gateway.Resource{
			Resource: mcpauth.Resource{Identifier: identifier, AuthorizationServers: []mcpauth.AuthorizationServer{{Issuer: as.Issuer()}}},
			Upstream: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Host+r.URL.RawQuery != "" || strings.Contains(r.RequestURI, "?") {
					t.Errorf("the URL of the client has reached the upstream: %s", r.URL)
				}
				_, _ = io.WriteString(w, name)
			}),
		})
	}
	g := newGateway(t, config)
	for _, tc := range []struct {
		url, audience string
		status        int
	}{
		{"https://one.example/mcp", "https://one.example/mcp", 200},
		{"https://ONE.example:443/mcp?x=y", "https://one.example/mcp", 200},
		{"https://one.example/b/mcp", "https://one.example/b/mcp", 200},
		{"https://two.example:8443/mcp", "https://two.example:8443/mcp", 200},
		{"https://two.example/mcp", "https://two.example:8443/mcp", 421},
		{"https://one.example:80/mcp", "https://one.example/mcp", 421},
		{"https://one.example./mcp", "https://one.example/mcp", 421},
		{"https://three.example/", "https://three.example", 200},
		{"https://three.example/mcp", "https://three.example", 404},
		{"https://one.example/b/mcp", "https://one.example/mcp", 401},
	} {
		r := httptest.NewRequest(http.MethodPost, tc.url, strings.NewReader(ping))
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Authorization", "Bearer "+as.MustToken(t, mcpauthtest.TokenClaims{Audience: []string{tc.audience}}))
		w := httptest.NewRecorder()
		g.ServeHTTP(w, r)
		if w.Code != tc.status || tc.status == 200 && w.Body.String() != upstreams[tc.audience] {
			t.Errorf("%s: %d %s", tc.url, w.Code, w.Body)
		}
		if challenge := w.Header().Get("WWW-Authenticate"); tc.status == 401 && !strings.Contains(challenge, `resource_metadata="https://one.example/.well-known/oauth-protected-resource/b/mcp"`) {
			t.Errorf("the challenge is %s", challenge)
		}
	}
	for url, want := range map[string]int{
		"https://one.example/.well-known/oauth-protected-resource/b/mcp": 200, "https://three.example/.well-known/oauth-protected-resource": 200,
		"https://evil.example/.well-known/oauth-protected-resource/mcp": 421, "https://one.example/.well-known/other": 404,
	} {
		w := httptest.NewRecorder()
		g.ServeHTTP(w, httptest.NewRequest(http.MethodGet, url, nil))
		if w.Code != want {
			t.Errorf("%s: %d", url, w.Code)
		}
	}
}

// Clients of 2025-03-26 find the authorization server where it can mean only one.
func TestLegacyMetadata(t *testing.T) {
	t.Parallel()
	as := mcpauthtest.Start(t, mcpauthtest.Config{})
	config := gateway.Config{LegacyMetadata: true}
	for _, identifier := range []string{"https://one.example/mcp", "https://two.example/a", "https://two.example/b"} {
		config.Resources = append(config.Resources, gateway.Resource{
			Resource: mcpauth.Resource{Identifier: identifier, AuthorizationServers: []mcpauth.AuthorizationServer{{Issuer: as.Issuer()}}},
			Upstream: http.NotFoundHandler(),
		})
	}
	status := func(g *gateway.Gateway, host string) int {
		w := httptest.NewRecorder()
		g.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "https://"+host+"/.well-known/oauth-authorization-server", nil))
		if w.Code == http.StatusOK && !strings.Contains(w.Body.String(), `"issuer":"`+as.Issuer()+`"`) {
			t.Errorf("%s: %s", host, w.Body)
		}
		return w.Code
	}
	g := newGateway(t, config)
	for host, want := range map[string]int{"one.example": 200, "one.example:443": 200, "two.example": 404, "three.example": 421} {
		if got := status(g, host); got != want {
			t.Errorf("%s: status %d, want %d", host, got, want)
		}
	}
	config.LegacyMetadata = false
	if got := status(newGateway(t, config), "one.example"); got != http.StatusNotFound {
		t.Errorf("unasked: status %d", got)
	}
}

// credentialFunc is a function as a Credential.
type credentialFunc func(context.Context, *mcpauth.AuthInfo, http.Header) error

func (f credentialFunc) Apply(ctx context.Context, info *mcpauth.AuthInfo, h http.Header) error {
	return f(ctx, info, h)
}

// Covers GW5, GW6: what a credential sets, no client can set or take away.
func TestCredential(t *testing.T) {
	t.Parallel()
	upstream := newTap(t, okAnswer)
	var fail error
	w := newWorld(t, newUpstream(t, gateway.UpstreamConfig{URL: upstream.url("/mcp")}), func(c *gateway.Config) {
		c.Resources[0].Credential = credentialFunc(func(_ context.Context, info *mcpauth.AuthInfo, h http.Header) error {
			h.Set("Authorization", "Bearer for-the-upstream")
			h.Set("Mcp-Auth-Assertion", info.Subject)
			return fail
		})
	})
	if response := w.send(w.post(ping, "Mcp-Auth-Assertion", "evil")); response.StatusCode != http.StatusOK {
		t.Fatalf("status %d", response.StatusCode)
	}
	seen := upstream.requests()[0]
	if strings.Contains(seen, "evil") || strings.Contains(seen, w.token) || !strings.Contains(seen, "\r\nAuthorization: Bearer for-the-upstream\r\n") || !strings.Contains(seen, "\r\nMcp-Auth-Assertion: alice\r\n") {
		t.Errorf("the upstream has seen\n%s", seen)
	}
	for _, tc := range []struct {
		err        error
		cause      string // for the log only
		status     int
		challenge  string
		retryAfter string
	}{
		{&gateway.CredentialError{Status: 401, Err: errors.New("invalid_grant")}, "invalid_grant", 401, `Bearer error="invalid_token", resource_metadata="http://` + w.addr() + "/.well-known/oauth-protected-resource/mcp", ""},
		{&gateway.CredentialError{Status: 503, RetryAfter: 1500 * time.Millisecond, Err: errors.New("down")}, "down", 503, "", "2"},
		{&gateway.CredentialError{Err: errors.New("invalid_client")}, "invalid_client", 502, "", ""},
		{errors.New("unexpected"), "unexpected", 502, "", ""},
	} {
		fail = tc.err
		response := w.send(w.post(ping))
		if response.StatusCode != tc.status || !strings.HasPrefix(response.Header.Get("WWW-Authenticate"), tc.challenge) || response.Header.Get("Retry-After") != tc.retryAfter {
			t.Errorf("%v: %d, %v", tc.err, response.StatusCode, response.Header)
		}
		if body := readAll(t, response); strings.Contains(body, tc.cause) || !strings.Contains(w.log.String(), tc.cause) {
			t.Errorf("%v: %s\n%s", tc.err, body, w.log)
		}
	}
	if len(upstream.requests()) != 1 {
		t.Error("a request without its credential was sent")
	}
}

// Covers GW21: a session is its caller's only, and 404 if nobody knows it.
func TestSessions(t *testing.T) {
	t.Parallel()
	upstream := newTap(t, strings.Replace(okAnswer, "\r\n", "\r\nMcp-Session-Id: s-1\r\n", 1))
	w := newWorld(t, newUpstream(t, gateway.UpstreamConfig{URL: upstream.url("/mcp")}))
	if got := w.send(w.post(ping)).Header.Get("Mcp-Session-Id"); got != "s-1" {
		t.Errorf("the session is %q", got)
	}
	mine := w.token
	for _, tc := range []struct {
		token, session string
		status         int
	}{{mine, "s-1", 200}, {mine, "s-2", 404}, {w.tokenFor(w.identifier, func(c *mcpauthtest.TokenClaims) { c.Subject = "other" }), "s-1", 403}} {
		w.token = tc.token
		if response := w.send(w.post(ping, "Mcp-Session-Id", tc.session)); response.StatusCode != tc.status {
			t.Errorf("session %s: %d", tc.session, response.StatusCode)
		}
	}
	if seen := upstream.requests(); len(seen) != 2 || !strings.Contains(seen[1], "\r\nMcp-Session-Id: s-1\r\n") {
		t.Errorf("the upstream has seen %q", seen)
	}
}

// Covers GW9: a stranger gets no invitation to send a body.
func TestExpectContinue(t *testing.T) {
	t.Parallel()
	upstream := newTap(t, okAnswer)
	w := newWorld(t, newUpstream(t, gateway.UpstreamConfig{URL: upstream.url("/mcp")}))
	for token, want := range map[string]string{w.token: "HTTP/1.1 100 ", "invented": "HTTP/1.1 401 "} {
		conn, err := net.Dial("tcp", w.addr())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		head := w.rawRequest("POST", "/mcp", "", "Expect: 100-continue", "Content-Length: 40", "Authorization: Bearer "+token)
		if _, err := io.WriteString(conn, head); err != nil {
			t.Fatal(err)
		}
		line, err := bufio.NewReader(conn).ReadString('\n')
		if err != nil || !strings.HasPrefix(line, want) {
			t.Errorf("%q, %v", line, err)
		}
	}
}

// Covers GW4, GW6, GW10: over HTTP/2 and TLS, on both sides.
func TestHTTP2(t *testing.T) {
	t.Parallel()
	upstream := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor != 2 || r.TLS == nil || len(r.TLS.PeerCertificates) != 1 {
			t.Errorf("%s, %+v", r.Proto, r.TLS)
		}
		if body, err := io.ReadAll(r.Body); string(body) != ping || err != nil || r.Header.Get("Authorization") != "" {
			t.Errorf("%q, %v, %v", body, err, r.Header)
		}
		w.Header().Set("Content-Type", "text/event-stream")
		_, _ = io.WriteString(w, "data: 1\n\n")
	}))
	upstream.EnableHTTP2 = true
	upstream.TLS = &tls.Config{ClientAuth: tls.RequireAnyClientCert}
	upstream.StartTLS()
	t.Cleanup(upstream.Close)
	roots := x509.NewCertPool()
	roots.AddCert(upstream.Certificate())
	config := &tls.Config{RootCAs: roots, Certificates: upstream.TLS.Certificates}
	w := newWorld(t, newUpstream(t, gateway.UpstreamConfig{URL: upstream.URL, TLS: config}))
	front := httptest.NewUnstartedServer(w.gateway)
	front.EnableHTTP2 = true
	front.StartTLS()
	t.Cleanup(front.Close)
	r := w.post(ping, "X_Auth_Subject", "evil")
	r.URL.Scheme, r.URL.Host, r.Host = "https", front.Listener.Addr().String(), w.addr()
	response, err := front.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if body := readAll(t, response); body != "data: 1\n\n" || response.ProtoMajor != 2 {
		t.Errorf("%s: %q", response.Proto, body)
	}
}

// Covers GW4: the address for logs is the last one that no trusted proxy vouches for.
func TestClientAddress(t *testing.T) {
	t.Parallel()
	addresses := make(chan string, 10)
	upstream := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		addresses <- r.Header.Get("X-Forwarded-For") + " " + gateway.ClientAddress(r.Context()).String()
	})
	decided := make(chan string, 10)
	w := newWorld(t, upstream, func(c *gateway.Config) {
		c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("10.0.0.0/8")}
		c.Auth.Hooks.Decided = func(ctx context.Context, _ mcpauth.DecisionEvent) {
			decided <- gateway.ClientAddress(ctx).String() + " " + gateway.RequestID(ctx) + gateway.RequestID(ctx)
		}
	})
	w.send(w.post(ping, "X-Forwarded-For", "192.0.2.1, 203.0.113.7, 10.1.1.1"))
	if got := <-addresses; got != "203.0.113.7 203.0.113.7" {
		t.Errorf("the upstream sees %s", got)
	}
	address, id, _ := strings.Cut(<-decided, " ")
	if address != "203.0.113.7" || len(id) < 20 || id[:len(id)/2] != id[len(id)/2:] {
		t.Errorf("the hook sees %s and %s", address, id)
	}
	if ctx := t.Context(); gateway.ClientAddress(ctx).IsValid() || gateway.RequestID(ctx) != "" {
		t.Error("there is no request")
	}
}

// A response that carries a nonce of the gateway is in no cache, whatever the upstream
// says of it.
//
// Covers GW14.
func TestNonceIsNotCached(t *testing.T) {
	t.Parallel()
	upstream := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Cache-Control", "public, max-age=3600")
		w.Header().Set("DPoP-Nonce", "evil")
	})
	w := newWorld(t, upstream, func(c *gateway.Config) {
		c.Resources[0].DPoP = &mcpauth.DPoP{RequireNonce: true}
		c.Resources[0].Policy = &policy.Policy{Methods: map[string]policy.Requirement{"ping": policy.Public()}}
	})
	r := w.post(ping)
	r.Header.Del("Authorization")
	response := w.send(r)
	if nonce := response.Header["Dpop-Nonce"]; response.StatusCode != 200 || len(nonce) != 1 || nonce[0] == "evil" || response.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("status %d, %v", response.StatusCode, response.Header)
	}
}

// A hook that panics is logged, and the response has been sent.
func TestHookPanics(t *testing.T) {
	t.Parallel()
	w := newWorld(t, http.NotFoundHandler(), func(c *gateway.Config) {
		c.Hooks.Upstream = func(context.Context, gateway.UpstreamEvent) { panic("hook") }
	})
	if response := w.send(w.post(ping)); response.StatusCode != http.StatusNotFound || !strings.Contains(w.log.String(), "hook panicked") {
		t.Errorf("status %d, log %s", response.StatusCode, w.log)
	}
}
