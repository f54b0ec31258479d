package policy_test

import (
	"testing"

	"github.com/mcp-auth/go/policy"
)

// Covers RS11, RS12: which rule decides.
func TestRuleFor(t *testing.T) {
	t.Parallel()
	one := policy.Scopes("x")
	keys := func(keys ...string) map[string]policy.Requirement {
		rules := map[string]policy.Requirement{}
		for _, key := range keys {
			rules[key] = one
		}
		return rules
	}
	e := compile(t, &policy.Policy{
		Tools:     keys("get", "get*", "get_all*", "{name}", "*"),
		Prompts:   keys("greet", "g*"),
		Resources: keys("note:///a", "note:///{id}", "note:///{+path}", "note:///{id}/files/{name}", "note:///a/*", "file:///{+path}.txt", "log:///{+path}/tail", "log:///{id}/tail", "*"),
		Methods:   keys("tasks/*", "tools/list", "resources/templates/list"),
	})
	op := func(method, name, ref string) policy.Operation {
		return policy.Operation{Method: method, Name: name, Ref: ref}
	}
	for _, tc := range []struct {
		op   policy.Operation
		want string
	}{
		{tool("get"), "tool get"},
		{tool("get_"), "tool get*"},
		{tool("get_all"), "tool get_all*"},
		{tool("get_all_of_them"), "tool get_all*"},
		{tool("Get"), "tool *"},
		{tool("{name}"), "tool {name}"},
		{tool("é"), "tool *"},
		{op("prompts/get", "greet", ""), "prompt greet"},
		{op("prompts/get", "hello", ""), "every other operation"},
		{op("completion/complete", "greet", "prompt"), "prompt greet"},
		{op("completion/complete", "note:///{id}", "resource"), "resource note:///{id}"},
		{op("completion/complete", "", ""), "every other operation"},
		{read("note:///a"), "resource note:///a"},
		{read("note:///b"), "resource note:///{id}"},
		{read("note:///b/c"), "resource note:///{+path}"},
		{read("note:///a/c"), "resource note:///a/*"},
		{read("note:///a/"), "resource note:///a/*"},
		{read("note:///a/files/c"), "resource note:///{id}/files/{name}"},
		{read("note:///a/files/c/d"), "resource note:///a/*"},
		{read("note:///"), "resource note:///{id}"},
		{read("log:///a/tail"), "resource log:///{id}/tail"},
		{read("log:////tail"), "resource log:///{id}/tail"}, // refused anyway
		{read("log:///a/b/tail"), "resource log:///{+path}/tail"},
		{read("note:///b?c"), "resource note:///{+path}"},
		{read("file:///a/b.txt"), "resource file:///{+path}.txt"},
		{op("resources/subscribe", "note:///b", ""), "resource note:///{id}"},
		{op("resources/unsubscribe", "note:///b", ""), "resource note:///{id}"},
		{op("subscriptions/listen", "note:///b", ""), "resource note:///{id}"},
		{op("subscriptions/listen", "", ""), "sessions and lists"},
		{op("tasks/get", "", ""), "tasks/*"},
		{op("tools/list", "", ""), "tools/list"},
		{op("prompts/list", "", ""), "sessions and lists"},
		{op("initialize", "", ""), "sessions and lists"},
		{op("server/discover", "", ""), "sessions and lists"},
		{op("notifications/anything", "", ""), "sessions and lists"},
		{op("", "", ""), "sessions and lists"},
		{op("tools/call", "", ""), "tool *"},
		{op("made/up", "", ""), "every other operation"},
	} {
		if got := e.RuleFor(tc.op).String(); got != tc.want {
			t.Errorf("%+v: %s, want %s", tc.op, got, tc.want)
		}
	}
}

// Covers RS12: a policy prints as a table.
func TestPolicyString(t *testing.T) {
	t.Parallel()
	p := &policy.Policy{
		Tools:     map[string]policy.Requirement{"get": policy.Scopes("read"), "delete": policy.All(policy.Scopes("delete"), policy.Claim("team", "a"))},
		Prompts:   map[string]policy.Requirement{"greet*": policy.Public()},
		Resources: map[string]policy.Requirement{"note:///{id}": policy.AnyScope("read", "admin")},
		Methods:   map[string]policy.Requirement{"tasks/*": policy.Denied()},
	}
	want := `tool delete             delete and claim team is "a"
tool get                read
prompt greet*           nothing: public
resource note:///{id}   read or admin
tasks/*                 denied to everybody
sessions and lists      a valid token
every other operation   denied to everybody
`
	if got := p.String(); got != want {
		t.Errorf("got\n%s", got)
	}
}
