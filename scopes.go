package mcpauth

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/mcp-auth/go/internal/challenge"
)

// hierarchy tells for each scope which broader ones include it, itself aside.
type hierarchy map[string][]string

// newHierarchy turns "a includes b" around and follows it to the end.
func newHierarchy(includes map[string][]string) hierarchy {
	h := hierarchy{}
	for broader := range includes {
		reached := map[string]bool{}
		reach(includes, broader, reached)
		for narrower := range reached {
			if narrower != broader {
				h[narrower] = append(h[narrower], broader)
			}
		}
	}
	return h
}

func reach(includes map[string][]string, scope string, reached map[string]bool) {
	for _, narrower := range includes[scope] {
		if !reached[narrower] {
			reached[narrower] = true
			reach(includes, narrower, reached)
		}
	}
}

// satisfied reports whether the granted scopes hold the needed one, or a
// broader one.
func (h hierarchy) satisfied(granted []string, needed string) bool {
	if slices.Contains(granted, needed) {
		return true
	}
	return slices.ContainsFunc(h[needed], func(broader string) bool { return slices.Contains(granted, broader) })
}

// check refuses a token that lacks one of the needed scopes (RFC 6750 §3.1).
func (h hierarchy) check(granted, needed []string) *refusal {
	for _, scope := range needed {
		if !h.satisfied(granted, scope) {
			return refuse(http.StatusForbidden, "insufficient_scope", InsufficientScope,
				"the token has the scopes %.500q, needed are %q", strings.Join(granted, " "), needed)
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
		reached := map[string]bool{}
		if reach(includes, broader, reached); reached[broader] {
			f.add(ScopeCycle, broader, "%s", place)
		}
	}
}
