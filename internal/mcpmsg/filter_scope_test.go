package mcpmsg

import (
	"bytes"
	"testing"

	"github.com/mcp-auth/go/internal/mcpmethod"
)

// A list that one caller gets must not be cached for others.
// Covers RS28.
func TestFilterScope(t *testing.T) {
	t.Parallel()
	const tools = `"tools":[{"name":"a"},{"name":"b"}]`
	for name, test := range map[string]struct {
		scope    Scope
		in, want string
	}{
		"kept":              {ScopeKept, `{` + tools + `,"cacheScope":"public"}`, `{"tools":[{"name":"a"}],"cacheScope":"public"}`},
		"limited":           {ScopeLimited, `{` + tools + `,"cacheScope":"public"}`, `{"tools":[{"name":"a"}],"cacheScope":"private"}`},
		"limited, before":   {ScopeLimited, `{"cacheScope" : "public" , ` + tools + `}`, `{"cacheScope" : "private" , "tools":[{"name":"a"}]}`},
		"limited, absent":   {ScopeLimited, `{` + tools + `}`, `{"tools":[{"name":"a"}]}`},
		"limited, null":     {ScopeLimited, `{` + tools + `,"cacheScope":null}`, `{"tools":[{"name":"a"}],"cacheScope":"private"}`},
		"private":           {ScopePrivate, `{` + tools + `,"cacheScope":"private"}`, `{"tools":[{"name":"a"}],"cacheScope":"private"}`},
		"private, absent":   {ScopePrivate, `{ ` + tools + `}`, `{"cacheScope":"private", "tools":[{"name":"a"}]}`},
		"nothing cut":       {ScopePrivate, `{"tools":[{"name":"a"}]}`, `{"cacheScope":"private","tools":[{"name":"a"}]}`},
		"another case":      {ScopeLimited, `{` + tools + `,"CacheScope":"public"}`, `{"tools":[{"name":"a"}],"CacheScope":"private"}`},
		"no list":           {ScopePrivate, `{"content":[],"cacheScope":"public"}`, `{"content":[],"cacheScope":"public"}`},
		"a list not wanted": {ScopePrivate, `{"prompts":[],"cacheScope":"public"}`, `{"prompts":[],"cacheScope":"public"}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, form := range []struct{ kind, before, behind string }{
				{"application/json", `{"jsonrpc":"2.0","id":1,"result":`, `}`},
				{"text/event-stream", `data: {"result":`, "}\n\n"},
				{"application/json", `[{"id":2,"result":{"x":1}},{"id":1,"result":`, `}]`},
			} {
				var out bytes.Buffer
				f := NewFilter(&out, form.kind, mcpmethod.ListTools, func(_, name string) bool { return name == "a" })
				f.SetScope(test.scope)
				if _, err := f.Write([]byte(form.before + test.in + form.behind)); err != nil {
					t.Fatal(err)
				}
				if err := f.Close(); err != nil {
					t.Fatal(err)
				}
				if got, want := out.String(), form.before+test.want+form.behind; got != want {
					t.Errorf("\n got %s\nwant %s", got, want)
				}
			}
		})
	}
	f := NewFilter(new(bytes.Buffer), "application/json", mcpmethod.ListTools, nil)
	if _, err := f.Write([]byte(`{"result":{"cacheScope":"private","CACHESCOPE":"public"}}`)); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != ErrMalformed {
		t.Errorf("two scopes: %v", err)
	}
}
