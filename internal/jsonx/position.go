package jsonx

// Span is a part of a document: the bytes from From up to To.
type Span struct{ From, To int }

// Of returns the part of the document, with no room behind it.
func (s Span) Of(document []byte) []byte { return document[s.From:s.To:s.To] }

// MembersAt is [Members] for those who change a document and must leave the
// rest as it is: it tells where in data the values stand.
func MembersAt(data []byte, maxDepth int, visit func(name string, value Span) error) error {
	s := scanner{text: data, maxDepth: maxDepth}
	pos, err := s.begin()
	if err != nil {
		return err
	}
	return s.end(s.object(pos, nil, func(_ int, name []byte, value Span) error { return visit(string(name), value) }))
}

// ElementsAt is [Elements] in the same way.
func ElementsAt(data []byte, maxDepth int, visit func(element Span) error) error {
	s := scanner{text: data, maxDepth: maxDepth}
	pos, err := s.begin()
	if err != nil {
		return err
	}
	return s.end(s.array(pos, visit))
}
