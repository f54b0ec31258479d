package pattern

import "strings"

// uriKeys are keys for URIs in all readings that servers make of these.
type uriKeys struct {
	whole     view // see readURI
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

func newURIKeys(keys []pattern, count int) *uriKeys {
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
		whole:     newView(keys, count, readURI),
		slashless: newView(keys, count, readSlashless),
		queryless: newView(plain, count, readURI),
		bare:      newView(plain, count, readSlashless),
		pathOnly:  newView(paths, count, readPathOnly),
		hostless:  newView(hostless, count, readBare),
		own:       make([]ownForms, count),
	}
	for rank, key := range keys {
		k.own[key.index] = newOwnForms(key, rank)
		k.anyScheme = k.anyScheme || hasAnyScheme(key.pieces)
		if q, ok := newQueryKey(key, rank); ok {
			k.queries = append(k.queries, q)
		}
	}
	return k
}

func newOwnForms(key pattern, rank int) ownForms {
	_, rest, _ := strings.Cut(key.text, ":")
	own := ownForms{
		rank:      rank,
		queryless: key.read(readQueryless), bare: key.read(readBare), pathOnly: key.read(readPathOnly),
		hasQuery: strings.Contains(rest, "?"), hasAuthority: hasAuthority(key.pieces), hasParameters: strings.ContainsAny(rest, ";:"),
		isOpen: key.pieces[len(key.pieces)-1].several,
	}
	if pieces := withoutRest(own.queryless.pieces); pieces != nil {
		own.restless = pattern{text: key.text, pieces: pieces, index: key.index}
	}
	return own
}

// The readings that views are made of. They build on each other.

func readSlashless(pieces []piece) []piece { return withoutSlash(readURI(pieces)) }
func readQueryless(pieces []piece) []piece { return withoutQuery(readURI(pieces)) }
func readBare(pieces []piece) []piece      { return withoutSlash(readQueryless(pieces)) }
func readPathOnly(pieces []piece) []piece  { return readBare(withoutAuthority(pieces)) }

// conflict reports whether a server might read the URI, for which the key at index
// was found, as one to which another key applies.
func (k *uriKeys) conflict(uri string, index int) bool {
	var own ownForms
	if index != None {
		own = k.own[index]
	}
	whole := read(uri, readURI)
	if k.whole.conflicts(whole, index) || k.anyScheme && k.respelledConflict(whole, index) || k.addedSlashConflict(uri, index, &own) {
		return true
	}
	if (index == None || own.isOpen) && k.hostless.conflicts(read(uri, readBare), index) {
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
	return k.whole.conflicts(read(added, readURI), index)
}

// slashConflict is about servers that ignore a slash at the end.
func (k *uriKeys) slashConflict(whole string, index int, own *ownForms) bool {
	slashless := text(withoutSlash([]piece{{text: whole}}))
	if slashless == whole && !k.slashless.changed {
		return false
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
	path := read(uri, readPathOnly)
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
