package pattern

import (
	"net/netip"
	"strings"
	"unicode"
	"unicode/utf8"
)

// isNormal reports whether a URI is in normal form (RFC 3986 §6.2.2): scheme and
// host in lower case, no dot segments and no empty ones, percent-encoding in upper
// case and only of bytes that need it, never of a slash, a backslash or a dot.
// Dot segments are looked for in everything behind the scheme, since handlers take
// the authority and the query for a part of a path, and in what is left when the
// URI is decoded twice. Braces are accepted, for URI templates.
func isNormal(uri string) bool {
	scheme, rest, ok := strings.Cut(uri, ":")
	return ok && normalScheme(scheme) && normalBytes(rest) && normalHierarchy(scheme, rest) && isPlain(rest)
}

// normalHierarchy reports whether the part behind the scheme has a normal host, no
// fragment and no empty path segments. URL parsers find a host in every URL of the
// schemes that they know, however many slashes there are.
func normalHierarchy(scheme, rest string) bool {
	if port, _ := defaultPort(scheme); port != "" && (!strings.HasPrefix(rest, "//") || strings.HasPrefix(rest, "///")) {
		return false
	}
	authority, hasAuthority := strings.CutPrefix(rest, "//")
	if hasAuthority {
		end := authorityEnd(authority)
		if !normalHost(scheme, authority[:end]) {
			return false
		}
		if rest = authority[end:]; end == 0 && !strings.HasPrefix(rest, "/") {
			return false // neither a host nor a path
		}
	}
	path, _, _ := strings.Cut(rest, "?")
	if path == "" && !hasAuthority {
		return false // nothing that is named
	}
	path = strings.TrimPrefix(strings.TrimSuffix(path, "/"), "/")
	isEmpty := strings.HasPrefix(path, "/") || strings.Contains(path, "//") || strings.HasSuffix(path, "/")
	return !isEmpty && !strings.Contains(rest, "#")
}

func authorityEnd(authority string) int {
	if end := strings.IndexAny(authority, "/?#"); end >= 0 {
		return end
	}
	return len(authority)
}

// normalScheme reports whether a scheme is in lower case (RFC 3986 §3.1).
func normalScheme(scheme string) bool {
	for i, c := range []byte(scheme) {
		letter := c >= 'a' && c <= 'z'
		if !letter && (i == 0 || !(c >= '0' && c <= '9') && strings.IndexByte("+-.", c) < 0) {
			return false
		}
	}
	return scheme != ""
}

// defaultPort returns the port that a scheme has in the URL standard, and whether
// the standard knows the scheme as a special one.
func defaultPort(scheme string) (port string, special bool) {
	switch scheme {
	case "http", "ws":
		return ":80", true
	case "https", "wss":
		return ":443", true
	case "ftp":
		return ":21", true
	case "file":
		return "", true
	}
	return "", false
}

// normalHost reports whether a host is as a URL parser writes it: in lower case,
// without a user and without the default port of the scheme (RFC 3986 §6.2.3), and
// an IP address in its usual form.
func normalHost(scheme, host string) bool {
	if host != strings.ToLower(host) || strings.ContainsAny(host, "@%") || strings.HasSuffix(host, ":") {
		return false
	}
	port, special := defaultPort(scheme)
	if port != "" && strings.HasSuffix(host, port) {
		return false
	}
	if end := strings.LastIndexByte(host, ']'); strings.HasPrefix(host, "[") && end > 0 {
		return isUsual(host[1:end], netip.Addr.Is6) && !isZeroPort(host[end+1:])
	}
	name := host
	if colon := strings.LastIndexByte(host, ':'); colon >= 0 {
		name = host[:colon]
		if isZeroPort(host[colon:]) {
			return false
		}
	}
	return !special || !endsInNumber(name) || isUsual(name, netip.Addr.Is4)
}

// isZeroPort reports whether a port has a leading zero.
func isZeroPort(port string) bool { return len(port) > 2 && strings.HasPrefix(port, ":0") }

// isUsual reports whether an IP address of the right kind is in its usual form.
func isUsual(address string, isKind func(netip.Addr) bool) bool {
	ip, err := netip.ParseAddr(address)
	return err == nil && isKind(ip) && !ip.Is4In6() && ip.String() == address
}

// endsInNumber reports whether URL parsers take a host for an IPv4 address, in
// whatever notation.
func endsInNumber(host string) bool {
	host = strings.TrimSuffix(host, ".")
	last := host[strings.LastIndexByte(host, '.')+1:]
	if rest, ok := strings.CutPrefix(last, "0x"); ok {
		return strings.Trim(rest, "0123456789abcdef") == ""
	}
	return last != "" && strings.Trim(last, "0123456789") == ""
}

// normalBytes reports whether text is printable ASCII without backslashes, and
// its percent-encoding normal.
func normalBytes(s string) bool {
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c <= ' ' || c > '~' || strings.IndexByte("\\\"<>^`|", c) >= 0 {
			return false
		}
		if c != '%' {
			continue
		}
		encoded, ok := triplet(s[i:])
		if !ok || s[i+1] >= 'a' || s[i+2] >= 'a' || !mustBeEncoded(encoded) {
			return false
		}
		i += 2
	}
	return true
}

// mustBeEncoded reports whether a byte has to be percent-encoded, and a server
// that decodes it does not read it as structure.
func mustBeEncoded(c byte) bool {
	if isWordByte(c) || strings.IndexByte("-.~/\\", c) >= 0 {
		return false
	}
	return c >= ' ' && c != 0x7f
}

// isPlain reports whether text is one to a server that decodes it once, twice or
// not at all, and to one that brings what it decodes into a compatibility form of
// Unicode: neither may bring in a slash, a backslash or a control character. None
// of its segments may be a dot segment.
func isPlain(text string) bool {
	if !strings.Contains(text, "%") {
		return !hasDotSegment(text)
	}
	once := decode(text)
	twice := decode(once)
	if decode(twice) != twice || !utf8.ValidString(once) || !utf8.ValidString(twice) {
		return false
	}
	folded := foldCharacters(twice)
	if strings.Count(folded, "/") != strings.Count(text, "/") || strings.Contains(folded, `\`) {
		return false
	}
	return strings.IndexFunc(twice, unicode.IsControl) < 0 && !hasDotSegment(twice) && !hasDotSegment(folded)
}

// hasDotSegment looks for . and .. between any two characters that some reader
// splits at. Spaces around the dots do not hide them: file systems drop these.
func hasDotSegment(text string) bool {
	if !strings.Contains(text, ".") {
		return false
	}
	for segment := range strings.FieldsFuncSeq(text, isDelimiter) {
		if segment = strings.TrimSpace(segment); segment == "." || segment == ".." {
			return true
		}
	}
	return false
}

func isDelimiter(c rune) bool {
	switch c {
	case '/', '\\', '?', '#', '&', '=', ';', ':', ',', '@', '|':
		return true
	}
	return false
}

// decode undoes percent-encoding, once.
func decode(s string) string {
	if !strings.Contains(s, "%") {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if c, ok := triplet(s[i:]); ok {
			b.WriteByte(c)
			i += 2
			continue
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// triplet returns the byte that s begins with in percent-encoding.
func triplet(s string) (byte, bool) {
	if len(s) < 3 || s[0] != '%' {
		return 0, false
	}
	high, low := hexDigit(s[1]), hexDigit(s[2])
	return byte(high<<4 | low), high >= 0 && low >= 0
}

func hexDigit(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	}
	return -1
}
