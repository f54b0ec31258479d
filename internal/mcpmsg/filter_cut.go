package mcpmsg

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/mcp-auth/go/internal/jsonx"
	"github.com/mcp-auth/go/internal/mcpmethod"
)

// filterDepth bounds how deep a response nests.
const filterDepth = 256

// maxSpareCuts is the capacity for cuts that is kept for the next text.
const maxSpareCuts = 1 << 10

// edit puts text in the place of a part.
type edit struct {
	jsonx.Span
	text string
}

// cutter finds the parts of a text of JSON-RPC messages that must go.
type cutter struct {
	lists mcpmethod.Lists
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
	return jsonx.ElementsAt(text, filterDepth, func(element jsonx.Span) error {
		if text[element.From] != '{' {
			return nil
		}
		return c.message(element.Of(text), element.From)
	})
}

// message reads one message; text begins at the offset base.
func (c *cutter) message(text []byte, base int) error {
	var result jsonx.Span
	err := jsonx.MembersAt(text, filterDepth, func(name string, value jsonx.Span) error {
		if !strings.EqualFold(name, "result") {
			return nil
		}
		if result.To > 0 {
			return ErrMalformed
		}
		result = value
		return nil
	})
	if err != nil || result.To == 0 || text[result.From] != '{' {
		return err
	}
	return c.result(result.Of(text), base+result.From)
}

func (c *cutter) result(text []byte, base int) error {
	var seen mcpmethod.Lists
	var cache jsonx.Span
	err := jsonx.MembersAt(text, filterDepth, func(name string, value jsonx.Span) error {
		if strings.EqualFold(name, cacheScope) {
			if cache.To > 0 {
				return ErrMalformed
			}
			cache = jsonx.Span{From: base + value.From, To: base + value.To}
		}
		list, ok := mcpmethod.ListIn(name)
		if !ok || c.lists&list.List == 0 {
			return nil
		}
		if seen&list.List != 0 {
			return ErrMalformed
		}
		seen |= list.List
		if text[value.From] != '[' {
			return nil
		}
		return c.list(list, value.Of(text), base+value.From)
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
func (c *cutter) limitCaching(cache jsonx.Span, base int) {
	switch {
	case c.scope == ScopeKept:
		return
	case cache.To > 0:
		c.cuts = append(c.cuts, edit{cache, scopePrivate})
	case c.scope == ScopePrivate:
		c.cuts = append(c.cuts, edit{jsonx.Span{From: base + 1, To: base + 1}, `"` + cacheScope + `":` + scopePrivate + `,`})
	}
	slices.SortFunc(c.cuts, func(a, b edit) int { return a.From - b.From })
}

// list cuts items together with a comma: the one before, or the one behind
// where no kept item comes before.
func (c *cutter) list(list mcpmethod.List, text []byte, base int) error {
	var first, last, kept int
	err := jsonx.ElementsAt(text, filterDepth, func(item jsonx.Span) error {
		if first == 0 {
			first = item.From
		}
		switch keep := c.keeps(list, item.Of(text)); {
		case keep && kept == 0:
			c.cut(base+first, base+item.From)
			kept++
		case keep:
			kept++
		case kept > 0:
			c.cut(base+last, base+item.To)
		}
		last = item.To
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
	case last >= 0 && c.cuts[last].To == start:
		c.cuts[last].To = end
	default:
		c.cuts = append(c.cuts, edit{Span: jsonx.Span{From: start, To: end}})
	}
}

func (c *cutter) keeps(list mcpmethod.List, item []byte) bool {
	id, ok := identifier(list.Key, item)
	if !ok || c.mended && strings.ContainsRune(id, utf8.RuneError) {
		return false
	}
	return c.keep(list.Use, id)
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
		dst = append(append(dst, text[from:cut.From]...), cut.text...)
		from = cut.To
	}
	return append(dst, text[from:]...)
}
