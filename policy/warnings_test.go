package policy_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/mcp-auth/go/configerr"
	"github.com/mcp-auth/go/policy"
)

// Covers RS11: a keyword that was misspelled is a scope, and a warning unless
// the scope is meant.
func TestMisspelledKeywords(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name        string
		requirement policy.Requirement
		supported   []string
		want        string // the scope and the word
	}{
		{"one slip", policy.Scopes("publik"), nil, "publik public"},
		{"inflected", policy.Scopes("denied"), nil, "denied deny"},
		{"upper case", policy.Scopes("Authenticated"), nil, "Authenticated authenticated"},
		{"two slips in a long word", policy.Scopes("autentikated"), nil, "autentikated authenticated"},
		{"among alternatives", policy.All(policy.Scopes("read"), policy.AnyScope("read", "dney")), nil, "dney deny"},
		{"not advertised, either", policy.Scopes("denied"), []string{"read"}, "denied deny"},
		{"the keyword itself, which takes a list to write", policy.Scopes("deny"), nil, ""},
		{"other words", policy.AnyScope("send", "dev", "publish", "authorized"), nil, ""},
		{"beside another scope", policy.Scopes("read", "denied"), nil, ""},
		{"advertised", policy.Scopes("denied"), []string{"denied"}, ""},
		{"no scope", policy.Denied(), nil, ""},
	}
	for _, tc := range tests {
		e := compile(t, &policy.Policy{Tools: map[string]policy.Requirement{"a": tc.requirement}})
		var got []string
		for _, w := range e.Warnings(tc.supported) {
			_, word, _ := strings.Cut(w.Error(), "probably ")
			got = append(got, w.Value+" "+strings.TrimSuffix(word, " is meant"))
			if w.Fault != configerr.MisspelledKeyword || w.Field != `Tools["a"]` {
				t.Errorf("%s: got %v", tc.name, w)
			}
		}
		if strings.Join(got, ", ") != tc.want {
			t.Errorf("%s: got %q, want %q", tc.name, got, tc.want)
		}
	}
}

// Covers RS4, RS11: a scope that is not advertised is reported once.
func TestNotAdvertised(t *testing.T) {
	t.Parallel()
	e, err := policy.Compile(&policy.Policy{
		Tools: map[string]policy.Requirement{
			"a": policy.Scopes("read", "write", "files:x"),
			"b": policy.All(policy.Scopes("odd"), policy.AnyScope("read", "other")),
			"c": policy.Scopes("odd"),
		},
		Default: policy.Scopes("rest"),
	}, map[string][]string{"admin": {"write", "files:*"}})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, w := range e.Warnings([]string{"read", "admin"}) {
		if w.Fault != configerr.ScopeNotAdvertised {
			t.Errorf("got %v", w)
		}
		got = append(got, w.Field+" "+w.Value)
	}
	if want := []string{`Tools["b"] odd`, `Tools["b"] other`, `Default rest`}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if w := e.Warnings(nil); len(w) > 0 {
		t.Errorf("nothing is advertised, and the warnings are %v", w)
	}
}
