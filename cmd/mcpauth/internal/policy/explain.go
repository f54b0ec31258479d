package policy

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/mcp-auth/go/cmd/mcpauth/internal/command"
	"github.com/mcp-auth/go/cmd/mcpauth/internal/trial"
	"github.com/mcp-auth/go/policy"
	"github.com/mcp-auth/go/policy/policyfile"
	"github.com/urfave/cli/v3"
)

func newExplainCommand(s command.Streams) *cli.Command {
	return &cli.Command{
		Name:      "explain",
		Usage:     "list the rules of a policy file",
		ArgsUsage: "FILE",
		Description: "Prints what each operation needs, which scopes include which, and warnings. If the file\n" +
			"is not valid, it prints all errors and exits with 1.\n\n" +
			"Examples:\n" +
			"  mcpauth policy explain policy.yaml\n" +
			"  mcpauth policy explain policy.yaml --json",
		Flags:        []cli.Flag{command.JSONFlag("print one line of JSON")},
		ArgValidator: command.AtMost(1),
		Action: func(_ context.Context, cmd *cli.Command) error {
			f, err := load(cmd.Args().First(), nil)
			if errors.Is(err, errNoFile) {
				return command.Usage(cmd, err)
			}
			if err != nil {
				return err
			}
			e, err := explain(f)
			if err != nil {
				return err
			}
			if cmd.Bool("json") {
				return command.PrintJSON(s.Out, e)
			}
			return e.print(s.Out, &f.Policy)
		},
	}
}

// explanation is what "policy explain --json" prints.
type explanation struct {
	Rules           []trial.Rule        `json:"rules"`
	ShowAll         bool                `json:"show_all"`
	HideRefused     bool                `json:"hide_refused"`
	MaxBody         int64               `json:"max_body,omitempty"`
	ScopesSupported []string            `json:"scopes_supported,omitempty"`
	ScopeIncludes   map[string][]string `json:"scope_includes,omitempty"`
	ChallengeAll    bool                `json:"challenge_all_scopes,omitempty"`
	Warnings        []trial.Warning     `json:"warnings"`
}

func explain(f *policyfile.File) (*explanation, error) {
	p := &f.Policy
	e := &explanation{
		ShowAll: p.ShowAll, HideRefused: p.HideRefused, MaxBody: p.MaxBody,
		ScopesSupported: f.ScopesSupported, ScopeIncludes: f.ScopeIncludes, ChallengeAll: f.ChallengeAllScopes, Warnings: []trial.Warning{},
	}
	for _, rule := range p.Rules() {
		e.Rules = append(e.Rules, trial.NewRule(rule))
	}
	tried, err := trial.New(f, trial.Identifier)
	if err != nil {
		return nil, err
	}
	defer tried.Close()
	e.Warnings = append(e.Warnings, tried.Warnings()...)
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
	if e.ChallengeAll {
		notes = append(notes, "The first challenge asks for all scopes of the policy.")
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
