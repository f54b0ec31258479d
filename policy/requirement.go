package policy

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/mcp-auth/go/internal/scope"
)

// Requirement is what an operation needs of its caller: [Scopes], [AnyScope],
// [Claim], [ClaimAt], [Check], [All], [Any], [Authenticated], [Public] or [Denied]. It
// prints as text that says what it demands.
type Requirement interface {
	fmt.Stringer
	isRequirement()
}

func (scopes) isRequirement()       {}
func (public) isRequirement()       {}
func (denied) isRequirement()       {}
func (claim) isRequirement()        {}
func (check) isRequirement()        {}
func (all) isRequirement()          {}
func (alternatives) isRequirement() {}

// scopes demands all of the scopes, and a valid token if there are none.
type scopes []string

// Scopes demands all of the scopes. A token that lacks one has an insufficient
// scope (RFC 6750 §3.1).
func Scopes(required ...string) Requirement { return scopes(slices.Clone(required)) }

// Authenticated demands a valid token and nothing else.
func Authenticated() Requirement { return scopes{} }

// String lists the scopes.
func (s scopes) String() string {
	if len(s) == 0 {
		return "a valid token"
	}
	return strings.Join(s, " and ")
}

// AnyScope demands one of the scopes. The challenge asks for the first.
func AnyScope(anyOf ...string) Requirement {
	each := make([]Requirement, len(anyOf))
	for i, scope := range anyOf {
		each[i] = Scopes(scope)
	}
	return Any(each...)
}

type public struct{}

// Public demands nothing: the operation is open to callers without a token, and
// the scopes of the handler do not apply to it. If a token is sent nevertheless,
// it must be valid.
func Public() Requirement { return public{} }

func (public) String() string { return "nothing: public" }

type denied struct{}

// Denied refuses every caller.
func Denied() Requirement { return denied{} }

func (denied) String() string { return "denied to everybody" }

type claim struct {
	path   []string // names of members, the claim first
	values []string
}

// Claim demands that a claim of the token is one of the values or, if the claim
// is an array, contains one. A claim that is neither text nor an array of texts
// does not fit.
func Claim(name string, values ...string) Requirement { return ClaimAt([]string{name}, values...) }

// ClaimAt is [Claim] for a member of a claim that is an object: the path has the name
// of the claim and the names of the members that lead to the value, such as
// "realm_access" and "roles" for the roles of a Keycloak realm.
func ClaimAt(path []string, values ...string) Requirement {
	return claim{slices.Clone(path), slices.Clone(values)}
}

func (c claim) String() string {
	quoted := make([]string, len(c.values))
	for i, value := range c.values {
		quoted[i] = strconv.Quote(value)
	}
	return "claim " + c.name() + " is " + strings.Join(quoted, " or ")
}

// name is the path as text. Names that have a dot are quoted, if there are several.
func (c claim) name() string {
	names := slices.Clone(c.path)
	for i, name := range names {
		if len(names) > 1 && strings.Contains(name, ".") {
			names[i] = strconv.Quote(name)
		}
	}
	return strings.Join(names, ".")
}

// CheckFunc decides on one operation in code. An error or a panic denies. It is
// also called for each item of a list, while the response that waits for it is
// being written; the Arguments of the operation are then nil, and an item that it
// refuses is not listed. It must be safe for concurrent use.
type CheckFunc func(ctx context.Context, caller Caller, op Operation) (bool, error)

type check struct {
	name    string
	allowed CheckFunc
}

// Check demands that the function agrees; name says in logs and listings what it
// checks. A refused caller learns only that the operation is refused. A caller
// without a token is refused without a call of the function.
func Check(name string, allowed CheckFunc) Requirement { return check{name, allowed} }

func (c check) String() string { return "check " + c.name }

type all []Requirement

// All demands all of the requirements.
func All(requirements ...Requirement) Requirement { return all(slices.Clone(requirements)) }

func (a all) String() string { return join(a, " and ") }

type alternatives []Requirement

// Any demands one of the requirements. The challenge asks for the alternative of
// which the caller lacks the fewest scopes; if several are equally close, for the
// first of them.
func Any(requirements ...Requirement) Requirement { return alternatives(slices.Clone(requirements)) }

func (a alternatives) String() string { return join(a, " or ") }

func join(requirements []Requirement, between string) string {
	texts := make([]string, len(requirements))
	for i, r := range requirements {
		texts[i] = r.String()
		if isCompound(r) && len(requirements) > 1 {
			texts[i] = "(" + texts[i] + ")"
		}
	}
	return strings.Join(texts, between)
}

// isCompound reports whether the text of a requirement has an "and" or "or".
func isCompound(r Requirement) bool {
	switch r := r.(type) {
	case all:
		return len(r) > 1
	case alternatives:
		return len(r) > 1
	case scopes:
		return len(r) > 1
	case claim:
		return len(r.values) > 1
	}
	return false
}

// namedScopes returns the scopes that a requirement names anywhere.
func namedScopes(r Requirement) []string { return eachScope(r, func(scopes) bool { return true }) }

// bareScopes returns the scopes that stand alone in the place of a keyword.
func bareScopes(r Requirement) []string {
	return eachScope(r, func(s scopes) bool { return len(s) == 1 })
}

// eachScope returns the scopes of all scope requirements that fit.
func eachScope(r Requirement, fits func(scopes) bool) (found []string) {
	var parts []Requirement
	switch r := r.(type) {
	case scopes:
		if fits(r) {
			return r
		}
	case all:
		parts = r
	case alternatives:
		parts = r
	}
	for _, part := range parts {
		found = scope.Union(found, eachScope(part, fits))
	}
	return found
}
