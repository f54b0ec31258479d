package mcpauth

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/mcp-auth/go/internal/jsonx"
)

// Requirement is what an operation needs of its caller: [Scopes], [AnyScope],
// [Claim], [Check], [All], [Any], [Authenticated], [Public] or [Denied]. It
// prints as text that says what it demands.
type Requirement interface {
	fmt.Stringer
	evaluate(evaluation) outcome
	check(f *faults, field string)
}

// evaluation is what a requirement is held against. It is passed by value:
// behind a pointer, it and its operation would be memory for the collector.
type evaluation struct {
	ctx       context.Context
	info      *AuthInfo // nil: no token
	hierarchy *hierarchy
	op        Operation
}

// outcome is the answer of a requirement.
type outcome struct {
	ok bool
	// final says that no other scopes would help.
	final bool
	// missing counts the scopes that the caller lacks.
	missing int32
	// scopes are all that this needs, those included that the caller has.
	scopes []string
	cause  error // of a check that failed, for the log
}

// AllScopes demands scopes, all of them; see [Scopes].
type AllScopes []string

// Scopes demands scopes, all of them: as an [Option] of a handler, or as the
// [Requirement] of an operation. A token that lacks one is answered with 403
// insufficient_scope (RFC 6750 §3.1).
func Scopes(required ...string) AllScopes { return AllScopes(slices.Clone(required)) }

func (s AllScopes) apply(p *protection) { p.scopes = append(p.scopes, s...) }

// String lists the scopes.
func (s AllScopes) String() string {
	if len(s) == 0 {
		return "a valid token"
	}
	return strings.Join(s, " and ")
}

func (s AllScopes) evaluate(e evaluation) outcome {
	o := outcome{scopes: s}
	for _, scope := range s {
		if e.info == nil || !e.hierarchy.satisfied(e.info.Scopes, scope) {
			o.missing++
		}
	}
	o.ok = e.info != nil && o.missing == 0
	return o
}

func (s AllScopes) check(f *faults, field string) { checkScopes(f, s, field) }

// AnyScope demands one of the scopes. The challenge asks for the first.
func AnyScope(scopes ...string) Requirement {
	each := make([]Requirement, len(scopes))
	for i, scope := range scopes {
		each[i] = Scopes(scope)
	}
	return Any(each...)
}

// Authenticated demands a valid token and nothing else.
func Authenticated() Requirement { return AllScopes{} }

// Public demands nothing: the operation is open to callers without a token, and
// the [Scopes] of the handler do not apply to it. A token that is sent all the
// same must be valid.
func Public() Requirement { return public{} }

type public struct{}

func (public) String() string              { return "nothing: public" }
func (public) evaluate(evaluation) outcome { return outcome{ok: true} }
func (public) check(*faults, string)       {}

// Denied refuses every caller.
func Denied() Requirement { return denied{} }

type denied struct{}

func (denied) String() string              { return "denied to everybody" }
func (denied) evaluate(evaluation) outcome { return outcome{final: true} }
func (denied) check(*faults, string)       {}

// Claim demands that a claim of the token is one of the values, or, where the
// claim is an array, contains one. Claims that are neither text nor an array of
// texts do not fit.
func Claim(name string, values ...string) Requirement { return claim{name, slices.Clone(values)} }

type claim struct {
	name   string
	values []string
}

func (c claim) String() string {
	quoted := make([]string, len(c.values))
	for i, value := range c.values {
		quoted[i] = strconv.Quote(value)
	}
	return "claim " + c.name + " is " + strings.Join(quoted, " or ")
}

func (c claim) check(f *faults, field string) {
	if c.name == "" || len(c.values) == 0 {
		f.add(InvalidRequirement, c.name, "%s", field)
	}
}

func (c claim) evaluate(e evaluation) outcome {
	if e.info == nil || e.info.raw == nil {
		return outcome{final: e.info != nil}
	}
	fits := false
	err := jsonx.Members(*e.info.raw, maxClaimsDepth, func(name string, raw []byte) error {
		if name == c.name {
			fits = c.fits(raw)
		}
		return nil
	})
	return outcome{ok: err == nil && fits, final: true, cause: err}
}

func (c claim) fits(raw []byte) bool {
	values, ok := jsonx.StringOrStrings(raw)
	return ok && slices.ContainsFunc(values, func(value string) bool { return slices.Contains(c.values, value) })
}

// CheckFunc decides on one operation in code. An error or a panic denies. It is
// also called for each item of a list, while the response that waits for it is
// being written.
type CheckFunc func(ctx context.Context, info *AuthInfo, op Operation) (bool, error)

