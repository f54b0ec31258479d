// Package fetch is the one HTTP client the library fetches with. It is made
// for URLs that others choose: it refuses private destinations at the moment
// of connecting, downgrades, unbounded answers and unbounded waiting.
package fetch

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/mcp-auth/go/network"
)

const (
	defaultTimeout      = 10 * time.Second
	defaultMaxBody      = 1 << 20
	defaultMaxRedirects = 3
	defaultUserAgent    = "mcp-auth-go"

	maxResponseHeader   = 64 << 10
	maxConnsPerHost     = 256 // more than introspection asks at a time, so that keys need not wait
	maxIdleConns        = 64
	maxIdleConnsPerHost = 16
	// Shorter than servers keep idle connections, so that a POST, which cannot
	// be repeated, seldom meets a connection that is just being closed.
	idleConnTimeout = 30 * time.Second
)

// Policy says what a [Client] may reach and how much it may take. The zero
// value is the strict default.
type Policy struct {
	network.Settings
	// MaxBody bounds the body in bytes, before and after decompression; 0
	// means 1 MiB.
	MaxBody int64
	// MaxRedirects is how many redirects one Do follows; 0 means 3, less
	// than 0 none.
	MaxRedirects int
	// UserAgent is sent with every request; empty means "mcp-auth-go".
	UserAgent string
}

func (p Policy) withDefaults() Policy {
	if p.Timeout <= 0 {
		p.Timeout = defaultTimeout
	}
	if p.MaxBody <= 0 {
		p.MaxBody = defaultMaxBody
	}
	if p.MaxRedirects == 0 {
		p.MaxRedirects = defaultMaxRedirects
	}
	if p.UserAgent == "" {
		p.UserAgent = defaultUserAgent
	}
	return p
}

// Client fetches under one [Policy]. It is safe for concurrent use.
type Client struct {
	policy   Policy
	resolver *net.Resolver // nil: the default one
	// Connections to loopback were let through by another rule and must never
	// serve a request without AllowLoopback: each rule has a pool of its own.
	public, loopback *http.Transport
	plain            *http.Transport // to the plain hosts, over http
	proxied          *http.Transport // nil without a proxy
	guard            guard
}

// New returns a client that keeps to p.
func New(p Policy) *Client {
	c := &Client{policy: p.withDefaults()}
	c.guard = newGuard(p.AllowedNetworks)
	c.public = c.transport(c.guard.dialer(c))
	c.loopback = c.transport(loopbackDialer(c))
	c.plain = c.transport(plainGuard(p.AllowedNetworks).dialer(c))
	if p.Proxy != nil {
		c.proxied = c.proxyTransport()
	}
	return c
}

// Covers reports whether what another client has fetched may count as fetched by
// this one: it trusts the same certificates, and may reach every network and every
// plain host that the other may.
func (c *Client) Covers(other *Client) bool {
	a, b := c.policy.RootCAs, other.policy.RootCAs
	if a != b && (a == nil || b == nil || !a.Equal(b)) {
		return false
	}
	return c.guard.covers(other.guard) && c.PlainHosts().covers(other.PlainHosts())
}

// Close closes idle connections. Requests under way go on.
func (c *Client) Close() {
	c.public.CloseIdleConnections()
	c.loopback.CloseIdleConnections()
	c.plain.CloseIdleConnections()
	if c.proxied != nil {
		c.proxied.CloseIdleConnections()
	}
}

// Request is one request.
type Request struct {
	// Method is the HTTP method; empty means GET. Only GET follows redirects.
	Method string
	// URL must satisfy [CheckURL], but may be http on a host of
	// [network.Settings.DangerouslyAllowHTTP]. Whoever names the URL must be trusted
	// to name such a host, see [PlainHosts.For].
	URL string
	// Host, if set, is sent as the Host header instead of the URL's host, as a
	// reverse proxy in front of a server does. Redirects drop it.
	Host string
	// Header is sent as it is, User-Agent and Accept-Encoding aside. After a
	// redirect to another origin only Accept is left of it.
	Header http.Header
	// Body is sent with every method but GET.
	Body []byte
	// EventWait, if positive, is how long to read an answer that is an event
	// stream (text/event-stream), which may never end. The body is then what has
	// come by that time, or the stream up to the end of its first event that has
	// data, and an error neither way. It is for servers that need not be given
	// the whole of Timeout.
	EventWait time.Duration
	// AllowLoopback lets the request reach a loopback host, over plain http
	// too, where the URL itself names one: localhost, *.localhost,
	// 127.0.0.0/8 or [::1].
	AllowLoopback bool
}

// Response is a complete answer.
type Response struct {
	Status int
	Header http.Header
	Body   []byte // decompressed
	URL    string // where the answer came from, after redirects
	// TLS tells of the connection, as [http.Response] does; nil with plain http.
	TLS *tls.ConnectionState
}

// Unexpected is the error of an answer with a status that is of no use.
func (r *Response) Unexpected() error { return &StatusError{Status: r.Status, URL: r.URL} }

