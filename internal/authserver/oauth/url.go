package oauth

import (
	"net/url"
	"slices"
	"strings"

	"github.com/mcp-auth/go/internal/fetch"
)

// PlainHosts are hosts of one's own network that may be reached over http, for
// development.
type PlainHosts []string

// Secure reports whether u is https, or http on a loopback host or one of h.
func (h PlainHosts) Secure(u *url.URL) bool {
	return IsSecureURL(u) || h.Plain(u)
}

// Plain reports whether u is http on one of h.
func (h PlainHosts) Plain(u *url.URL) bool {
	named := func(host string) bool { return strings.EqualFold(host, u.Hostname()) }
	return u.Scheme == "http" && slices.ContainsFunc(h, named)
}

// ValidResource reports whether s can be a resource indicator: an absolute URL
// without a fragment (RFC 8707 §2), https or on loopback as MCP demands.
func ValidResource(s string) bool { return PlainHosts(nil).ValidResource(s) }

// ValidResource is [ValidResource], with http on one of h as well.
func (h PlainHosts) ValidResource(s string) bool {
	u, err := url.Parse(s)
	if err != nil || strings.Contains(s, "#") || !PrintableASCII(s) {
		return false
	}
	return u.Host != "" && u.User == nil && h.Secure(u)
}

// IsSecureURL reports whether u is https, or http on a loopback host. An IPv6
// address with a zone is neither: a zone means something only on one machine.
func IsSecureURL(u *url.URL) bool {
	if strings.Contains(u.Host, "%") {
		return false
	}
	switch u.Scheme {
	case "https":
		return u.Hostname() != ""
	case "http":
		return fetch.IsLoopbackHost(u.Hostname())
	}
	return false
}

// PrintableASCII reports whether s has only characters that are safe in a
// header, without spaces.
func PrintableASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' })
}
