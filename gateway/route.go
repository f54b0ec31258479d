package gateway

import (
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/mcp-auth/go/gateway/internal/headers"
	"github.com/mcp-auth/go/internal/safelog"
)

const (
	wellKnown  = "/.well-known/"
	legacyPath = wellKnown + "oauth-authorization-server"
	// bodyTimeout is how long a client may take to send a body.
	bodyTimeout = 30 * time.Second
)

// places are the resources of a host, by percent-encoded path.
type places map[string]http.Handler

// hostsOf returns what the Host header may be in requests for a URL, in lower case.
func hostsOf(u *url.URL) []string {
	host := strings.ToLower(u.Host)
	port := map[string]string{"https": "443", "http": "80"}[u.Scheme]
	switch u.Port() {
	case "":
		return []string{host, net.JoinHostPort(strings.ToLower(u.Hostname()), port)}
	case port:
		return []string{host, strings.TrimSuffix(host, ":"+port)}
	}
	return []string{host}
}

// pathOf returns the path of an identifier, as clients ask for it.
func pathOf(u *url.URL) *url.URL {
	if u.Path == "" {
		return &url.URL{Path: "/"}
	}
	return &url.URL{Path: u.Path, RawPath: u.RawPath}
}

// ServeHTTP routes a request by its host and path, exactly.
func (g *Gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	host := strings.ToLower(r.Host)
	resources := g.hosts[host]
	if resources == nil {
		g.refuse(w, r, &headers.Fault{Status: http.StatusMisdirectedRequest, Text: "This host is not served here."})
		return
	}
	path := pathAsSent(r)
	handler := resources[path]
	switch {
	case handler != nil:
		g.serve(w, r, handler)
	case path == KeySetPath && g.keySet != nil:
		g.keySet.ServeHTTP(w, r)
	case path == legacyPath && g.legacy[host] != nil:
		g.legacy[host].ServeHTTP(w, r)
	case strings.HasPrefix(path, wellKnown):
		g.metadata.ServeHTTP(w, r)
	default:
		g.refuse(w, r, &headers.Fault{Status: http.StatusNotFound, Text: "Nothing is served at this path."})
	}
}

// refuse answers a request that is refused for its form, and notes it. Scanners send
// many.
func (g *Gateway) refuse(w http.ResponseWriter, r *http.Request, fault *headers.Fault) {
	refuse(w, fault.Status, fault.Text)
	safelog.Write(r.Context(), g.log, slog.LevelDebug, "mcpauth: request not understood", slog.Int("status", fault.Status), slog.String("why", fault.Text),
		slog.String("method", r.Method), slog.String("host", r.Host), slog.String("path", pathAsSent(r)))
}

// serve has a request decided on, unless it is refused for its form.
func (g *Gateway) serve(w http.ResponseWriter, r *http.Request, handler http.Handler) {
	switch r.Method {
	case http.MethodGet, http.MethodPost, http.MethodDelete, http.MethodOptions:
	default:
		refuseMethod(w)
		return
	}
	fault := headers.Check(r.Header)
	if fault == nil && r.ContentLength != 0 && r.Method != http.MethodPost {
		// A client that goes away is noticed only if its body was read.
		fault = &headers.Fault{Status: http.StatusBadRequest, Text: "Only POST has a body."}
	}
	if fault != nil {
		g.refuse(w, r, fault)
		return
	}
	if r.ContentLength != 0 {
		// It ends with the body: net/http waits without a limit for what comes after it.
		_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(bodyTimeout))
	}
	ctx := &requestContext{Context: r.Context(), remote: r.RemoteAddr, forwarded: r.Header["X-Forwarded-For"], trusted: g.trusted}
	handler.ServeHTTP(w, r.WithContext(ctx))
}
