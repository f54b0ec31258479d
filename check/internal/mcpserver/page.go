package mcpserver

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/mcp-auth/go/check/internal/answer"
	"github.com/mcp-auth/go/check/internal/endpoint"
	"github.com/mcp-auth/go/check/internal/finding"
	"github.com/mcp-auth/go/check/internal/transport"
)

// pageOrigin returns the origin of a web page that could be an MCP client. A
// server on this machine by default admits only pages on this machine (RS16).
func pageOrigin(loopback bool) string {
	if loopback {
		return "http://localhost:6274"
	}
	return "https://app.example"
}

// clientHeaders returns the headers for which browsers ask permission.
func clientHeaders() []string {
	return []string{"authorization", "content-type", "last-event-id", "mcp-method", "mcp-name", "mcp-protocol-version", "mcp-session-id"}
}

// crossOrigin asks as a browser does for a page of another origin (RS20).
// refuses means that the server refuses requests without a token.
func crossOrigin(ctx context.Context, e *endpoint.Endpoint, refuses bool) {
	origin := pageOrigin(e.Loopback())
	allowed := preflight(ctx, e, origin)
	if refuses {
		allowed = refusalToPage(ctx, e, origin) && allowed
	}
	if allowed {
		e.Add(finding.New("cors_open", "", "MCP clients in web pages can call the server."))
	}
}

// preflight reports whether a page may call the server.
func preflight(ctx context.Context, e *endpoint.Endpoint, origin string) bool {
	r := e.Request(http.MethodOptions, "", nil)
	r.Header = http.Header{
		"Accept":                         {"*/*"},
		"Origin":                         {origin},
		"Access-Control-Request-Method":  {http.MethodPost},
		"Access-Control-Request-Headers": {strings.Join(clientHeaders(), ",")},
	}
	a := e.Send(ctx, "preflight of a web page", r, "")
	if a == nil {
		return false
	}
	found := judgePreflight(a, origin)
	e.Add(found...)
	return len(found) == 0
}

func judgePreflight(a *answer.Answer, origin string) (found finding.List) {
	switch {
	case !a.OK():
		found.Add("cors_preflight_refused", "", "The preflight request of a web page, which has no token, is answered with %d.", a.Status)
		return found
	case !transport.AllowsOrigin(a.Header, origin):
		found.Add("cors_missing", transport.OriginEvidence(a.Header), "The answer to the preflight request of a web page does not allow the page to call the server.")
		return found
	}
	if denied := deniedHeaders(a.Header); len(denied) > 0 {
		found.Add("cors_headers_denied", a.Header.Get("Access-Control-Allow-Headers"), "Web pages may not send: %s.", strings.Join(denied, ", "))
	}
	return found
}

// deniedHeaders returns the headers that the preflight does not allow. The
// wildcard does not cover Authorization (Fetch Standard).
func deniedHeaders(h http.Header) []string {
	allowed := transport.Elements(h, "Access-Control-Allow-Headers")
	all := slices.Contains(allowed, "*")
	return slices.DeleteFunc(clientHeaders(), func(name string) bool {
		return slices.Contains(allowed, name) || all && name != "authorization"
	})
}

// refusalToPage reports whether a page can read the challenge.
func refusalToPage(ctx context.Context, e *endpoint.Endpoint, origin string) bool {
	r := e.Request(http.MethodPost, endpoint.Initialize, http.Header{"Origin": {origin}})
	a := e.Send(ctx, "initialize of a web page, without a token", r, "")
	if a == nil {
		return false
	}
	readable, found := judgeRefusalToPage(a, origin)
	e.Add(found...)
	return readable
}

func judgeRefusalToPage(a *answer.Answer, origin string) (readable bool, found finding.List) {
	switch {
	case a.Status == http.StatusForbidden:
		found.Add("cors_origin_refused", origin, "A request of a web page is refused with 403.")
		return false, found
	case a.Status >= 500:
		found.Add("origin_failure", a.Text(), "A request of a web page is answered with %d, unlike the same request of another client.", a.Status)
		return false, found
	case !transport.AllowsOrigin(a.Header, origin):
		found.Add("cors_refusal_unreadable", transport.OriginEvidence(a.Header), "Web pages cannot read the 401.")
		return false, found
	}
	found = judgeVary(a.Header, "the 401")
	exposed := transport.Elements(a.Header, "Access-Control-Expose-Headers")
	if !slices.Contains(exposed, "*") && !slices.Contains(exposed, "www-authenticate") {
		found.Add("cors_challenge_hidden", strings.Join(exposed, ", "), "Web pages cannot read WWW-Authenticate: Access-Control-Expose-Headers does not name it.")
		return false, found
	}
	return true, found
}

// judgeVary judges an answer that one origin may read: a cache may give it to a
// page of another origin.
func judgeVary(h http.Header, what string) (found finding.List) {
	allowed := h.Get("Access-Control-Allow-Origin")
	if allowed == "" || allowed == "*" || slices.Contains(transport.Elements(h, "Cache-Control"), "no-store") {
		return nil
	}
	if vary := transport.Elements(h, "Vary"); !slices.Contains(vary, "origin") && !slices.Contains(vary, "*") {
		found.Add("cors_vary_missing", "", "Access-Control-Allow-Origin of %s names one origin, but Vary does not name Origin.", what)
	}
	return found
}
