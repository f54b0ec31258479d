// Package challenge renders and parses the WWW-Authenticate header
// (RFC 9110 §11.6.1), which both sides of the wire depend on: a comma or a
// quote in a value must neither break a challenge nor smuggle in a parameter.
package challenge

import "strings"

// Param is one parameter of a challenge.
type Param struct{ Name, Value string }

// Format renders one challenge, every value as a quoted-string (RFC 9110
// §5.6.4). The result is always a valid header value:
//
//   - a control character or one outside ASCII becomes "?";
//   - a parameter whose name is no token, whose value is empty or whose name
//     occurred before (RFC 9110 §11.2 allows each once) is left out;
//   - a scheme that is no token gives the empty string.
func Format(scheme string, params ...Param) string {
	if !isToken(scheme) {
		return ""
	}
	var b strings.Builder
	b.Grow(size(scheme, params))
	b.WriteString(scheme)
	separator := " "
	for i, p := range params {
		if p.Value == "" || !isToken(p.Name) || named(params[:i], p.Name) {
			continue
		}
		b.WriteString(separator)
		b.WriteString(p.Name)
		b.WriteString(`="`)
		quote(&b, p.Value)
		b.WriteByte('"')
		separator = ", "
	}
	return b.String()
}

// size is what the challenge takes if nothing needs an escape.
func size(scheme string, params []Param) int {
	n := len(scheme)
	for _, p := range params {
		n += len(p.Name) + len(p.Value) + len(`, =""`)
	}
	return n
}

// named reports whether one of params is rendered under name.
func named(params []Param, name string) bool {
	for _, p := range params {
		if p.Value != "" && strings.EqualFold(p.Name, name) {
			return true
		}
	}
	return false
}

func quote(b *strings.Builder, value string) {
	for _, r := range value {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteByte(byte(r))
		case r < ' ' || r > '~':
			b.WriteByte('?')
		default:
			b.WriteByte(byte(r))
		}
	}
}

// ValidScope reports whether s is one scope-token (RFC 6749 §3.3): printable
// ASCII without space, quote and backslash, and not empty.
func ValidScope(s string) bool {
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c > '~' || c == '"' || c == '\\' {
			return false
		}
	}
	return s != ""
}

// ValidToken68 reports whether s is what RFC 9110 §11.2 lets a token in an
// Authorization header be (b64token in RFC 6750 §2.1): letters, digits and
// "-._~+/", followed by any number of "=".
func ValidToken68(s string) bool {
	n := token68(s)
	return n > 0 && n == len(s)
}

// token68 returns the length of the token68 that s begins with, 0 if with none.
func token68(s string) int {
	n := 0
	for n < len(s) && isToken68Char(s[n]) {
		n++
	}
	if n == 0 {
		return 0
	}
	for n < len(s) && s[n] == '=' {
		n++
	}
	return n
}

// isToken68Char looks c up in a set of bits: comparing with one range after the
// other mispredicts at most characters of a random token.
func isToken68Char(c byte) bool {
	const (
		digits  = 1<<10 - 1
		letters = 1<<26 - 1
		low     = digits<<'0' | 1<<'+' | 1<<'-' | 1<<'.' | 1<<'/'
		high    = letters<<('A'-64) | letters<<('a'-64) | 1<<('_'-64) | 1<<('~'-64)
	)
	set := uint64(low)
	if c >= 64 {
		set = high
	}
	return c < 128 && set>>(c&63)&1 != 0
}

// isToken reports whether s is a token (RFC 9110 §5.6.2).
func isToken(s string) bool {
	n := token(s)
	return n > 0 && n == len(s)
}

// token returns the length of the token that s begins with, 0 if with none.
func token(s string) int {
	n := 0
	for n < len(s) && isTokenChar(s[n]) {
		n++
	}
	return n
}

func isTokenChar(c byte) bool {
	return isAlphanumeric(c) || strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0
}

func isAlphanumeric(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}
