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
	if code == ResourceEqual {
		s.add(code, "", "resource is the URL of the server, byte for byte.")
		return
	}
	s.add(code, resource, "resource is not the URL of the server: %s.", difference(code))
}

// compareIdentifiers returns the code of how a resource identifier differs from
// a server's URL.
func compareIdentifiers(server, resource string) Code {
	if server == resource {
		return ResourceEqual
	}
	a, errA := url.Parse(server)
	b, errB := url.Parse(resource)
	if errA != nil || errB != nil || !sameOrigin(server, resource) || a.RawQuery != b.RawQuery {
		return ResourceDiffers
	}
	pathA, pathB := a.EscapedPath(), b.EscapedPath()
	switch {
	case pathA == pathB:
		return ResourceSpeltOtherwise
	case lone(pathA) && lone(pathB):
		return ResourceRootSlash
	case strings.TrimSuffix(pathA, "/") == strings.TrimSuffix(pathB, "/"):
		return ResourceSlash
	case strings.HasPrefix(pathA, strings.TrimSuffix(pathB, "/")+"/"):
		return ResourceAbove
	}
	return ResourceDiffers
}

func lone(path string) bool { return path == "" || path == "/" }

func difference(code Code) string {
	switch code {
	case ResourceSpeltOtherwise:
		return "scheme, host or port are spelt otherwise"
	case ResourceRootSlash:
		return "one of them has a slash after the host, the other has not"
	case ResourceSlash:
		return "one of them ends in a slash, the other does not"
	case ResourceAbove:
		return "it is the URL of something above the server"
	}
	return "it is the URL of something else"
}
