// Package urls compares and cuts URLs as the client needs it.
package urls

import (
	"net/url"
	"strings"
)

// WithoutQuery returns a URL without its query.
func WithoutQuery(raw string) string {
	before, _, _ := strings.Cut(raw, "?")
	return before
}

// Origin returns scheme and host of a URL, in lower case. It returns an empty
// string if raw is not a URL.
func Origin(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return ""
	}
	return strings.ToLower(u.Scheme + "://" + u.Host)
}

// Cut cuts a URL after its authority, without changing a byte.
func Cut(raw string) (origin, rest string) {
	start := strings.Index(raw, "://")
	if start < 0 {
		return raw, ""
	}
	start += len("://")
	end := strings.IndexAny(raw[start:], "/?#")
	if end < 0 {
		return raw, ""
	}
	return raw[:start+end], raw[start+end:]
}

// SameEndpoint reports whether two URLs are the same except for query and
// fragment. A URL with userinfo is never the same. The result is false if u is
// nil.
func SameEndpoint(u, endpoint *url.URL) bool {
	return u != nil && u.User == nil &&
		strings.EqualFold(u.Scheme, endpoint.Scheme) && strings.EqualFold(hostPort(u), hostPort(endpoint)) &&
		SamePath(u, endpoint)
}

// SamePath reports whether two URLs have the same path, as escaped in each. An
// empty path is the same as a slash.
func SamePath(a, b *url.URL) bool { return orSlash(a.EscapedPath()) == orSlash(b.EscapedPath()) }

func hostPort(u *url.URL) string {
	if u.Port() != "" {
		return u.Host
	}
	return u.Host + map[string]string{"https": ":443", "http": ":80"}[strings.ToLower(u.Scheme)]
}

func orSlash(path string) string {
	if path == "" {
		return "/"
	}
	return path
}
