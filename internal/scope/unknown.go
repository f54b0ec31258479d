package scope

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/mcp-auth/go/configerr"
	"github.com/mcp-auth/go/internal/suggest"
)

// Unknown returns a warning for each scope of a hierarchy that is probably a slip:
// one that neither the metadata advertises nor a rule names. A broader scope may be
// known to the authorization server alone if the metadata advertises none.
func Unknown(includes map[string][]string, advertised, named []string) (found []*configerr.Error) {
	known := Union(advertised, named)
	for _, broader := range slices.Sorted(maps.Keys(includes)) {
		field := fmt.Sprintf("[%q]", broader)
		if len(advertised) > 0 && !slices.Contains(known, broader) && !isIncluded(includes, broader) {
			found = append(found, unknown(field, broader, known))
		}
		for i, narrower := range includes[broader] {
			if _, isBroader := includes[narrower]; len(known) > 0 && !isBroader && !isKnown(known, narrower) {
				found = append(found, unknown(fmt.Sprintf("%s[%d]", field, i), narrower, known))
			}
		}
	}
	return found
}

// isKnown reports whether a scope is known, or one that begins alike if it ends in
// "*".
func isKnown(known []string, scope string) bool {
	prefix, isPattern := strings.CutSuffix(scope, "*")
	return slices.ContainsFunc(known, func(other string) bool {
		return other == scope || isPattern && strings.HasPrefix(other, prefix)
	})
}

// isIncluded reports whether a scope is only a step between others.
func isIncluded(includes map[string][]string, scope string) bool {
	for _, narrower := range includes {
		if slices.ContainsFunc(narrower, func(n string) bool { return isKnown([]string{scope}, n) }) {
			return true
		}
	}
	return false
}

func unknown(field, scope string, known []string) *configerr.Error {
	e := &configerr.Error{Field: field, Value: scope, Fault: configerr.ScopeUnknown}
	if meant := suggest.Slip(scope, known); meant != "" {
		e.Err = fmt.Errorf("probably %s is meant", meant)
	}
	return e
}
