package scope_test

import (
	"strings"
	"testing"

	"github.com/mcp-auth/go/configerr"
	"github.com/mcp-auth/go/internal/scope"
)

// Covers RS11: broader scopes stand for narrower ones, over several steps and by
// prefix.
func TestHierarchy(t *testing.T) {
	t.Parallel()
	h, err := scope.NewHierarchy(map[string][]string{
		"admin": {"write", "files"}, "write": {"read"}, "files": {"files:*"}, "files:a": {"files:a:*"},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		granted, needed string
		missing         int
	}{
		{"write", "read", 0},
		{"admin", "read write", 0},
		{"rea", "read", 1},
		{"", "read write", 2},
		{"files", "files:a:read", 0},
		{"files:a", "files:a:read", 0},
		{"files:b", "files:a:read", 1},
		{"files:*", "files:a:read", 1},
		{"files:a", "files", 1},
		{"write", "read files:b", 1},
	} {
		granted, needed := strings.Fields(tc.granted), strings.Fields(tc.needed)
		if got := h.Missing(granted, needed); got != tc.missing {
			t.Errorf("%q of %q: %d are missing, want %d", granted, needed, got, tc.missing)
		}
	}
	var none *scope.Hierarchy
	if !none.Satisfied([]string{"a"}, "a") || none.Satisfied([]string{"admin"}, "read") {
		t.Error("without a hierarchy, a scope does not stand for itself alone")
	}
}

// Covers RS11: a scope that includes itself, and scopes that cannot be.
func TestNewHierarchyFaults(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name     string
		includes map[string][]string
		want     string // the field and the fault of each mistake
	}{
		{"circle", map[string][]string{"a": {"b"}, "b": {"a"}}, `["a"] ScopeCycle, ["b"] ScopeCycle`},
		{"circle of one", map[string][]string{"a": {"a"}}, `["a"] ScopeCycle`},
		{"circle by prefix", map[string][]string{"f:a": {"f:*"}, "f:b": {"f:*"}}, `["f:a"] ScopeCycle, ["f:b"] ScopeCycle`},
		{"longer circle", map[string][]string{"f": {"f:*"}, "f:x": {"g"}, "g": {"f"}}, `["f"] ScopeCycle, ["f:x"] ScopeCycle, ["g"] ScopeCycle`},
		{"offline included", map[string][]string{"a": {"b", "offline_access"}}, `["a"][1] OfflineAccess`},
		{"not scopes", map[string][]string{"a b": {""}}, `["a b"] InvalidScope, ["a b"][0] InvalidScope`},
		{"prefixes without a circle", map[string][]string{"files:": {"files:*"}, "admin": {"*"}, "write": {"read"}}, ""},
	} {
		h, err := scope.NewHierarchy(tc.includes)
		names := map[configerr.Fault]string{configerr.ScopeCycle: "ScopeCycle", configerr.OfflineAccess: "OfflineAccess", configerr.InvalidScope: "InvalidScope"}
		var got []string
		for _, fault := range configerr.All(err) {
			got = append(got, fault.Field+" "+names[fault.Fault])
		}
		if strings.Join(got, ", ") != tc.want {
			t.Errorf("%s: got %q, want %s", tc.name, got, tc.want)
		}
		if (h == nil) != (tc.want != "") {
			t.Errorf("%s: the hierarchy is %v", tc.name, h)
		}
	}
}