// Do sends r and reads the whole answer. An answer of any status is a
// [Response]; an error is always an [*Error]. Where ctx ended it, errors.Is
// finds [context.Canceled] or [context.DeadlineExceeded].
func (c *Client) Do(ctx context.Context, r Request) (*Response, error) {
	ctx, cancel := context.WithTimeout(ctx, c.policy.Timeout)
	defer cancel()
	h, err := c.first(r)
	if err != nil {
		return nil, err
	}
	for redirects := 0; ; redirects++ {
		resp, err := c.exchange(ctx, h)
		if err != nil {
			return nil, err
		}
		location := resp.Header.Get("Location")
		if h.method != http.MethodGet || !isRedirect(resp.Status) || location == "" {
			return resp, nil
		}
		if redirects >= c.policy.MaxRedirects {
			return nil, h.fail(Redirect, errors.New("too many redirects"))
		}
		if h, err = h.next(location); err != nil {
			return nil, err
		}
	}
}

// hop is one of the requests that a Do is made of.
type hop struct {
	method        string
	url           *url.URL
	host          string // instead of the URL's, if set
	header        http.Header
	body          []byte
	eventWait     time.Duration
	allowLoopback bool
	plain         PlainHosts // may be reached: only if the first was one of them
}

func (c *Client) first(r Request) (hop, error) {
	plain := c.PlainHosts().For(r.URL)
	u, err := plain.parse(r.URL, r.AllowLoopback)
	if err != nil {
		return hop{}, err
	}
	h := hop{
		method:        r.Method,
		url:           u,
		host:          r.Host,
		header:        r.Header.Clone(),
		body:          r.Body,
		eventWait:     r.EventWait,
		allowLoopback: r.AllowLoopback && IsLoopbackHost(u.Hostname()),
		plain:         plain,
	}
	if h.method == "" {
		h.method = http.MethodGet
	}
	if h.method == http.MethodGet && len(h.body) > 0 {
		return hop{}, h.fail(InvalidRequest, errors.New("a GET has no body"))
	}
	if h.header == nil {
		h.header = make(http.Header)
	}
	h.header.Set("User-Agent", c.policy.UserAgent)
	// Set here, the transport leaves decompression, and its limits, to us.
	h.header.Set("Accept-Encoding", "gzip")
	return h, nil
}

// next is the request that follows a redirect to location.
func (h hop) next(location string) (hop, error) {
	// The parser's errors quote the URL: they stay here.
	u, err := h.url.Parse(location)
	if err != nil {
		return hop{}, h.fail(Redirect, errors.New("the redirect's target is not a valid URL"))
	}
	u.Fragment, u.RawFragment = "", ""
	if len(u.String()) > maxURL {
		return hop{}, h.fail(Redirect, errors.New("the redirect's target is too long"))
	}
	// A public server must not send us to our own machine: what may be reached
	// on loopback may only be named by loopback.
	if err := h.plain.check(u, h.allowLoopback); err != nil {
		return hop{}, h.fail(Redirect, err)
	}
	n := h
	n.url, n.host = u, ""
	n.allowLoopback = h.allowLoopback && IsLoopbackHost(u.Hostname())
	if !h.plain.include(u) {
		n.plain = nil
	}
	if origin(u) != origin(h.url) {
		n.header = crossOriginHeader(h.header)
	}
	return n, nil
}

// crossOriginHeader is what another origin may see of h: nothing that may be
// a credential.
func crossOriginHeader(h http.Header) http.Header {
	kept := make(http.Header, 3)
	for _, name := range []string{"Accept", "Accept-Encoding", "User-Agent"} {
		if v, ok := h[name]; ok {
			kept[name] = v
		}
	}
	return kept
}

func isRedirect(status int) bool {
	switch status {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther,
		http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return true
	}
	return false
}

// exchange sends one request and reads its answer.
func (c *Client) exchange(ctx context.Context, h hop) (*Response, error) {
	sent, stop := context.WithCancel(ctx)
	defer stop()
	req, err := http.NewRequestWithContext(sent, h.method, h.url.String(), bytes.NewReader(h.body))
	if err != nil {
		return nil, h.fail(InvalidRequest, errors.New("the method is not valid"))
	}
	if len(h.body) == 0 {
		req.Body, req.GetBody = http.NoBody, nil
	}
	req.Header = h.header
	if h.host != "" {
		req.Host = h.host
	}
	// The transport is used without an http.Client, which would follow
	// redirects by other rules and quote whole URLs in its errors.
	transport, err := c.transportFor(h)
	if err != nil {
		return nil, h.exchangeError(ctx, err)
	}
	resp, err := transport.RoundTrip(req)
	if err != nil && transport == c.proxied {
		err = byProxy(err)
	}
	if err != nil {
		return nil, h.exchangeError(ctx, err)
	}
	defer resp.Body.Close()
	if resp.StatusCode < 200 {
		return nil, h.fail(Malformed, errors.New("the server switched protocols unasked"))
	}
	if h.eventWait > 0 && isEventStream(resp) {
		body, err := c.readFirstEvent(resp, h.eventWait, stop)
		if err != nil {
			return nil, h.exchangeError(ctx, err)
		}
		return h.response(resp, body), nil
	}
	body, err := c.readBody(resp)
	if err != nil {
		return nil, h.exchangeError(ctx, err)
	}
	return h.response(resp, body), nil
}

func (h hop) response(resp *http.Response, body []byte) *Response {
	return &Response{Status: resp.StatusCode, Header: resp.Header, Body: body, URL: h.url.String(), TLS: resp.TLS}
}
