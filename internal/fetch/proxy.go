package fetch

import (
	"crypto/tls"
	"errors"
	"net/http"
	"net/netip"
	"net/url"
)

// proxyError is the error of a request that went, or should have gone, by a proxy.
// It does not show the cause, which may hold the password of the proxy.
type proxyError struct{ err error }

func (*proxyError) Error() string   { return "the proxy refused the request or did not reach the server" }
func (e *proxyError) Unwrap() error { return e.err }

// byProxy sorts the error of a request that went by a proxy. The handshake with
// the server is then net/http's.
func byProxy(err error) error {
	var certificate *tls.CertificateVerificationError
	if errors.As(err, &certificate) {
		return &handshakeError{certificate}
	}
	return &proxyError{err}
}

// proxyTransport reaches servers by the proxy of the policy. The proxy's own
// address is not checked: whoever configured it chose it.
func (c *Client) proxyTransport() *http.Transport {
	t := c.transport(nil)
	t.DialContext, t.DialTLSContext = nil, nil
	t.TLSClientConfig = &tls.Config{RootCAs: c.policy.RootCAs, MinVersion: tls.VersionTLS12}
	t.TLSHandshakeTimeout = c.policy.Timeout
	t.Proxy = func(r *http.Request) (*url.URL, error) { return c.policy.Proxy(r.URL) }
	return t
}

// transportFor returns how a request reaches its server.
func (c *Client) transportFor(h hop) (*http.Transport, error) {
	switch {
	case h.allowLoopback:
		return c.loopback, nil
	case h.plain.include(h.url):
		return c.plain, nil
	}
	if c.proxied == nil {
		return c.public, nil
	}
	proxy, err := c.policy.Proxy(h.url)
	switch {
	case err != nil:
		return nil, &proxyError{}
	case proxy == nil:
		return c.public, nil
	}
	// The proxy resolves names. An address needs no resolving.
	if addr, err := netip.ParseAddr(h.url.Hostname()); err == nil {
		if err := c.guard.check(addr); err != nil {
			return nil, err
		}
	}
	if IsLoopbackHost(h.url.Hostname()) {
		return c.public, nil // which refuses it
	}
	return c.proxied, nil
}
