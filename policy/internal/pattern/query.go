package pattern

import "strings"

// queryKey is a key that says something of a query. Servers look parameters up by
// their names: in whatever order they are, and whatever else there is.
type queryKey struct {
	index      int
	rank       int // among all keys; the most specific has the lowest
	path       pattern
	parameters []parameter
}

// parameter is a name and what its value must be.
type parameter struct {
	name  string
	value pattern
}

// newQueryKey returns false for a key without a query, or with one whose parameters
// have no names.
func newQueryKey(key pattern, rank int, r uriReader) (queryKey, bool) {
	pieces := r.whole(key.pieces)
	path := withoutQuery(pieces)
	q := queryKey{index: key.index, rank: rank, path: pattern{pieces: withoutSlash(path)}}
	query := afterQuery(pieces)
	if len(query) == 0 || len(path) == 0 {
		return q, false
	}
	for _, part := range splitPieces(query) {
		name, rest, _ := strings.Cut(part[0].text, "=")
		if part[0].variable || name == "" {
			return q, false
		}
		value := append([]piece{{text: rest}}, part[1:]...)
		q.parameters = append(q.parameters, parameter{name, pattern{pieces: value}})
	}
	return q, len(q.parameters) > 0
}

// afterQuery returns what stands behind the first question mark.
func afterQuery(pieces []piece) []piece {
	for i, p := range pieces {
		if _, query, found := strings.Cut(p.text, "?"); found && !p.variable {
			return append([]piece{{text: query}}, pieces[i+1:]...)
		}
	}
	return nil
}

// splitPieces splits at each ampersand, and leaves out what is empty.
func splitPieces(pieces []piece) (parts [][]piece) {
	var part []piece
	for _, p := range pieces {
		if p.variable {
			part = append(part, p)
			continue
		}
		for i, text := range strings.Split(p.text, "&") {
			if i > 0 && len(part) > 0 {
				parts, part = append(parts, part), nil
			}
			if text != "" {
				part = append(part, piece{text: text})
			}
		}
	}
	if len(part) > 0 {
		parts = append(parts, part)
	}
	return parts
}

// queryConflict reports whether a server that looks parameters up by name finds
// those of a key that is more specific than the one at index.
func (k *uriKeys) queryConflict(whole string, index int) bool {
	path, query, _ := strings.Cut(whole, "?")
	path = text(withoutSlash([]piece{{text: path}}))
	for i := range k.queries {
		q := &k.queries[i]
		more := index == None || q.rank < k.own[index].rank
		if more && !k.whole.same(q.index, index) && q.path.fits(path) && q.isIn(query) {
			return true
		}
	}
	return false
}

func (q *queryKey) isIn(query string) bool {
	for i := range q.parameters {
		if !q.parameters[i].isIn(query) {
			return false
		}
	}
	return true
}

func (p *parameter) isIn(query string) bool {
	for pair := range strings.FieldsFuncSeq(query, func(c rune) bool { return c == '&' || c == ';' }) {
		name, value, _ := strings.Cut(pair, "=")
		if name == p.name && p.value.fits(value) {
			return true
		}
	}
	return false
}
