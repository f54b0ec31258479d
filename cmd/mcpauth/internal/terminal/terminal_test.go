package terminal

import (
	"strings"
	"testing"
)

// What a server sends cannot steer the terminal, reorder text or hide in it.
func TestClean(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"a\x1b[31mb\x07\r\x7f\u009bc\nd\te":       "a\uFFFD[31mb\uFFFD\uFFFD\uFFFD\uFFFDc\nd\te",
		"a\r\nb":                                  "a\nb",
		"\u202eevil\u2066x":                       "\uFFFDevil\uFFFDx",
		"a\u200bb\ufeffc\u00add":                  "a\uFFFDb\uFFFDc\uFFFDd",
		"a\u2028b\u2029c":                         "a\uFFFDb\uFFFDc",
		"a\u3164b\u2800c\u115fd":                  "a\uFFFDb\uFFFDc\uFFFDd",
		"\U000e0041tag\U000e0100":                 "\uFFFDtag\uFFFD",
		"\u26a0\ufe0f \U0001f468\u200d\U0001f469": "\u26a0 \U0001f468\U0001f469",
		"größer, 日本語, عربي":                       "größer, 日本語, عربي",
	} {
		if got := Clean(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	if got := Line("a\nLogged in at https://as\r\n\tb\u2028c"); got != "a Logged in at https://as b\uFFFDc" {
		t.Errorf("%q is not one line", got)
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

// Colours are for terminals: not for a buffer, whatever the environment says.
func TestStyle(t *testing.T) {
	t.Parallel()
	if got := NewStyle(&strings.Builder{}).Error("x"); got != "x" {
		t.Errorf("%q", got)
	}
	if got := (Style{colours: true}).Warning("x"); got != "\x1b[1;33mx\x1b[0m" {
		t.Errorf("%q", got)
	}
}

// Options are wrapped in their column, and nothing else is.
func TestHelpWriter(t *testing.T) {
	t.Parallel()
	words := strings.TrimSpace(strings.Repeat("word ", 40))
	var out strings.Builder
	h := NewHelpWriter(&out)
	for _, piece := range []string{"OPTIONS:\n   --a X  ", words, "\n   --long [ --" + strings.Repeat("n", 60) + " ]  ", words, "\n", words, "\nend"} {
		if _, err := h.Write([]byte(piece)); err != nil {
			t.Fatal(err)
		}
	}
	if err := h.Flush(); err != nil {
		t.Fatal(err)
	}
	if !strings.HasSuffix(out.String(), "\n"+words+"\nend") {
		t.Errorf("a paragraph or the end was changed:\n%s", out.String())
	}
	lines := strings.Split(strings.TrimSuffix(out.String(), words+"\nend"), "\n")
	for _, line := range lines {
		if len(line) > helpWidth {
			t.Errorf("%d characters: %s", len(line), line)
		}
	}
	if column := strings.Repeat(" ", helpColumn); !strings.HasPrefix(lines[1], "   --a X"+column[8:]+"word") || !strings.HasPrefix(lines[2], column+"word") {
		t.Errorf("the description is not in its column: %q, %q", lines[1], lines[2])
	}
	if strings.Join(strings.Fields(out.String()), " ") != strings.Join(strings.Fields("OPTIONS: --a X "+words+" --long "+words+" "+words+" end"), " ") {
		t.Error("a word was lost")
	}
}
