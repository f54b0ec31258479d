// Package route serves the endpoints of an authorization server: endpoints for
// programs from any origin, pages only under the server's own host names.
package route

import (
	"net/http"
	"slices"
	"strings"

	"github.com/mcp-auth/go/internal/fetch"
)

// Route is what is served at a path.
type Route struct {
	// Name is the name of the endpoint.
	Name string
	// Methods are the methods that Handler answers.
	Methods []string
	// Page says that the endpoint is for people. All others are for programs.
	Page    bool
	Handler http.Handler
}

// Table is the handler of all routes.
type Table struct {
	// Loopback says that the host of the issuer is on loopback.
	Loopback bool
	// Routes are the routes by their paths.
	Routes map[string]Route
}

// ServeHTTP implements [http.Handler].
func (t *Table) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Content-Type-Options", "nosniff")
	route, ok := t.Routes[r.URL.Path]
	if ok && route.Page {
		t.servePage(w, r, route)
		return
	}
	// Scripts of any origin may read these responses: they depend on no cookie,
	// so they hold nothing that the caller could not fetch without a browser.
	w.Header().Set("Access-Control-Allow-Origin", "*")
	w.Header().Set("Access-Control-Expose-Headers", "WWW-Authenticate, Retry-After, DPoP-Nonce")
	if !ok {
		http.NotFound(w, r)
		return
	}
	if r.Method == http.MethodOptions {
		preflight(w, route)
		return
	}
	serve(w, r, route)
}

// servePage keeps out web pages whose host name was made to resolve to loopback
// (DNS rebinding), which the browser would treat as the same origin.
func (t *Table) servePage(w http.ResponseWriter, r *http.Request, route Route) {
	if t.Loopback && !fetch.IsLoopbackAuthority(r.Host) {
		http.Error(w, "This page answers only to loopback host names.", http.StatusForbidden)
		return
	}
	serve(w, r, route)
}

func serve(w http.ResponseWriter, r *http.Request, route Route) {
	if !slices.Contains(route.Methods, r.Method) {
		w.Header().Set("Allow", strings.Join(route.Methods, ", "))
		http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
		return
	}
	route.Handler.ServeHTTP(w, r)
}

// preflight lets scripts send any header. The wildcard does not cover
// Authorization (Fetch §3.3.3), which token requests may need.
func preflight(w http.ResponseWriter, route Route) {
	w.Header().Set("Access-Control-Allow-Methods", strings.Join(route.Methods, ", "))
	w.Header().Set("Access-Control-Allow-Headers", "*, Authorization")
	w.Header().Set("Access-Control-Max-Age", "600")
	w.WriteHeader(http.StatusNoContent)
}
