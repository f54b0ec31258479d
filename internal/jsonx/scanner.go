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
// write pointers costs more, most of all while the garbage collector runs.
type scanner struct {
	text     []byte
	pos      int
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

// begin steps up to the document's one value, which end is to follow.
func (s *scanner) begin() error {
	if !utf8.Valid(s.text) {
		return &Error{Reason: Encoding, Offset: validPrefix(s.text)}
	}
	s.space()
	return nil
}

// end finds what follows the document's value. err is that of the value.
func (s *scanner) end(err error) error {
	if err != nil {
		return err
	}
	if s.space(); s.pos != len(s.text) {
		return s.fail(Syntax)
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
func (s *scanner) fail(reason Reason) error {
	return &Error{Reason: reason, Offset: s.pos}
}

// peek returns the byte at the position, 0 at the end. A zero byte has no place
// in JSON's grammar, so the two need not be told apart.
func (s *scanner) peek() byte {
	if s.pos < len(s.text) {
		return s.text[s.pos]
	}
	return 0
}

// space steps over white space. There seldom is any.
func (s *scanner) space() {
	if s.pos < len(s.text) && s.text[s.pos] <= ' ' {
		s.pos = spaceEnd(s.text, s.pos)
	}
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
func (s *scanner) enter(open byte) error {
	if s.peek() != open {
		return s.fail(Syntax)
	}
	if s.depth++; s.depth > s.maxDepth {
		return s.fail(TooDeep)
	}
	s.pos++
	s.space()
	return nil
}

// next steps over the comma between two items. At closing it leaves the object
// or array instead and says so.
func (s *scanner) next(closing byte) (done bool, err error) {
	s.space()
	switch s.peek() {
	case ',':
		s.pos++
		s.space()
		return false, nil
	case closing:
		s.leave()
		return true, nil
	default:
		return false, s.fail(Syntax)
	}
}

func (s *scanner) leave() {
	s.pos++
	s.depth--
}

// object reads an object. The functions may be nil; they are called and not
// kept, so that what they refer to can stay on the stack.
func (s *scanner) object(enter enterFunc, visit visitFunc) error {
	if err := s.enter('{'); err != nil {
		return err
	}
	if s.peek() == '}' {
		s.leave()
		return nil
	}
	seen := nameSet{base: s.listed}
	for {
		name, err := s.name(&seen)
		if err != nil {
			return err
		}
		from := s.pos
		if enter != nil && s.peek() == '{' && enter(s.depth, name) {
			err = s.object(enter, visit)
		} else {
			err = s.value()
		}
		if err == nil && visit != nil {
			err = visit(s.depth, name, Span{from, s.pos})
		}
		if err != nil {
			return err
		}
		done, err := s.next('}')
		if err != nil {
			return err
		}
		if done {
			s.listed = seen.base
			return nil
		}
	}
}

// name reads a member's name, up to where its value begins, and returns it
// unescaped. seen are the names before it.
func (s *scanner) name(seen *nameSet) ([]byte, error) {
	at := s.pos
	span, escaped, err := s.quoted()
	if err != nil {
		return nil, err
	}
	name := span.Of(s.text)
	if s.deep || s.depth == 1 {
		// Names compare after unescaping: "\u0061ud" is "aud".
		if escaped {
			name = unescape(name)
		}
		if !seen.add(s, span, name, escaped) {
			s.pos = at
			return nil, s.fail(Duplicate)
		}
	}
	s.space()
	if s.peek() != ':' {
		return nil, s.fail(Syntax)
	}
	s.pos++
	s.space()
	return name, nil
}

// array reads an array; visit may be nil.
func (s *scanner) array(visit func(element Span) error) error {
	if err := s.enter('['); err != nil {
		return err
	}
	if s.peek() == ']' {
		s.leave()
		return nil
	}
	for {
		from := s.pos
		if err := s.value(); err != nil {
			return err
		}
		if visit != nil {
			if err := visit(Span{from, s.pos}); err != nil {
				return err
			}
		}
		done, err := s.next(']')
		if done || err != nil {
			return err
		}
	}
}

func (s *scanner) value() error {
	first := s.peek()
	if first == '"' { // the usual one
		_, _, err := s.quoted()
		return err
	}
	switch first {
	case '{':
		return s.object(nil, nil)
	case '[':
		return s.array(nil)
	case 't':
		return s.literal("true")
	case 'f':
		return s.literal("false")
	case 'n':
		return s.literal("null")
	default:
		end := numberEnd(s.text, s.pos)
		if end < 0 {
			return s.fail(Syntax)
		}
		s.pos = end
		return nil
	}
}

func (s *scanner) literal(word string) error {
	if rest := s.text[s.pos:]; len(rest) < len(word) || string(rest[:len(word)]) != word {
		return s.fail(Syntax)
	}
	s.pos += len(word)
	return nil
}

// quoted reads a string and returns what stands between its quotes.
func (s *scanner) quoted() (content Span, escaped bool, err error) {
	if s.peek() != '"' {
		return Span{}, false, s.fail(Syntax)
	}
	text, start := s.text, s.pos+1
	if end := plainEnd(text, start); end < len(text) && text[end] == '"' { // the usual one
		s.pos = end + 1
		return Span{start, end}, false, nil
	}
	for i := start; ; i++ {
		if i = plainEnd(text, i); i >= len(text) {
			break
		}
		switch text[i] {
		case '"':
			s.pos = i + 1
			return Span{start, i}, escaped, nil
		case '\\':
			s.pos, escaped = i, true
			if err := s.escape(); err != nil {
				return Span{}, false, err
			}
			i = s.pos - 1
		default:
			s.pos = i
			return Span{}, false, s.fail(Syntax)
		}
	}
	s.pos = len(text)
	return Span{}, false, s.fail(Syntax)
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
func (s *scanner) escape() error {
	rest := s.text[s.pos:]
	if len(rest) < 2 {
		return s.fail(Syntax)
	}
	if strings.IndexByte(`"\/bfnrt`, rest[1]) >= 0 {
		s.pos += 2
		return nil
	}
	unit, ok := codeUnit(rest)
	if !ok {
		return s.fail(Syntax)
	}
	if !utf16.IsSurrogate(unit) {
		s.pos += escapeLen
		return nil
	}
	low, ok := codeUnit(rest[escapeLen:])
	if !ok || utf16.DecodeRune(unit, low) == utf8.RuneError {
		return s.fail(Encoding)
	}
	s.pos += 2 * escapeLen
	return nil
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
