package mcpauth

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/mcp-auth/go/internal/challenge"
	"github.com/mcp-auth/go/internal/refusal"
	"github.com/mcp-auth/go/reason"
)

// hierarchy tells for each scope which broader ones include it, itself aside.
type hierarchy struct {
	broader  map[string][]string
	prefixes []prefixRule
}

// prefixRule says that a scope includes all that begin with a prefix.
type prefixRule struct{ prefix, broader string }

// newHierarchy turns "a includes b" around and follows it to the end.
func newHierarchy(includes map[string][]string) *hierarchy {
	h := &hierarchy{broader: map[string][]string{}}
	for _, broader := range slices.Sorted(maps.Keys(includes)) {
		found := reached{scopes: map[string]bool{}, prefixes: map[string]bool{}}
		found.follow(includes, broader)
		for narrower := range found.scopes {
			h.broader[narrower] = append(h.broader[narrower], broader)
		}
		for prefix := range found.prefixes {
			h.prefixes = append(h.prefixes, prefixRule{prefix, broader})
		}
	}
	return h
}

// reached is what a scope includes, itself only where it goes in a circle.
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

// satisfied reports whether the granted scopes hold the needed one, or a
// broader one.
func (h *hierarchy) satisfied(granted []string, needed string) bool {
	if slices.Contains(granted, needed) {
		return true
	}
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

// check refuses a token that lacks one of the needed scopes (RFC 6750 §3.1).
func (h *hierarchy) check(granted, needed []string) *refusal.Refusal {
	for _, scope := range needed {
		if !h.satisfied(granted, scope) {
			return refusal.New(http.StatusForbidden, "insufficient_scope", reason.InsufficientScope,
				"the token has the scopes %.500q, the operation needs %q", strings.Join(granted, " "), needed)
		}
	}
	return nil
}

// checkHierarchy reports impossible scopes and scopes that include themselves.
func checkHierarchy(f *faults, includes map[string][]string, field string) {
	for _, broader := range slices.Sorted(maps.Keys(includes)) {
		place := fmt.Sprintf("%s[%q]", field, broader)
		if !challenge.ValidScope(broader) {
			f.add(InvalidScope, broader, "%s", place)
		}
		checkScopes(f, includes[broader], place)
		found := reached{scopes: map[string]bool{}, prefixes: map[string]bool{}}
		if found.follow(includes, broader); found.scopes[broader] {
			f.add(ScopeCycle, broader, "%s", place)
		}
	}
}
