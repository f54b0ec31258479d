package pattern

// view is a set of keys as a server sees it that makes one reading of names.
type view struct {
	exact    map[string]int // the most specific key of each text
	patterns []pattern      // in the order of the keys
	own      []pattern      // by index
	shapes   []string       // by index, equal for keys that the server cannot tell apart
	changed  bool           // a key reads differently from how it is written
}

// newView reads keys, of which the most specific comes first. Indexes are below
// count.
func newView(keys []pattern, count int, r reading) view {
	v := view{exact: make(map[string]int, len(keys)), own: make([]pattern, count), shapes: make([]string, count)}
	for _, key := range keys {
		p := key.read(r)
		v.own[key.index], v.shapes[key.index] = p, p.shape()
		v.changed = v.changed || v.shapes[key.index] != key.shape()
		if !p.isLiteral() {
			v.patterns = append(v.patterns, p)
			continue
		}
		if _, taken := v.exact[p.pieces[0].text]; !taken {
			v.exact[p.pieces[0].text] = key.index
		}
	}
	return v
}

// read is the pattern for names in this reading.
func (p *pattern) read(r reading) pattern {
	return pattern{text: p.text, pieces: compact(r(p.pieces)), index: p.index}
}

// compact leaves empty text out, unless there is nothing else.
func compact(pieces []piece) []piece {
	kept := make([]piece, 0, len(pieces))
	for _, p := range pieces {
		if p.variable || p.text != "" {
			kept = append(kept, p)
		}
	}
	if len(kept) == 0 {
		return []piece{{}}
	}
	return kept
}

// find returns the index of the key that fits best.
func (v *view) find(name string) int {
	if index, ok := v.exact[name]; ok {
		return index
	}
	for i := range v.patterns {
		if p := &v.patterns[i]; p.fits(name) {
			return p.index
		}
	}
	return None
}

// conflicts reports whether another key than the one at index fits a name, one that
// the server can tell apart from it.
func (v *view) conflicts(name string, index int) bool {
	found := v.find(name)
	return found != None && !v.same(found, index)
}

// same reports whether the server cannot tell two keys apart, of which the first
// is one.
func (v *view) same(a, b int) bool { return a == b || b != None && v.shapes[a] == v.shapes[b] }

// ownOf returns the key at index as it reads, if there is one.
func (v *view) ownOf(index int) *pattern {
	if index == None {
		return nil
	}
	return &v.own[index]
}

// conflictsWithout is conflicts for a name from which something was left out. What
// the key at index says of such names is own, and rest if it has pieces. If none of
// them fits, nothing that the key says holds for the name. If names is set, the key
// says something of what was left out: then it holds unless another key says more
// of the rest.
func (v *view) conflictsWithout(name string, index int, own, rest *pattern, names bool) bool {
	found := v.find(name)
	switch {
	case index == None:
		return found != None
	case found == None:
		return !own.fits(name) && !rest.isFor(name)
	case v.same(found, index):
		return false
	}
	return !names || !v.yields(found, own, name)
}

// yields reports whether the key at index says no more of a name than own does.
func (v *view) yields(index int, own *pattern, name string) bool {
	other := &v.own[index]
	if other.shape() == own.shape() {
		return true
	}
	return own.fits(name) && !other.isLiteral() && own.compare(other) < 0
}

// isFor is fits for a pattern that may have no pieces, or be nil.
func (p *pattern) isFor(name string) bool { return p != nil && len(p.pieces) > 0 && p.fits(name) }
