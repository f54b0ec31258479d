package policy

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	mcpauth "github.com/mcp-auth/go"
	"go.yaml.in/yaml/v3"
)

// requirement reads what an operation needs. Where that fails, it denies, and
// the rest of the file can be checked.
func (r *reader) requirement(at place, depth int) mcpauth.Requirement {
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
	return mcpauth.Denied()
}

// text reads scopes, or one of the words.
func (r *reader) text(at place) mcpauth.Requirement {
	words := strings.Fields(at.node.Value)
	if len(words) == 1 {
		if known := keyword(words[0]); known != nil {
			return known
		}
	}
	if len(words) == 0 {
		r.fault(at, "must not be empty: write deny, authenticated or public")
		return mcpauth.Denied()
	}
	if i := slices.IndexFunc(words, func(word string) bool { return keyword(word) != nil }); i >= 0 {
		r.fault(at, "%s stands alone; write a list if it is the name of a scope", words[i])
		return mcpauth.Denied()
	}
	return mcpauth.Scopes(words...)
}

func keyword(word string) mcpauth.Requirement {
	switch word {
	case "deny":
		return mcpauth.Denied()
	case "authenticated":
		return mcpauth.Authenticated()
	case "public":
		return mcpauth.Public()
	}
	return nil
}

func (r *reader) scopes(at place) mcpauth.Requirement {
	if len(at.node.Content) == 0 {
		r.fault(at, "must not be empty: write authenticated if a valid token is enough")
		return mcpauth.Denied()
	}
	for i, item := range at.node.Content {
		if item.Kind == yaml.MappingNode || item.Kind == yaml.SequenceNode {
			r.fault(at.item(i), "a list holds scopes; write {all: […]} or {any: […]} for more")
			return mcpauth.Denied()
		}
	}
	return mcpauth.Scopes(r.texts(at)...)
}

// compound reads a mapping with one member.
func (r *reader) compound(at place, depth int) mcpauth.Requirement {
	entries := r.entries(at)
	if len(entries) != 1 {
		r.fault(at, "must have one of all, any, claim and check; write {all: […]} for several")
		return mcpauth.Denied()
	}
	e := entries[0]
	e.field, e.config = at.field+"."+e.key, at.config
	switch e.key {
	case "all":
		return mcpauth.All(r.list(e.place, depth)...)
	case "any":
		return mcpauth.Any(r.list(e.place, depth)...)
	case "claim":
		return r.claim(e.place)
	case "check":
		return r.named(e.place)
	}
	r.fault(e.place, "the field is not known; known are all, any, claim and check")
	return mcpauth.Denied()
}

// list reads the requirements in all and any.
func (r *reader) list(at place, depth int) []mcpauth.Requirement {
	if at.node.Kind != yaml.SequenceNode || len(at.node.Content) == 0 {
		r.fault(at, "must be a list with something in it, not %s", describe(at.node))
		return []mcpauth.Requirement{mcpauth.Denied()}
	}
	requirements := make([]mcpauth.Requirement, len(at.node.Content))
	for i := range requirements {
		requirements[i] = r.requirement(at.item(i), depth+1)
	}
	return requirements
}

func (r *reader) claim(at place) mcpauth.Requirement {
	entries := r.entries(at)
	if len(entries) != 1 {
		r.fault(at, "must have one claim; write {all: […]} for several")
		return mcpauth.Denied()
	}
	e := entries[0]
	if isText(e.node) {
		return mcpauth.Claim(e.key, e.node.Value)
	}
	if e.node.Kind != yaml.SequenceNode {
		r.fault(e.place, "must be text or a list of texts, not %s", describe(e.node))
		return mcpauth.Denied()
	}
	values := r.texts(e.place)
	if len(values) < len(e.node.Content) {
		return mcpauth.Denied() // reported
	}
	return mcpauth.Claim(e.key, values...)
}

// named reads a check.
func (r *reader) named(at place) mcpauth.Requirement {
	name := at.node.Value
	check := r.checks[name]
	switch {
	case !isText(at.node) || name == "":
		r.fault(at, "must be the name of a check, not %s", describe(at.node))
	case check != nil:
		return mcpauth.Check(name, check)
	case r.denyUnknown:
		return mcpauth.Check(name, unknownCheck)
	default:
		r.fault(at, "there is no check %q%s", name, r.knownChecks())
	}
	return mcpauth.Denied()
}

// ErrUnknownCheck is why a check denies that [DenyUnknownChecks] let pass. It is
// in the chain of the Challenge.
var ErrUnknownCheck = errors.New("its function is not known here")

func unknownCheck(context.Context, *mcpauth.AuthInfo, mcpauth.Operation) (bool, error) {
	return false, ErrUnknownCheck
}

func (r *reader) knownChecks() string {
	if len(r.checks) == 0 {
		return ": the program gives none"
	}
	return "; known are " + strings.Join(slices.Sorted(maps.Keys(r.checks)), ", ")
}
