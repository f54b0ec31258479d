package pattern

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// foldName brings names that a careless server might take for one into one form:
// without regard to compatibility forms of Unicode, case, white space, characters
// that nobody sees, and dots at the end. None of the MCP SDKs does that; servers,
// gateways and file systems behind them do.
func foldName(pieces []piece) []piece {
	folded := mapText(pieces, func(text string) string { return foldSpaces(foldCharacters(text)) })
	last := len(folded) - 1
	for i := range folded {
		if i == 0 {
			folded[i].text = strings.TrimLeft(folded[i].text, " ")
		}
		if i == last && !folded[i].variable {
			folded[i].text = strings.TrimRight(folded[i].text, " .")
		}
	}
	return folded
}

// mapText changes all literal text.
func mapText(pieces []piece, change func(string) string) []piece {
	changed := make([]piece, len(pieces))
	for i, p := range pieces {
		if !p.variable {
			p.text = change(p.text)
		}
		changed[i] = p
	}
	return changed
}

// foldCharacters brings characters that are equal but for case or their
// compatibility form into one form, and drops those that nobody sees.
func foldCharacters(text string) string {
	if isFolded(text) {
		return text
	}
	text = strings.Map(foldRune, norm.NFKC.String(text))
	return norm.NFKC.String(text)
}

// isFolded spares usual text the work.
func isFolded(text string) bool {
	for i := range len(text) {
		if c := text[i]; c < ' ' || c >= 0x7f || c >= 'A' && c <= 'Z' {
			return false
		}
	}
	return true
}

// isSimple reports whether a name stays as it is when it is folded.
func isSimple(name string) bool {
	return isFolded(name) && !strings.Contains(name, " ") && !strings.HasSuffix(name, ".")
}

func foldRune(c rune) rune {
	switch {
	case unicode.IsSpace(c):
		return ' '
	case unicode.IsControl(c) || unicode.In(c, unicode.Cf, unicode.Variation_Selector, unicode.Other_Default_Ignorable_Code_Point):
		return -1
	}
	return unicode.ToLower(unicode.ToUpper(c))
}

// foldSpaces makes one space of several.
func foldSpaces(text string) string {
	for strings.Contains(text, "  ") {
		text = strings.ReplaceAll(text, "  ", " ")
	}
	return text
}
