package mcpmsg

import (
	"bytes"
	"errors"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/mcp-auth/go/internal/jsonx"
)

// hasLoneSurrogate reports whether that may be all that is wrong with text.
// JavaScript writes half of a surrogate pair when a string was cut between the
// two, so one shortened title must not cost the whole response.
func hasLoneSurrogate(text []byte, err error) bool {
	var fault *jsonx.Error
	return errors.As(err, &fault) && fault.Reason == jsonx.Encoding && utf8.Valid(text)
}

// escapeLen is the length of a \u escape.
const escapeLen = len(`\ufffd`)

// withoutLoneSurrogates returns a copy of JSON in which escapes of U+FFFD stand
// for those of lone surrogates. All else is where it was.
func withoutLoneSurrogates(text []byte) []byte {
	text = bytes.Clone(text)
	for i := 0; ; {
		next := bytes.IndexByte(text[i:], '\\')
		if next < 0 {
			return text
		}
		i += next
		unit, ok := codeUnit(text[i:])
		switch {
		case !ok:
			i = min(i+2, len(text))
		case !utf16.IsSurrogate(unit):
			i += escapeLen
		case isPair(unit, text[i+escapeLen:]):
			i += 2 * escapeLen
		default:
			i += copy(text[i:], `\ufffd`)
		}
	}
}

func isPair(high rune, rest []byte) bool {
	low, ok := codeUnit(rest)
	return ok && utf16.DecodeRune(high, low) != utf8.RuneError
}

// codeUnit returns the UTF-16 code unit of the \u escape that text begins with.
func codeUnit(text []byte) (rune, bool) {
	if len(text) < escapeLen || text[0] != '\\' || text[1] != 'u' {
		return 0, false
	}
	unit, err := strconv.ParseUint(string(text[2:escapeLen]), 16, 16)
	return rune(unit), err == nil
}
