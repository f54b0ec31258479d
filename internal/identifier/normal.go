package identifier

import (
	"net/url"
	"strings"
)

// Normal returns a URL as URL libraries write it (RFC 3986 §6.2.2, §6.2.3): scheme and
// host in lower case, no default port, percent-encoding only where it must be, in
// upper case. It returns text if that is not a URL.
func Normal(text string) string {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" {
		return text
	}
	end := len(text)
	authority := strings.Index(text, "://") + len("://")
	if i := strings.IndexAny(text[authority:], "/?#"); i >= 0 {
		end = authority + i
	}
	host := strings.ToLower(text[authority:end])
	if isDefaultPort(u.Scheme, u.Port()) {
		host = strings.TrimSuffix(host, ":"+u.Port())
	}
	return u.Scheme + "://" + strings.TrimSuffix(host, ":") + normalEscapes(text[end:])
}

// normalEscapes rewrites percent-encoded bytes.
func normalEscapes(text string) string {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] != '%' || i+2 >= len(text) || !isHex(text[i+1]) || !isHex(text[i+2]) {
			b.WriteByte(text[i])
			continue
		}
		if c := unhex(text[i+1])<<4 | unhex(text[i+2]); isUnreserved(c) {
			b.WriteByte(c)
		} else {
			b.WriteString(strings.ToUpper(text[i : i+3]))
		}
		i += 2
	}
	return b.String()
}

func isHex(c byte) bool { return strings.IndexByte("0123456789abcdefABCDEF", c) >= 0 }

func unhex(c byte) byte {
	switch {
	case c <= '9':
		return c - '0'
	case c <= 'F':
		return c - 'A' + 10
	}
	return c - 'a' + 10
}

func isUnreserved(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("-._~", c) >= 0
}

// Twins reports whether two identifiers differ, but only in a slash at the end or in
// what URL libraries rewrite: one of them is probably a slip.
func Twins(a, b string) bool {
	bare := func(text string) string { return strings.TrimSuffix(Normal(text), "/") }
	return a != b && bare(a) == bare(b)
}
