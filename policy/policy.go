package mcpauth

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

const (
	defaultMaxBody = 4 << 20
	maxMaxBody     = 1 << 30
)

// Policy says what each MCP operation needs of its caller; it is set in
// [Resource.Policy]. The [Scopes] of the handler are needed as well. Protect
// reads the operation from the request, before the MCP SDK does. A request that
// lacks a scope gets a challenge, on which clients ask for the scope by
// themselves.
//
// Keys are names, or prefixes that end in "*". If several rules match, an exact
// name beats a prefix or template, then the one with more literal text wins,
// then {name} beats {+name} and "*". Two that match the same names are a
// mistake. A tool, prompt or resource without a rule needs what Methods says of
// its method, or else Default.
//
// What opens and keeps a session needs a valid token and no scopes, unless
// Methods says otherwise: initialize, server/discover, ping, logging/setLevel,
// the lists and notifications. Responses of the client, streams opened with
// GET, and the DELETE that ends a session need what initialize needs.
//
// The zero value refuses every tool, prompt and resource.
type Policy struct {
	// Tools has rules for tools/call, by name.
	Tools map[string]Requirement
	// Prompts has rules for prompts/get and for the completion of a prompt's
	// arguments, by name.
	Prompts map[string]Requirement
	// Resources has rules for resources/read, resources/subscribe and the like,
	// by URI; keys may also be URI templates (RFC 6570) with {name}, which ends
	// before /, ? and #, and {+name}, which does not. Either may stand for
	// nothing. If there are rules, a URI that is not in normal form (RFC 3986
	// §6.2.2) is refused unless it has a rule of its own, because the server
	// might read it as another. So is one that another rule matches once its
	// query, or the slash at its end, is left out, unless the key of its own
	// rule has these.
	Resources map[string]Requirement
	// Methods has rules for MCP methods, such as "completion/complete".
	Methods map[string]Requirement
	// Default is what every operation needs that no rule names. Nil denies.
	Default Requirement
	// ShowAll leaves the lists of tools, prompts and resources as they are.
	// Otherwise they show what the caller may use.
	ShowAll bool
	// HideRefused answers a request for a refused tool, prompt or resource as
	// if that did not exist. Clients then do not ask for more scopes. Batches, and
	// calls without an id, cannot be answered like that and are always refused.
	HideRefused bool
	// MaxBody bounds the body of a request, in bytes. Zero means 4 MiB.
	MaxBody int64
}

func (p *Policy) clone() *Policy {
	if p == nil {
		return nil
	}
	c := *p
	c.Tools, c.Prompts = maps.Clone(p.Tools), maps.Clone(p.Prompts)
	c.Resources, c.Methods = maps.Clone(p.Resources), maps.Clone(p.Methods)
	return &c
}

// rules lists the maps of rules with the names of their fields.
func (p *Policy) rules() []namedRules {
	return []namedRules{{fieldTools, p.Tools}, {fieldPrompts, p.Prompts}, {fieldResources, p.Resources}, {fieldMethods, p.Methods}}
}

type namedRules struct {
	field string
	rules map[string]Requirement
}

func (n namedRules) check(f *faults, field string) {
	shapes := map[string]string{}
	for _, key := range slices.Sorted(maps.Keys(n.rules)) {
		place := field + "." + Rule{Field: n.field, Key: key}.place()
		if err := n.checkKey(key, shapes); err != nil {
			f.addDetail(InvalidPattern, err, key, "%s", place)
		}
		if n.rules[key] == nil {
			f.add(InvalidRequirement, "", "%s", place)
			continue
		}
		n.rules[key].check(f, place)
	}
}

// checkKey notes in shapes what a key fits: of two that fit the same, chance
// would decide.
func (n namedRules) checkKey(key string, shapes map[string]string) error {
	p, err := newPattern(key, n.field == fieldResources)
	if err != nil || p.literal() {
		return err
	}
	shape := p.shape()
	if other, twice := shapes[shape]; twice {
		return fmt.Errorf("%q fits the same", other)
	}
	shapes[shape] = key
	return nil
}

func (p *Policy) check(f *faults, field string) {
	if p == nil {
		return
	}
	for _, named := range p.rules() {
		named.check(f, field)
	}
	if p.Default != nil {
		p.Default.check(f, field+".Default")
	}
	if p.MaxBody < 0 || p.MaxBody > maxMaxBody {
		f.add(InvalidMaxBody, fmt.Sprint(p.MaxBody), "%s.MaxBody", field)
	}
}

func (p *Policy) fallback() Requirement {
	if p.Default == nil {
		return Denied()
	}
	return p.Default
}

// policy is a compiled [Policy].
type policy struct {
	config     *Policy
	tools      ruleSet
	prompts    ruleSet
	resources  ruleSet
	methods    ruleSet
	fallback   Requirement
	mayPublish bool // some operation may need no token
	maxBody    int64
}

// newPolicy compiles a policy that was checked; nil stays nil.
func newPolicy(p *Policy) *policy {
	if p == nil {
		return nil
	}
	c := &policy{
		config:   p,
		tools:    newRuleSet(p.Tools, false),
		prompts:  newRuleSet(p.Prompts, false),
		methods:  newRuleSet(p.Methods, false),
		fallback: p.fallback(),
		maxBody:  p.MaxBody,
	}
	c.resources = newRuleSet(p.Resources, true)
	if c.maxBody == 0 {
		c.maxBody = defaultMaxBody
	}
	c.mayPublish = openToAll(p.Default)
	for _, named := range p.rules() {
		for _, r := range named.rules {
			c.mayPublish = c.mayPublish || openToAll(r)
		}
	}
	return c
}

// openToAll reports a requirement that callers without a token can meet.
func openToAll(r Requirement) bool {
	return r != nil && r.evaluate(evaluation{hierarchy: &hierarchy{}}).ok
}

// requirement is what an operation needs.
func (p *policy) requirement(op *Operation) Requirement { return p.rule(op).Requirement }

func (p *policy) rule(op *Operation) Rule {
	if rule := p.named(op); rule.Requirement != nil {
		return rule
	}
	method := op.Method
	if method == "" {
		method = "initialize" // what keeps a session needs what opens one
	}
	if key, r := p.methods.find(method); r != nil {
		return Rule{fieldMethods, key, r}
	}
	if isLifecycle(method) && op.Name == "" {
		return Rule{Requirement: Authenticated()}
	}
	return Rule{fieldDefault, "", p.fallback}
}

// named is the rule for the tool, prompt or resource that the operation names.
func (p *policy) named(op *Operation) (rule Rule) {
	switch op.kind() {
	case kindTool:
		rule.Field = fieldTools
		rule.Key, rule.Requirement = p.tools.find(op.Name)
	case kindPrompt:
		rule.Field = fieldPrompts
		rule.Key, rule.Requirement = p.prompts.find(op.Name)
	case kindResource:
		rule.Field = fieldResources
		rule.Key, rule.Requirement = p.resources.find(op.Name)
	}
	return rule
}

// ambiguous reports a resource that the server might read as another one, to
// which another rule applies.
func (p *policy) ambiguous(op *Operation) bool {
	return !p.resources.empty() && op.kind() == kindResource && op.Name != "" && p.resources.ambiguous(op.Name)
}

// isLifecycle reports methods that open and keep a session, and list what there
// is.
func isLifecycle(method string) bool {
	switch method {
	case "initialize", "server/discover", "ping", "logging/setLevel", "subscriptions/listen",
		"tools/list", "prompts/list", "resources/list", "resources/templates/list":
		return true
	}
	return strings.HasPrefix(method, "notifications/")
}
