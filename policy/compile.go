package policy

import (
	"maps"
	"slices"
	"strconv"

	"github.com/mcp-auth/go/configerr"
	"github.com/mcp-auth/go/internal/scope"
	"github.com/mcp-auth/go/policy/internal/pattern"
)

const (
	defaultMaxBody = 4 << 20
	maxMaxBody     = 1 << 30
)

// Compile checks a policy and makes an [Evaluator] of it. includes says which
// narrower scopes a scope includes, such as {"admin": {"write"}, "write":
// {"read"}}; a narrower scope that ends in "*" stands for all that begin alike.
// A nil policy is the zero Policy.
//
// Every mistake is reported, each as a [*configerr.Error] with a field such as
// Tools["delete"] or ScopeIncludes["admin"][0], joined. Changes to the policy
// afterwards have no effect.
func Compile(p *Policy, includes map[string][]string) (*Evaluator, error) {
	if p == nil {
		p = &Policy{}
	}
	hierarchy, err := scope.NewHierarchy(includes)
	c := compiler{hierarchy: hierarchy}
	e := c.policy(p)
	c.faults.Nest("ScopeIncludes", err)
	if err := c.faults.Err(); err != nil {
		return nil, err
	}
	return e, nil
}

// compiler makes an Evaluator and collects the mistakes that it finds.
type compiler struct {
	hierarchy *scope.Hierarchy
	faults    configerr.List
}

func (c *compiler) policy(p *Policy) *Evaluator {
	e := &Evaluator{
		hierarchy:    c.hierarchy,
		tools:        c.ruleSet(fieldTools, p.Tools),
		prompts:      c.ruleSet(fieldPrompts, p.Prompts),
		resources:    c.ruleSet(fieldResources, p.Resources),
		methods:      c.ruleSet(fieldMethods, p.Methods),
		lifecycle:    newRule("", "", Authenticated()),
		fallback:     newRule(fieldDefault, "", p.fallback()),
		maxBody:      p.MaxBody,
		showsAll:     p.ShowAll,
		hidesRefused: p.HideRefused,
	}
	c.requirement(e.fallback.Requirement, e.fallback.place())
	if p.MaxBody < 0 || p.MaxBody > maxMaxBody {
		c.faults.Add(configerr.InvalidMaxBody, "MaxBody", strconv.FormatInt(p.MaxBody, 10))
	}
	if e.maxBody == 0 {
		e.maxBody = defaultMaxBody
	}
	e.allowsAnonymous = slices.ContainsFunc(e.rules(), func(r *rule) bool { return r.isPublic })
	return e
}

// ruleSet finds the rule for a name.
type ruleSet struct {
	keys  *pattern.Set
	rules []rule // by the index of their key
}

// rule is a [Rule], ready for use.
type rule struct {
	Rule
	isPublic bool // callers without a token meet the requirement
}

func newRule(field, key string, r Requirement) rule {
	return rule{Rule{field, key, r}, isPublic(r)}
}

func (c *compiler) ruleSet(field string, rules map[string]Requirement) (set ruleSet) {
	keys := slices.Sorted(maps.Keys(rules))
	found, errs := pattern.New(keys, field == fieldResources)
	set.keys = found
	for i, key := range keys {
		r := newRule(field, key, rules[key])
		if errs[i] != nil {
			c.faults.AddErr(configerr.InvalidPattern, r.place(), key, errs[i])
		}
		c.requirement(r.Requirement, r.place())
		set.rules = append(set.rules, r)
	}
	return set
}

// find returns the rule for a name, and whether a server might take the name for one
// to which another rule applies.
func (s *ruleSet) find(name string) (found *rule, isAmbiguous bool) {
	index, isAmbiguous := s.keys.Find(name)
	return s.at(index), isAmbiguous
}

// findURI is find for resources.
func (s *ruleSet) findURI(uri string) (found *rule, isAmbiguous bool) {
	index, isAmbiguous := s.keys.FindURI(uri)
	return s.at(index), isAmbiguous
}

func (s *ruleSet) at(index int) *rule {
	if index == pattern.None {
		return nil
	}
	return &s.rules[index]
}

// requirement reports the mistakes in a requirement and in those that it is made
// of.
func (c *compiler) requirement(r Requirement, place string) {
	switch r := r.(type) {
	case nil:
		c.faults.Add(configerr.InvalidRequirement, place, "")
	case scopes:
		c.faults.Nest(place, scope.Validate(r))
	case claim:
		if len(r.path) == 0 || len(r.path) > maxClaimsDepth || slices.Contains(r.path, "") || len(r.values) == 0 {
			c.faults.Add(configerr.InvalidRequirement, place, r.name())
		}
	case check:
		if r.name == "" || r.allowed == nil {
			c.faults.Add(configerr.InvalidRequirement, place, r.name)
		}
	case all:
		c.each(r, place)
	case alternatives:
		c.each(r, place)
	}
}

// each reports an empty list as well: it would demand nothing, or deny.
func (c *compiler) each(requirements []Requirement, place string) {
	if len(requirements) == 0 {
		c.faults.Add(configerr.InvalidRequirement, place, "")
	}
	for i, r := range requirements {
		c.requirement(r, place+"["+strconv.Itoa(i)+"]")
	}
}
