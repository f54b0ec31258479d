package dpop

import (
	"net/url"
	"strings"
)

// SameURL reports whether two absolute http or https URLs are the same without
// query and fragment, after the normalization of RFC 3986 §6.2.2 and §6.2.3, as
// RFC 9449 §4.3 has it for htu. URLs that cannot be told for sure are never the
// same.
func SameURL(a, b string) bool {
	first, ok := normalize(a)
	if !ok {
		return false
	}
	second, ok := normalize(b)
	return ok && first == second
}

// normalized is a URL as it is compared.
type normalized struct{ scheme, host, port, path string }

func normalize(raw string) (n normalized, ok bool) {
	if i := strings.IndexAny(raw, "?#"); i >= 0 {
		raw = raw[:i]
	}
	if len(raw) > maxURLSize {
		return n, false
	}
	u, err := url.Parse(raw)
	if err != nil || u.User != nil || u.Hostname() == "" || !ascii(u.Host) {
		return n, false
	}
	n.scheme = strings.ToLower(u.Scheme)
	if n.scheme != "https" && n.scheme != "http" {
		return n, false
	}
	n.host, n.port = strings.ToLower(u.Hostname()), u.Port()
	if n.port == "" {
		n.port = map[string]string{"https": "443", "http": "80"}[n.scheme]
	}
	n.path = removeDotSegments(normalizeEscapes(u.EscapedPath()))
	return n, true
}

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

const upperHex = "0123456789ABCDEF"

// normalizeEscapes writes escapes in upper case and unreserved characters
// without one (RFC 3986 §6.2.2.1 and §6.2.2.2). path has only whole escapes.
func normalizeEscapes(path string) string {
	if !strings.Contains(path, "%") {
		return path
	}
	var b strings.Builder
	b.Grow(len(path))
	for i := 0; i < len(path); i++ {
		if path[i] != '%' || i+2 >= len(path) {
			b.WriteByte(path[i])
			continue
		}
		c := unhex(path[i+1])<<4 | unhex(path[i+2])
		i += 2
		if unreserved(c) {
			b.WriteByte(c)
			continue
		}
		b.WriteByte('%')
		b.WriteByte(upperHex[c>>4])
		b.WriteByte(upperHex[c&15])
	}
	return b.String()
}

func unhex(c byte) byte {
	switch {
	case c >= 'a':
		return c - 'a' + 10
	case c >= 'A':
		return c - 'A' + 10
	}
	return c - '0'
}

func unreserved(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' ||
		c == '-' || c == '.' || c == '_' || c == '~'
}

// removeDotSegments is RFC 3986 §5.2.4 for a path that is empty or begins with
// a slash. The empty path becomes "/" (§6.2.3).
func removeDotSegments(path string) string {
	if !strings.Contains(path, "/.") {
		if path == "" {
			return "/"
		}
		return path
	}
	var kept []string
	segments := strings.Split(path[1:], "/")
	for i, segment := range segments {
		last := i == len(segments)-1
		switch segment {
		case ".", "..":
			if segment == ".." && len(kept) > 0 {
				kept = kept[:len(kept)-1]
			}
			if last {
				kept = append(kept, "")
			}
		default:
			kept = append(kept, segment)
		}
	}
	return "/" + strings.Join(kept, "/")
}
