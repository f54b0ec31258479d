package gateway

import (
	"context"
	"crypto/tls"
	"errors"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"time"

	"github.com/mcp-auth/go/configerr"
	"github.com/mcp-auth/go/gateway/internal/legacysse"
)

// The limits of connections to an upstream.
const (
	connectTimeout    = 5 * time.Second
	idleConnTimeout   = 90 * time.Second
	maxIdleConns      = 64
	maxResponseHeader = 256 << 10 // bytes
)

// Transport is how an MCP server speaks HTTP.
type Transport string

// The transports.
const (
	// StreamableHTTP is the transport of the revisions since 2025-03-26.
	StreamableHTTP Transport = "streamable_http"
	// SSE is the transport HTTP+SSE of the revision 2024-11-05.
	SSE Transport = "sse"
)

// UpstreamConfig configures an [Upstream].
type UpstreamConfig struct {
	// URL is where the MCP server is: for HTTP+SSE, where its stream is. It may have a
	// query, and may be plain http.
	URL string
	// Transport is how the server speaks HTTP. Empty means [StreamableHTTP].
	Transport Transport
	// TLS has the authorities to trust for an https URL and the gateway's own
	// certificate. Nil means those of the system, and none.
	TLS *tls.Config
	// Logger gets what the HTTP client has to say. Nil means that nothing is logged.
	Logger *slog.Logger
}

// Upstream is an MCP server at a URL, for [Resource.Upstream]. No redirect is
// followed, no request is sent twice, and no response has a limit in time but one
// hour without a byte.
type Upstream struct {
	url       *url.URL
	transport *http.Transport
	proxy     *httputil.ReverseProxy
	sessions  *legacysse.Sessions // nil: streamable HTTP
}

// NewUpstream makes an [Upstream]. Every mistake is reported, each as a
// [*configerr.Error], joined. It does not use the network.
func NewUpstream(config UpstreamConfig) (*Upstream, error) {
	var faults configerr.List
	u, err := url.Parse(config.URL)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil || u.Fragment != "" {
		faults.Add(InvalidUpstreamURL, "URL", config.URL)
	}
	up := &Upstream{url: u}
	switch config.Transport {
	case "", StreamableHTTP:
	case SSE:
		up.sessions = &legacysse.Sessions{}
	default:
		faults.Add(InvalidTransport, "Transport", string(config.Transport))
	}
	if err := faults.Err(); err != nil {
		return nil, err
	}
	dialer := &net.Dialer{Timeout: connectTimeout}
	up.transport = &http.Transport{
		DialContext: dialer.DialContext, TLSHandshakeTimeout: connectTimeout, TLSClientConfig: config.TLS.Clone(), ForceAttemptHTTP2: true,
		DisableCompression: true, MaxIdleConnsPerHost: maxIdleConns, IdleConnTimeout: idleConnTimeout, MaxResponseHeaderBytes: maxResponseHeader,
	}
	up.proxy = &httputil.ReverseProxy{
		Rewrite: up.rewrite, Transport: up.transport, FlushInterval: -1, ModifyResponse: up.judge, ErrorHandler: up.fail,
		ErrorLog: log.New(discard{}, "", 0),
	}
	if config.Logger != nil {
		up.proxy.ErrorLog = slog.NewLogLogger(config.Logger.Handler(), slog.LevelDebug)
	}
	return up, nil
}

// discard is a log that nobody reads.
type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }

// URL returns where the MCP server is.
func (u *Upstream) URL() string { return u.url.String() }

// Close closes connections that are not in use.
func (u *Upstream) Close() { u.transport.CloseIdleConnections() }

// ServeHTTP sends a request to the MCP server.
func (u *Upstream) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case u.sessions == nil:
		u.proxy.ServeHTTP(w, r)
	case r.Method == http.MethodGet:
		u.proxy.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), pathKey{}, pathAsSent(r))))
	default:
		u.sendMessage(w, r)
	}
}

// rewrite makes the request to the MCP server. ReverseProxy has taken out what
// Connection names.
func (u *Upstream) rewrite(r *httputil.ProxyRequest) {
	target := u.url
	if endpoint, ok := r.In.Context().Value(endpointKey{}).(*url.URL); ok {
		target = endpoint
	}
	copied := *target
	r.Out.URL, r.Out.Host, r.Out.Trailer = &copied, "", nil
	for _, name := range [...]string{"X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto"} {
		if values := r.In.Header[name]; values != nil {
			r.Out.Header[name] = values
		}
	}
	if u.sessions != nil { // a stream that is read is not compressed
		r.Out.Header.Del("Accept-Encoding")
	}
}

// judge looks at the response before anything of it is sent.
func (u *Upstream) judge(r *http.Response) error {
	if err := checkStatus(r.StatusCode); err != nil {
		return err
	}
	if u.sessions == nil || r.Request.Method != http.MethodGet || r.StatusCode != http.StatusOK {
		return nil
	}
	return u.openStream(r)
}

// fail answers for an MCP server that did not.
func (u *Upstream) fail(w http.ResponseWriter, r *http.Request, err error) {
	status := http.StatusBadGateway
	timeout, ok := errors.AsType[net.Error](err)
	if ok && timeout.Timeout() || errors.Is(err, context.DeadlineExceeded) || errors.Is(context.Cause(r.Context()), errIdle) {
		status = http.StatusGatewayTimeout
	}
	Fail(w, r, status, 0, err)
}
