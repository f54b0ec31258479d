package token

import (
	"strings"
	"testing"
)

func TestOpaqueTokens(t *testing.T) {
	t.Parallel()
	o, err := NewSealer([]byte("a key of exactly thirty-two bytes")[:32])
	if err != nil {
		t.Fatal(err)
	}
	const jwt = "a.b.c"
	first, second := o.Seal(jwt), o.Seal(jwt)
	if first == second || strings.Contains(first, ".") {
		t.Errorf("%q and %q", first, second)
	}
	if got := o.Open(first); got != jwt {
		t.Errorf("%q is opened", got)
	}
	other, err := NewSealer([]byte("another key of thirty-two bytes!")[:32])
	if err != nil {
		t.Fatal(err)
	}
	for _, token := range []string{first[:len(first)-4], "x" + first, other.Seal(jwt), "", jwt} {
		if got := o.Open(token); got != token {
			t.Errorf("%q is opened", got)
		}
	}
}
