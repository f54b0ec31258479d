package policy

import (
	"context"

	"github.com/mcp-auth/go/internal/mcpmethod"
	"github.com/mcp-auth/go/internal/scope"
	"github.com/mcp-auth/go/policy/internal/pattern"
)

// maxNames bounds the names of one decision, in bytes together: each is held
// against every pattern, so a caller who sends more takes more time.
const maxNames = 64 << 10

// Evaluator decides on operations by a [Policy]. [Compile] makes one; it is safe
// for concurrent use.
type Evaluator struct {
	hierarchy       *scope.Hierarchy
	tools           ruleSet
	prompts         ruleSet
	resources       ruleSet
	methods         ruleSet
	lifecycle       rule // what opens and keeps a session, and lists what there is
	fallback        rule
	maxBody         int64
	allowsAnonymous bool
	showsAll        bool
	hidesRefused    bool
}

// AllowsAnonymous reports whether callers without a token may do anything.
func (e *Evaluator) AllowsAnonymous() bool { return e.allowsAnonymous }

// MaxBody returns the bound of a request's body in bytes, see [Policy.MaxBody].
func (e *Evaluator) MaxBody() int64 { return e.maxBody }

// ShowsAll reports whether lists show what the caller may not use.
func (e *Evaluator) ShowsAll() bool { return e.showsAll }

// HidesRefused reports whether refused tools, prompts and resources are hidden.
// Requests that could not be answered like that must then be refused whatever they
// name, or the difference would reveal what exists; see [Policy.HideRefused].
func (e *Evaluator) HidesRefused() bool { return e.hidesRefused }

// Decide decides on the operations of one request together. A nil caller has no
// token. The caller must also have the scopes, which the enforcement point demands
// of all operations that are not public. Without operations, Decide decides on a
// stream that the client opens.
func (e *Evaluator) Decide(ctx context.Context, caller *Caller, scopes []string, ops ...Operation) Decision {
	var stream [1]Operation
	if len(ops) == 0 {
		ops = stream[:]
	}
	var v evaluation
	if caller != nil {
		known := e.informed(*caller)
		v.caller = &known
	}
	total := v.scopes(scopes) // of the enforcement point: they come first
	public, named, size := true, false, 0
	for i := range ops {
		v.op = &ops[i]
		if size += len(v.op.Name); size > maxNames {
			return Decision{Outcome: OutcomeNamesTooLong, Cause: errNamesTooLong}
		}
		found := e.find(v.op)
		if found.isAmbiguous {
			return found.refuse(v.op, e.hidesRefused)
		}
		total = total.and(v.evaluate(ctx, found.rule.Requirement))
		public = public && found.rule.isPublic
		named = named || found.target != mcpmethod.None
	}
	if total.ok || public {
		return Decision{Outcome: OutcomeAllowed, Scopes: total.scopes}
	}
	d := total.refuse(v.caller)
	switch {
	case !e.hidesRefused:
	case caller == nil:
		d.Scopes = scopes // what is hidden is not hinted at
	default:
		d.Hidden = named
	}
	return d
}

// informed returns the caller with the scopes that broader ones include.
func (e *Evaluator) informed(caller Caller) Caller {
	caller.hierarchy = e.hierarchy
	return caller
}

// refuse makes a decision of what a request needs and lacks.
func (o outcome) refuse(caller *Caller) Decision {
	switch {
	case caller == nil:
		return Decision{Outcome: OutcomeNoCredentials, Scopes: o.scopes, Cause: errNoCredentials}
	case o.final && o.cause != nil:
		return Decision{Outcome: OutcomeDenied, Cause: &denialError{o.cause}}
	case o.final:
		return Decision{Outcome: OutcomeDenied, Cause: errDenied}
	}
	return Decision{Outcome: OutcomeInsufficientScope, Scopes: o.scopes, Cause: &scopeError{caller.Scopes, o.scopes}}
}

