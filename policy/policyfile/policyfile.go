// Package policyfile reads a [policy.Policy] from a file in YAML, or in JSON,
// which is YAML:
//
//	default: deny                # or authenticated, public, or a requirement
//	tools:
//	  get-todos: read:todos      # scopes, all of them
//	  delete-todo: {all: [delete:todos, {claim: {department: [finance, audit]}}]}
//	  export_*: {any: [[read:todos, export:todos], admin]}
//	  archive: {all: [delete:todos, {check: owner}]}
//	  ping: public
//	prompts: {greeting: authenticated}
//	resources: {"note:///{id}": read:notes, "file:///public/*": public}
//	methods: {completion/complete: authenticated}
//	show_all: false
//	hide_refused: false
//	max_body: 4194304
//	scopes_supported: [read:todos, export:todos, delete:todos, read:notes, admin]
//	scope_includes: {admin: [delete:todos, export:todos], delete:todos: [read:todos]}
//	challenge_all_scopes: false
//
// A requirement is one of these:
//
//   - text: scopes separated by spaces, all of them, or one of the words deny,
//     authenticated and public
//   - a list: scopes, all of them, also those with the name of such a word
//   - all or any, with a list of requirements
//   - claim, with the name of one claim and its values, or with a mapping for a
//     member of the claim: {claim: {realm_access: {roles: editor}}}
//   - check, with the name of a function given by [WithChecks]
//
// [Load] reads a file, and [File.Apply] sets the fields of a [mcpauth.Resource].
//
// A file is read strictly: unknown fields, duplicate keys, values of a wrong
// type, aliases and merge keys are errors. All of them are reported together.
package policyfile

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/configerr"
	"github.com/mcp-auth/go/policy"
)

// maxSize bounds a policy file, in bytes.
const maxSize = 1 << 20

// File is what a policy file says about one resource.
type File struct {
	// Policy holds the rules.
	Policy policy.Policy
	// ScopesSupported are the scopes to advertise. Nil if the file has none.
	ScopesSupported []string
	// ScopeIncludes says which scopes include which. Nil if the file does not.
	ScopeIncludes map[string][]string
	// ChallengeAllScopes lets a 401 ask for all scopes of the policy.
	ChallengeAllScopes bool
}

// Apply sets the Policy of the resource, and its ScopesSupported, ScopeIncludes and
// ChallengeAllScopes if the file has them.
func (f *File) Apply(r *mcpauth.Resource) {
	p := f.Policy
	r.Policy = &p
	if f.ScopesSupported != nil {
		r.ScopesSupported = slices.Clone(f.ScopesSupported)
	}
	if f.ScopeIncludes != nil {
		r.ScopeIncludes = maps.Clone(f.ScopeIncludes)
	}
	r.ChallengeAllScopes = r.ChallengeAllScopes || f.ChallengeAllScopes
}

// Option changes how a file is read.
type Option func(*options)

type options struct {
	checks      map[string]policy.CheckFunc
	denyUnknown bool
}

// WithChecks gives the functions that the file may name in check, by their
// names.
func WithChecks(checks map[string]policy.CheckFunc) Option {
	return func(o *options) {
		if o.checks == nil {
			o.checks = map[string]policy.CheckFunc{}
		}
		maps.Copy(o.checks, checks)
	}
}

// DenyUnknownChecks lets the file name checks that [WithChecks] does not give.
// Such checks deny, with [ErrUnknownCheck]. It is for tools that read a policy
// without the program that it belongs to.
func DenyUnknownChecks() Option { return func(o *options) { o.denyUnknown = true } }

// Parse reads a policy of at most 1 MiB. Every mistake is reported, each as an
// [*Error], joined. Among them are the mistakes that [policy.Compile] finds, for
// which errors.Is compares the [configerr.Fault].
func Parse(data []byte, opts ...Option) (*File, error) {
	f, found := parse(data, opts)
	if len(found) > 0 {
		return nil, join("", found)
	}
	return f, nil
}

// Load reads a policy from a file, as [Parse] does.
func Load(path string, opts ...Option) (*File, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("policy: %w", err)
	}
	data, err := io.ReadAll(io.LimitReader(file, maxSize+1))
	if err = errors.Join(err, file.Close()); err != nil {
		return nil, fmt.Errorf("policy: %w", err)
	}
	f, found := parse(data, opts)
	if len(found) > 0 {
		return nil, join(path, found)
	}
	return f, nil
}

// Error is one mistake in a policy file.
type Error struct {
	// File is the name that [Load] was given.
	File string
	// Line and Column are where the mistake is, counted from 1. They are 0 if
	// that is not known. If the text is not YAML, the line is roughly where the
	// parser stopped.
	Line, Column int
	// Field is the field of the file, such as tools["get-todos"].all[1].
	Field string
	// Text says what is wrong.
	Text string

	cause *configerr.Error // of a mistake that Compile found
}

// Error names the place and the mistake.
func (e *Error) Error() string {
	text := e.File
	for _, n := range [...]int{e.Line, e.Column} {
		if n == 0 {
			break
		}
		if text != "" {
			text += ":"
		}
		text += fmt.Sprint(n)
	}
	for _, part := range [...]string{e.Field, e.Text} {
		if part == "" {
			continue
		}
		if text != "" {
			text += ": "
		}
		text += part
	}
	return "policy: " + text
}

// Unwrap returns the [*configerr.Error] of a mistake that [policy.Compile] finds,
// or nil.
func (e *Error) Unwrap() error {
	if e.cause == nil {
		return nil
	}
	return e.cause
}

// join sorts mistakes by where they are.
func join(file string, found []*Error) error {
	slices.SortStableFunc(found, func(a, b *Error) int {
		if a.Line != b.Line {
			return a.Line - b.Line
		}
		return a.Column - b.Column
	})
	errs := make([]error, len(found))
	for i, e := range found {
		e.File, errs[i] = file, e
	}
	return errors.Join(errs...)
}
