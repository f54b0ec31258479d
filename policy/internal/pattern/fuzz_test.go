package pattern

import (
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// FuzzFind compares keys with regular expressions. Covers RS12.
func FuzzFind(f *testing.F) {
	for _, key := range []string{"get", "get*", "*", "{id}", "note:///{id}", "note:///{+path}", "note:///{id}/x/{+rest}/y*", "a{b}c{d}", "a{b}{c}", "{", "}", "a*b", "a:{b}*", "é{x}ü", "a:{+b}b{c}"} {
		for _, name := range []string{"", "get", "get_all", "note:///a", "note:///a/b", "note:///a/x/b/c/y", "abcbd", "éaü", "a:bbbb"} {
			f.Add(key, name, true)
			f.Add(key, name, false)
		}
	}
	f.Fuzz(func(t *testing.T, key, name string, templates bool) {
		set, errs := New([]string{key}, templates)
		if errs[0] != nil {
			return
		}
		index, _ := set.Find(name)
		got := index != None
		if want := oracle(key, templates).MatchString(latin1(name)); got != want {
			t.Errorf("%q fits %q: %v, want %v", key, name, got, want)
		}
	})
}

var variables = regexp.MustCompile(`\{\+?\w+\}`)

// oracle is the regular expression for a valid key, over bytes.
func oracle(key string, templates bool) *regexp.Regexp {
	rest, prefix := strings.CutSuffix(key, "*")
	var b strings.Builder
	b.WriteString(`(?s)\A`)
	for templates {
		at := variables.FindStringIndex(rest)
		if at == nil {
			break
		}
		b.WriteString(regexp.QuoteMeta(latin1(rest[:at[0]])))
		if rest[at[0]+1] == '+' {
			b.WriteString(`.*`)
		} else {
			b.WriteString(`[^/?#]*`)
		}
		rest = rest[at[1]:]
	}
	b.WriteString(regexp.QuoteMeta(latin1(rest)))
	if prefix {
		b.WriteString(`.*`)
	}
	return regexp.MustCompile(b.String() + `\z`)
}

// latin1 makes a character of each byte.
func latin1(s string) string {
	runes := make([]rune, len(s))
	for i := range len(s) {
		runes[i] = rune(s[i])
	}
	return string(runes)
}

// FuzzIsNormal holds that a URI in normal form stays as it is when a server
// parses it, cleans its path and writes it again. Covers RS12.
func FuzzIsNormal(f *testing.F) {
	for _, uri := range []string{"note:///a/b", "note://inbox/a?b=c%26d", "urn:isbn:1", "note:///a%20b/", "http://[::1]:8080/a", "file:///a/../b", "a:/.", "a:b/./c", "note:///%2E%2E/%C3%A9", "x:", "x://h", "x://", "a://?", "x:///a;b/..;/c"} {
		f.Add(uri)
	}
	f.Fuzz(func(t *testing.T, uri string) {
		u, err := url.Parse(uri)
		if !isNormal(uri) || strings.ContainsAny(uri, "{}") {
			return
		}
		if err != nil {
			return // a server that parses it refuses it
		}
		if got := u.String(); got != uri {
			t.Errorf("%q becomes %q", uri, got)
		}
		p := u.EscapedPath()
		if u.Opaque != "" {
			p, _, _ = strings.Cut(u.Opaque, "?")
		}
		decoded, err := url.PathUnescape(p)
		if err != nil {
			t.Fatalf("%q: %v", uri, err)
		}
		if clean(p) != p || clean(decoded) != decoded || strings.Count(decoded, "/") != strings.Count(p, "/") {
			t.Errorf("%q: the path %q becomes %q", uri, decoded, clean(decoded))
		}
		for _, c := range decoded {
			if c < ' ' || c == 0x7f || c == '\\' {
				t.Errorf("%q: the path holds %q", uri, c)
			}
		}
		if u.Scheme != strings.ToLower(u.Scheme) || u.Host != strings.ToLower(u.Host) || u.User != nil || u.Fragment != "" {
			t.Errorf("%q: %+v", uri, u)
		}
	})
}

// shapes are rules of every shape.
func shapes() []string {
	return []string{
		"files://{+path} files://private/{+path}", "files://{+path} files://private/x", "file:///srv/* file:///srv/private/*", "file:///srv/{+path} file:///srv/private/{+path}",
		"note:///{id} note:///secret", "files://{dir}/{+path} files://private/{+path}", "file:///srv/{+path}?part={n} file:///srv/private/{+path}", "file:///* file:///a?x={n} file:///a",
		"file://{+path} file:///private/{+path}", "http://{+path} http://h/{+path}", "* note:///a", "x:{+a}/b/{+c} x:///p/{id}", "urn:{a} urn:b:{+c}",
	}
}

// FuzzFindURI holds that no URI passes that falls under another key once it is
// really cleaned: by path.Clean, net/url, or as new URL() in Node. Covers RS12.
func FuzzFindURI(f *testing.F) {
	for _, keys := range shapes() {
		for _, uri := range []string{
			"files:///private/x", "files://./private/x", "file:///srv/a?/../private/x", "file:///srv/./private/x", "note:///%73ecret", "note:secret", "note:///secret?", "file://localhost/private/x",
			"files://a/%252E%252E/private/x", "http:h/x", "http:///h/x", "http://h:80/x", "x:///p/b/c", "files://PRIVATE/x", "file:///srv/private%20/x", "urn:b:c", "file:///a?y&x=1", "file:///srv/private/x?part=1", "file:///srv\\private/x",
		} {
			f.Add(keys, uri)
		}
	}
	f.Fuzz(func(t *testing.T, rules, uri string) {
		keys := strings.Fields(rules)
		set, errs := New(keys, true)
		if slices.ContainsFunc(errs, func(err error) bool { return err != nil }) || len(keys) > 8 || len(uri) > 200 {
			return
		}
		if len(keys) > 0 && uri != "" {
			checkCleaned(t, keys, set, uri)
		}
	})
}

// The same for all short URIs. Covers RS12.
func TestFindURIAgainstCleaning(t *testing.T) {
	t.Parallel()
	parts := []string{"private", "/x", "/", "..", "?", "%252e", "%3F", "h", ":", ";", "PRIVATE"}
	for _, rules := range shapes() {
		keys := strings.Fields(rules)
		set, _ := New(keys, true)
		scheme, _, _ := strings.Cut(keys[len(keys)-1], ":")
		uris := []string{scheme + ":", scheme + ":/", scheme + "://", scheme + ":///"}
		passed := 0
		for range 2 {
			var longer []string
			for _, uri := range uris {
				for _, part := range parts {
					longer = append(longer, uri+part)
					if checkCleaned(t, keys, set, uri+part) {
						passed++
					}
				}
			}
			uris = longer
		}
		if passed < 20 {
			t.Errorf("%q: only %d URIs pass", keys, passed)
		}
	}
}

// checkCleaned holds a URI against what it becomes when it is cleaned, if it passes.
func checkCleaned(t *testing.T, keys []string, set *Set, uri string) (passes bool) {
	t.Helper()
	index, ambiguous := set.FindURI(uri)
	if _, isExact := set.exact[uri]; ambiguous || isExact {
		return false
	}
	for _, cleaned := range cleanings(uri) {
		other, _ := set.FindURI(cleaned)
		if other != index && other != None && !(index != None && tolerates(set, index, other, uri, cleaned)) {
			t.Errorf("%q passes under %d, and %q falls under %d of %q", uri, index, cleaned, other, keys)
		}
	}
	return true
}

// tolerates reports whether the key of a URI was written for it although another one
// fits what is left: because the key says something of the query or of the slashes
// behind the scheme, and the other key says less.
func tolerates(set *Set, index, other int, uri, cleaned string) bool {
	own, found := set.uris[0].own[index], set.uris[0].own[other]
	if !own.isOpen && cleaned == uri+"/" {
		return true // it was written for a URI without a path
	}
	if set.uris[0].whole.same(index, other) || set.uris[0].bare.shapes[other] == own.bare.shape() {
		return true
	}
	respelled := leadingSlashes(uri) != leadingSlashes(cleaned)
	return (respelled || own.hasQuery) && found.rank > own.rank
}

func leadingSlashes(uri string) int {
	_, rest, _ := strings.Cut(uri, ":")
	return len(rest) - len(strings.TrimLeft(rest, "/"))
}

// cleanings are what real code makes of a URI.
func cleanings(uri string) (found []string) {
	if asNode, ok := whatwg(uri); ok {
		found = append(found, asNode)
	}
	if u, err := url.Parse(uri); err == nil {
		found = append(found, u.String(), (&url.URL{}).ResolveReference(u).String(), u.JoinPath().String())
		if p := strings.Trim(path.Clean(u.EscapedPath()), "/"); u.Host != "" && p != "" && p != "." {
			found = append(found, u.Scheme+":///"+p) // as the go-sdk reads files
		}
	}
	scheme, rest, _ := strings.Cut(uri, ":")
	for _, read := range decodings(rest) {
		noQuery, _, _ := strings.Cut(read, "?")
		for _, p := range []string{read, noQuery, strings.ReplaceAll(read, `\`, "/"), parameters.ReplaceAllString(noQuery, "")} {
			for _, cleaned := range []string{path.Clean(p), path.Clean("/" + p), path.Clean(strings.TrimLeft(p, "/"))} {
				cleaned = strings.TrimLeft(cleaned, "/")
				for _, slashes := range []string{"", "/", "//", "///"} {
					found = append(found, scheme+":"+slashes+cleaned)
				}
			}
		}
	}
	return found
}

// parameters are what servlet containers cut off each segment.
var parameters = regexp.MustCompile(`;[^/]*`)

// decodings are a text, and what is left when it is decoded once and twice.
func decodings(text string) []string {
	found := []string{text}
	for range 2 {
		decoded, err := url.PathUnescape(text)
		if err != nil {
			break
		}
		found, text = append(found, decoded), decoded
	}
	return found
}

// clean is [path.Clean] that keeps a slash at the end, and nothing as nothing.
func clean(p string) string {
	if p == "" || p == "/" {
		return p
	}
	c := path.Clean(p)
	if strings.HasSuffix(p, "/") {
		c += "/"
	}
	return c
}
