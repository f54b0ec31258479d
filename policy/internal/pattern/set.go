// Package pattern finds the key that fits a name best. A key is a name, a prefix
// that ends in "*", or a URI template (RFC 6570) with {name} and {+name}.
//
// Servers differ in what they take for one name, above all for one URI. A Set
// therefore looks a name up in every [reading] that a server may make of it, and
// says so if another key fits one of them: then the server might use what that key
// is about.
package pattern

import (
	"fmt"
	"slices"
)

// None is the index of no key.
const None = -1

// Set is a set of keys, each of which stands for its index. The zero value is
// empty.
type Set struct {
	exact    map[string]int
	patterns []pattern  // the most specific first
	names    view       // of names that are not URIs
	uris     []*uriKeys // none if the names are not URIs
}

// New makes a set of keys, in which braces are URI templates only if templates is
// set. It returns an error for each key, nil if the key is valid. A key that is
// not valid, or that fits the same names as an earlier one, is left out: which
// of the two decides would be a matter of chance.
func New(keys []string, templates bool) (*Set, []error) {
	s := &Set{exact: make(map[string]int, len(keys))}
	errs := make([]error, len(keys))
	shapes := map[string]string{}
	all := make([]pattern, len(keys))
	for i, key := range keys {
		p, err := parse(key, templates)
		p.index = i
		if err == nil {
			err = p.claim(shapes)
		}
		if err != nil {
			errs[i] = err
			continue
		}
		all[i] = p
		if p.isLiteral() {
			s.exact[p.text] = i
		} else {
			s.patterns = append(s.patterns, p)
		}
	}
	slices.SortFunc(s.patterns, func(a, b pattern) int { return a.compare(&b) })
	if templates {
		s.uris = s.readers(s.ranked(all), len(keys))
	} else {
		s.names = newView(s.ranked(all), len(keys), foldName)
	}
	return s, errs
}

// readers returns the keys as servers read them that decode URIs and, if that makes a
// difference, as others do.
func (s *Set) readers(ranked []pattern, count int) []*uriKeys {
	keys := []*uriKeys{newURIKeys(ranked, count, uriReader{decodeText})}
	if slices.ContainsFunc(ranked, func(p pattern) bool { return mayCutEncoding(p.pieces) }) {
		keys = append(keys, newURIKeys(ranked, count, uriReader{func(text string) string { return text }}))
	}
	return keys
}

// ranked returns the valid keys: exact ones first, then the most specific.
func (s *Set) ranked(all []pattern) []pattern {
	ranked := make([]pattern, 0, len(all))
	for _, p := range all {
		if len(p.pieces) > 0 && p.isLiteral() {
			ranked = append(ranked, p)
		}
	}
	return append(ranked, s.patterns...)
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

// Find returns the index of the key that fits the name best, or [None]. An exact
// key beats all others. The name is ambiguous if a server might take it for one to
// which another key applies, see [foldName]. A name that is a key itself is never
// ambiguous.
func (s *Set) Find(name string) (index int, ambiguous bool) {
	if index, ok := s.exact[name]; ok {
		return index, false
	}
	index = s.findPattern(name)
	if !s.names.changed && isSimple(name) {
		return index, false // the usual case
	}
	return index, s.names.conflicts(Fold(name), index)
}

// Fold returns what a name has in common with all that a careless server takes for
// the same.
func Fold(name string) string { return read(name, foldName) }

func (s *Set) findPattern(name string) int {
	for i := range s.patterns {
		if p := &s.patterns[i]; p.fits(name) {
			return p.index
		}
	}
	return None
}

// FindURI is [Set.Find] for URIs. Ambiguous is also a URI that is not in normal
// form. A URI that is a key itself is never ambiguous, nor is an empty URI, nor any
// URI if the set is empty.
func (s *Set) FindURI(uri string) (index int, ambiguous bool) {
	if index, ok := s.exact[uri]; ok {
		return index, false
	}
	index = s.findPattern(uri)
	if uri == "" || len(s.exact) == 0 && len(s.patterns) == 0 {
		return index, false
	}
	conflicts := func(k *uriKeys) bool { return k.conflict(uri, index) }
	return index, !isNormal(uri) || slices.ContainsFunc(s.uris, conflicts)
}

// read applies a reading to a name.
func read(name string, r reading) string {
	return text(r([]piece{{text: name}}))
}

// text returns the text of a name, which is one piece.
func text(pieces []piece) string {
	if len(pieces) == 0 {
		return ""
	}
	return pieces[0].text
}
