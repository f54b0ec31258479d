package policyfile_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/configerr"
	"github.com/mcp-auth/go/policy"
	"github.com/mcp-auth/go/policy/policyfile"
)

const todos = `# The todo server.
default: deny
tools:
  get-todos: read:todos
  delete-todo: {all: [delete:todos, {claim: {department: [finance, audit]}}]}
  export_*: {any: [admin, [read:todos, export:todos]]}
  archive:
    all:
      - delete:todos  read:todos
      - check: owner
  ping: public
  reserved: [public, deny]
  quoted: "authenticated"
  folded: >
    read:todos
    write:todos
prompts: {greeting: authenticated, secret_*: {claim: {level: top}}, roles_*: {claim: {resource_access: {my-app: {roles: [a, b]}}}}}
resources: {"note:///{id}": read:notes, "file:///public/*": authenticated}
methods: {completion/complete: authenticated, initialize: public}
show_all: true
hide_refused: true
max_body: 4194304
scopes_supported: [read:todos, admin]
scope_includes: {admin: [write:todos], "files": ["files:*"]}
challenge_all_scopes: true
`

const todosTable = `tool archive                (delete:todos and read:todos) and check owner
tool delete-todo            delete:todos and (claim department is "finance" or "audit")
tool export_*               admin or (read:todos and export:todos)
tool folded                 read:todos and write:todos
tool get-todos              read:todos
tool ping                   nothing: public
tool quoted                 a valid token
tool reserved               public and deny
prompt greeting             a valid token
prompt roles_*              claim resource_access.my-app.roles is "a" or "b"
prompt secret_*             claim level is "top"
resource file:///public/*   a valid token
resource note:///{id}       read:notes
completion/complete         a valid token
initialize                  nothing: public
sessions and lists          a valid token
every other operation       denied to everybody
`

func checks() policyfile.Option {
	return policyfile.WithChecks(map[string]policy.CheckFunc{
		"owner": func(context.Context, policy.Caller, policy.Operation) (bool, error) { return true, nil },
	})
}

// Covers RS11, RS12.
func TestParse(t *testing.T) {
	t.Parallel()
	f, err := policyfile.Parse([]byte(todos), checks())
	if err != nil {
		t.Fatal(err)
	}
	if got := f.Policy.String(); got != todosTable {
		t.Errorf("got\n%s", got)
	}
	if p := f.Policy; !p.ShowAll || !p.HideRefused || p.MaxBody != 4<<20 || !f.ChallengeAllScopes {
		t.Errorf("got %+v", f)
	}
	if want := []string{"read:todos", "admin"}; !reflect.DeepEqual(f.ScopesSupported, want) {
		t.Errorf("got %q", f.ScopesSupported)
	}
	if want := map[string][]string{"admin": {"write:todos"}, "files": {"files:*"}}; !reflect.DeepEqual(f.ScopeIncludes, want) {
		t.Errorf("got %q", f.ScopeIncludes)
	}
}

