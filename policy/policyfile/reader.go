package policyfile

import (
	"fmt"
	"slices"
	"strings"

	"github.com/mcp-auth/go/configerr"
	"github.com/mcp-auth/go/internal/scope"
	"github.com/mcp-auth/go/policy"
	"go.yaml.in/yaml/v3"
)

const (
	// maxDepth bounds how deep requirements are nested.
	maxDepth = 16
	// maxErrors bounds how many mistakes are reported.
	maxErrors = 100
)

// fields are those of a file, in the order in which errors list them.
func fields() []string {
	return []string{"default", "tools", "prompts", "resources", "methods", "show_all", "hide_refused", "max_body", "scopes_supported", "scope_includes", "challenge_all_scopes"}
}

// reader reads a file and notes its mistakes.
type reader struct {
	options
	file   File
	found  []*Error
	places map[string]place // by the names that a configerr.Error gives them
}

func parse(data []byte, opts []Option) (*File, []*Error) {
	root, broken := document(data)
	if broken != nil {
		return nil, []*Error{broken}
	}
	r := &reader{places: map[string]place{}}
	for _, opt := range opts {
		opt(&r.options)
	}
	for _, e := range r.entries(place{node: root}) {
		r.field(e)
	}
	r.check()
	return &r.file, r.found
}

func (r *reader) fault(at place, format string, args ...any) {
	r.add(&Error{Line: at.node.Line, Column: at.node.Column, Field: at.field, Text: fmt.Sprintf(format, args...)})
}

func (r *reader) add(e *Error) {
	switch {
	case len(r.found) < maxErrors:
		r.found = append(r.found, e)
	case len(r.found) == maxErrors:
		r.found = append(r.found, &Error{Line: e.Line, Column: e.Column, Text: "there are more mistakes"})
	}
}

func (r *reader) field(e entry) {
	p := &r.file.Policy
	switch e.key {
	case "default":
		p.Default = r.requirement(e.at(e.node, "", "Default"), 0)
	case "tools":
		p.Tools = r.rules(e.at(e.node, "", "Tools"))
	case "prompts":
		p.Prompts = r.rules(e.at(e.node, "", "Prompts"))
	case "resources":
		p.Resources = r.rules(e.at(e.node, "", "Resources"))
	case "methods":
		p.Methods = r.rules(e.at(e.node, "", "Methods"))
	case "show_all":
		p.ShowAll = r.truth(e.place)
	case "hide_refused":
		p.HideRefused = r.truth(e.place)
	case "max_body":
		p.MaxBody = r.number(e.at(e.node, "", "MaxBody"))
	case "scopes_supported":
		r.file.ScopesSupported = r.texts(place{e.node, e.field, "ScopesSupported"})
	case "scope_includes":
		r.file.ScopeIncludes = r.includes(place{e.node, e.field, "ScopeIncludes"})
	case "challenge_all_scopes":
		r.file.ChallengeAllScopes = r.truth(e.place)
	default:
		r.fault(e.place, "the field is not known; known are %s", strings.Join(fields(), ", "))
	}
}

// entries lists the members of a mapping.
func (r *reader) entries(at place) (entries []entry) {
	if at.node.Kind != yaml.MappingNode {
		r.fault(at, "must be a mapping, not %s", describe(at.node))
		return nil
	}
	seen := map[string]*yaml.Node{}
	for i := 0; i+1 < len(at.node.Content); i += 2 {
		key, value := at.node.Content[i], at.node.Content[i+1]
		if !isText(key) {
			r.fault(at.at(key, "", ""), "a key must be text, not %s: %q in quotes is", describe(key), key.Value)
			continue
		}
		e := entry{key.Value, r.member(at, key.Value, value)}
		if first := seen[e.key]; first != nil {
			r.fault(e.at(key, "", ""), "the key is already on line %d", first.Line)
			continue
		}
		seen[e.key] = key
		entries = append(entries, e)
	}
	return entries
}

// member returns the place of a value. A field of the file has no name in a
// configerr.Error yet.
func (r *reader) member(at place, key string, value *yaml.Node) place {
	if at.field == "" {
		return at.at(value, key, "")
	}
	index := fmt.Sprintf("[%q]", key)
	return at.at(value, index, index)
}

func (r *reader) rules(at place) map[string]policy.Requirement {
	rules := map[string]policy.Requirement{}
	for _, e := range r.entries(at) {
		rules[e.key] = r.requirement(e.place, 0)
	}
	return rules
}

func (r *reader) truth(at place) (value bool) {
	if !isScalar(at.node, "!!bool") || at.node.Decode(&value) != nil {
		r.fault(at, "must be true or false, not %s", describe(at.node))
	}
	return value
}

func (r *reader) number(at place) (value int64) {
	r.places[at.config] = at
	if !isScalar(at.node, "!!int") || at.node.Decode(&value) != nil {
		r.fault(at, "must be a number of bytes, not %s", describe(at.node))
	}
	return value
}

// texts reads a list of texts.
func (r *reader) texts(at place) []string {
	if at.node.Kind != yaml.SequenceNode {
		r.fault(at, "must be a list, not %s", describe(at.node))
		return nil
	}
	texts := make([]string, 0, len(at.node.Content))
	for i := range at.node.Content {
		item := at.item(i)
		r.places[item.config] = item
		if !isText(item.node) {
			r.fault(item, "must be text, not %s", describe(item.node))
			continue
		}
		texts = append(texts, item.node.Value)
	}
	return texts
}

func (r *reader) includes(at place) map[string][]string {
	includes := map[string][]string{}
	for _, e := range r.entries(at) {
		r.places[e.config] = e.place
		includes[e.key] = r.texts(e.place)
	}
	return includes
}

// check compiles the policy, and reports the mistakes where they are in the file.
func (r *reader) check() {
	var faults configerr.List
	_, err := policy.Compile(&r.file.Policy, r.file.ScopeIncludes)
	faults.Nest("", err)
	faults.Nest("ScopesSupported", scope.Validate(r.file.ScopesSupported))
	for _, fault := range configerr.All(faults.Err()) {
		r.translate(fault)
	}
}

// translate reports a mistake, unless the reader itself found fault with the
// place.
func (r *reader) translate(fault *configerr.Error) {
	e := &Error{Text: strings.TrimLeft(strings.TrimPrefix(fault.Error(), fault.Field), ": "), cause: fault}
	for name := fault.Field; name != ""; name = name[:max(0, strings.LastIndexByte(name, '['))] {
		if at, ok := r.places[name]; ok {
			e.Line, e.Column, e.Field = at.node.Line, at.node.Column, at.field
			break
		}
	}
	if !r.isReported(e) {
		r.add(e)
	}
}

func (r *reader) isReported(e *Error) bool {
	return slices.ContainsFunc(r.found, func(other *Error) bool {
		return other.cause == nil && other.Line == e.Line && other.Column == e.Column
	})
}