// Check demands that the function agrees; name says in logs and listings what
// it checks. A refused caller learns only that the operation is refused. The
// function is also called for the items of lists, with Arguments that are nil: what it
// refuses then is not listed.
func Check(name string, allowed CheckFunc) Requirement { return checkFunc{name, allowed} }

type checkFunc struct {
	name    string
	allowed CheckFunc
}

func (c checkFunc) String() string { return "check " + c.name }

func (c checkFunc) check(f *faults, field string) {
	if c.name == "" || c.allowed == nil {
		f.add(InvalidRequirement, c.name, "%s", field)
	}
}

func (c checkFunc) evaluate(e evaluation) (o outcome) {
	if e.info == nil {
		return outcome{}
	}
	o.final = true
	defer func() {
		if r := recover(); r != nil {
			o = outcome{final: true, cause: fmt.Errorf("check %s panicked: %v", c.name, r)}
		}
	}()
	o.ok, o.cause = c.allowed(e.ctx, e.info, e.op)
	if o.cause != nil {
		o.ok, o.cause = false, fmt.Errorf("check %s: %w", c.name, o.cause)
	}
	return o
}

// All demands all of the requirements.
func All(requirements ...Requirement) Requirement { return all(slices.Clone(requirements)) }

type all []Requirement

func (a all) String() string { return join(a, " and ") }

func (a all) check(f *faults, field string) { checkEach(f, a, field) }

func (a all) evaluate(e evaluation) outcome {
	total := outcome{ok: true}
	for _, r := range a {
		total = total.and(r.evaluate(e))
	}
	return total
}

// and is the outcome of two requirements together.
func (o outcome) and(other outcome) outcome {
	o.ok = o.ok && other.ok
	o.final = o.final || other.final && !other.ok
	o.scopes = union(o.scopes, other.scopes)
	o.missing += other.missing
	if o.cause == nil {
		o.cause = other.cause
	}
	return o
}

// Any demands one of the requirements. The challenge asks for the alternative
// of which the caller lacks the fewest scopes, the first of several.
func Any(requirements ...Requirement) Requirement { return alternatives(slices.Clone(requirements)) }

type alternatives []Requirement

func (a alternatives) String() string { return join(a, " or ") }

func (a alternatives) check(f *faults, field string) { checkEach(f, a, field) }

func (a alternatives) evaluate(e evaluation) outcome {
	best := outcome{final: true}
	for _, r := range a {
		o := r.evaluate(e)
		switch {
		case o.ok:
			return o
		case best.cause == nil:
			best.cause = o.cause
		}
		if !o.final && (best.final || o.missing < best.missing) {
			o.cause = best.cause
			best = o
		}
	}
	return best
}

func join(requirements []Requirement, between string) string {
	texts := make([]string, len(requirements))
	for i, r := range requirements {
		texts[i] = r.String()
		if compound(r) && len(requirements) > 1 {
			texts[i] = "(" + texts[i] + ")"
		}
	}
	return strings.Join(texts, between)
}

func compound(r Requirement) bool {
	switch r := r.(type) {
	case all:
		return len(r) > 1
	case alternatives:
		return len(r) > 1
	case AllScopes:
		return len(r) > 1
	case claim:
		return len(r.values) > 1
	}
	return false
}

// checkEach reports an empty list, which would say nothing or everything.
func checkEach(f *faults, requirements []Requirement, field string) {
	if len(requirements) == 0 {
		f.add(InvalidRequirement, "", "%s", field)
	}
	for i, r := range requirements {
		place := fmt.Sprintf("%s[%d]", field, i)
		if r == nil {
			f.add(InvalidRequirement, "", "%s", place)
			continue
		}
		r.check(f, place)
	}
}

// namedScopes lists the scopes that a requirement names anywhere.
func namedScopes(r Requirement) (scopes []string) {
	switch r := r.(type) {
	case AllScopes:
		return r
	case all:
		for _, each := range r {
			scopes = union(scopes, namedScopes(each))
		}
	case alternatives:
		for _, each := range r {
			scopes = union(scopes, namedScopes(each))
		}
	}
	return scopes
}

// union appends what is not there yet. It never writes into a's array.
func union(a, b []string) []string {
	switch {
	case len(a) == 0:
		return slices.Clip(b)
	case len(b) == 0:
		return slices.Clip(a)
	}
	return unionOfBoth(a, b)
}

func unionOfBoth(a, b []string) []string {
	for _, scope := range b {
		if !slices.Contains(a, scope) {
			a = append(slices.Clip(a), scope)
		}
	}
	return a
}
