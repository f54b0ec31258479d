package mcpmsg

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/mcp-auth/go/internal/jsonx"
)

// filterDepth bounds how deep a response nests.
const filterDepth = 256

// maxSpareCuts is the capacity for cuts that is kept for the next text.
const maxSpareCuts = 1 << 10

// listKind says how one list looks in a result.
type listKind struct {
	list   Lists
	member string // of the result
	key    string // of an item: what identifies it
	method string // for Keep
}

// listKindOf returns the kind of list that a member of a result is, for readers
// to which the case of names means nothing, too.
func listKindOf(member string) (listKind, bool) {
	for _, k := range [...]listKind{
		{ListTools, "tools", "name", "tools/call"},
		{ListPrompts, "prompts", "name", "prompts/get"},
		{ListResources, "resources", "uri", "resources/read"},
		{ListTemplates, "resourceTemplates", "uriTemplate", "resources/templates"},
	} {
		if strings.EqualFold(member, k.member) {
			return k, true
		}
	}
	return listKind{}, false
}

// span is a part of a text, from start to before end.
type span struct{ start, end int }

// edit puts text in the place of a part.
type edit struct {
	span
	text string
}

// cutter finds the parts of a text of JSON-RPC messages that must go.
type cutter struct {
	lists Lists
	keep  Keep
	scope Scope
	cuts  []edit // ascending, and apart
	// mended: in the text that is read, U+FFFD may stand for a lone surrogate.
	mended bool
}

// find sets cuts for text, or fails with ErrMalformed.
func (c *cutter) find(text []byte) error {
	if cap(c.cuts) > maxSpareCuts {
		c.cuts = nil
	}
	c.mended = false
	err := c.read(text)
	if err != nil && hasLoneSurrogate(text, err) {
		c.mended = true
		err = c.read(withoutLoneSurrogates(text))
	}
	if err != nil {
		return ErrMalformed
	}
	return nil
}

func (c *cutter) read(text []byte) error {
	c.cuts = c.cuts[:0]
	switch {
	case !mayHoldObject(text):
		return nil
	case isBatch(text):
		return c.batch(text)
	default:
		return c.message(text, 0)
	}
}

func isBatch(text []byte) bool {
	for _, b := range text {
		switch b {
		case ' ', '\t', '\n', '\r':
		default:
			return b == '['
		}
	}
	return false
}

func (c *cutter) batch(text []byte) error {
	return jsonx.ElementsAt(text, filterDepth, func(raw []byte, at int) error {
		if raw[0] != '{' {
			return nil
		}
		return c.message(raw, at)
	})
}

// message reads one message; text begins at the offset base.
func (c *cutter) message(text []byte, base int) error {
	var result span
	err := jsonx.MembersAt(text, filterDepth, func(name string, raw []byte, at int) error {
		if !strings.EqualFold(name, "result") {
			return nil
		}
		if result.end > 0 {
			return ErrMalformed
		}
		result = span{at, at + len(raw)}
		return nil
	})
	if err != nil || result.end == 0 || text[result.start] != '{' {
		return err
	}
	return c.result(text[result.start:result.end], base+result.start)
}

func (c *cutter) result(text []byte, base int) error {
	var seen Lists
	var cache span
	err := jsonx.MembersAt(text, filterDepth, func(name string, raw []byte, at int) error {
		if strings.EqualFold(name, cacheScope) {
			if cache.end > 0 {
				return ErrMalformed
			}
			cache = span{base + at, base + at + len(raw)}
		}
		kind, ok := listKindOf(name)
		if !ok || c.lists&kind.list == 0 {
			return nil
		}
		if seen&kind.list != 0 {
			return ErrMalformed
		}
		seen |= kind.list
		if raw[0] != '[' {
			return nil
		}
		return c.list(kind, raw, base+at)
	})
	if err == nil && seen != 0 {
		c.limitCaching(cache, base)
	}
	return err
}

const (
	cacheScope   = "cacheScope"
	scopePrivate = `"private"`
)

// limitCaching has a result at the offset base say that it is for one caller.
// cache is where it says something about that already.
func (c *cutter) limitCaching(cache span, base int) {
	switch {
	case c.scope == ScopeKept:
		return
	case cache.end > 0:
		c.cuts = append(c.cuts, edit{cache, scopePrivate})
	case c.scope == ScopePrivate:
		c.cuts = append(c.cuts, edit{span{base + 1, base + 1}, `"` + cacheScope + `":` + scopePrivate + `,`})
	}
	slices.SortFunc(c.cuts, func(a, b edit) int { return a.start - b.start })
}

// list cuts items together with a comma: the one before, or the one behind
// where no kept item comes before.
func (c *cutter) list(kind listKind, text []byte, base int) error {
	var first, last, kept int
	err := jsonx.ElementsAt(text, filterDepth, func(raw []byte, at int) error {
		if first == 0 {
			first = at
		}
		end := at + len(raw)
		switch keep := c.keeps(kind, raw); {
		case keep && kept == 0:
			c.cut(base+first, base+at)
			kept++
		case keep:
			kept++
		case kept > 0:
			c.cut(base+last, base+end)
		}
		last = end
		return nil
	})
	if kept == 0 {
		c.cut(base+first, base+last)
	}
	return err
}

// cut adds a part to the cuts, or to the last of them if the two touch.
func (c *cutter) cut(start, end int) {
	last := len(c.cuts) - 1
	switch {
	case start == end:
	case last >= 0 && c.cuts[last].end == start:
		c.cuts[last].end = end
	default:
		c.cuts = append(c.cuts, edit{span: span{start, end}})
	}
}

func (c *cutter) keeps(kind listKind, item []byte) bool {
	id, ok := identifier(kind.key, item)
	if !ok || c.mended && strings.ContainsRune(id, utf8.RuneError) {
		return false
	}
	return c.keep(kind.method, id)
}

// identifier returns the string that the member key of an item holds. Two
// members that a reader could take for it are as bad as none.
func identifier(key string, item []byte) (string, bool) {
	var id string
	var found bool
	err := jsonx.Members(item, filterDepth, func(name string, raw []byte) error {
		if !strings.EqualFold(name, key) {
			return nil
		}
		if name != key {
			return ErrMalformed
		}
		id, found = jsonx.String(raw)
		return nil
	})
	return id, found && err == nil
}

// appendRest appends what of text is left without the cuts.
func (c *cutter) appendRest(dst, text []byte) []byte {
	var from int
	for _, cut := range c.cuts {
		dst = append(append(dst, text[from:cut.start]...), cut.text...)
		from = cut.end
	}
	return append(dst, text[from:]...)
}
