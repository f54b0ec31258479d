package mcpmsg

import (
	"bytes"
	"iter"

	"github.com/mcp-auth/go/internal/jsonx"
)

// members walks the members of a JSON object that jsonx.Object has accepted,
// which is why it finds no fault. It copies nothing, as a second jsonx.Object
// would. Names come unescaped.
func members(object []byte) iter.Seq2[[]byte, []byte] {
	// So short that it is inlined: then nothing is allocated.
	return func(yield func(name, value []byte) bool) { walk(object, yield) }
}

func walk(object []byte, yield func(name, value []byte) bool) {
	pos := 1
	for {
		quote := bytes.IndexByte(object[pos:], '"')
		if quote < 0 {
			return
		}
		start := pos + quote
		end := valueEnd(object, start)
		from := skip(object, end)
		pos = valueEnd(object, from)
		if !yield(unquote(object[start:end]), object[from:pos:pos]) {
			return
		}
	}
}

func unquote(raw []byte) []byte {
	if bytes.IndexByte(raw, '\\') < 0 {
		return raw[1 : len(raw)-1]
	}
	text, _ := jsonx.String(raw)
	return []byte(text)
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
