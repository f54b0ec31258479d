package challenge_test

import (
	"errors"
	"maps"
	"regexp"
	"strings"
	"testing"

	"github.com/mcp-auth/go/internal/challenge"
)

// FuzzParse renders what was parsed and parses it again: nothing may change
// but what Format replaces or leaves out.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		`Bearer`, `Bearer a=b`, `Bearer a="b, c\"d\\", e=f, Basic realm="x"`, `Negotiate abc==, NTLM`, `,a ,,b=c`, `Bearer a = "b"`,
		"Bearer a=\"\xe9\"", `Bearer a="b" c`, `resource_metadata="x"`, `a b=c, b=d`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, header string) {
		all, err := challenge.Parse([]string{header})
		if err != nil {
			var fault *challenge.Error
			if !errors.As(err, &fault) || fault.Offset < 0 || fault.Offset > len(header) || len(all) > 0 {
				t.Fatalf("error %#v with %d challenges", err, len(all))
			}
			return
		}
		for i := range all {
			again(t, &all[i])
		}
	})
}

func again(t *testing.T, c *challenge.Challenge) {
	if c.Token68 != "" && (len(c.Params) > 0 || !challenge.ValidToken68(c.Token68)) {
		t.Fatalf("token68 %q with %d parameters", c.Token68, len(c.Params))
	}
	var list []challenge.Param
	for name, value := range c.Params {
		list = append(list, challenge.Param{Name: name, Value: value})
	}
	roundTrip(t, c.Scheme, list)
}

// FuzzFormat checks that any value whatever stays within its parameter.
func FuzzFormat(f *testing.F) {
	f.Add("Bearer", "error", "invalid_token", "scope", "a b")
	f.Add("Bearer", "a", `x", b="y`, "b", `\`)
	f.Add("Bearer", "a", "\r\nX: y", "A", "é\xff")
	f.Add("B r", "a b", "", "=", "x")
	f.Fuzz(func(t *testing.T, scheme, name1, value1, name2, value2 string) {
		if len(scheme)+len(name1)+len(value1)+len(name2)+len(value2) > 4<<10 {
			return // Parse's limit is tested elsewhere
		}
		list := []challenge.Param{{Name: name1, Value: value1}, {Name: name2, Value: value2}}
		roundTrip(t, scheme, list)
	})
}

func roundTrip(t *testing.T, scheme string, list []challenge.Param) {
	header := challenge.Format(scheme, list...)
	for i := range len(header) {
		if header[i] < ' ' || header[i] > '~' {
			t.Fatalf("byte %#x in %q", header[i], header)
		}
	}
	got, err := challenge.Parse([]string{header})
	if err != nil {
		t.Fatalf("%q: %v", header, err)
	}
	if header == "" {
		return
	}
	if len(got) != 1 || got[0].Scheme != scheme || got[0].Token68 != "" {
		t.Fatalf("%q is parsed as %#v", header, got)
	}
	want := map[string]string{}
	for _, p := range list {
		name := strings.ToLower(p.Name)
		if _, twice := want[name]; p.Value != "" && !twice && isToken.MatchString(p.Name) {
			want[name] = replaced(p.Value)
		}
	}
	if !maps.Equal(want, got[0].Params) {
		t.Fatalf("%q gives %q, want %q", header, got[0].Params, want)
	}
}

var isToken = regexp.MustCompile("^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")

func replaced(value string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, value)
}