// Covers RS12: JSON is YAML.
func TestParseJSON(t *testing.T) {
	t.Parallel()
	f, err := policyfile.Parse([]byte("{\n\t\"default\": \"public\",\n\t\"tools\": {\"a\": [\"x\"], \"b\":{\"any\":[\"x\",{\"claim\":{\"c\":[\"v\"]}}]}},\n\t\"max_body\":1}\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	want := `tool a                  x
tool b                  x or claim c is "v"
sessions and lists      a valid token
every other operation   nothing: public
`
	if got := f.Policy.String(); got != want {
		t.Errorf("got\n%s", got)
	}
}

// Covers RS12: each mistake is told with its place, all of them together.
func TestParseErrors(t *testing.T) {
	t.Parallel()
	lists := func(errs ...string) string { return strings.Join(errs, "\npolicy: ") }
	tests := []struct{ name, text, want string }{
		{"empty", "", "1:1: the file is empty"},
		{"comments only", "# nothing\n", "1:1: the file is empty"},
		{"not a mapping", "deny", "1:1: must be a mapping, not text"},
		{"two documents", "default: deny\n---\ndefault: public\n", "2:1: a second document begins: the file must have one"},
		{"syntax", "default: deny\ntools: {a: b\n", "2: not YAML: did not find expected ',' or '}'"},
		{"tab", "default: deny\ntools:\n\ta: b\n", "3: not YAML: found character that cannot start any token; indentation takes spaces, not tabs, and a text that begins with @, ` or % takes quotes"},
		{"quote", "default: deny\nx: 'a\n", "2: not YAML: found unexpected end of stream"},
		{"not UTF-8", "default: deny\ntools: {é: \xff}\n", "2:12: the file is not text in UTF-8"},
		{"unknown field", "default: deny\ntool: {a: b}\n", "2:7: tool: the field is not known; known are default, tools, prompts, resources, methods, show_all, hide_refused, max_body, scopes_supported, scope_includes, challenge_all_scopes"},
		{"unknown field in camelCase", "default: deny\nscopesSupported: [a]\n", "2:18: scopesSupported: the field is not known; known are default, tools, prompts, resources, methods, show_all, hide_refused, max_body, scopes_supported, scope_includes, challenge_all_scopes"},
		{"duplicate field", "default: deny\ndefault: public\n", "2:1: default: the key is already on line 1"},
		{"duplicate rule", "tools:\n  a: x\n  'a': public\n", `3:3: tools["a"]: the key is already on line 2`},
		{"duplicate in JSON", `{"tools": {"a": "x", "\u0061": "public"}}`, `1:22: tools["a"]: the key is already on line 1`},
		{"no rules", "tools:\n", "1:7: tools: must be a mapping, not nothing"},
		{"list of rules", "tools: [a]\n", "1:8: tools: must be a mapping, not a list"},
		{"no requirement", "tools: {a: }", `1:12: tools["a"]: must be scopes, deny, authenticated, public, all, any, claim or check, not nothing`},
		{"number", "default: 42", "1:10: default: must be scopes, deny, authenticated, public, all, any, claim or check, not a number"},
		{"truth", "default: true", "1:10: default: must be scopes, deny, authenticated, public, all, any, claim or check, not true or false"},
		{"date", "default: 2026-01-01", "1:10: default: must be scopes, deny, authenticated, public, all, any, claim or check, not a date"},
		{"tag", "default: !secret x", "1:10: default: must be scopes, deny, authenticated, public, all, any, claim or check, not a value of the type !secret"},
		{"number as key", "tools: {1: x}", `1:9: tools: a key must be text, not a number: "1" in quotes is`},
		{"empty text", `default: " "`, "1:10: default: must not be empty: write deny, authenticated or public"},
		{"empty list", "default: []", "1:10: default: must not be empty: write authenticated if a valid token is enough"},
		{"word and scope", "default: public read", "1:10: default: public stands alone; write a list if it is the name of a scope"},
		{"list of mappings", "default: [a, {any: [b]}]", "1:14: default[1]: a list holds scopes; write {all: […]} or {any: […]} for more"},
		{"number in a list", "default: [a, 1]", "1:14: default[1]: must be text, not a number"},
		{"two members", "default: {all: [a], any: [b]}", "1:10: default: must have one of all, any, claim and check; write {all: […]} for several"},
		{"unknown member", "default: {none: [a]}", "1:17: default.none: the field is not known; known are all, any, claim and check"},
		{"all of nothing", "default: {all: []}", "1:16: default.all: must be a list with something in it, not a list"},
		{"all without list", "default: {all: a}", "1:16: default.all: must be a list with something in it, not text"},
		{"claims", "default: {claim: {a: b, c: d}}", "1:18: default.claim: must have one claim; write {all: […]} for several"},
		{"claim without values", "default: {any: [{claim: {a: []}}]}", `1:17: default.any[0]: "a": the requirement is nil, empty or lacks a name`},
		{"claim, number", "default: {claim: {a: 1}}", `1:22: default.claim["a"]: must be text, a list of texts, or a member of the claim with these, not a number`},
		{"claim, two members", "default: {claim: {a: {b: x, c: y}}}", `1:22: default.claim["a"]: must have one claim; write {all: […]} for several`},
		{"claim, too deep", "default: {claim: " + strings.Repeat("{a: ", 17) + "x" + strings.Repeat("}", 18), "1:86: default.claim" + strings.Repeat(`["a"]`, 17) + ": claims are nested too deeply, more than 16 levels"},
		{"claim, numbers", "default: {claim: {a: [b, 1]}}", `1:26: default.claim["a"][1]: must be text, not a number`},
		{"no such check", "default: {check: other}", `1:18: default.check: there is no check "other"; known are owner`},
		{"check, list", "default: {check: [owner]}", `1:18: default.check: must be the name of a check, not a list`},
		{"flag as text", "show_all: yes\nhide_refused: 1", lists("1:11: show_all: must be true or false, not text", "2:15: hide_refused: must be true or false, not a number")},
		{"limit as text", "max_body: 4 MiB", "1:11: max_body: must be a number of bytes, not text"},
		{"limit too large", "max_body: 9999999999", `1:11: max_body: "9999999999": the limit of the body is negative or over 1 GiB`},
		{"limit out of range", "max_body: 99999999999999999999999", "1:11: max_body: must be a number of bytes, not a number"},
		{"scope with quote", "tools:\n  a: 'x\"y'", `2:6: tools["a"]: "x\"y": the scope is empty or has a character that cannot be in a scope (RFC 6749 §3.3): it has quotation marks or brackets of the list that it was in`},
		{"scope with space", "tools:\n  a: {any: [b, [c, 'd e']]}", `2:20: tools["a"].any[1][1]: "d e": the scope is empty or has a character that cannot be in a scope (RFC 6749 §3.3): it looks like several scopes: list each as a string of its own`},
		{"offline_access", "default: offline_access", `1:10: default: "offline_access": offline_access is between client and authorization server and must not be asked for by a resource`},
		{"offline_access supported", "scopes_supported: [a, offline_access]", `1:23: scopes_supported[1]: "offline_access": offline_access is between client and authorization server and must not be asked for by a resource`},
		{"pattern", "tools:\n  a*b: x", `2:8: tools["a*b"]: "a*b": the key of the rule is not a name, a prefix that ends in * or a URI template: * is allowed only at the end`},
		{"circle", "scope_includes:\n  a: [b]\n  b: [a]", lists(
			`2:6: scope_includes["a"]: "a": the scope includes itself by way of others`,
			`3:6: scope_includes["b"]: "b": the scope includes itself by way of others`)},
		{"includes text", "scope_includes: {a: b}", `1:21: scope_includes["a"]: must be a list, not text`},
		{"alias", "tools:\n  a: &x read\n  b: *x\nshow_all: *x", lists(
			`3:6: tools["b"]: must be scopes, deny, authenticated, public, all, any, claim or check, not an alias`,
			`4:11: show_all: must be true or false, not an alias`)},
		{"merge key", "tools:\n  a: &x {any: [read]}\n  <<: *x", `3:3: tools: a key must be text, not a merge key: "<<" in quotes is`},
		{"several", "tools:\n  a: offline_access\n  b: 1\ndefault: {check: none}\nodd: 1", lists(
			`2:6: tools["a"]: "offline_access": offline_access is between client and authorization server and must not be asked for by a resource`,
			`3:6: tools["b"]: must be scopes, deny, authenticated, public, all, any, claim or check, not a number`,
			`4:18: default.check: there is no check "none"; known are owner`,
			`5:6: odd: the field is not known; known are default, tools, prompts, resources, methods, show_all, hide_refused, max_body, scopes_supported, scope_includes, challenge_all_scopes`)},
	}
	for _, tc := range tests {
		f, err := policyfile.Parse([]byte(tc.text), checks())
		if err == nil || f != nil {
			t.Errorf("%s: accepted as\n%v", tc.name, f)
			continue
		}
		if got := err.Error(); got != "policy: "+tc.want {
			t.Errorf("%s: got\n%s\nwant\n%s", tc.name, got, "policy: "+tc.want)
		}
		var one *policyfile.Error
		if !errors.As(err, &one) {
			t.Errorf("%s: %T", tc.name, err)
		}
	}
}

func TestErrorsAreConfigErrors(t *testing.T) {
	t.Parallel()
	_, err := policyfile.Parse([]byte("default: offline_access"))
	var fault *configerr.Error
	if !errors.Is(err, configerr.OfflineAccess) || !errors.As(err, &fault) {
		t.Errorf("got %v", err)
	}
	_, err = policyfile.Parse([]byte("default: {check: owner}"))
	if want := `policy: 1:18: default.check: there is no check "owner": the program gives none`; err == nil || err.Error() != want {
		t.Errorf("got %v", err)
	}
}

// Files that are made to use up memory or time are refused, or read quickly.
func TestHostileFiles(t *testing.T) {
	t.Parallel()
	laughs := "a: &a [x,x,x,x,x,x,x,x,x,x]\n"
	for c := 'b'; c <= 'j'; c++ {
		laughs += fmt.Sprintf("%c: &%c [%s*%c]\n", c, c, strings.Repeat(fmt.Sprintf("*%c,", c-1), 9), c-1)
	}
	var rules strings.Builder
	rules.WriteString("tools:\n")
	for i := 0; rules.Len() < 1<<20-20; i++ {
		fmt.Fprintf(&rules, "  k%d: v\n", i)
	}
	tests := []struct{ name, text, want string }{
		{"billion laughs", laughs, "the field is not known"},
		{"billion laughs in a rule", laughs + "default: {any: *j}", "must be a list with something in it, not an alias"},
		{"a circle of aliases", "default: &a {any: [*a]}", "not an alias"},
		{"too large", strings.Repeat("#", 1<<20+1), "over 1 MiB"},
		{"deep list", "default: " + strings.Repeat("[", 1<<19), "exceeded max depth"},
		{"deep mapping", "default: " + strings.Repeat("{any: [", 1<<17), "exceeded max depth"},
		{"deep block", "default:\n" + strings.Repeat(" - ", 1<<18), "exceeded max depth"},
		{"deep enough", "default: " + strings.Repeat("{any: [", 2000) + "x" + strings.Repeat("]}", 2000), "nested too deeply, more than 16 levels"},
		{"many rules", rules.String(), ""},
		{"many mistakes", strings.ReplaceAll(rules.String(), ": v\n", ": \n"), "there are more mistakes"},
		{"many documents", strings.Repeat("---\n", 1<<18), "a second document"},
		{"many comments", strings.Repeat("# a\n", 1<<18-10), "is empty"},
		{"many tags", strings.Repeat("!a ", 1<<18), "not YAML"},
	}
	for _, tc := range tests {
		_, err := policyfile.Parse([]byte(tc.text))
		if (err == nil) != (tc.want == "") || err != nil && !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: got %.300v", tc.name, err)
		}
		if err != nil && len(err.Error()) > 1<<16 {
			t.Errorf("%s: %d bytes of errors", tc.name, len(err.Error()))
		}
	}
}

