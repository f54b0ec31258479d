package scope

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/mcp-auth/go/configerr"
)

// Hierarchy knows which scopes include which. In a nil Hierarchy each scope
// stands for itself.
type Hierarchy struct {
	broader  map[string][]string // by scope: those that include it
	prefixes []prefixRule
}

// prefixRule says that a scope includes all scopes that begin with a prefix.
type prefixRule struct{ prefix, broader string }

// NewHierarchy reads which narrower scopes each scope includes, such as
// {"admin": {"write"}, "write": {"read"}}. A narrower scope that ends in "*"
// stands for all that begin alike. It returns a [configerr.Error] for each scope
// that is not valid or includes itself, with fields such as ["admin"][0].
func NewHierarchy(includes map[string][]string) (*Hierarchy, error) {
	h := &Hierarchy{broader: map[string][]string{}}
	var faults configerr.List
	for _, broader := range slices.Sorted(maps.Keys(includes)) {
		field := fmt.Sprintf("[%q]", broader)
		faults.Nest(field, Check(broader))
		faults.Nest(field, Validate(includes[broader]))
		found := reached{scopes: map[string]bool{}, prefixes: map[string]bool{}}
		if found.follow(includes, broader); found.scopes[broader] {
			faults.Add(configerr.ScopeCycle, field, broader)
		}
		h.add(broader, found)
	}
	if err := faults.Err(); err != nil {
		return nil, err
	}
	return h, nil
}

// add turns "broader includes these" around.
func (h *Hierarchy) add(broader string, found reached) {
	for narrower := range found.scopes {
		h.broader[narrower] = append(h.broader[narrower], broader)
	}
	for prefix := range found.prefixes {
		h.prefixes = append(h.prefixes, prefixRule{prefix, broader})
	}
}

// reached holds what a scope includes over any number of steps. The scope itself
// is there only if it includes itself in a circle.
type reached struct{ scopes, prefixes map[string]bool }

func (r *reached) follow(includes map[string][]string, scope string) {
	for _, narrower := range includes[scope] {
		prefix, isPattern := strings.CutSuffix(narrower, "*")
		if !isPattern {
			r.add(includes, narrower)
			continue
		}
		r.prefixes[prefix] = true
		for other := range includes {
			if other != scope && strings.HasPrefix(other, prefix) {
				r.add(includes, other)
			}
		}
	}
}

func (r *reached) add(includes map[string][]string, scope string) {
	if !r.scopes[scope] {
		r.scopes[scope] = true
		r.follow(includes, scope)
	}
}

// Satisfied reports whether the granted scopes have the needed one, or a broader
// one that includes it.
func (h *Hierarchy) Satisfied(granted []string, needed string) bool {
	return slices.Contains(granted, needed) || h != nil && h.included(granted, needed)
}

func (h *Hierarchy) included(granted []string, needed string) bool {
	for _, broader := range h.broader[needed] {
		if slices.Contains(granted, broader) {
			return true
		}
	}
	for _, rule := range h.prefixes {
		if strings.HasPrefix(needed, rule.prefix) && slices.Contains(granted, rule.broader) {
			return true
		}
	}
	return false
}

// Missing counts the needed scopes that the granted ones do not satisfy.
func (h *Hierarchy) Missing(granted, needed []string) (missing int) {
	for _, scope := range needed {
		if !h.Satisfied(granted, scope) {
			missing++
		}
	}
	return missing
}
