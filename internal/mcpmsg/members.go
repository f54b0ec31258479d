package mcpmsg

import (
	"bytes"
	"iter"

	"github.com/mcp-auth/go/internal/jsonx"
)

// members walks the members of a JSON object that jsonx.Object has accepted,
// which is why it finds no fault. A second jsonx.Object would copy the object.
func members(object []byte) iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		pos := 1
		for {
			start := bytes.IndexByte(object[pos:], '"')
			if start < 0 {
				return
			}
			start += pos
			end := valueEnd(object, start)
			name := nameOf(object[start:end])
			from := skip(object, end)
			pos = valueEnd(object, from)
			if !yield(name, object[from:pos:pos]) {
				return
			}
		}
	}
}

func nameOf(raw []byte) string {
	name, _ := jsonx.String(raw)
	return name
}

// skip steps over white space and one colon.
func skip(text []byte, pos int) int {
	for pos < len(text) {
		switch text[pos] {
		case ' ', '\t', '\r', '\n', ':':
			pos++
		default:
			return pos
		}
	}
	return pos
}

// valueEnd returns where the value ends that begins at pos.
func valueEnd(text []byte, pos int) int {
	depth := 0
	for ; pos < len(text); pos++ {
		switch text[pos] {
		case '"':
			pos = stringEnd(text, pos) - 1
			if depth == 0 {
				return pos + 1
			}
		case '{', '[':
			depth++
		case '}', ']':
			if depth == 0 {
				return pos // the end of what holds a number or literal
			}
			if depth--; depth == 0 {
				return pos + 1
			}
		case ',', ' ', '\t', '\r', '\n':
			if depth == 0 {
				return pos
			}
		}
	}
	return pos
}

// stringEnd returns where the string ends whose first quote is at pos.
func stringEnd(text []byte, pos int) int {
	for pos++; pos < len(text); pos++ {
		switch text[pos] {
		case '\\':
			pos++
		case '"':
			return pos + 1
		}
	}
	return len(text)
}
