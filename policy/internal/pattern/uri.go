package pattern

import "strings"

// uriKeys are keys for URIs in all readings that servers make of these.
type uriKeys struct {
	reader    uriReader
	whole     view
	slashless view // without the slash at the end
	queryless view // keys without a query
	bare      view // the same without the slash at the end
	pathOnly  view // the same without the authority: keys that say nothing of it
	hostless  view // keys with a {name} for the authority, without it
	own       []ownForms
	queries   []queryKey
	// anyScheme is set if a variable of some key stands for the scheme, and for slashes
	// behind it: such a key is not read without these.
	anyScheme bool
	// endInSlash is set if some key does.
	endInSlash bool
}

// ownForms are what a key says of a URI that is read without its query, its last
// slash or its authority.
type ownForms struct {
	queryless, bare, pathOnly pattern
	// restless is for URIs in which the rest that the key leaves open stands for
	// nothing, see withoutRest. It has no pieces if there is no such rest.
	restless                              pattern
	hasQuery, hasAuthority, hasParameters bool
	isOpen                                bool // ends in a variable for several segments
	rank                                  int  // among all keys; the most specific has the lowest
}

func newURIKeys(keys []pattern, count int, r uriReader) *uriKeys {
	var plain, paths, hostless []pattern
	for _, key := range keys {
		if pieces := withoutHost(key.pieces); pieces != nil {
			hostless = append(hostless, pattern{text: key.text, pieces: pieces, index: key.index})
		}
		if strings.Contains(key.text, "?") {
			continue
		}
		plain = append(plain, key)
		if !hasAuthority(key.pieces) {
			paths = append(paths, key)
		}
	}
	k := &uriKeys{
		reader:    r,
		whole:     newView(keys, count, r.whole),
		slashless: newView(keys, count, r.slashless),
		queryless: newView(plain, count, r.whole),
		bare:      newView(plain, count, r.slashless),
		pathOnly:  newView(paths, count, r.pathOnly),
		hostless:  newView(hostless, count, r.bare),
		own:       make([]ownForms, count),
	}
	for rank, key := range keys {
		k.own[key.index] = newOwnForms(key, rank, r)
		k.endInSlash = k.endInSlash || k.slashless.shapes[key.index] != k.whole.shapes[key.index]
		k.anyScheme = k.anyScheme || hasAnyScheme(key.pieces)
		if q, ok := newQueryKey(key, rank, r); ok {
			k.queries = append(k.queries, q)
		}
	}
	return k
}

func newOwnForms(key pattern, rank int, r uriReader) ownForms {
	_, rest, _ := strings.Cut(key.text, ":")
	own := ownForms{
		rank:      rank,
		queryless: key.read(r.queryless), bare: key.read(r.bare), pathOnly: key.read(r.pathOnly),
		hasQuery: strings.Contains(rest, "?"), hasAuthority: hasAuthority(key.pieces), hasParameters: strings.ContainsAny(rest, ";:"),
		isOpen: key.pieces[len(key.pieces)-1].several,
	}
	if pieces := withoutRest(own.queryless.pieces); pieces != nil {
		own.restless = pattern{text: key.text, pieces: pieces, index: key.index}
	}
	return own
}

// conflict reports whether a server might read the URI, for which the key at index
// was found, as one to which another key applies.
func (k *uriKeys) conflict(uri string, index int) bool {
	var own ownForms
	if index != None {
		own = k.own[index]
	}
	whole := read(uri, k.reader.whole)
	if k.whole.conflicts(whole, index) || k.anyScheme && k.respelledConflict(whole, index) || k.addedSlashConflict(uri, index, &own) {
		return true
	}
	if (index == None || own.isOpen) && k.hostless.conflicts(read(uri, k.reader.bare), index) {
		return true
	}
	queryless := text(withoutQuery([]piece{{text: whole}}))
	return k.slashConflict(whole, index, &own) ||
		queryless != whole && (k.queryless.conflictsWithout(queryless, index, &own.queryless, nil, own.hasQuery) || k.queryConflict(whole, index)) ||
		k.bareConflict(whole, queryless, index, &own) ||
		k.pathConflict(uri, index, &own)
}

// respelledConflict is about keys whose variables stand for the slashes behind the
// scheme.
func (k *uriKeys) respelledConflict(whole string, index int) bool {
	scheme, rest, _ := strings.Cut(whole, ":")
	for _, slashes := range [...]string{"", "/", "//", "///"} {
		if k.whole.conflicts(scheme+":"+slashes+rest, index) {
			return true
		}
	}
	return false
}

// addedSlashConflict is about servers for which a URI without a path has the path /.
// A key that leaves nothing open behind the authority was written for such URIs: it
// holds, unless every URL parser adds the slash.
func (k *uriKeys) addedSlashConflict(uri string, index int, own *ownForms) bool {
	added := withPath(uri)
	scheme, _, _ := strings.Cut(uri, ":")
	if _, special := defaultPort(scheme); added == uri || !special && index != None && !own.isOpen {
		return false
	}
	return k.whole.conflicts(read(added, k.reader.whole), index)
}

// slashConflict is about servers that ignore a slash at the end.
func (k *uriKeys) slashConflict(whole string, index int, own *ownForms) bool {
	slashless := text(withoutSlash([]piece{{text: whole}}))
	if slashless == whole {
		return k.endInSlash && k.slashless.conflicts(whole, index)
	}
	return k.slashless.conflictsWithout(slashless, index, k.slashless.ownOf(index), &own.restless, false)
}

// bareConflict is about servers that ignore the query and the slash at the end of
// the path, or what stands behind a semicolon. Some decode the URI before they look
// for the query.
func (k *uriKeys) bareConflict(whole, queryless string, index int, own *ownForms) bool {
	bare := text(withoutSlash([]piece{{text: queryless}}))
	if bare != whole && k.bare.conflictsWithout(bare, index, &own.bare, &own.restless, own.hasQuery) {
		return true
	}
	decoded := text(withoutSlash(withoutDecodedQuery([]piece{{text: whole}})))
	if decoded != bare && k.bare.conflictsWithout(decoded, index, &own.bare, &own.restless, own.hasQuery) {
		return true
	}
	plain := withoutParameters(decoded)
	return plain != decoded && !own.hasParameters && k.bare.conflicts(plain, index)
}

// pathConflict is about servers that look at the path only.
func (k *uriKeys) pathConflict(uri string, index int, own *ownForms) bool {
	path := read(uri, k.reader.pathOnly)
	if !hasAuthority([]piece{{text: uri}}) || isScheme(path) {
		return false
	}
	return k.pathFinds(path, index, own) || k.pathFinds(withoutParameters(path), index, own)
}

func (k *uriKeys) pathFinds(path string, index int, own *ownForms) bool {
	found := k.pathOnly.find(path)
	if found == None || k.pathOnly.same(found, index) {
		return false
	}
	return !own.hasAuthority || !k.pathOnly.yields(found, &own.pathOnly, path)
}