// Visible reports whether a list shows an item, see [Policy.ShowAll]. The
// operation is what a client would do with the item. The other parameters are
// those of [Evaluator.Decide].
func (e *Evaluator) Visible(ctx context.Context, caller *Caller, scopes []string, op Operation) bool {
	if e.showsAll {
		return true
	}
	found := e.find(&op)
	if found.isAmbiguous {
		return false
	}
	v := evaluation{op: &op}
	if caller != nil {
		known := e.informed(*caller)
		v.caller = &known
	}
	if !v.evaluate(ctx, found.rule.Requirement).ok {
		return false
	}
	// A list that is public is also seen by callers without these scopes.
	return v.caller == nil || found.rule.isPublic || v.caller.missing(scopes) == 0
}

// ChallengeScopes returns the scopes that a challenge to a caller without a token
// asks for. They must not be modified, and are nil if refused operations are
// hidden.
func (e *Evaluator) ChallengeScopes(op Operation) []string {
	if e.hidesRefused {
		return nil
	}
	v := evaluation{op: &op}
	return v.evaluate(context.Background(), e.find(&op).rule.Requirement).scopes
}

// Scopes returns all scopes that the rules name, in the order of [Policy.Rules].
func (e *Evaluator) Scopes() (scopes []string) {
	for _, r := range e.rules() {
		scopes = scope.Union(scopes, namedScopes(r.Requirement))
	}
	return scopes
}

// RuleFor returns the rule that decides on an operation.
func (e *Evaluator) RuleFor(op Operation) Rule { return e.find(&op).rule.Rule }

// finding is the rule for an operation.
type finding struct {
	rule *rule
	// target is what the operation names.
	target mcpmethod.Target
	// isAmbiguous is set for a name that a server might take for another one, to
	// which another rule applies.
	isAmbiguous bool
}

// refuse refuses an operation because its name is ambiguous.
func (f *finding) refuse(op *Operation, hides bool) Decision {
	switch f.target {
	case mcpmethod.Resource:
		return Decision{Outcome: OutcomeURINotNormal, Hidden: hides, Cause: uriError(op.Name)}
	case mcpmethod.None:
		return Decision{Outcome: OutcomeDenied, Cause: &denialError{nameError(op.Method)}}
	}
	return Decision{Outcome: OutcomeDenied, Hidden: hides, Cause: &denialError{nameError(op.Name)}}
}

// find looks up the rule for an operation, the only time that this is done for a
// decision.
func (e *Evaluator) find(op *Operation) finding {
	name := op.Method
	if name == "" {
		name = mcpmethod.Initialize // what keeps a session needs what opens one
	}
	method := mcpmethod.Of(name)
	f := finding{target: method.Names(op.Name, op.Ref)}
	switch f.target {
	case mcpmethod.Tool:
		f.rule, f.isAmbiguous = e.tools.find(op.Name)
	case mcpmethod.Prompt:
		f.rule, f.isAmbiguous = e.prompts.find(op.Name)
	case mcpmethod.Resource:
		f.rule, f.isAmbiguous = e.resources.findURI(op.Name)
	default:
		f.isAmbiguous = method == mcpmethod.Method{} && isMisspelled(name)
	}
	if f.rule == nil {
		isLifecycle := method.IsLifecycle && op.Name == ""
		rule, isAmbiguous := e.methodRule(name, isLifecycle)
		f.rule, f.isAmbiguous = rule, f.isAmbiguous || isAmbiguous
	}
	return f
}

// isMisspelled reports whether a server that is careless about the names of methods
// might take an unknown one for one that the rules are about.
func isMisspelled(method string) bool {
	folded := pattern.Fold(method)
	for _, known := range mcpmethod.All() {
		if folded == pattern.Fold(known) {
			return true
		}
	}
	return false
}

// methodRule returns the rule for a method, if what it names has none.
func (e *Evaluator) methodRule(method string, isLifecycle bool) (found *rule, isAmbiguous bool) {
	found, isAmbiguous = e.methods.find(method)
	switch {
	case found != nil:
		return found, isAmbiguous
	case isLifecycle:
		return &e.lifecycle, isAmbiguous
	}
	return &e.fallback, isAmbiguous
}

// rules returns all rules, in the order of [Policy.Rules].
func (e *Evaluator) rules() (rules []*rule) {
	for _, set := range []*ruleSet{&e.tools, &e.prompts, &e.resources, &e.methods} {
		for i := range set.rules {
			rules = append(rules, &set.rules[i])
		}
	}
	return append(rules, &e.lifecycle, &e.fallback)
}
