package terminal

import (
	"strings"
	"unicode"
)

// Clean returns a text of several lines without characters that could steer the
// terminal, reorder what is shown, or hide.
func Clean(text string) string {
	return strings.Map(visible, strings.ReplaceAll(text, "\r\n", "\n"))
}

// Line returns a text as Clean does, on one line: its breaks cannot forge lines of
// the command's own.
func Line(text string) string { return strings.Join(strings.Fields(Clean(text)), " ") }

// visible returns a character as it may be shown. What joins and varies visible
// characters is left out, as in emoji.
func visible(r rune) rune {
	switch {
	case r == '\n' || r == '\t':
		return r
	case r == 0x200c || r == 0x200d || r >= 0xfe00 && r <= 0xfe0f:
		return -1
	case Hidden(r):
		return unicode.ReplacementChar
	}
	return r
}

// Hidden reports whether a character steers, reorders or breaks text, or has no
// shape of its own.
func Hidden(r rune) bool {
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co, unicode.Cs, unicode.Zl, unicode.Zp, unicode.Variation_Selector, unicode.Other_Default_Ignorable_Code_Point) ||
		r == 0x2800 // a Braille pattern without dots
}
