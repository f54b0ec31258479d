package pattern

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"
)

// whatwgTable is what Node makes of URIs; testdata/whatwg.mjs records it.
//
//go:embed testdata/whatwg.json
var whatwgTable []byte

// recorded returns pairs of a URI and what Node makes of it, nil if it refuses it.
func recorded(t testing.TB) [][2]*string {
	t.Helper()
	var file struct {
		Node  string
		Table [][2]*string
	}
	if err := json.Unmarshal(whatwgTable, &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Table) < 1000 {
		t.Fatalf("only %d URIs", len(file.Table))
	}
	return file.Table
}

// The parser that the fuzz tests use agrees with Node.
func TestWHATWG(t *testing.T) {
	t.Parallel()
	for _, pair := range recorded(t) {
		got, ok := whatwg(*pair[0])
		switch {
		case strings.IndexFunc(*pair[0], func(c rune) bool { return c > unicode.MaxASCII }) >= 0: // Punycode, which no URI in normal form needs
		case ok != (pair[1] != nil):
			t.Errorf("%q: %t, Node says %v", *pair[0], ok, pair[1])
		case ok && got != *pair[1] && !(strings.HasSuffix(got, "/") && got[:len(got)-1] == *pair[1]):
			// Node 20 leaves out the slash in place of a .. that is all the path.
			t.Errorf("%q: %q, Node says %q", *pair[0], got, *pair[1])
		}
	}
}

// whatwg parses and serializes a URL as the URL standard has it, for a parser without
// a base URL.
func whatwg(input string) (string, bool) {
	input = strings.TrimFunc(input, func(c rune) bool { return c <= ' ' })
	input = strings.NewReplacer("\t", "", "\n", "", "\r", "").Replace(input)
	scheme, rest, ok := strings.Cut(input, ":")
	if !ok || !schemeForm.MatchString(scheme) {
		return "", false
	}
	u := &whatwgURL{scheme: strings.ToLower(scheme)}
	_, u.special = defaultPort(u.scheme)
	rest, fragment, hasFragment := strings.Cut(rest, "#")
	rest, query, hasQuery := strings.Cut(rest, "?")
	if !u.parse(rest) {
		return "", false
	}
	text := u.String()
	if hasQuery {
		set := ` "#<>`
		if u.special {
			set += "'"
		}
		text += "?" + percentEncode(query, set)
	}
	if hasFragment {
		text += "#" + percentEncode(fragment, " \"<>`")
	}
	return text, true
}

