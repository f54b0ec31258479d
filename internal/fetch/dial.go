package fetch

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"syscall"
)

// dialFunc is the type of http.Transport's DialContext.
type dialFunc func(ctx context.Context, network, addr string) (net.Conn, error)

// transport speaks HTTP/1.1 only: a request that runs into its time limit
// takes its connection down with it, while a silently dead HTTP/2 connection
// would swallow request after request.
func (c *Client) transport(dial dialFunc) *http.Transport {
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	return &http.Transport{
		// No proxy: it would connect for us, past the address check.
		Proxy:                  nil,
		Protocols:              &protocols,
		DialContext:            dial,
		DialTLSContext:         c.tlsDialer(dial),
		DisableCompression:     true, // readBody does it, within limits
		MaxResponseHeaderBytes: maxResponseHeader,
		MaxConnsPerHost:        maxConnsPerHost,
		MaxIdleConns:           maxIdleConns,
		MaxIdleConnsPerHost:    maxIdleConnsPerHost,
		IdleConnTimeout:        idleConnTimeout,
	}
}

// dialer connects to public addresses. The check runs on the very address
// that is connected to, after name resolution and for each attempt, so a name
// that changes its address between a check and its use gains nothing.
func (g guard) dialer(c *Client) dialFunc {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		return c.dialChecked(ctx, network, addr, g.check)
	}
}

// loopbackDialer connects to this machine only. The caller has made sure that
// the URL names it.
func loopbackDialer(c *Client) dialFunc {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		host, port, err := net.SplitHostPort(addr)
		if err != nil || !isLocalhost(host) {
			return c.dialChecked(ctx, network, addr, checkLoopback)
		}
		// The names are defined to be loopback (RFC 6761 §6.3): no resolver is
		// asked, since some do not know them and none may say otherwise.
		conn, err := c.dialChecked(ctx, network, net.JoinHostPort("127.0.0.1", port), checkLoopback)
		if err == nil {
			return conn, nil
		}
		if conn, err6 := c.dialChecked(ctx, network, net.JoinHostPort("::1", port), checkLoopback); err6 == nil {
			return conn, nil
		}
		return nil, err
	}
}

func checkLoopback(addr netip.Addr) error {
	if !addr.Unmap().IsLoopback() {
		return &blockedError{addr, "not loopback"}
	}
	return nil
}

func (c *Client) dialChecked(ctx context.Context, network, addr string, check func(netip.Addr) error) (net.Conn, error) {
	d := net.Dialer{
		Timeout:  c.policy.Timeout,
		Resolver: c.resolver,
		ControlContext: func(_ context.Context, _, address string, _ syscall.RawConn) error {
			ap, err := netip.ParseAddrPort(address)
			if err != nil {
				return fmt.Errorf("cannot check the address: %w", err)
			}
			return check(ap.Addr())
		},
	}
	return d.DialContext(ctx, network, addr)
}

// tlsDialer does the handshake here rather than in the transport, so that its
// errors can be told from others.
func (c *Client) tlsDialer(dial dialFunc) dialFunc {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		// The transport lets a connection attempt outlive its request.
		ctx, cancel := context.WithTimeout(ctx, c.policy.Timeout)
		defer cancel()
		raw, err := dial(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		host, _, err := net.SplitHostPort(addr)
		if err != nil {
			raw.Close()
			return nil, err
		}
		conn := tls.Client(raw, &tls.Config{
			ServerName: host,
			RootCAs:    c.policy.RootCAs,
			MinVersion: tls.VersionTLS12,
			NextProtos: []string{"http/1.1"},
		})
		if err := conn.HandshakeContext(ctx); err != nil {
			raw.Close()
			return nil, &handshakeError{err}
		}
		return conn, nil
	}
}

// handshakeError tells that TLS failed. errors.As finds the cause, such as a
// [*tls.CertificateVerificationError].
type handshakeError struct{ err error }

func (e *handshakeError) Error() string { return "no TLS connection: " + e.err.Error() }
func (e *handshakeError) Unwrap() error { return e.err }
