package check

import (
	"net/url"
	"strings"
)

// judgeIdentifier compares the resource identifier with the URL that clients
// are given: byte for byte (RFC 9728 §3.3), and then as laxer clients do, since
// who fails depends on what differs.
func (s *serverCheck) judgeIdentifier(resource string) {
	code := compareIdentifiers(s.url, resource)
	if code == "resource_equal" {
		s.add(code, "", "resource is the URL of the server, byte for byte.")
		return
	}
	s.add(code, resource, "resource is not the URL of the server: %s.", difference(code))
}

// compareIdentifiers returns the code of how a resource identifier differs from
// a server's URL.
func compareIdentifiers(server, resource string) Code {
	if server == resource {
		return "resource_equal"
	}
	a, errA := url.Parse(server)
	b, errB := url.Parse(resource)
	if errA != nil || errB != nil || !sameOrigin(server, resource) || a.RawQuery != b.RawQuery {
		return "resource_differs"
	}
	pathA, pathB := a.EscapedPath(), b.EscapedPath()
	switch {
	case pathA == pathB:
		return "resource_spelt_otherwise"
	case lone(pathA) && lone(pathB):
		return "resource_root_slash"
	case strings.TrimSuffix(pathA, "/") == strings.TrimSuffix(pathB, "/"):
		return "resource_slash"
	case strings.HasPrefix(pathA, strings.TrimSuffix(pathB, "/")+"/"):
		return "resource_above"
	}
	return "resource_differs"
}

func lone(path string) bool { return path == "" || path == "/" }

func difference(code Code) string {
	switch code {
	case "resource_spelt_otherwise":
		return "scheme, host or port are spelt otherwise"
	case "resource_root_slash":
		return "one of them has a slash after the host, the other has not"
	case "resource_slash":
		return "one of them ends in a slash, the other does not"
	case "resource_above":
		return "it is the URL of something above the server"
	}
	return "it is the URL of something else"
}
