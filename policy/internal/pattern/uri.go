package pattern

import "strings"

// isNormal reports whether a URI is in normal form (RFC 3986 §6.2.2): scheme and
// host in lower case, no dot segments and no empty ones, percent-encoding in upper
// case and only of bytes that need it, never of a slash, a backslash or a dot.
// Braces are accepted, for URI templates.
func isNormal(uri string) bool {
	scheme, rest, ok := strings.Cut(uri, ":")
	if !ok || !normalScheme(scheme) || !normalBytes(rest) {
		return false
	}
	if authority, ok := strings.CutPrefix(rest, "//"); ok {
		end := strings.IndexAny(authority, "/?#")
		if end < 0 {
			end = len(authority)
		}
		if !normalHost(scheme, authority[:end]) {
			return false
		}
		if rest = authority[end:]; end == 0 && !strings.HasPrefix(rest, "/") {
			return false // neither a host nor a path
		}
	}
	if strings.Contains(rest, "#") {
		return false
	}
	path, _, _ := strings.Cut(rest, "?")
	for i, segment := range strings.Split(strings.TrimSuffix(path, "/"), "/") {
		if segment == "." || segment == ".." || segment == "" && i > 0 {
			return false
		}
	}
	return true
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

// normalHost reports whether a host is in lower case, without a user and without
// the default port of the scheme (RFC 3986 §6.2.3).
func normalHost(scheme, host string) bool {
	if host != strings.ToLower(host) || strings.ContainsAny(host, "@%") || strings.HasSuffix(host, ":") {
		return false
	}
	return !(scheme == "http" && strings.HasSuffix(host, ":80")) && !(scheme == "https" && strings.HasSuffix(host, ":443"))
}

// normalBytes reports whether text is printable ASCII without backslashes, and
// its percent-encoding normal.
func normalBytes(s string) bool {
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c <= ' ' || c > '~' || c == '\\' || c == '"' || c == '<' || c == '>' || c == '^' || c == '`' || c == '|' {
			return false
		}
		if c != '%' {
			continue
		}
		if i+2 >= len(s) {
			return false
		}
		high, low := upperHex(s[i+1]), upperHex(s[i+2])
		if high < 0 || low < 0 || !mustBeEncoded(byte(high<<4|low)) {
			return false
		}
		i += 2
	}
	return true
}

// decodeReserved decodes the bytes that a path may hold either as they are or
// percent-encoded, such as the @ of an address. For RFC 3986 the two are different
// names, but URI templates encode these bytes, and servers decode them.
func decodeReserved(uri string) string {
	if !strings.Contains(uri, "%") {
		return uri
	}
	var b strings.Builder
	for i := 0; i < len(uri); i++ {
		if c, ok := encodedReserved(uri[i:]); ok {
			b.WriteByte(c)
			i += 2
			continue
		}
		b.WriteByte(uri[i])
	}
	return b.String()
}

func encodedReserved(s string) (byte, bool) {
	if len(s) < 3 || s[0] != '%' {
		return 0, false
	}
	high, low := upperHex(s[1]), upperHex(s[2])
	if high < 0 || low < 0 {
		return 0, false
	}
	c := byte(high<<4 | low)
	return c, strings.IndexByte("!$&'()*+,;=:@[]{}", c) >= 0
}

func upperHex(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}

// mustBeEncoded reports whether a byte has to be percent-encoded, and a server
// that decodes it does not read it as structure.
func mustBeEncoded(c byte) bool {
	if isWordByte(c) || strings.IndexByte("-.~/\\", c) >= 0 {
		return false
	}
	return c >= ' ' && c != 0x7f
}