func TestLoad(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	good, bad := filepath.Join(dir, "good.yaml"), filepath.Join(dir, "bad.yaml")
	for path, text := range map[string]string{good: todos, bad: "default: deny\nx: y\n"} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if f, err := policyfile.Load(good, checks()); err != nil || f.Policy.String() != todosTable {
		t.Errorf("got %v, %v", f, err)
	}
	_, err := policyfile.Load(bad)
	var fault *policyfile.Error
	if !errors.As(err, &fault) || fault.File != bad || fault.Line != 2 || fault.Column != 4 || !strings.HasPrefix(err.Error(), "policy: "+bad+":2:4: x: ") {
		t.Errorf("got %v", err)
	}
	if _, err := policyfile.Load(filepath.Join(dir, "none.yaml")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
	if _, err := policyfile.Load(dir); err == nil {
		t.Error("a directory was read")
	}
}

func TestApply(t *testing.T) {
	t.Parallel()
	f, err := policyfile.Parse([]byte("default: public\n"))
	if err != nil {
		t.Fatal(err)
	}
	r := mcpauth.Resource{ScopesSupported: []string{"a"}, ScopeIncludes: map[string][]string{"a": {"b"}}}
	f.Apply(&r)
	if r.Policy == nil || r.Policy.Default != policy.Public() || len(r.ScopesSupported) != 1 || len(r.ScopeIncludes) != 1 {
		t.Errorf("got %+v", r)
	}
	f, err = policyfile.Parse([]byte("scopes_supported: []\nscope_includes: {}\n"))
	if err != nil {
		t.Fatal(err)
	}
	f.Apply(&r)
	if r.Policy.Default != nil || len(r.ScopesSupported) != 0 || len(r.ScopeIncludes) != 0 {
		t.Errorf("got %+v", r)
	}
}

// Covers RS12: what a tool reads without the program's functions denies.
func TestDenyUnknownChecks(t *testing.T) {
	t.Parallel()
	f, err := policyfile.Parse([]byte("tools: {a: {check: other}, b: {check: owner}}"), policyfile.DenyUnknownChecks(), checks())
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]bool{"a": false, "b": true} {
		r := mcpauth.Resource{
			Identifier: "https://api.example.com/mcp",
			AuthorizationServers: []mcpauth.AuthorizationServer{{Issuer: "https://auth.example.com", Verifier: mcpauth.VerifierFunc(
				func(context.Context, string) (*mcpauth.Claims, error) {
					return &mcpauth.Claims{Issuer: "https://auth.example.com", Audience: []string{"https://api.example.com/mcp"}, ExpiresAt: time.Now().Add(time.Minute)}, nil
				})}},
		}
		f.Apply(&r)
		auth, err := mcpauth.New(mcpauth.Config{Resources: []mcpauth.Resource{r}})
		if err != nil {
			t.Fatal(err)
		}
		_, err = auth.Authorize(t.Context(), mcpauth.Request{
			Method: "POST", URL: "/mcp", Header: map[string][]string{"Authorization": {"Bearer x"}, "Content-Type": {"application/json"}},
			Body: func(int64) ([]byte, error) {
				return fmt.Appendf(nil, `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":%q}}`, name), nil
			},
		})
		if (err == nil) != want || errors.Is(err, policyfile.ErrUnknownCheck) == want {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// FuzzParse holds that any file is read or refused with its place, and that
// what was read is a policy that New takes. Covers RS12.
func FuzzParse(f *testing.F) {
	f.Add(todos)
	for _, text := range []string{`{"tools": {"a": ["b"]}}`, "default: &a {any: [*a]}", "? a\n: b", "--- !!map\n<<: {}", "tools: {a: {claim: {b: c}}}", "\ufeffdefault: deny", "scope_includes: {a: ['*'], b: [a]}", "%YAML 1.2\n---\na: b", "default: |-\n  a\n b"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		file, err := policyfile.Parse([]byte(text), checks())
		if err != nil {
			for _, one := range err.(interface{ Unwrap() []error }).Unwrap() {
				var fault *policyfile.Error
				if !errors.As(one, &fault) || fault.Text == "" || fault.Line < 1 && len(text) <= 1<<20 {
					t.Fatalf("%q: %#v", text, one)
				}
			}
			return
		}
		r := mcpauth.Resource{Identifier: "https://api.example.com/mcp", AuthorizationServers: []mcpauth.AuthorizationServer{{Issuer: "https://auth.example.com"}}}
		file.Apply(&r)
		auth, err := mcpauth.New(mcpauth.Config{Resources: []mcpauth.Resource{r}})
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		_ = auth.Close()
		if again, err := policyfile.Parse([]byte(text), checks()); err != nil || again.Policy.String() != file.Policy.String() || !maps.EqualFunc(again.ScopeIncludes, file.ScopeIncludes, func(a, b []string) bool { return reflect.DeepEqual(a, b) }) {
			t.Fatalf("%q is read in two ways", text)
		}
	})
}
