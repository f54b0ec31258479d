package mcpserver

import (
	"net/url"
	"strings"

	"github.com/mcp-auth/go/check/internal/finding"
)

// judgeIdentifier compares the resource identifier with the URL that clients
// are given: byte for byte (RFC 9728 §3.3), and then as less strict clients do,
// because the difference decides which clients fail.
func judgeIdentifier(server, resource string) (found finding.List) {
	code, difference := compareIdentifiers(server, resource)
	if difference == "" {
		found.Add(code, "", "resource is the URL of the server, byte for byte.")
		return found
	}
	found.Add(code, resource, "resource is not the URL of the server: %s.", difference)
	return found
}

// compareIdentifiers returns how a resource identifier differs from a server's
// URL. The difference is "" for equal ones.
func compareIdentifiers(server, resource string) (code finding.Code, difference string) {
	const other = "it is another URL"
	if server == resource {
		return "resource_equal", ""
	}
	a, errA := url.Parse(server)
	b, errB := url.Parse(resource)
	if errA != nil || errB != nil || !sameOrigin(server, resource) || a.RawQuery != b.RawQuery {
		return "resource_differs", other
	}
	pathA, pathB := a.EscapedPath(), b.EscapedPath()
	switch {
	case pathA == pathB:
		return "resource_spelt_otherwise", "scheme, host or port are spelled differently"
	case isRoot(pathA) && isRoot(pathB):
		return "resource_root_slash", "one of them has a slash after the host, the other does not"
	case strings.TrimSuffix(pathA, "/") == strings.TrimSuffix(pathB, "/"):
		return "resource_slash", "one of them ends in a slash, the other does not"
	case strings.HasPrefix(pathA, strings.TrimSuffix(pathB, "/")+"/"):
		return "resource_above", "its path is above the server's"
	}
	return "resource_differs", other
}

func isRoot(path string) bool { return path == "" || path == "/" }

// sameOrigin compares scheme, host and port.
func sameOrigin(a, b string) bool {
	ua, errA := url.Parse(a)
	ub, errB := url.Parse(b)
	if errA != nil || errB != nil {
		return false
	}
	return strings.EqualFold(ua.Scheme, ub.Scheme) && strings.EqualFold(ua.Hostname(), ub.Hostname()) && portOf(ua) == portOf(ub)
}

func portOf(u *url.URL) string {
	switch {
	case u.Port() != "":
		return u.Port()
	case strings.EqualFold(u.Scheme, "https"):
		return "443"
	}
	return "80"
}
