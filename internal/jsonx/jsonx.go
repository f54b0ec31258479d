// Package jsonx reads JSON (RFC 8259) that security decisions rest on.
//
// It accepts less than encoding/json does: a member name may occur only once
// per object, names are case-sensitive, text is valid UTF-8 without lone
// surrogates, nesting is bounded and nothing may follow the value. Two parsers
// therefore cannot read one document in two ways (RFC 8725 §2.4, RFC 7519 §4).
//
// Numbers keep their text: what a member's value means is up to the reader.
package jsonx

import (
	"strconv"
	"unicode/utf8"
)

// Reason says why a document was refused. Its values are stable.
type Reason string

// The reasons for which a document is refused.
const (
	// Syntax: not a JSON text of the kind asked for.
	Syntax Reason = "syntax"
	// Encoding: invalid UTF-8, or an escape that names a lone surrogate.
	Encoding Reason = "encoding"
	// Duplicate: one object has two members of the same name.
	Duplicate Reason = "duplicate"
	// TooDeep: objects and arrays nest beyond the caller's bound.
	TooDeep Reason = "too_deep"
)

// Error is the fault that made a document unacceptable. Its text never holds a
// part of the document, so it may be logged.
type Error struct {
	Reason Reason
	// Offset is where in the document the fault was noticed, in bytes.
	Offset int
}

// Error implements the error interface.
func (e *Error) Error() string {
	return "json: " + e.Reason.text() + " at byte " + strconv.Itoa(e.Offset)
}

func (r Reason) text() string {
	switch r {
	case Encoding:
		return "invalid UTF-8 or lone surrogate"
	case Duplicate:
		return "duplicate member name"
	case TooDeep:
		return "nested too deeply"
	default:
		return "syntax error"
	}
}

// Object walks the members of the JSON object that data holds, in order. visit
// gets the member's unescaped name and its raw value: a part of data, without
// white space around it, not to be modified. Duplicate names are refused at
// every level. The object itself is nesting level 1; maxDepth bounds the
// levels.
//
// The walk is one pass: visit has seen members when a later one is found
// faulty, so what it gathered counts only if Object returns nil. An error of
// visit ends the walk and is returned as it is; every other one is an *Error.
func Object(data []byte, maxDepth int, visit func(name string, raw []byte) error) error {
	return Walk(data, maxDepth, func(name, raw []byte) error { return visit(string(name), raw) })
}

// Walk is Object for readers that need no copy of the names: they are parts of
// data, too, where they hold no escapes.
func Walk(data []byte, maxDepth int, visit func(name, raw []byte) error) error {
	return WalkInto(data, maxDepth, nil, func(_ int, name []byte, value Span) error { return visit(name, value.Of(data)) })
}

// WalkInto is Walk for readers that look into members, too, in the same pass.
// Before the value of a member is read, enter tells whether its members are to
// be visited, if it is an object; they come before the member itself. The level
// is 1 for the members of the outermost object.
func WalkInto(data []byte, maxDepth int, enter func(level int, name []byte) bool, visit func(level int, name []byte, value Span) error) error {
	s := scanner{text: data, maxDepth: maxDepth, deep: true}
	pos, err := s.begin()
	if err != nil {
		return err
	}
	return s.end(s.object(pos, enter, visit))
}

// Members is Object, except that names are compared at the outermost level
// only. It suits a document whose members are walked with Object in their turn
// and where a fault in one of them must not spoil the others.
func Members(data []byte, maxDepth int, visit func(name string, raw []byte) error) error {
	return MembersAt(data, maxDepth, func(name string, value Span) error { return visit(name, value.Of(data)) })
}

// Elements walks the elements of the JSON array that data holds, as Members
// does the members of an object: names inside an element are not compared.
func Elements(data []byte, maxDepth int, visit func(raw []byte) error) error {
	return ElementsAt(data, maxDepth, func(element Span) error { return visit(element.Of(data)) })
}

// String returns the value of raw if that is a JSON string and nothing else.
func String(raw []byte) (string, bool) {
	if content, ok := Plain(raw); ok {
		return string(content), true
	}
	if len(raw) < 2 || raw[0] != '"' || !utf8.Valid(raw) {
		return "", false
	}
	s := scanner{text: raw}
	content, escaped, err := s.quoted(0)
	if err != nil || content.To+1 != len(raw) {
		return "", false
	}
	if escaped {
		return string(unescape(content.Of(raw))), true
	}
	return string(content.Of(raw)), true
}

// Plain returns what stands between the quotes of raw if that is the usual JSON
// string, ASCII without escapes: a part of raw that is the value as it is. Of
// every other string, only [String] tells the value.
func Plain(raw []byte) ([]byte, bool) {
	last := len(raw) - 1
	if last < 1 || raw[0] != '"' || raw[last] != '"' {
		return nil, false
	}
	for _, c := range raw[1:last] {
		if c < ' ' || c >= utf8.RuneSelf || c == '"' || c == '\\' {
			return nil, false
		}
	}
	return raw[1:last:last], true
}

// Strings returns the elements of raw if that is a JSON array of strings only;
// an empty array gives an empty slice.
func Strings(raw []byte) ([]string, bool) {
	if len(raw) < 2 || raw[0] != '[' {
		return nil, false
	}
	list := make([]string, 0, 4)
	err := Elements(raw, 1, func(element []byte) error {
		value, ok := String(element)
		if !ok {
			return &Error{Reason: Syntax}
		}
		list = append(list, value)
		return nil
	})
	if err != nil {
		return nil, false
	}
	return list, true
}

// StringOrStrings returns the value of raw as a list if that is a JSON string
// or an array of strings, the form of the aud claim (RFC 7519 §4.1.3).
func StringOrStrings(raw []byte) ([]string, bool) {
	if value, ok := String(raw); ok {
		return []string{value}, true
	}
	return Strings(raw)
}

// Bool returns the value of raw if that is true or false.
func Bool(raw []byte) (value, ok bool) {
	switch string(raw) {
	case "true":
		return true, true
	case "false":
		return false, true
	default:
		return false, false
	}
}
