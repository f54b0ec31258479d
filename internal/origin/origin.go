// Package origin decides which browser origins may call a server, and writes
// CORS headers for them (MCP transport, Fetch standard).
package origin

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/jub0bs/cors"

	"github.com/mcp-auth/go/internal/fetch"
	"github.com/mcp-auth/go/internal/upgrade"
)

// Config says which origins are admitted.
type Config struct {
	// Origins are the admitted origins. Empty means all on a public host, and
	// loopback origins on loopback; "*" means all.
	Origins []string
	// External leaves the CORS headers to other middleware. The Origin is
	// checked all the same.
	External bool
	// Loopback says that the protected server is on loopback.
	Loopback bool
}

// Policy checks the Origin of requests and writes CORS headers.
type Policy struct {
	cors     *cors.Middleware
	any      bool // every origin is admitted
	local    bool // the server is on loopback, and so are its names
	external bool // other middleware writes the CORS headers
}

// loopbackOrigins are the pages that may call a server on loopback. They do not
// include a name that another site has bound to a loopback address.
func loopbackOrigins() []string {
	return []string{
		"http://localhost:*", "http://127.0.0.1:*", "http://[::1]:*",
		"https://localhost:*", "https://127.0.0.1:*", "https://[::1]:*",
	}
}

// New returns a policy. The error says which origins are not valid.
func New(c Config) (*Policy, error) {
	p := &Policy{external: c.External}
	list := c.Origins
	switch {
	case len(list) == 1 && list[0] == "*":
		p.any = true
	case len(list) > 0:
	case c.Loopback:
		list = loopbackOrigins()
	default:
		list, p.any = []string{"*"}, true
	}
	p.local = c.Loopback && !p.any
	m, err := cors.NewMiddleware(cors.Config{
		Origins: list,
		Methods: []string{http.MethodGet, http.MethodPost, http.MethodDelete},
		// The wildcard does not cover Authorization (Fetch standard); MCP has
		// headers named by tool parameters, which no list can hold.
		RequestHeaders:  []string{"*", "Authorization"},
		ResponseHeaders: []string{"WWW-Authenticate", "Mcp-Session-Id", "MCP-Protocol-Version", "DPoP-Nonce", "Retry-After"},
		MaxAgeInSeconds: 600,
	})
	if err != nil {
		return nil, err
	}
	p.cors = m
	return p, nil
}

// Meant returns the origin that was probably meant by one that is not valid, such as
// one with a slash at its end or without a scheme, or "".
func Meant(text string) string {
	text = strings.TrimSpace(text)
	if !strings.Contains(text, "://") {
		text = "https://" + text
	}
	scheme, rest, _ := strings.Cut(text, "://")
	host, _, _ := strings.Cut(rest, "/")
	meant := strings.ToLower(scheme + "://" + host)
	switch scheme {
	case "https":
		meant = strings.TrimSuffix(meant, ":443")
	case "http":
		meant = strings.TrimSuffix(meant, ":80")
	}
	if _, err := New(Config{Origins: []string{meant}}); err != nil || !strings.ContainsAny(host, ".:") {
		return ""
	}
	return meant
}

// PassesPreflights reports whether preflight requests go to the handler without
// a token, because other middleware answers them.
func (p *Policy) PassesPreflights(r *http.Request) bool {
	return p.external && r.Method == http.MethodOptions && r.Header.Get("Origin") != "" &&
		r.Header.Get("Access-Control-Request-Method") != ""
}

// Preflight returns a preflight request as it is handed on without a token: without a
// body and without an upgrade of the connection, which no preflight has (Fetch
// standard) and a handler might act on.
func Preflight(r *http.Request) *http.Request {
	plain := *upgrade.Without(r)
	plain.Body, plain.ContentLength, plain.TransferEncoding, plain.Trailer = http.NoBody, 0, nil, nil
	plain.Header = plain.Header.Clone()
	plain.Header.Del("Content-Length")
	return &plain
}

// ErrForeignHost is the cause of a refusal for the Host of a request: see
// [ForeignHost].
var ErrForeignHost = errors.New("the connection is on loopback, and the Host is not")

// Refuse answers a request of a page that is not admitted.
type Refuse func(w http.ResponseWriter, r *http.Request, cause error)

// Guard puts the checks in front of next.
func (p *Policy) Guard(next http.Handler, refuse Refuse) http.Handler {
	if p.any && p.external {
		return next
	}
	g := &guard{Policy: p, next: next, refuse: refuse}
	g.headers = p.cors.Wrap(http.HandlerFunc(g.admitted))
	return g
}

// guard refuses requests of pages that are not admitted. A request without
// Origin does not come from a page, or from one of the same site.
type guard struct {
	*Policy
	next    http.Handler
	headers http.Handler
	refuse  Refuse
}

func (g *guard) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	given := len(r.Header["Origin"])
	switch {
	case g.local && ForeignHost(r):
		g.refuse(w, r, fmt.Errorf("%w: %.200q", ErrForeignHost, r.Host))
	case given == 0 && (g.any || g.external):
		g.next.ServeHTTP(w, r) // answers do not vary by Origin
	case given > 1 && !g.any:
		g.reject(w, r)
	case !g.external:
		g.headers.ServeHTTP(w, r)
	case g.admits(r):
		g.next.ServeHTTP(w, r)
	default:
		g.reject(w, r)
	}
}

// ForeignHost reports whether a request came in on loopback for a name that is not
// a loopback name: from a proxy on this machine, or from a page whose name was bound
// to a loopback address. For such a page the server is the same origin, so browsers
// send no Origin when it reads.
func ForeignHost(r *http.Request) bool {
	local, ok := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr)
	name := (&url.URL{Host: r.Host}).Hostname()
	return ok && local.IP.IsLoopback() && name != "" && !fetch.IsLoopbackHost(name)
}

// admitted runs once the CORS headers are written, if the origin gets any.
func (g *guard) admitted(w http.ResponseWriter, r *http.Request) {
	if len(r.Header["Origin"]) > 0 && !g.any && w.Header().Get("Access-Control-Allow-Origin") == "" {
		g.reject(w, r)
		return
	}
	g.next.ServeHTTP(w, r)
}

// admits asks the CORS middleware about an origin without sending its headers.
func (g *guard) admits(r *http.Request) bool {
	probe := &headerRecorder{header: http.Header{}}
	plain := &http.Request{Method: http.MethodGet, Header: http.Header{"Origin": r.Header["Origin"]}}
	g.cors.Wrap(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})).ServeHTTP(probe, plain)
	return probe.header.Get("Access-Control-Allow-Origin") != ""
}

func (g *guard) reject(w http.ResponseWriter, r *http.Request) {
	g.refuse(w, r, fmt.Errorf("the origin is %.200q", r.Header["Origin"]))
}

// headerRecorder keeps headers and nothing else.
type headerRecorder struct{ header http.Header }

func (r *headerRecorder) Header() http.Header         { return r.header }
func (r *headerRecorder) Write(p []byte) (int, error) { return len(p), nil }
func (r *headerRecorder) WriteHeader(int)             {}
