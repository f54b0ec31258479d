package jsonx

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// scanner reads one document, without a copy: member names are parts of it
// unless they hold escapes.
type scanner struct {
	text     []byte
	pos      int
	depth    int
	maxDepth int
	// deep has names compared at every level, not at the outermost only.
	deep bool
	// names are those seen in the objects now open, innermost last. An array:
	// a slice that grows would put the scanner on the heap.
	names  [32][]byte
	listed int
}

// document reads data as the one value that read reads.
func (s *scanner) document(data []byte, read func() error) error {
	if !utf8.Valid(data) {
		return &Error{Reason: Encoding, Offset: validPrefix(data)}
	}
	s.text = data
	s.space()
	if err := read(); err != nil {
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

func (s *scanner) space() {
	for s.pos < len(s.text) {
		switch s.text[s.pos] {
		case ' ', '\t', '\n', '\r':
			s.pos++
		default:
			return
		}
	}
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
func (s *scanner) object(
	visit func(name, raw []byte) error,
	enter func(level int, name []byte) bool, visitInto func(level int, name, raw []byte) error,
) error {
	if err := s.enter('{'); err != nil {
		return err
	}
	if s.peek() == '}' {
		s.leave()
		return nil
	}
	seen := nameSet{base: s.listed}
	for {
		if err := s.member(&seen, visit, enter, visitInto); err != nil {
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

func (s *scanner) member(
	seen *nameSet, visit func(name, raw []byte) error,
	enter func(level int, name []byte) bool, visitInto func(level int, name, raw []byte) error,
) error {
	at := s.pos
	name, escaped, err := s.quoted()
	if err != nil {
		return err
	}
	if s.deep || s.depth == 1 {
		// Names compare after unescaping: "\u0061ud" is "aud".
		if escaped {
			name = unescape(name)
		}
		if !seen.add(s, name) {
			return &Error{Reason: Duplicate, Offset: at}
		}
	}
	s.space()
	if s.peek() != ':' {
		return s.fail(Syntax)
	}
	s.pos++
	s.space()
	start := s.pos
	if enter != nil && s.peek() == '{' && enter(s.depth, name) {
		err = s.object(nil, enter, visitInto)
	} else {
		err = s.value()
	}
	raw := s.text[start:s.pos:s.pos]
	switch {
	case err != nil:
		return err
	case visit != nil:
		return visit(name, raw)
	case visitInto != nil:
		return visitInto(s.depth, name, raw)
	}
	return nil
}

// array reads an array; visit may be nil.
func (s *scanner) array(visit func(raw []byte) error) error {
	if err := s.enter('['); err != nil {
		return err
	}
	if s.peek() == ']' {
		s.leave()
		return nil
	}
	for {
		start := s.pos
		if err := s.value(); err != nil {
			return err
		}
		if visit != nil {
			if err := visit(s.text[start:s.pos:s.pos]); err != nil {
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
	switch c := s.peek(); c {
	case '"':
		_, _, err := s.quoted()
		return err
	case '{':
		return s.object(nil, nil, nil)
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
func (s *scanner) quoted() (content []byte, escaped bool, err error) {
	if s.peek() != '"' {
		return nil, false, s.fail(Syntax)
	}
	text, start := s.text, s.pos+1
	for i := start; i < len(text); i++ {
		if i += plainPrefix(text[i:]); i == len(text) {
			break
		}
		c := text[i]
		switch {
		case c == '"':
			s.pos = i + 1
			return text[start:i:i], escaped, nil
		case c == '\\':
			s.pos, escaped = i, true
			if err := s.escape(); err != nil {
				return nil, false, err
			}
			i = s.pos - 1
		case c < ' ':
			s.pos = i
			return nil, false, s.fail(Syntax)
		}
	}
	s.pos = len(text)
	return nil, false, s.fail(Syntax)
}

// plainPrefix is how many bytes text has before the first quote, backslash or
// control character. It may say less within the last eight bytes.
func plainPrefix(text []byte) (n int) {
	const each, high = 0x0101010101010101, 0x8080808080808080
	for n+8 <= len(text) {
		eight := binary.LittleEndian.Uint64(text[n:])
		quote, backslash := eight^each*'"', eight^each*'\\'
		// The high bit of a byte comes up where it is below the number subtracted.
		// What it borrows can make those above it look so, too, never those below.
		found := ((eight-each*' ')&^eight | (quote-each)&^quote | (backslash-each)&^backslash) & high
		if found != 0 {
			return n + bits.TrailingZeros64(found)/8
		}
		n += 8
	}
	return n
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
// that has room, then in a map, so that a hostile object costs no quadratic
// time.
type nameSet struct {
	base int
	more map[string]struct{}
}

// add reports whether name was not yet in the set.
func (n *nameSet) add(s *scanner, name []byte) bool {
	for _, seen := range s.names[n.base:s.listed] {
		if string(seen) == string(name) {
			return false
		}
	}
	if s.listed < len(s.names) {
		s.names[s.listed] = name
		s.listed++
		return true
	}
	if _, found := n.more[string(name)]; found {
		return false
	}
	if n.more == nil {
		n.more = make(map[string]struct{})
	}
	n.more[string(name)] = struct{}{}
	return true
}
