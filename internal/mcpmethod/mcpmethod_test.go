package mcpmethod_test

import (
	"testing"

	"github.com/mcp-auth/go/internal/mcpmethod"
)

// Covers RS12: what a request names decides which rules apply to it.
func TestNames(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		method, name, ref string
		want              mcpmethod.Target
	}{
		{"tools/call", "t", "", mcpmethod.Tool},
		{"tools/call", "", "", mcpmethod.Tool},
		{"prompts/get", "p", "", mcpmethod.Prompt},
		{"resources/read", "note:///a", "", mcpmethod.Resource},
		{"resources/subscribe", "note:///a", "", mcpmethod.Resource},
		{"resources/unsubscribe", "note:///a", "", mcpmethod.Resource},
		{"subscriptions/listen", "note:///a", "", mcpmethod.Resource},
		{"subscriptions/listen", "", "", mcpmethod.None},
		{"completion/complete", "p", "prompt", mcpmethod.Prompt},
		{"completion/complete", "note:///{id}", "resource", mcpmethod.Resource},
		{"completion/complete", "p", "", mcpmethod.None},
		{"completion/complete", "p", "tool", mcpmethod.None},
		{"tasks/get", "1", "", mcpmethod.None},
		{"skills/get", "skill://a/SKILL.md", "", mcpmethod.Resource},
		{"resources/directory/read", "skill://a", "", mcpmethod.Resource},
		{"skills/list", "", "", mcpmethod.None},
		{"tools/list", "", "", mcpmethod.None},
		{"Tools/call", "t", "", mcpmethod.None},
		{"", "", "", mcpmethod.None},
	} {
		if got := mcpmethod.Of(tc.method).Names(tc.name, tc.ref); got != tc.want {
			t.Errorf("%s %s %s: %d, want %d", tc.method, tc.name, tc.ref, got, tc.want)
		}
	}
}

// Covers RS11: what opens and keeps a session.
func TestIsLifecycle(t *testing.T) {
	t.Parallel()
	for method, want := range map[string]bool{
		"initialize": true, "server/discover": true, "ping": true, "logging/setLevel": true, "subscriptions/listen": true,
		"tools/list": true, "prompts/list": true, "resources/list": true, "resources/templates/list": true, "skills/list": true,
		"notifications/initialized": true, "notifications/made/up": true,
		"notifications": false, "tools/call": false, "tasks/get": false, "skills/get": false, "resources/directory/read": false, "made/up": false, "": false,
	} {
		if got := mcpmethod.Of(method).IsLifecycle; got != want {
			t.Errorf("%s: %t", method, got)
		}
	}
}

// All methods of the table are known by name.
func TestAll(t *testing.T) {
	t.Parallel()
	for _, name := range mcpmethod.All() {
		if mcpmethod.Of(name) == (mcpmethod.Method{}) {
			t.Errorf("%s is not in the table", name)
		}
	}
}

func TestListIn(t *testing.T) {
	t.Parallel()
	var all mcpmethod.Lists
	for _, member := range []string{"tools", "Prompts", "RESOURCES", "resourceTemplates", "skills"} {
		list, ok := mcpmethod.ListIn(member)
		if !ok || list.Key == "" || mcpmethod.Of(list.Use).Target == mcpmethod.None {
			t.Errorf("%s: %+v", member, list)
		}
		all |= list.List
	}
	if all != mcpmethod.AllLists {
		t.Errorf("the lists are %b", all)
	}
	if _, ok := mcpmethod.ListIn("tool"); ok {
		t.Error("tool is a list")
	}
}
