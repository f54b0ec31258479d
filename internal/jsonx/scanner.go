package jsonx

import (
	"bytes"
	"encoding/binary"
	"math"
	"math/bits"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// scanner reads one document, without a copy. What it notes are positions: to
// write pointers costs more, most of all while the garbage collector runs. Its
// methods are given the position they begin at and return where they end: a
// field would be written and read again at every step.
type scanner struct {
	text     []byte
	depth    int
	maxDepth int
	// deep has names compared at every level, not at the outermost only.
	deep bool
	// names are where those stand that were seen in the objects now open,
	// innermost last. An array: a slice that grows would put the scanner on the
	// heap.
	names  [32]place
	listed int
}

// place is a [Span] in the first 4 GiB of a document.
type place struct{ from, to uint32 }

// enterFunc tells whether the members of a member's value are visited.
type enterFunc func(level int, name []byte) bool

// visitFunc takes a member. name is unescaped.
type visitFunc func(level int, name []byte, value Span) error

// begin returns where the document's one value begins.
func (s *scanner) begin() (int, error) {
	if !utf8.Valid(s.text) {
		return 0, fail(Encoding, validPrefix(s.text))
	}
	return s.space(0), nil
}

// end finds what follows the document's value, which ends at pos. err is what
// was wrong with that.
func (s *scanner) end(pos int, err error) error {
	if err != nil {
		return err
	}
	if pos = s.space(pos); pos != len(s.text) {
		return fail(Syntax, pos)
	}
	return nil
}

func validPrefix(data []byte) int {
	for i := 0; i < len(data); {
		r, size := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError && size <= 1 {
			return i
		}
		i += size
	}
	return len(data)
}

// fail is not inlined: a message is read amid much other code, and what the
// processor has to load of ours counts.
//
//go:noinline
func fail(reason Reason, pos int) error {
	return &Error{Reason: reason, Offset: pos}
}

// at returns the byte at a position, 0 at the end. A zero byte has no place in
// JSON's grammar, so the two need not be told apart.
func (s *scanner) at(pos int) byte {
	if pos < len(s.text) {
		return s.text[pos]
	}
	return 0
}

// space steps over white space. There seldom is any.
func (s *scanner) space(pos int) int {
	if pos < len(s.text) && s.text[pos] <= ' ' {
		return spaceEnd(s.text, pos)
	}
	return pos
}

func spaceEnd(text []byte, pos int) int {
	for pos < len(text) {
		switch text[pos] {
		case ' ', '\t', '\n', '\r':
			pos++
		default:
			return pos
		}
	}
	return pos
}

// enter opens an object or array whose first byte is open.
func (s *scanner) enter(pos int, open byte) (int, error) {
	if s.at(pos) != open {
		return 0, fail(Syntax, pos)
	}
	if s.depth++; s.depth > s.maxDepth {
		return 0, fail(TooDeep, pos)
	}
	return s.space(pos + 1), nil
}

// next steps over the comma between two items. At closing it leaves the object
// or array instead and says so.
func (s *scanner) next(pos int, closing byte) (next int, done bool, err error) {
	pos = s.space(pos)
	switch s.at(pos) {
	case ',':
		return s.space(pos + 1), false, nil
	case closing:
		s.depth--
		return pos + 1, true, nil
	default:
		return 0, false, fail(Syntax, pos)
	}
}

// object reads an object. The functions may be nil; they are called and not
// kept, so that what they refer to can stay on the stack.
func (s *scanner) object(pos int, enter enterFunc, visit visitFunc) (int, error) {
	pos, err := s.enter(pos, '{')
	if err != nil {
		return 0, err
	}
	if s.at(pos) == '}' {
		s.depth--
		return pos + 1, nil
	}
	seen := nameSet{base: s.listed}
	for done := false; !done; {
		name, from, err := s.name(pos, &seen)
		if err != nil {
			return 0, err
		}
		if enter != nil && s.at(from) == '{' && enter(s.depth, name) {
			pos, err = s.object(from, enter, visit)
		} else {
			pos, err = s.value(from)
		}
		if err == nil && visit != nil {
			err = visit(s.depth, name, Span{from, pos})
		}
		if err != nil {
			return 0, err
		}
		if pos, done, err = s.next(pos, '}'); err != nil {
			return 0, err
		}
	}
	s.listed = seen.base
	return pos, nil
}

// name reads a member's name, up to where its value begins, and returns it
// unescaped. seen are the names before it.
func (s *scanner) name(pos int, seen *nameSet) (name []byte, value int, err error) {
	span, escaped, err := s.quoted(pos)
	if err != nil {
		return nil, 0, err
	}
	name = span.Of(s.text)
	if s.deep || s.depth == 1 {
		// Names compare after unescaping: "\u0061ud" is "aud".
		if escaped {
			name = unescape(name)
		}
		if !seen.add(s, span, name, escaped) {
			return nil, 0, fail(Duplicate, pos)
		}
	}
	colon := s.space(span.To + 1)
	if s.at(colon) != ':' {
		return nil, 0, fail(Syntax, colon)
	}
	return name, s.space(colon + 1), nil
}

// array reads an array; visit may be nil.
func (s *scanner) array(pos int, visit func(element Span) error) (int, error) {
	pos, err := s.enter(pos, '[')
	if err != nil {
		return 0, err
	}
	if s.at(pos) == ']' {
		s.depth--
		return pos + 1, nil
	}
	for done := false; !done; {
		from := pos
		if pos, err = s.value(from); err != nil {
			return 0, err
		}
		if visit != nil {
			if err := visit(Span{from, pos}); err != nil {
				return 0, err
			}
		}
		if pos, done, err = s.next(pos, ']'); err != nil {
			return 0, err
		}
	}
	return pos, nil
}

func (s *scanner) value(pos int) (int, error) {
	first := s.at(pos)
	if first == '"' { // the usual one
		content, _, err := s.quoted(pos)
		return content.To + 1, err
	}
	switch first {
	case '{':
		return s.object(pos, nil, nil)
	case '[':
		return s.array(pos, nil)
	case 't':
		return s.literal(pos, "true")
	case 'f':
		return s.literal(pos, "false")
	case 'n':
		return s.literal(pos, "null")
	default:
		end := numberEnd(s.text, pos)
		if end < 0 {
			return 0, fail(Syntax, pos)
		}
		return end, nil
	}
}

func (s *scanner) literal(pos int, word string) (int, error) {
	if rest := s.text[pos:]; len(rest) < len(word) || string(rest[:len(word)]) != word {
		return 0, fail(Syntax, pos)
	}
	return pos + len(word), nil
}

// quoted reads a string and returns what stands between its quotes.
func (s *scanner) quoted(pos int) (content Span, escaped bool, err error) {
	if s.at(pos) != '"' {
		return Span{}, false, fail(Syntax, pos)
	}
	start := pos + 1
	if end := plainEnd(s.text, start); s.at(end) == '"' { // the usual one
		return Span{start, end}, false, nil
	}
	return s.special(start)
}

// special reads a string, from behind its first quote, that has escapes or is
// none.
func (s *scanner) special(start int) (content Span, escaped bool, err error) {
	for pos := start; ; {
		pos = plainEnd(s.text, pos)
		switch s.at(pos) {
		case '"':
			return Span{start, pos}, escaped, nil
		case '\\':
			escaped = true
			if pos, err = s.escape(pos); err != nil {
				return Span{}, false, err
			}
		default:
			return Span{}, false, fail(Syntax, pos)
		}
	}
}

// plainEnd returns where, from pos on, text has the first quote, backslash or
// control character, len(text) if it has none.
func plainEnd(text []byte, pos int) int {
	const each, high = 0x0101010101010101, 0x8080808080808080
	for ; pos+8 <= len(text); pos += 8 {
		eight := binary.LittleEndian.Uint64(text[pos:])
		// The high bit of a byte comes up where it is below the number subtracted:
		// of all that are ASCII, controls and quotes are below '!' after this
		// exclusive or, and the backslash is 0. What it borrows can make those above
		// it look so, too, never those below.
		quote, backslash := eight^each*('"'^' '), eight^each*'\\'
		if found := ((quote - each*'!') | (backslash - each)) &^ eight & high; found != 0 {
			return pos + bits.TrailingZeros64(found)/8
		}
	}
	for ; pos < len(text); pos++ {
		if c := text[pos]; c < ' ' || c == '"' || c == '\\' {
			return pos
		}
	}
	return len(text)
}

// escape steps over an escape sequence; a surrogate counts only with the other
// half behind it.
func (s *scanner) escape(pos int) (int, error) {
	rest := s.text[pos:]
	if len(rest) < 2 {
		return 0, fail(Syntax, pos)
	}
	if strings.IndexByte(`"\/bfnrt`, rest[1]) >= 0 {
		return pos + 2, nil
	}
	unit, ok := codeUnit(rest)
	if !ok {
		return 0, fail(Syntax, pos)
	}
	if !utf16.IsSurrogate(unit) {
		return pos + escapeLen, nil
	}
	low, ok := codeUnit(rest[escapeLen:])
	if !ok || utf16.DecodeRune(unit, low) == utf8.RuneError {
		return 0, fail(Encoding, pos)
	}
	return pos + 2*escapeLen, nil
}

const escapeLen = len(`\u0000`)

// codeUnit returns the UTF-16 code unit of the \u escape that text begins with.
func codeUnit(text []byte) (rune, bool) {
	if len(text) < escapeLen || text[0] != '\\' || text[1] != 'u' {
		return 0, false
	}
	var unit rune
	for _, c := range text[2:escapeLen] {
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c && c <= 'f':
			c -= 'a' - 10
		case 'A' <= c && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		unit = unit<<4 | rune(c)
	}
	return unit, true
}

// unescape replaces the escapes of a string that quoted has read.
func unescape(content []byte) []byte {
	plain := make([]byte, 0, len(content))
	for {
		i := bytes.IndexByte(content, '\\')
		if i < 0 {
			return append(plain, content...)
		}
		plain = append(plain, content[:i]...)
		content = content[i:]
		if r, ok := codeUnit(content); ok {
			content = content[escapeLen:]
			if utf16.IsSurrogate(r) {
				low, _ := codeUnit(content)
				r, content = utf16.DecodeRune(r, low), content[escapeLen:]
			}
			plain = utf8.AppendRune(plain, r)
			continue
		}
		plain = append(plain, shortEscape(content[1]))
		content = content[2:]
	}
}

func shortEscape(c byte) byte {
	switch c {
	case 'b':
		return '\b'
	case 'f':
		return '\f'
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	default:
		return c
	}
}

// nameSet holds the member names of one object: on the scanner's list while
// that has room and they stand in the document as they are, otherwise in a map,
// so that a hostile object costs no quadratic time.
type nameSet struct {
	base int
	// signs are those of the names. Names that share none are not compared.
	signs uint64
	more  map[string]struct{}
}

// sign is one bit that depends on a name.
func sign(name []byte) uint64 {
	if len(name) == 0 {
		return 1
	}
	return 1 << ((uint(name[0]) + 5*uint(name[len(name)-1]) + 11*uint(len(name))) % 64)
}

// add reports whether name was not yet in the set. It stands at span, with
// escapes or without.
func (n *nameSet) add(s *scanner, span Span, name []byte, escaped bool) bool {
	sign := sign(name)
	if n.signs&sign != 0 && n.has(s, name) {
		return false
	}
	n.signs |= sign
	if !escaped && s.listed < len(s.names) && uint64(span.To) <= math.MaxUint32 {
		s.names[s.listed] = place{uint32(span.From), uint32(span.To)}
		s.listed++
		return true
	}
	n.note(name)
	return true
}

//go:noinline
func (n *nameSet) note(name []byte) {
	if n.more == nil {
		n.more = make(map[string]struct{})
	}
	n.more[string(name)] = struct{}{}
}

//go:noinline
func (n *nameSet) has(s *scanner, name []byte) bool {
	for _, seen := range s.names[n.base:s.listed] {
		if string(s.text[seen.from:seen.to]) == string(name) {
			return true
		}
	}
	_, found := n.more[string(name)]
	return found
}
