package configerr_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/mcp-auth/go/configerr"
)

func TestNest(t *testing.T) {
	t.Parallel()
	var inner, list configerr.List
	inner.Add(configerr.InvalidScope, `Tools["a"]`, "b c")
	inner.Add(configerr.InvalidScope, "[1]", "")
	inner.Add(configerr.InvalidMaxBody, "", "-1")
	list.Nest("Resources[0].Policy", fmt.Errorf("wrapped: %w", errors.Join(inner.Err(), errors.New("another"))))
	list.Nest("Resources[1].Policy", nil)
	list.Nest("", inner.Err())
	var got []string
	for _, e := range configerr.All(list.Err()) {
		got = append(got, e.Field+" "+e.Value)
	}
	want := []string{
		`Resources[0].Policy.Tools["a"] b c`, "Resources[0].Policy[1] ", "Resources[0].Policy -1",
		`Tools["a"] b c`, "[1] ", " -1",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
	if first := configerr.All(inner.Err())[0].Field; first != `Tools["a"]` {
		t.Errorf("the nested error has become %s", first)
	}
}
