package mcpauth

import (
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"

	"github.com/jub0bs/cors"
	"github.com/mcp-auth/go/internal/fetch"
	"github.com/mcp-auth/go/reason"
)

// CORS says which browser origins may call protected handlers, and read their
// answers. A request with another Origin is answered with 403 (MCP transport):
// a page of another site must not reach a server by way of a browser.
//
// The default depends on the resource. On a public host it admits every origin:
// no cookies are accepted, so a page without an access token gets nothing but
// the challenge. On loopback it admits pages on loopback only, on any port. The
// methods are those of MCP: GET, POST and DELETE. The metadata can be read from
// any origin.
//
// Unless all origins are admitted, a resource on loopback also refuses requests
// that came in on loopback for another Host: another site has bound its name to
// this machine.
type CORS struct {
	// Origins are the admitted origins, such as "https://app.example.com" or
	// "http://localhost:*". Empty means the default, described at [CORS]; "*"
	// means all.
	Origins []string
	// Disabled leaves the CORS headers to your own middleware. A preflight
	// request then passes to the wrapped handler without a token. The Origin is
	// checked all the same.
	Disabled bool
}

// loopbackOrigins are the pages that may call a server on loopback. A name that
// another site has bound to a loopback address is not among them.
func loopbackOrigins() []string {
	return []string{
		"http://localhost:*", "http://127.0.0.1:*", "http://[::1]:*",
		"https://localhost:*", "https://127.0.0.1:*", "https://[::1]:*",
	}
}

// origins checks the Origin of requests and writes CORS headers (RS16, RS20).
type origins struct {
	cors    *cors.Middleware
	any     bool // every origin is admitted
	local   bool // the resource is on loopback, and so are its names
	callers bool // CORS headers are left to the caller
}

func newOrigins(c CORS, identifier string) (*origins, error) {
	o := &origins{callers: c.Disabled}
	list := c.Origins
	u, err := url.Parse(identifier)
	onLoopback := err == nil && fetch.IsLoopbackHost(u.Hostname())
	switch {
	case len(list) == 1 && list[0] == "*":
		o.any = true
	case len(list) > 0:
	case onLoopback:
		list = loopbackOrigins()
	default:
		list, o.any = []string{"*"}, true
	}
	o.local = onLoopback && !o.any
	o.cors, err = cors.NewMiddleware(cors.Config{
		Origins: list,
		Methods: []string{http.MethodGet, http.MethodPost, http.MethodDelete},
		// The wildcard does not cover Authorization (Fetch standard); MCP has
		// headers named by tool parameters, which no list can hold.
		RequestHeaders:  []string{"*", "Authorization"},
		ResponseHeaders: []string{"WWW-Authenticate", "Mcp-Session-Id", "MCP-Protocol-Version", "DPoP-Nonce", "Retry-After"},
		MaxAgeInSeconds: 600,
	})
	if err != nil {
		return nil, &ConfigError{Field: "CORS.Origins", Fault: InvalidCORS, detail: err}
	}
	return o, nil
}

// guard puts the checks in front of a door.
func (o *origins) guard(door http.Handler, log *slog.Logger) http.Handler {
	if o.any && o.callers {
		return door
	}
	g := &originGuard{origins: o, door: door, log: log}
	g.headers = o.cors.Wrap(http.HandlerFunc(g.admitted))
	return g
}

// originGuard refuses requests of pages that are not admitted. A request
// without Origin is not a page's, or one of the same site.
type originGuard struct {
	*origins
	door    http.Handler
	headers http.Handler
	log     *slog.Logger
}

func (g *originGuard) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	given := len(r.Header["Origin"])
	switch {
	case g.local && isRebound(r):
		g.refuse(w, r)
	case given == 0 && (g.any || g.callers):
		g.door.ServeHTTP(w, r) // answers do not vary by Origin
	case given > 1 && !g.any:
		g.refuse(w, r)
	case !g.callers:
		g.headers.ServeHTTP(w, r)
	case g.knows(r):
		g.door.ServeHTTP(w, r)
	default:
		g.refuse(w, r)
	}
}

// isRebound reports a request that came in on loopback for a name that is not of
// loopback. To such a page the server is the same origin, so that browsers send
// no Origin with what it reads.
func isRebound(r *http.Request) bool {
	local, ok := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr)
	name := (&url.URL{Host: r.Host}).Hostname()
	return ok && local.IP.IsLoopback() && name != "" && !fetch.IsLoopbackHost(name)
}

// admitted is reached with the CORS headers written, if the origin has any.
func (g *originGuard) admitted(w http.ResponseWriter, r *http.Request) {
	if len(r.Header["Origin"]) > 0 && !g.any && w.Header().Get("Access-Control-Allow-Origin") == "" {
		g.refuse(w, r)
		return
	}
	g.door.ServeHTTP(w, r)
}

// knows asks the CORS middleware, whose headers are not sent.
func (g *originGuard) knows(r *http.Request) bool {
	probe := &headerRecorder{header: http.Header{}}
	plain := &http.Request{Method: http.MethodGet, Header: http.Header{"Origin": r.Header["Origin"]}}
	g.cors.Wrap(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})).ServeHTTP(probe, plain)
	return probe.header.Get("Access-Control-Allow-Origin") != ""
}

// headerRecorder keeps headers and nothing else.
type headerRecorder struct{ header http.Header }

func (r *headerRecorder) Header() http.Header         { return r.header }
func (r *headerRecorder) Write(p []byte) (int, error) { return len(p), nil }
func (r *headerRecorder) WriteHeader(int)             {}

func (g *originGuard) refuse(w http.ResponseWriter, r *http.Request) {
	g.log.LogAttrs(r.Context(), slog.LevelInfo, "mcpauth: request refused",
		slog.Int("status", http.StatusForbidden),
		slog.String("reason", string(reason.WrongOrigin)),
		slog.String("method", r.Method),
		slog.String("cause", fmt.Sprintf("the origin is %.200q, the host %.200q", r.Header["Origin"], r.Host)))
	WriteChallenge(w, &Challenge{
		Status: http.StatusForbidden, Code: codeAccessDenied, Reason: reason.WrongOrigin,
		Description: "Pages of this origin may not call this server.",
	})
}
