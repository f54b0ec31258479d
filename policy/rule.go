package mcpauth

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/mcp-auth/go/internal/suggest"
)

// The fields of a [Policy] that hold rules.
const (
	fieldTools     = "Tools"
	fieldPrompts   = "Prompts"
	fieldResources = "Resources"
	fieldMethods   = "Methods"
	fieldDefault   = "Default"
)

// Rule is one rule of a [Policy]: which operations, and what they need.
type Rule struct {
	// Field is the field of the Policy that holds the rule, such as "Tools" or
	// "Default". It is empty for the rule on opening and keeping a session,
	// which every policy has.
	Field string
	// Key is the key of the rule in that field: a name, a prefix or a template.
	Key string
	// Requirement is what the operations need.
	Requirement Requirement
}

// String names the operations that the rule is for, such as "tool export_*".
func (r Rule) String() string {
	switch r.Field {
	case fieldTools:
		return "tool " + r.Key
	case fieldPrompts:
		return "prompt " + r.Key
	case fieldResources:
		return "resource " + r.Key
	case fieldMethods:
		return r.Key
	case fieldDefault:
		return "every other operation"
	}
	return "sessions and lists"
}

// Rules lists all rules: tools, prompts, resources and methods, each sorted by
// key, then the rule for sessions and lists, and the default.
func (p *Policy) Rules() (rules []Rule) {
	for _, named := range p.rules() {
		for _, key := range slices.Sorted(maps.Keys(named.rules)) {
			rules = append(rules, Rule{named.field, key, named.rules[key]})
		}
	}
	return append(rules, Rule{Requirement: Authenticated()}, Rule{fieldDefault, "", p.fallback()})
}

// RuleFor finds the rule that decides on an operation. It is for tests and
// tools: it reads the whole policy each time. Rules that [New] would refuse are
// ignored.
func (p *Policy) RuleFor(op Operation) Rule { return newPolicy(p).rule(&op) }

// String lists the rules, a line each: the operations and what they need.
func (p *Policy) String() string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 3, ' ', 0)
	for _, rule := range p.Rules() {
		fmt.Fprintf(w, "%v\t%v\n", rule, rule.Requirement)
	}
	_ = w.Flush()
	return b.String()
}

// warnings reports scopes that are probably misspelled keywords, and those that
// the policy names and the resource does not advertise: clients that ask for
// scopes beforehand will not ask for them. To advertise none is a choice
// (RFC 9728 §2) and no oversight.
func (r *Resource) warnings(h *hierarchy, field string) (found []*ConfigError) {
	if r.Policy == nil {
		return nil
	}
	seen := map[string]bool{}
	for _, rule := range r.Policy.Rules() {
		place := field + ".Policy." + rule.place()
		bare := bareScopes(rule.Requirement)
		for _, scope := range namedScopes(rule.Requirement) {
			advertised := h.satisfied(r.ScopesSupported, scope)
			word := misspelled(scope)
			switch {
			case advertised:
			case word != "" && slices.Contains(bare, scope):
				detail := fmt.Errorf("probably %s is meant", word)
				found = append(found, &ConfigError{Field: place, Value: scope, Fault: MisspelledKeyword, detail: detail})
			case len(r.ScopesSupported) > 0 && !seen[scope]:
				seen[scope] = true
				found = append(found, &ConfigError{Field: place, Value: scope, Fault: ScopeNotAdvertised})
			}
		}
	}
	return found
}

// bareScopes lists the scopes that stand where a keyword could.
func bareScopes(r Requirement) (scopes []string) {
	var each []Requirement
	switch r := r.(type) {
	case AllScopes:
		if len(r) == 1 {
			return r
		}
	case all:
		each = r
	case alternatives:
		each = r
	}
	for _, one := range each {
		scopes = append(scopes, bareScopes(one)...)
	}
	return scopes
}

// misspelled returns the keyword of policy files that a scope was probably to
// be, or nothing.
func misspelled(scope string) string {
	switch lower := strings.ToLower(scope); {
	case lower == "denied":
		return "deny"
	case slices.Contains(keywords(), scope):
		return "" // whoever wrote a list, or Go, means it
	default:
		return suggest.Slip(lower, keywords())
	}
}

func keywords() []string { return []string{"deny", "public", "authenticated"} }

// place is where the rule stands in its policy.
func (r Rule) place() string {
	if r.Field == fieldDefault {
		return r.Field
	}
	return fmt.Sprintf("%s[%q]", r.Field, r.Key)
}
