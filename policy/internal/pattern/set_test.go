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
		if got := keyOf(keys, set, tc.name); got != tc.want {
			t.Errorf("%s among %s: %q, want %q", tc.name, tc.keys, got, tc.want)
		}
	}
}

// keyOf returns the key that decides on a name, or "".
func keyOf(keys []string, set *Set, name string) string {
	index, _ := set.Find(name)
	if index == None {
		return ""
	}
	return keys[index]
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

// Covers RS12: of two names that a server might take for one, none slips past the
// rule for the other.
func TestFindAmbiguous(t *testing.T) {
	t.Parallel()
	keys := []string{"*", "danger_*", "get all", "caf\u00e9", "v1.", "Exact", "\u212aelvin"}
	for name, want := range map[string]bool{
		"danger_x": false, "Danger_x": true, " danger_x": true, "danger_": false, "\uff44anger_x": true, "dang\u200ber_x": true, "dang\u00ader_x": true, "d\u00e2nger_x": false,
		"other": false, "Other": false, "danger": false, "danger.x": false,
		"get all": false, "get  all": true, "get\u00a0all": true, "get\u3000all": true, "get all ": true, "get all.": true, "getall": false,
		"caf\u00e9": false, "cafe\u0301": true, "CAF\u00c9": true, "cafe": false,
		"v1": true, "v1.": false, "v1..": true, "v1.2": false,
		"Exact": false, "exact": true, "kelvin": true, "Kelvin": true, "": false,
	} {
		set, _ := New(keys, false)
		if _, got := set.Find(name); got != want {
			t.Errorf("%q is ambiguous: %t, want %t", name, got, want)
		}
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
	private := keys("files://{+path}", "files://private/{+path}")
	rooted := keys("file:///srv/{+path}", "file:///srv/private/{+path}")
	queries := keys("file:///*", "file:///secret?part={n}", "file:///secret?part={n}&full=1")
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
		{files, "file:///shared/", true},
		{files, "file:///shared/?x", true},
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

		// The authority may be a part of a path.
		{private, "files:///private/x", true},
		{private, "files:/private/x", true},
		{private, "files:private/x", true},
		{private, "files://./private/x", true},
		{private, "files://public/x", false},
		{private, "files:///public/x", false},
		{private, "files://private", true},
		{keys("files://{name}", "files://{name}/{+path}"), "files://private", false},
		{private, "files://privat/e", false},
		{rooted, "file:///srv/a?/../private/x", true},
		{rooted, "file:///srv/a?../private/x", true},
		{rooted, "file:///srv/private/x", false},
		{rooted, "file:///srv/a", false},
		{rooted, "file:/srv/private/x", true},

		// Or it does not matter at all.
		{keys("file://{+path}", "file:///private/{+path}"), "file://localhost/private/x", true},
		{keys("file://{+path}", "file:///private/{+path}"), "file://h/private/x", true},
		{keys("file://{+path}", "file:///private/{+path}"), "file://h/private;x/x", true},
		{keys("file://{+path}", "file:///private/{+path}"), "file://h/public/x", false},
		{keys("file://h/{+path}", "file:///private/{+path}"), "file://h/private/x", true},
		{keys("file://h/{+path}", "file:///private/{+path}"), "file://h/x", false},
		{keys("repo://{owner}/{name}", "repo://acme/secrets"), "repo://bob/secrets", false},
		{keys("repo://{owner}/{name}", "repo://{owner}/{name}/{+path}"), "repo://bob/tools", false},
		{keys("repo://{owner}/{name}", "repo://{owner}/{name}/{+path}"), "repo://bob/tools/", true},
		{keys("note:///{id}"), "note://7", true},
		{keys("note:///{id}"), "note://inbox/7", true},
		{keys("note:///{id}"), "other://inbox/7", false},

		// Letters, encodings and ends that file systems do not tell apart.
		{private, "files://PRIVATE/x", true},
		{rooted, "file:///srv/Private/x", true},
		{rooted, "file:///srv/private./x", true},
		{rooted, "file:///srv/private%20/x", true},
		{rooted, "file:///srv/%20private/x", true},
		{rooted, "file:///srv/privat%E2%80%8Be/x", true},
		{rooted, "file:///srv/%EF%BD%90rivate/x", true},
		{rooted, "file:///srv/%2570rivate/x", true},
		{keys("file:///{+p}", "file:///caf%C3%A9/{+p}"), "file:///cafe%CC%81/x", true},
		{keys("file:///{+p}", "file:///caf%C3%A9/{+p}"), "file:///caf%C3%A9/x", false},
		{keys("file:///{+p}", "file:///secret.txt"), "file:///secret.txt::$DATA", true},
		{keys("file:///{+p}", "file:///secret"), "file:///secret;v=1", true},
		{keys("file:///{+p}", "file:///secret"), "file:///secret%3Fx", true},
		{keys("file:///{+p}", "file:///secret"), "file:///secret%23x", true},
		{keys("file:///{+p}", "file:///secret"), "file:///secret%253Fx", true},
		{keys("file:///{+p}", "file:///secret/"), "file:///secret", true},
		{keys("file:///secret", "file:///secret/{+p}"), "file:///secret/", true},
		{keys("file:///secret", "file:///secret/*"), "file:///secret/a", false},
		{keys("docs:///guide/*"), "docs:///guide/", false},
		{keys("note:///{id}/"), "note:///7/", false},
		{keys("note:///{id}/", "note:///secret"), "note:///secret/", true},

		// A variable may stand for the scheme.
		{keys("f{0}/{0}"), "f:", true},
		{keys("a://{0}0"), "a:01%20", true},
		{keys("a:///{0}0"), "a:///01%20", false},
		{keys("{scheme}://{+path}", "{scheme}://private/{+path}"), "files:///private/x", true},
		{keys("{scheme}://{+path}", "{scheme}://private/{+path}"), "files://public/x", false},
		{keys("*", "{scheme}:///secret"), "note://secret", true},
		{keys("*", "{scheme}:///secret"), "note:///other", false},

		// What URL parsers write differently.
		{keys("https://{host}/{+p}"), "https://example.com", true},
		{keys("https://{host}/{+p}"), "https://example.com/", false},
		{keys("https://*", "https://example.com/"), "https://example.com?x", true},
		{keys("https://{host}/{+p}", "https://example.com/{+p}"), "https://example.com./x", true},
		{keys("https://{host}/{+p}", "https://example.com/{+p}"), "https:/example.com/x", true},

		// Parameters have names and no order.
		{queries, "file:///secret?part=3", false},
		{queries, "file:///secret?part=3&full=1", false},
		{queries, "file:///secret?full=1&part=3", true},
		{queries, "file:///secret?part=3&full=1&x", true},
		{queries, "file:///secret?part=3&FULL=1", true},
		{queries, "file:///secret?part=3&full=2", false},
		{queries, "file:///secret?x=1&part=3", true},
		{queries, "file:///other?part=3", false},
		{keys("x:///{id}?format=text", "x:///*"), "x:///7?format=text", false},
		{keys("x:///{id}?format=text"), "x:///7?format=text", false},
		{keys("x:///{+p}?format=text", "x:///private/*"), "x:///private/7?format=text", true},
		{keys("x:///{+p}/public"), "x:///7?/public", true},
		{keys("x:///{+p}/public"), "x:///7%3F/public", true},
		{keys("web:get?url={+url}", "web:get?url=https://internal/{+path}"), "web:get?url=https:///internal/x", true},
		{keys("web:get?url={+url}", "web:get?url=https://internal/{+path}"), "web:get?url=https://example.com/x", false},
		{keys("web:get?q={+q}", "web:get?q=a%20b"), "web:get?q=a+b", true},
	} {
		set, _ := New(tc.keys, true)
		if _, got := set.FindURI(tc.uri); got != tc.want {
			t.Errorf("%s is ambiguous: %v, want %v", tc.uri, got, tc.want)
		}
	}
}
