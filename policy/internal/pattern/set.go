// Package pattern finds the key that fits a name best. A key is a name, a prefix
// that ends in "*", or a URI template (RFC 6570) with {name} and {+name}.
package pattern

import (
	"fmt"
	"slices"
	"strings"
)

// None is the index of no key.
const None = -1

// Set is a set of keys, each of which stands for its index. The zero value is
// empty.
type Set struct {
	keys     []string
	exact    map[string]int
	patterns []indexed // the most specific first

	// What the keys become for a server that decodes URIs, see decodeReserved.
	decoded   map[string]int // of exact keys
	isEncoded bool           // a key changes
}

// indexed is a pattern with the index of its key.
type indexed struct {
	pattern, decoded pattern
	index            int
}

// New makes a set of keys, in which braces are URI templates only if templates is
// set. It returns an error for each key, nil if the key is valid. A key that is
// not valid, or that fits the same names as an earlier one, is left out: which
// of the two decides would be a matter of chance.
func New(keys []string, templates bool) (*Set, []error) {
	s := &Set{keys: keys, exact: make(map[string]int, len(keys)), decoded: map[string]int{}}
	errs := make([]error, len(keys))
	shapes := map[string]string{}
	for i, key := range keys {
		p, err := parse(key, templates)
		if err == nil {
			err = p.claim(shapes)
		}
		if err != nil {
			errs[i] = err
			continue
		}
		s.add(p, i)
	}
	slices.SortFunc(s.patterns, func(a, b indexed) int { return a.pattern.compare(&b.pattern) })
	return s, errs
}

// claim notes in shapes that the pattern is there. It fails if another pattern
// fits the same names.
func (p *pattern) claim(shapes map[string]string) error {
	if p.isLiteral() {
		return nil
	}
	shape := p.shape()
	if other, taken := shapes[shape]; taken {
		return fmt.Errorf("%q fits the same", other)
	}
	shapes[shape] = p.text
	return nil
}

func (s *Set) add(p pattern, index int) {
	decoded := decodeReserved(p.text)
	s.isEncoded = s.isEncoded || decoded != p.text
	if p.isLiteral() {
		s.exact[p.text], s.decoded[decoded] = index, index
		return
	}
	s.patterns = append(s.patterns, indexed{p, p.decode(), index})
}

// Find returns the index of the key that fits the name best, or [None]. An exact
// key beats all others.
func (s *Set) Find(name string) int {
	if index, ok := s.exact[name]; ok {
		return index
	}
	return s.findPattern(name)
}

func (s *Set) findPattern(name string) int {
	for i := range s.patterns {
		if p := &s.patterns[i]; p.pattern.fits(name) {
			return p.index
		}
	}
	return None
}

// FindURI is [Set.Find] for URIs. It reports as ambiguous a URI that is not in
// normal form, or that a server might read as one to which another key applies.
// A URI that is a key itself is never ambiguous, nor is an empty URI, nor any URI
// if the set is empty.
func (s *Set) FindURI(uri string) (index int, ambiguous bool) {
	if index, ok := s.exact[uri]; ok {
		return index, false
	}
	index = s.findPattern(uri)
	return index, uri != "" && !s.isEmpty() && s.isAmbiguous(uri, index)
}

func (s *Set) isEmpty() bool { return len(s.exact) == 0 && len(s.patterns) == 0 }

// isAmbiguous reports whether a server might read the URI, for which the key at
// index was found, as one to which another key applies.
func (s *Set) isAmbiguous(uri string, index int) bool {
	if !isNormal(uri) || s.decodesDifferently(uri, index) {
		return true
	}
	key := s.key(index)
	path, _, hasQuery := strings.Cut(uri, "?")
	switch {
	case hasQuery && strings.Contains(key, "?"):
		return false // the key is about queries
	case hasQuery && s.differs(path, index):
		return true
	}
	bare, hasSlash := strings.CutSuffix(path, "/")
	if !hasSlash || strings.HasSuffix(bare, "//") {
		return false // no slash to leave out, or only slashes
	}
	return !strings.HasSuffix(key, "/") && key != path+"*" && s.differs(bare, index)
}

func (s *Set) key(index int) string {
	if index == None {
		return ""
	}
	return s.keys[index]
}

// differs reports whether another key applies to what a server makes of a URI if
// it ignores the query, or the slash at the end.
func (s *Set) differs(uri string, index int) bool {
	return s.Find(uri) != index || s.decodesDifferently(uri, index)
}

// decodesDifferently reports whether another key applies to what a server makes
// of a URI if it decodes it.
func (s *Set) decodesDifferently(uri string, index int) bool {
	decoded := decodeReserved(uri)
	return (s.isEncoded || decoded != uri) && s.findDecoded(decoded) != index
}

// findDecoded is Find for servers that decode URIs before they compare them.
func (s *Set) findDecoded(uri string) int {
	if index, ok := s.decoded[uri]; ok {
		return index
	}
	for i := range s.patterns {
		if p := &s.patterns[i]; p.decoded.fits(uri) {
			return p.index
		}
	}
	return None
}
