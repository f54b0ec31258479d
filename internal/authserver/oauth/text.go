package oauth

import (
	"strings"
	"unicode"
)

// Displayable reports whether a text of a stranger can be shown to a user: every
// character can be seen and stays in its place. Control characters, characters
// that change the direction or break the line, invisible ones and those of
// private use could make it look like another text.
func Displayable(s string) bool {
	return !strings.ContainsFunc(s, deceptive)
}

func deceptive(r rune) bool {
	return r == unicode.ReplacementChar || r == '\u2800' || // a blank of Braille
		unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co, unicode.Cs, unicode.Zl, unicode.Zp, unicode.Other_Default_Ignorable_Code_Point)
}

// Visible reports whether a text has anything to see.
func Visible(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return unicode.In(r, unicode.L, unicode.N, unicode.P, unicode.S) && !deceptive(r) })
}
