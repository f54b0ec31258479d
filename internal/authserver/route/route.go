// Package route serves the endpoints of an authorization server: endpoints for
// programs from any origin, pages only under the server's own host names.
package route

import (
	"net/http"
	"slices"
	"strings"

	"github.com/mcp-auth/go/internal/fetch"
	"github.com/mcp-auth/go/internal/webpage"
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
	// Host is the host of an http issuer of one's own network. Empty means that the
	// issuer is on loopback, or https.
	Host string
	// Routes are the routes by their paths.
	Routes map[string]Route
	// ShowProblem shows a person a page that says why there is no other.
	ShowProblem func(w http.ResponseWriter, r *http.Request, status int, title, message string)
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
		t.refuse(w, r, http.StatusNotFound, "There is nothing here", "This authorization server has no page at this address.")
		return
	}
	if r.Method == http.MethodOptions {
		preflight(w, route)
		return
	}
	t.serve(w, r, route)
}

// servePage keeps out web pages whose host name was made to resolve to loopback
// (DNS rebinding), which the browser would treat as the same origin.
func (t *Table) servePage(w http.ResponseWriter, r *http.Request, route Route) {
	if !t.own(r.Host) {
		http.Error(w, "This page answers only to loopback host names and the host of the issuer.", http.StatusForbidden)
		return
	}
	t.serve(w, r, route)
}

// own reports whether a Host header names this server. With https it is the
// certificate that does.
func (t *Table) own(host string) bool {
	if !t.Loopback && t.Host == "" {
		return true
	}
	return fetch.IsLoopbackAuthority(host) || t.Host != "" && strings.EqualFold(host, t.Host)
}

func (t *Table) serve(w http.ResponseWriter, r *http.Request, route Route) {
	if !slices.Contains(route.Methods, r.Method) {
		w.Header().Set("Allow", strings.Join(route.Methods, ", "))
		t.refuse(w, r, http.StatusMethodNotAllowed, "This address is for programs", "Applications send requests here; there is no page.")
		return
	}
	route.Handler.ServeHTTP(w, r)
}

// refuse answers a person with a page and a program with a line of text.
func (t *Table) refuse(w http.ResponseWriter, r *http.Request, status int, title, message string) {
	person := webpage.WantsPage(r) && t.own(r.Host)
	if t.ShowProblem == nil || !person {
		http.Error(w, strings.ToLower(http.StatusText(status)), status)
		return
	}
	t.ShowProblem(w, r, status, title, message)
}

// preflight lets scripts send any header. The wildcard does not cover
// Authorization (Fetch §3.3.3), which token requests may need.
func preflight(w http.ResponseWriter, route Route) {
	w.Header().Set("Access-Control-Allow-Methods", strings.Join(route.Methods, ", "))
	w.Header().Set("Access-Control-Allow-Headers", "*, Authorization")
	w.Header().Set("Access-Control-Max-Age", "600")
	w.WriteHeader(http.StatusNoContent)
}
