// Package policy is the command "mcpauth policy".
package policy

import (
	"context"
	"errors"

	"github.com/mcp-auth/go/cmd/mcpauth/internal/command"
	"github.com/mcp-auth/go/policy"
	"github.com/mcp-auth/go/policy/policyfile"
	"github.com/urfave/cli/v3"
)

// NewCommand returns the command.
func NewCommand(s command.Streams) *cli.Command {
	return &cli.Command{
		Name:  "policy",
		Usage: "list the rules of a policy file, and try it",
		Description: "A policy file says what each tool, prompt and resource needs of its caller.\n\n" +
			"Examples:\n" +
			"  mcpauth policy explain policy.yaml\n" +
			"  mcpauth policy test policy.yaml --tool delete-todo --scopes \"read:todos\"",
		Commands: []*cli.Command{newExplainCommand(s), newTestCommand(s)},
		Action:   func(_ context.Context, cmd *cli.Command) error { return cli.ShowSubcommandHelp(cmd) },
	}
}

var errNoFile = errors.New("the name of the policy file is missing")

// load reads a file. Its checks deny, except for those that are assumed to agree.
func load(path string, agreeing []string) (*policyfile.File, error) {
	if path == "" {
		return nil, errNoFile
	}
	checks := map[string]policy.CheckFunc{}
	for _, name := range agreeing {
		checks[name] = func(context.Context, policy.Caller, policy.Operation) (bool, error) { return true, nil }
	}
	return policyfile.Load(path, policyfile.WithChecks(checks), policyfile.DenyUnknownChecks())
}
