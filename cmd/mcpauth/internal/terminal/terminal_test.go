package terminal

import (
	"testing"
)

// What a server sends cannot steer the terminal.
func TestClean(t *testing.T) {
	t.Parallel()
	got := Clean("a\x1b[31mb\x07\r\x7f\u009bc\nd\te")
	if want := "a\uFFFD[31mb\uFFFD\uFFFD\uFFFD\uFFFDc\nd\te"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
