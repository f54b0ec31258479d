package policyfile

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/mcp-auth/go/policy"
	"go.yaml.in/yaml/v3"
)

// requirement reads what an operation needs. Where that fails, it denies, and
// the rest of the file can be checked.
func (r *reader) requirement(at place, depth int) policy.Requirement {
	r.places[at.config] = at
	switch {
	case depth > maxDepth:
		r.fault(at, "requirements are nested too deeply, more than %d levels", maxDepth)
	case isText(at.node):
		return r.text(at)
	case at.node.Kind == yaml.SequenceNode:
		return r.scopes(at)
	case at.node.Kind == yaml.MappingNode:
		return r.compound(at, depth)
	default:
		r.fault(at, "must be scopes, deny, authenticated, public, all, any, claim or check, not %s", describe(at.node))
	}
	return policy.Denied()
}

// text reads scopes, or one of the words.
func (r *reader) text(at place) policy.Requirement {
	words := strings.Fields(at.node.Value)
	if len(words) == 1 {
		if known := keyword(words[0]); known != nil {
			return known
		}
	}
	if len(words) == 0 {
		r.fault(at, "must not be empty: write deny, authenticated or public")
		return policy.Denied()
	}
	if i := slices.IndexFunc(words, func(word string) bool { return keyword(word) != nil }); i >= 0 {
		r.fault(at, "%s stands alone; write a list if it is the name of a scope", words[i])
		return policy.Denied()
	}
	return policy.Scopes(words...)
}

func keyword(word string) policy.Requirement {
	switch word {
	case "deny":
		return policy.Denied()
	case "authenticated":
		return policy.Authenticated()
	case "public":
		return policy.Public()
	}
	return nil
}

func (r *reader) scopes(at place) policy.Requirement {
	if len(at.node.Content) == 0 {
		r.fault(at, "must not be empty: write authenticated if a valid token is enough")
		return policy.Denied()
	}
	for i, item := range at.node.Content {
		if item.Kind == yaml.MappingNode || item.Kind == yaml.SequenceNode {
			r.fault(at.item(i), "a list holds scopes; write {all: […]} or {any: […]} for more")
			return policy.Denied()
		}
	}
	return policy.Scopes(r.texts(at)...)
}

// compound reads a mapping with one member.
func (r *reader) compound(at place, depth int) policy.Requirement {
	entries := r.entries(at)
	if len(entries) != 1 {
		r.fault(at, "must have one of all, any, claim and check; write {all: […]} for several")
		return policy.Denied()
	}
	e := entries[0]
	e.field, e.config = at.field+"."+e.key, at.config
	switch e.key {
	case "all":
		return policy.All(r.list(e.place, depth)...)
	case "any":
		return policy.Any(r.list(e.place, depth)...)
	case "claim":
		return r.claim(e.place)
	case "check":
		return r.named(e.place)
	}
	r.fault(e.place, "the field is not known; known are all, any, claim and check")
	return policy.Denied()
}

// list reads the requirements in all and any.
func (r *reader) list(at place, depth int) []policy.Requirement {
	if at.node.Kind != yaml.SequenceNode || len(at.node.Content) == 0 {
		r.fault(at, "must be a list with something in it, not %s", describe(at.node))
		return []policy.Requirement{policy.Denied()}
	}
	requirements := make([]policy.Requirement, len(at.node.Content))
	for i := range requirements {
		requirements[i] = r.requirement(at.item(i), depth+1)
	}
	return requirements
}

// claim reads the name of a claim and its values. The values of a member of a claim
// stand in a mapping like the claim's own.
func (r *reader) claim(at place, path ...string) policy.Requirement {
	entries := r.entries(at)
	if len(entries) != 1 {
		r.fault(at, "must have one claim; write {all: […]} for several")
		return policy.Denied()
	}
	e := entries[0]
	path = append(path, e.key)
	switch {
	case len(path) > maxDepth:
		r.fault(e.place, "claims are nested too deeply, more than %d levels", maxDepth)
	case isText(e.node):
		return policy.ClaimAt(path, e.node.Value)
	case e.node.Kind == yaml.MappingNode:
		return r.claim(e.place, path...)
	case e.node.Kind != yaml.SequenceNode:
		r.fault(e.place, "must be text, a list of texts, or a member of the claim with these, not %s", describe(e.node))
	default:
		if values := r.texts(e.place); len(values) == len(e.node.Content) { // or it is reported
			return policy.ClaimAt(path, values...)
		}
	}
	return policy.Denied()
}

// named reads a check.
func (r *reader) named(at place) policy.Requirement {
	name := at.node.Value
	check := r.checks[name]
	switch {
	case !isText(at.node) || name == "":
		r.fault(at, "must be the name of a check, not %s", describe(at.node))
	case check != nil:
		return policy.Check(name, check)
	case r.denyUnknown:
		return policy.Check(name, unknownCheck)
	default:
		r.fault(at, "there is no check %q%s", name, r.knownChecks())
	}
	return policy.Denied()
}

// ErrUnknownCheck is why a check denies that [DenyUnknownChecks] let pass. It is
// in the chain of the Challenge.
var ErrUnknownCheck = errors.New("its function is not known here")

func unknownCheck(context.Context, policy.Caller, policy.Operation) (bool, error) {
	return false, ErrUnknownCheck
}

func (r *reader) knownChecks() string {
	if len(r.checks) == 0 {
		return ": the program gives none"
	}
	return "; known are " + strings.Join(slices.Sorted(maps.Keys(r.checks)), ", ")
}
