package scope_test

import (
	"slices"
	"testing"

	"github.com/mcp-auth/go/configerr"
	"github.com/mcp-auth/go/internal/scope"
)

func TestSplit(t *testing.T) {
	t.Parallel()
	for list, want := range map[string][]string{
		"": nil, "a": {"a"}, "a b": {"a", "b"}, "  a   b ": {"a", "b"}, " ": {}, "a\tb": {"a\tb"},
	} {
		if got := scope.Split(list); !slices.Equal(got, want) || (got == nil) != (want == nil) {
			t.Errorf("%q: got %q, want %q", list, got, want)
		}
	}
}

func TestUnion(t *testing.T) {
	t.Parallel()
	room := append(make([]string, 0, 8), "a", "b")
	for _, tc := range []struct{ a, b, want []string }{
		{nil, nil, nil},
		{nil, []string{"a"}, []string{"a"}},
		{[]string{"a"}, nil, []string{"a"}},
		{[]string{"a", "b"}, []string{"b", "a"}, []string{"a", "b"}},
		{room, []string{"c", "b", "d", "e"}, []string{"a", "b", "c", "d", "e"}},
	} {
		got := scope.Union(tc.a, tc.b)
		if !slices.Equal(got, tc.want) {
			t.Errorf("%q and %q: got %q", tc.a, tc.b, got)
		}
		_ = append(got, "x")
		if len(tc.b) == 0 && len(tc.a) > 0 && cap(got) != len(got) {
			t.Errorf("%q: there is room for more", got)
		}
	}
	if extra := room[:3]; extra[2] != "" {
		t.Errorf("the array of a has %q", extra)
	}
}

func TestValidate(t *testing.T) {
	t.Parallel()
	faults := configerr.All(scope.Validate([]string{"a", "", "b c", "offline_access", `d"`, "files:*"}))
	var got []string
	for _, fault := range faults {
		got = append(got, fault.Field+" "+string(fault.Fault))
	}
	want := []string{
		"[1] " + string(configerr.InvalidScope), "[2] " + string(configerr.InvalidScope),
		"[3] " + string(configerr.OfflineAccess), "[4] " + string(configerr.InvalidScope),
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
	if err := scope.Validate(nil); err != nil {
		t.Error(err)
	}
}
