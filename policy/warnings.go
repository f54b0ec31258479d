package policy

import (
	"fmt"
	"slices"
	"strings"

	"github.com/mcp-auth/go/configerr"
	"github.com/mcp-auth/go/internal/suggest"
)

// Warnings returns what in the policy is allowed but probably a mistake, if the
// resource advertises these scopes: [configerr.MisspelledKeyword], such as a scope
// "denied" that is not advertised, and [configerr.ScopeNotAdvertised], because
// clients that ask for scopes in advance will not ask for such a scope. To
// advertise none is a choice (RFC 9728 §2): then each scope may be missing.
func (e *Evaluator) Warnings(advertised []string) (found []*configerr.Error) {
	seen := map[string]bool{}
	for _, rule := range e.rules() {
		bare := bareScopes(rule.Requirement)
		for _, scope := range namedScopes(rule.Requirement) {
			if e.hierarchy.Satisfied(advertised, scope) {
				continue
			}
			word := ""
			if slices.Contains(bare, scope) {
				word = misspelled(scope)
			}
			switch {
			case word != "":
				meant := fmt.Errorf("probably %s is meant", word)
				found = append(found, &configerr.Error{Field: rule.place(), Value: scope, Fault: configerr.MisspelledKeyword, Err: meant})
			case len(advertised) > 0 && !seen[scope]:
				seen[scope] = true
				found = append(found, &configerr.Error{Field: rule.place(), Value: scope, Fault: configerr.ScopeNotAdvertised})
			}
		}
	}
	return found
}

// misspelled returns the keyword of policy files that a scope was probably meant
// to be, or "".
func misspelled(scope string) string {
	keywords := []string{"deny", "public", "authenticated"}
	switch lower := strings.ToLower(scope); {
	case lower == "denied":
		return "deny"
	case slices.Contains(keywords, scope):
		return "" // written as a list, or in Go: a scope is meant
	default:
		return suggest.Slip(lower, keywords)
	}
}
