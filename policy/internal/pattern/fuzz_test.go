package pattern

import (
	"net/url"
	"path"
	"regexp"
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
	for _, uri := range []string{"note:///a/b", "note://inbox/a?b=c%26d", "urn:isbn:1", "note:///a%20b/", "http://[::1]:8080/a", "file:///a/../b", "a:/.", "a:b/./c", "note:///%2E%2E/%C3%A9", "x:", "x://h", "x://", "x:///a;b/..;/c"} {
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
