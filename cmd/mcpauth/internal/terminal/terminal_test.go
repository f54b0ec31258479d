package terminal

import (
	"strings"
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

func TestLogger(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	logger := NewLogger(&out).With("server", "mcp")
	logger.Debug("left out")
	logger.Info("started", "address", "127.0.0.1:1")
	logger.WithGroup("g").Warn("odd\x1b", "count", 2)
	logger.Error("failed", "error", "a\nb")
	want := "started, server mcp, address 127.0.0.1:1\nwarning: odd\uFFFD, server mcp, count 2\nerror: failed, server mcp, error a; b\n"
	if out.String() != want {
		t.Errorf("got\n%s\nwant\n%s", out.String(), want)
	}
}