var (
	schemeForm = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*$`)
	driveForm  = regexp.MustCompile(`^[A-Za-z][:|]$`)
)

type whatwgURL struct {
	scheme   string
	special  bool
	userinfo string
	host     *string
	port     string
	path     []string
	opaque   string
	isOpaque bool
}

func (u *whatwgURL) parse(rest string) bool {
	if u.special {
		rest = strings.ReplaceAll(rest, `\`, "/")
	}
	switch authority, has := strings.CutPrefix(rest, "//"); {
	case u.scheme == "file":
		return u.parseFile(rest)
	case u.special:
		return u.parseAuthority(strings.TrimLeft(rest, "/"))
	case has:
		return u.parseAuthority(authority)
	case strings.HasPrefix(rest, "/"):
		u.parsePath(rest[1:])
	default:
		u.isOpaque, u.opaque = true, percentEncode(rest, "")
	}
	return true
}

func (u *whatwgURL) parseFile(rest string) bool {
	empty := ""
	u.host = &empty
	authority, has := strings.CutPrefix(rest, "//")
	if !has {
		u.parsePath(strings.TrimPrefix(rest, "/"))
		return true
	}
	host, path, _ := strings.Cut(authority, "/")
	if driveForm.MatchString(host) {
		u.parsePath(authority)
		return true
	}
	if host != "" {
		parsed, ok := u.parseHost(host)
		if !ok {
			return false
		}
		if parsed != "localhost" {
			u.host = &parsed
		}
	}
	u.parsePath(path)
	return true
}

func (u *whatwgURL) parseAuthority(rest string) bool {
	authority, path, hasPath := strings.Cut(rest, "/")
	at := strings.LastIndexByte(authority, '@')
	host := authority[at+1:]
	if at >= 0 {
		name, password, hasPassword := strings.Cut(authority[:at], ":")
		u.userinfo = percentEncode(name, userinfoSet)
		if hasPassword && password != "" {
			u.userinfo += ":" + percentEncode(password, userinfoSet)
		}
		if u.userinfo != "" {
			u.userinfo += "@"
		}
	}
	colon := strings.LastIndexByte(host, ':')
	if colon > strings.LastIndexByte(host, ']') {
		if !u.parsePort(host[colon+1:]) || host[:colon] == "" {
			return false
		}
		host = host[:colon]
	}
	parsed, ok := u.parseHost(host)
	if !ok || at >= 0 && parsed == "" {
		return false
	}
	u.host = &parsed
	if hasPath || u.special {
		u.parsePath(path)
	}
	return true
}

const userinfoSet = " \"#<>?`{}/:;=@[\\]^|"

func (u *whatwgURL) parsePort(port string) bool {
	if port == "" {
		return true
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return false
	}
	if usual, _ := defaultPort(u.scheme); usual != fmt.Sprintf(":%d", n) {
		u.port = fmt.Sprintf(":%d", n)
	}
	return true
}

func (u *whatwgURL) parseHost(host string) (string, bool) {
	if inner, ok := strings.CutPrefix(host, "["); ok {
		inner, closed := strings.CutSuffix(inner, "]")
		ip, err := netip.ParseAddr(inner)
		if !closed || err != nil || !ip.Is6() || ip.Zone() != "" {
			return "", false
		}
		if ip.Is4In6() {
			b := ip.As16()
			return fmt.Sprintf("[::ffff:%x:%x]", int(b[12])<<8|int(b[13]), int(b[14])<<8|int(b[15])), true
		}
		return "[" + ip.String() + "]", true
	}
	if !u.special {
		return percentEncode(host, ""), !strings.ContainsAny(host, "\x00\t\n\r #/:<>?@[\\]^|")
	}
	ascii := strings.ToLower(decode(host))
	if ascii == "" || strings.ContainsAny(ascii, " #%/:<>?@[\\]^|\x00\x7f") {
		return "", false
	}
	if endsInNumber(ascii) {
		return parseIPv4(ascii)
	}
	return ascii, true
}

func parseIPv4(host string) (string, bool) {
	parts := strings.Split(strings.TrimSuffix(host, "."), ".")
	var address uint64
	for i, part := range parts {
		n, ok := ipv4Number(part)
		bits := 8
		if i == len(parts)-1 {
			bits = 8 * (5 - len(parts))
		}
		if !ok || len(parts) > 4 || n >= 1<<bits {
			return "", false
		}
		address = address<<bits | n
	}
	return netip.AddrFrom4([4]byte{byte(address >> 24), byte(address >> 16), byte(address >> 8), byte(address)}).String(), true
}

func ipv4Number(part string) (uint64, bool) {
	base := 10
	if rest, ok := strings.CutPrefix(part, "0x"); ok {
		base, part = 16, rest
		if rest == "" {
			return 0, true
		}
	} else if len(part) > 1 && part[0] == '0' {
		base, part = 8, part[1:]
	}
	n, err := strconv.ParseUint(part, base, 40)
	return n, err == nil
}

func (u *whatwgURL) parsePath(path string) {
	segments := strings.Split(path, "/")
	for i, segment := range segments {
		isLast := i == len(segments)-1
		switch strings.ReplaceAll(strings.ToLower(segment), "%2e", ".") {
		case "..":
			if !(u.scheme == "file" && len(u.path) == 1 && driveForm.MatchString(u.path[0]) && u.path[0][1] == ':') && len(u.path) > 0 {
				u.path = u.path[:len(u.path)-1]
			}
			if isLast {
				u.path = append(u.path, "")
			}
		case ".":
			if isLast {
				u.path = append(u.path, "")
			}
		default:
			if u.scheme == "file" && len(u.path) == 0 && driveForm.MatchString(segment) {
				segment = segment[:1] + ":"
			}
			u.path = append(u.path, percentEncode(segment, " \"#<>?`{}"))
		}
	}
}

func (u *whatwgURL) String() string {
	if u.isOpaque {
		return u.scheme + ":" + u.opaque
	}
	text := u.scheme + ":"
	switch {
	case u.host != nil:
		text += "//" + u.userinfo + *u.host + u.port
	case len(u.path) > 1 && u.path[0] == "":
		text += "/."
	}
	if len(u.path) > 0 {
		text += "/" + strings.Join(u.path, "/")
	}
	return text
}

func percentEncode(text, set string) string {
	var b strings.Builder
	for i := range len(text) {
		if c := text[i]; c < ' ' || c > '~' || strings.IndexByte(set, c) >= 0 {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

// Covers RS12: a TypeScript server looks up what new URL() makes of a URI.
func TestFindURIAsNode(t *testing.T) {
	t.Parallel()
	sets := [][]string{
		{"file:///*", "file:///a/b", "file:///C:/{+p}"}, {"file://{+path}", "file://h/{+path}"}, {"http://{+path}", "http://h/{+path}", "http://127.0.0.1/{+p}"},
		{"https://{host}/{+path}", "https://h/a"}, {"note:{+path}", "note:///a/b", "note://h/{id}"}, {"*", "ws://h/a", "ftp://h/{+p}", "urn:{id}"},
	}
	passed := 0
	for _, keys := range sets {
		set, errs := New(keys, true)
		if i := slices.IndexFunc(errs, func(err error) bool { return err != nil }); i >= 0 {
			t.Fatal(errs[i])
		}
		for _, pair := range recorded(t) {
			index, ambiguous := set.FindURI(*pair[0])
			if ambiguous || pair[1] == nil || slices.Contains(keys, *pair[0]) {
				continue
			}
			passed++
			if asNode, _ := set.FindURI(*pair[1]); asNode != index {
				t.Errorf("%s among %q: key %d, but %d for %s", *pair[0], keys, index, asNode, *pair[1])
			}
		}
	}
	if passed < 500 {
		t.Errorf("only %d URIs passed", passed)
	}
}
