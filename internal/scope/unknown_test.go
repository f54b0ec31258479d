package scope_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/mcp-auth/go/internal/scope"
)

// Covers RS11: a slip in a hierarchy grants nothing, and nobody would notice.
func TestUnknown(t *testing.T) {
	t.Parallel()
	type includes = map[string][]string
	for name, tc := range map[string]struct {
		includes          includes
		advertised, named string
		want              string
	}{
		"all known":            {includes{"admin": {"write"}, "write": {"read"}}, "admin read", "write", ""},
		"a slip":               {includes{"admin": {"raed"}}, "admin", "read", `["admin"][0] raed: probably read is meant`},
		"another scope":        {includes{"admin": {"delete:x"}}, "admin", "read", `["admin"][0] delete:x`},
		"a broader one":        {includes{"amdin": {"read"}}, "admin read", "", `["amdin"] amdin: probably admin is meant`},
		"broader, none listed": {includes{"super": {"read"}}, "", "read", ""},
		"a step between":       {includes{"admin": {"manage"}, "manage": {"read"}}, "admin", "read", ""},
		"a prefix":             {includes{"files": {"files:*"}}, "files", "files:read", ""},
		"a prefix of none":     {includes{"files": {"fiels:*"}}, "files", "files:read", `["files"][0] fiels:*`},
		"nothing known":        {includes{"admin": {"read"}}, "", "", ""},
	} {
		var got []string
		for _, w := range scope.Unknown(tc.includes, strings.Fields(tc.advertised), strings.Fields(tc.named)) {
			text := w.Field + " " + w.Value
			if w.Err != nil {
				text = fmt.Sprint(text, ": ", w.Err)
			}
			got = append(got, text)
		}
		if strings.Join(got, "\n") != tc.want {
			t.Errorf("%s: %q, want %q", name, got, tc.want)
		}
	}
}
