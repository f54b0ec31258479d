// Package upgrade keeps requests within HTTP. What is sent once a connection has
// become a WebSocket or a tunnel, no policy reads (RFC 9110 §7.8).
package upgrade

import (
	"net/http"
	"strings"
)

// IsAsked reports whether a request asks for another protocol on its connection.
func IsAsked(header http.Header) bool { return len(header["Upgrade"]) > 0 }

// Ignore returns the request without an upgrade to HTTP/2 over an open connection,
// which a server need not follow: Java's HttpClient asks for it with every first
// request. Any other upgrade stays, to be refused.
func Ignore(r *http.Request) *http.Request {
	if !IsAsked(r.Header) {
		return r
	}
	for _, protocol := range r.Header["Upgrade"] {
		if !strings.EqualFold(strings.TrimSpace(protocol), "h2c") {
			return r
		}
	}
	return Without(r)
}

// Without returns the request without any upgrade.
func Without(r *http.Request) *http.Request {
	if !IsAsked(r.Header) {
		return r
	}
	plain := *r
	plain.Header = r.Header.Clone()
	for _, name := range [...]string{"Upgrade", "Connection", "Http2-Settings"} {
		plain.Header.Del(name)
	}
	return &plain
}
