package policy

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/mcp-auth/go/internal/mcpmethod"
	"github.com/mcp-auth/go/policy"
	"github.com/urfave/cli/v3"
)

// targets are the flags that name something, each with the methods it can be
// for, the usual one first.
func targets() []target {
	return []target{
		{"tool", []string{mcpmethod.ToolsCall}},
		{"prompt", []string{mcpmethod.PromptsGet, mcpmethod.Complete}},
		{"resource", []string{mcpmethod.ResourcesRead, mcpmethod.ResourcesSubscribe, mcpmethod.ResourcesUnsubscribe, mcpmethod.Listen, mcpmethod.Complete, mcpmethod.SkillsGet, mcpmethod.DirectoryRead}},
	}
}

type target struct {
	flag    string
	methods []string
}

// operation is what the flags ask for.
func operation(cmd *cli.Command) (policy.Operation, error) {
	op, err := targetOf(cmd)
	if err != nil || !cmd.IsSet("arguments") {
		return op, err
	}
	if op.Method != mcpmethod.ToolsCall && op.Method != mcpmethod.PromptsGet {
		return op, errors.New("--arguments goes with --tool and --prompt")
	}
	var arguments map[string]json.RawMessage
	op.Arguments = json.RawMessage(cmd.String("arguments"))
	if err := json.Unmarshal(op.Arguments, &arguments); err != nil || arguments == nil {
		return op, fmt.Errorf("--arguments %q is not a JSON object", op.Arguments)
	}
	return op, nil
}

// targetOf is an operation without its arguments.
func targetOf(cmd *cli.Command) (op policy.Operation, err error) {
	named := slices.DeleteFunc(targets(), func(t target) bool { return !cmd.IsSet(t.flag) })
	switch {
	case len(named) > 1 || len(named) == 0 && !cmd.IsSet("method"):
		return op, errors.New("give one of --tool, --prompt, --resource and --method, or --method and what it is for")
	case len(named) == 0:
		return methodOf(cmd.String("method"))
	}
	t := named[0]
	op.Method, op.Name = t.methods[0], cmd.String(t.flag)
	if cmd.IsSet("method") {
		op.Method = cmd.String("method")
	}
	if !slices.Contains(t.methods, op.Method) {
		return op, fmt.Errorf("--%s does not go with --method %s", t.flag, op.Method)
	}
	if op.Method == mcpmethod.Complete {
		op.Ref = t.flag
	}
	return op, nil
}

// methodOf is an operation that names nothing.
func methodOf(method string) (policy.Operation, error) {
	var needs []string
	for _, t := range targets() {
		if slices.Contains(t.methods, method) {
			needs = append(needs, "--"+t.flag)
		}
	}
	if len(needs) > 0 && method != mcpmethod.Listen { // which may name no resource
		return policy.Operation{}, fmt.Errorf("--method %s needs %s", method, strings.Join(needs, " or "))
	}
	return policy.Operation{Method: method}, nil
}
