package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/mcp-auth/go/policy"
	"github.com/mcp-auth/go/policy/policyfile"
	"github.com/urfave/cli/v3"
)

func newPolicyCommand(s streams) *cli.Command {
	return &cli.Command{
		Name:  "policy",
		Usage: "list the rules of a policy file, and try it",
		Description: "A policy file says what each tool, prompt and resource needs of its caller.\n\n" +
			"Examples:\n" +
			"  mcpauth policy explain policy.yaml\n" +
			"  mcpauth policy test policy.yaml --tool delete-todo --scopes \"read:todos\"",
		Commands: []*cli.Command{newPolicyExplainCommand(s), newPolicyTestCommand(s)},
		Action:   func(_ context.Context, cmd *cli.Command) error { return cli.ShowSubcommandHelp(cmd) },
	}
}

func newPolicyExplainCommand(s streams) *cli.Command {
	return &cli.Command{
		Name:      "explain",
		Usage:     "list the rules of a policy file",
		ArgsUsage: "FILE",
		Description: "Prints what each operation needs, which scopes include which, and warnings. If the file\n" +
			"is not valid, it prints all errors and exits with 1.\n\n" +
			"Examples:\n" +
			"  mcpauth policy explain policy.yaml\n" +
			"  mcpauth policy explain policy.yaml --json",
		Flags:        []cli.Flag{newJSONFlag("print one line of JSON")},
		ArgValidator: atMost(1),
		Action: func(_ context.Context, cmd *cli.Command) error {
			f, err := loadPolicy(cmd.Args().First(), nil)
			if errors.Is(err, errNoFile) {
				return newUsageError(cmd, err)
			}
			if err != nil {
				return err
			}
			e, err := explainPolicy(f)
			if err != nil {
				return err
			}
			if cmd.Bool("json") {
				return printJSON(s.stdout, e)
			}
			return e.print(s.stdout, &f.Policy)
		},
	}
}

var errNoFile = errors.New("the name of the policy file is missing")

// loadPolicy reads a file. Its checks deny, but for those assumed to agree.
func loadPolicy(path string, agreeing []string) (*policyfile.File, error) {
	if path == "" {
		return nil, errNoFile
	}
	checks := map[string]policy.CheckFunc{}
	for _, name := range agreeing {
		checks[name] = func(context.Context, policy.Caller, policy.Operation) (bool, error) { return true, nil }
	}
	f, err := policyfile.Load(path, policyfile.WithChecks(checks), policyfile.DenyUnknownChecks())
	return f, errors.Join(policyFaults(err)...)
}

// explanation is what "policy explain --json" prints.
type explanation struct {
	Rules           []ruleFacts         `json:"rules"`
	ShowAll         bool                `json:"show_all"`
	HideRefused     bool                `json:"hide_refused"`
	MaxBody         int64               `json:"max_body,omitempty"`
	ScopesSupported []string            `json:"scopes_supported,omitempty"`
	ScopeIncludes   map[string][]string `json:"scope_includes,omitempty"`
	Warnings        []warning           `json:"warnings"`
}

// ruleFacts is a rule as JSON has it.
type ruleFacts struct {
	Operations string `json:"operations"`
	Field      string `json:"field,omitempty"`
	Key        string `json:"key,omitempty"`
	Needs      string `json:"needs"`
}

// warning is what is allowed and probably a mistake.
type warning struct {
	Rule  string `json:"rule"` // as the file names it, such as tools["ping"]
	Scope string `json:"scope"`
	Text  string `json:"text"`
}

func (w warning) String() string { return fmt.Sprintf("%s: scope %q: %s", w.Rule, w.Scope, w.Text) }

// place is where the rule stands in the file, empty for one that every policy
// has.
func (r ruleFacts) place() string {
	if r.Key == "" {
		return r.Field
	}
	return fmt.Sprintf("%s[%q]", r.Field, r.Key)
}

func newRuleFacts(r policy.Rule) ruleFacts {
	return ruleFacts{r.String(), strings.ToLower(r.Field), r.Key, r.Requirement.String()}
}

func explainPolicy(f *policyfile.File) (*explanation, error) {
	p := &f.Policy
	e := &explanation{
		ShowAll: p.ShowAll, HideRefused: p.HideRefused, MaxBody: p.MaxBody,
		ScopesSupported: f.ScopesSupported, ScopeIncludes: f.ScopeIncludes, Warnings: []warning{},
	}
	for _, rule := range p.Rules() {
		e.Rules = append(e.Rules, newRuleFacts(rule))
	}
	trial, err := newTrial(f, trialIdentifier)
	if err != nil {
		return nil, err
	}
	defer trial.close()
	e.Warnings = append(e.Warnings, trial.warnings()...)
	return e, nil
}

func (e *explanation) print(w io.Writer, p *policy.Policy) error {
	var b strings.Builder
	b.WriteString(p.String())
	if len(e.ScopeIncludes) > 0 {
		b.WriteString("\n")
		t := tabwriter.NewWriter(&b, 0, 0, 3, ' ', 0)
		for _, scope := range slices.Sorted(maps.Keys(e.ScopeIncludes)) {
			fmt.Fprintf(t, "scope %s\tincludes %s\n", scope, strings.Join(e.ScopeIncludes[scope], ", "))
		}
		if err := t.Flush(); err != nil {
			return err
		}
	}
	for _, line := range e.notes() {
		fmt.Fprintf(&b, "\n%s\n", line)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (e *explanation) notes() (notes []string) {
	if len(e.ScopesSupported) > 0 {
		notes = append(notes, "Advertised scopes: "+strings.Join(e.ScopesSupported, ", ")+".")
	}
	if e.ShowAll {
		notes = append(notes, "Lists show what the caller may not use, too.")
	}
	if e.HideRefused {
		notes = append(notes, "What is refused is answered as if it did not exist.")
	}
	if e.MaxBody > 0 {
		notes = append(notes, fmt.Sprintf("A request may have %d bytes.", e.MaxBody))
	}
	for _, w := range e.Warnings {
		notes = append(notes, "Warning: "+w.String()+".")
	}
	return notes
}
