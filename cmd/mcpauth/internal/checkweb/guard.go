package checkweb

import (
	"net/http"
	"slices"
)

// guard keeps out what is not the user at this page: host names that were made
// to lead here (DNS rebinding), and requests that pages of other origins make.
func (s *server) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.plain.SetHeaders(w.Header())
		// Whoever has opened this page's window, or includes it, learns nothing of it.
		w.Header().Set("Cross-Origin-Opener-Policy", "same-origin")
		w.Header().Set("Cross-Origin-Resource-Policy", "same-origin")
		if reason := s.foreign(r); reason != "" {
			http.Error(w, reason, http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// foreign says why a request is not one of this page's user.
func (s *server) foreign(r *http.Request) string {
	if !slices.Contains(s.hosts, r.Host) {
		return "This page answers to " + s.hosts[0] + " only."
	}
	for _, origin := range r.Header.Values("Origin") {
		if origin != "http://"+r.Host {
			return "Another page sent this request."
		}
	}
	for _, site := range r.Header.Values("Sec-Fetch-Site") {
		if site != "same-origin" && !fromAddressBar(r, site) && !isVisit(r) {
			return "Another page sent this request."
		}
	}
	return ""
}

// fromAddressBar reports whether the user asked for the page with the browser
// itself, and no other page did.
func fromAddressBar(r *http.Request, site string) bool { return isSafe(r) && site == "none" }

// isVisit reports whether the request is for a page in a window of its own:
// from where a link leads is no matter for what only shows something.
func isVisit(r *http.Request) bool {
	return isSafe(r) && r.Header.Get("Sec-Fetch-Mode") == "navigate" && r.Header.Get("Sec-Fetch-Dest") == "document"
}

func isSafe(r *http.Request) bool { return r.Method == http.MethodGet || r.Method == http.MethodHead }
