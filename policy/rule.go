package policy

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
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

// place is where the rule is in its policy.
func (r Rule) place() string {
	if r.Field == fieldDefault {
		return r.Field
	}
	return fmt.Sprintf("%s[%q]", r.Field, r.Key)
}

// Rules returns all rules: tools, prompts, resources and methods, each sorted by
// key, then the rule for sessions and lists, and the default.
func (p *Policy) Rules() (rules []Rule) {
	for _, section := range []struct {
		field string
		rules map[string]Requirement
	}{{fieldTools, p.Tools}, {fieldPrompts, p.Prompts}, {fieldResources, p.Resources}, {fieldMethods, p.Methods}} {
		for _, key := range slices.Sorted(maps.Keys(section.rules)) {
			rules = append(rules, Rule{section.field, key, section.rules[key]})
		}
	}
	return append(rules, Rule{Requirement: Authenticated()}, Rule{fieldDefault, "", p.fallback()})
}

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
