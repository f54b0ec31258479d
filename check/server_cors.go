package check

import (
	"context"
	"net/http"
	"slices"
	"strings"
)

// pageOrigin is a web page that an MCP client could be: one on this machine
// where the server is, which by default admits no other (RS16).
func (s *serverCheck) pageOrigin() string {
	if s.loopback {
		return "http://localhost:6274"
	}
	return "https://app.example"
}

// clientHeaders are what browsers ask leave for.
func clientHeaders() []string {
	return []string{"authorization", "content-type", "last-event-id", "mcp-method", "mcp-name", "mcp-protocol-version", "mcp-session-id"}
}

// crossOrigin asks as a browser does for a page of another origin (RS20).
func (s *serverCheck) crossOrigin(ctx context.Context) {
	if s.state == unknown {
		return
	}
	good := s.preflight(ctx)
	if s.state == protected {
		good = s.refusalToPage(ctx) && good
	}
	if good {
		s.add(CORSOpen, "", "MCP clients in web pages can call the server.")
	}
}

func (s *serverCheck) preflight(ctx context.Context) bool {
	header := http.Header{
		"Accept":                         {"*/*"},
		"Origin":                         {s.pageOrigin()},
		"Access-Control-Request-Method":  {http.MethodPost},
		"Access-Control-Request-Headers": {strings.Join(clientHeaders(), ",")},
	}
	r := s.request(http.MethodOptions, "", nil)
	r.Header = header
	a := s.send(ctx, "preflight of a web page", r, "")
	switch {
	case a == nil:
		return false
	case !a.success():
		s.add(CORSPreflightRefused, "", "The preflight request of a web page, which has no token, is answered with %d.", a.status)
		return false
	case !allowsOrigin(a.header, s.pageOrigin()):
		s.add(CORSMissing, corsEvidence(a.header), "The preflight request of a web page is answered without leave to call the server.")
		return false
	}
	if lacking := deniedHeaders(a.header); len(lacking) > 0 {
		s.add(CORSHeadersDenied, a.header.Get("Access-Control-Allow-Headers"), "Web pages may not send: %s.", strings.Join(lacking, ", "))
		return false
	}
	return true
}

// deniedHeaders are those that the preflight does not allow. The wildcard does
// not cover Authorization (Fetch standard).
func deniedHeaders(h http.Header) []string {
	allowed := listed(h, "Access-Control-Allow-Headers")
	all := slices.Contains(allowed, "*")
	return slices.DeleteFunc(clientHeaders(), func(name string) bool {
		return slices.Contains(allowed, name) || all && name != "authorization"
	})
}

// refusalToPage sees whether a page can read the challenge.
func (s *serverCheck) refusalToPage(ctx context.Context) bool {
	a := s.send(ctx, "initialize of a web page, without a token", s.request(http.MethodPost, initialize, http.Header{"Origin": {s.pageOrigin()}}), "")
	switch {
	case a == nil:
		return false
	case a.status == http.StatusForbidden:
		s.add(CORSOriginRefused, s.pageOrigin(), "A request of a web page is refused with 403.")
		return false
	case !allowsOrigin(a.header, s.pageOrigin()):
		s.add(CORSRefusalUnreadable, corsEvidence(a.header), "Web pages cannot read the 401.")
		return false
	}
	s.varies(a.header, "the 401")
	exposed := listed(a.header, "Access-Control-Expose-Headers")
	if !slices.Contains(exposed, "*") && !slices.Contains(exposed, "www-authenticate") {
		s.add(CORSChallengeHidden, strings.Join(exposed, ", "), "Web pages cannot read WWW-Authenticate: Access-Control-Expose-Headers does not name it.")
		return false
	}
	return true
}

// varies judges answers that one origin may read and that a cache may give to
// another.
func (s *serverCheck) varies(h http.Header, what string) {
	allowed := h.Get("Access-Control-Allow-Origin")
	if allowed == "" || allowed == "*" || slices.Contains(listed(h, "Cache-Control"), "no-store") {
		return
	}
	if vary := listed(h, "Vary"); !slices.Contains(vary, "origin") && !slices.Contains(vary, "*") {
		s.add(CORSVaryMissing, "", "Access-Control-Allow-Origin of %s names one origin, and Vary does not name Origin.", what)
	}
}

// listed returns the elements of a header that is a list, in lower case.
func listed(h http.Header, name string) []string {
	var list []string
	for _, value := range h.Values(name) {
		for element := range strings.SplitSeq(value, ",") {
			if element = strings.ToLower(strings.TrimSpace(element)); element != "" {
				list = append(list, element)
			}
		}
	}
	return list
}

// foreignOrigin asks as pages do that no server on this machine should answer
// (RS16): a page of a strange site reaches it through the user's browser.
func (s *serverCheck) foreignOrigin(ctx context.Context) {
	if !s.loopback || s.state == unknown {
		return
	}
	var admitted []string
	var last *answer
	for _, origin := range []string{"https://evil.example", "null"} {
		a := s.pingFrom(ctx, origin)
		if a == nil {
			return
		}
		if a.status != http.StatusForbidden {
			admitted, last = append(admitted, origin), a
		}
	}
	list := strings.Join(admitted, " or ")
	switch {
	case last == nil:
		s.add(OriginRefused, "", "Pages of other sites are refused with 403.")
	case last.status == http.StatusUnauthorized:
		s.add(OriginNotRefusedFirst, "", "Requests of pages of the origin %s without a token are answered with 401, where 403 is due.", list)
	default:
		s.add(OriginAdmitted, "", "Requests of pages of the origin %s are answered with %d, where 403 is due.", list, last.status)
	}
}

// pingFrom asks for a page, with the good token if there is one.
func (s *serverCheck) pingFrom(ctx context.Context, origin string) *answer {
	r := s.request(http.MethodPost, ping, http.Header{"Origin": {origin}})
	if s.token {
		s.inSession(&r)
	}
	return s.sendAdmitted(ctx, "ping of a page of the origin "+origin, r)
}
