package jsonx

// MembersAt is [Members] with the offset in data at which each raw value
// begins, for who changes a document and must leave the rest as it is.
func MembersAt(data []byte, maxDepth int, visit func(name string, raw []byte, at int) error) error {
	s := scanner{maxDepth: maxDepth}
	// A visit comes right behind the value that it is told of.
	at := func(name string, raw []byte) error { return visit(name, raw, s.pos-len(raw)) }
	return s.document(data, func() error { return s.object(named(at), nil, nil) })
}

// ElementsAt is [Elements] with the offset in data at which each element
// begins.
func ElementsAt(data []byte, maxDepth int, visit func(raw []byte, at int) error) error {
	s := scanner{maxDepth: maxDepth}
	at := func(raw []byte) error { return visit(raw, s.pos-len(raw)) }
	return s.document(data, func() error { return s.array(at) })
}
