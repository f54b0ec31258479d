package pattern

import (
	"strings"
	"testing"
)

// Covers RS11, RS12: which key decides.
func TestFind(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		templates  bool
		keys       string
		name, want string // the key, empty for none
	}{
		{false, "get get* get_all* {name} *", "get", "get"},
		{false, "get get* get_all* {name} *", "get_", "get*"},
		{false, "get get* get_all* {name} *", "get_all", "get_all*"},
		{false, "get get* get_all* {name} *", "Get", "*"},
		{false, "get get* get_all* {name} *", "{name}", "{name}"},
		{false, "get get* get_all* {name} *", "", "*"},
		{false, "get g*", "hello", ""},
		{false, "", "hello", ""},
		{true, "a:{b} a:{+b} a:*", "a:b/c", "a:{+b}"},
		{true, "a:{b} a:{+b}", "a:b", "a:{b}"},
		{true, "a:{b} a:{+b}", "a:b?c", "a:{+b}"},
		{true, "a:{b}/c a:{b}", "a:b/c", "a:{b}/c"},
		{true, "a:{b}", "a:", "a:{b}"},
		{true, "*", "a:", "*"},
	} {
		keys := strings.Fields(tc.keys)
		set, _ := New(keys, tc.templates)
		if got := set.key(set.Find(tc.name)); got != tc.want {
			t.Errorf("%s among %s: %q, want %q", tc.name, tc.keys, got, tc.want)
		}
	}
}

// Covers RS11: what cannot be a key, and what would leave the decision to chance.
func TestNew(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		templates bool
		keys      string
		want      string // of the last key's error, empty for none
	}{
		{false, "a", ""},
		{false, "a*b", "only at the end"},
		{false, "a**", "only at the end"},
		{false, "a:{b", ""},
		{true, "a:{b", "URI templates"},
		{true, "a:{?b}", "URI templates"},
		{true, "a:{b}{c}", "URI templates"},
		{true, "a:{b}*", "URI templates"},
		{true, "a:{}", "URI templates"},
		{true, "a:{+}", "URI templates"},
		{true, "a:b}", ""},
		{true, "File:///a/*", "normal form"},
		{true, "file:///a/../{b}", "normal form"},
		{true, "file:///a/../b", ""},
		{true, "a:{b} a:{c}", `"a:{b}" fits the same`},
		{true, "a:* a:{+c}", `"a:*" fits the same`},
		{true, "a:{b} a:{+c}", ""},
	} {
		_, errs := New(strings.Fields(tc.keys), tc.templates)
		err := errs[len(errs)-1]
		if (err == nil) != (tc.want == "") || err != nil && !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %v, want %q", tc.keys, err, tc.want)
		}
	}
	if _, errs := New([]string{""}, false); errs[0] == nil {
		t.Error("an empty key is accepted")
	}
}

// Covers RS12: of two spellings of one resource, none slips past the rule for
// the other.
func TestFindURI(t *testing.T) {
	t.Parallel()
	keys := func(keys ...string) []string { return keys }
	people := keys("user:///root@example.com", "user:///{id}", "user:///a%3Ab/*")
	files := keys("file:///*", "file:///secret", "file:///secret?part={n}", "file:///{+path}.md", "file:///shared/*",
		"file:///shared/mine", "file:///shared/open/", "file:///it's")
	for _, tc := range []struct {
		keys []string
		uri  string
		want bool
	}{
		{people, "user:///root@example.com", false},
		{people, "user:///root%40example.com", true},
		{people, "user:///bob@example.com", false},
		{people, "user:///bob%40example.com", false},
		{people, "user:///a%20b", false},
		{people, "user:///what%3F", false},
		{people, "user:///a%3Ab/c", false},
		{people, "user:///a:b/c", true},
		{keys("user:///a:b", "user:///a%3Ab", "user:///*"), "user:///a%3Ab", false},
		{keys("user:///a:b", "user:///a%3Ab", "user:///*"), "user:///a:b", false},
		{keys("user:///a!b", "user:///*"), "user:///a%21b", true},
		{keys("user:///*"), "user:///a%21b", false},
		{keys("user:///%7Bid%7D", "user:///*"), "user:///{id}", true},
		{keys("other:///*"), "user:///a%21b", false},
		{keys("user:///a%21b"), "user:///a!b", true},
		{files, "file:///a?x", false},
		{files, "file:///secret?x", true},
		{files, "file:///secret?", true},
		{files, "file:///secret/", true},
		{files, "file:///secret/?x", true},
		{files, "file:///secret?.md", true},
		{files, "file:///secret?part=2", false},
		{files, "file:///a?part=2", false},
		{files, "file:///shared/", false},
		{files, "file:///shared/?x", false},
		{files, "file:///shared/a/", false},
		{files, "file:///shared/mine/", true},
		{files, "file:///shared/open/", false},
		{files, "file:///it%27s/", true},
		{files, "file:///it%27s?x", true},
		{files, "file:///", false},
		{keys("note:///{id}"), "note:///a?x", true},
		{keys("note:///{id}"), "note:///a/", true},
		{keys("note:///{id}"), "note:///a/b?x", false},
		{keys("note:///{id}"), "note:///", false},
		{nil, "NOT:normal/../x", false},
	} {
		set, _ := New(tc.keys, true)
		if _, got := set.FindURI(tc.uri); got != tc.want {
			t.Errorf("%s is ambiguous: %v, want %v", tc.uri, got, tc.want)
		}
	}
}
