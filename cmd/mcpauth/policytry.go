package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/internal/mcpmethod"
	"github.com/mcp-auth/go/policy"
	"github.com/urfave/cli/v3"
)

func newPolicyTestCommand(s streams) *cli.Command {
	return &cli.Command{
		Name:      "test",
		Usage:     "say what a caller may do under a policy file",
		ArgsUsage: "FILE",
		Description: "Decides on one request as a server with this policy would, for a token with the given\n" +
			"scopes and claims. Prints the decision, the rule it comes from, and what the server would\n" +
			"answer. Nothing is sent over the network. A check is a function of your server: here it\n" +
			"denies, unless --check NAME assumes that it agrees.\n\n" +
			"--prompt and --resource also go with --method: completion/complete, resources/subscribe,\n" +
			"resources/unsubscribe, subscriptions/listen.\n\n" +
			"The exit code is 0 if the operation is allowed, 1 if it is denied, and 2 if the command\n" +
			"line or the file is wrong, or the request is malformed: then nothing is decided.\n\n" +
			"Examples:\n" +
			"  mcpauth policy test policy.yaml --tool delete-todo --scopes \"read:todos\"\n" +
			"  mcpauth policy test policy.yaml --tool pay --scopes pay --claim team=finance --arguments '{\"sum\": 5}'\n" +
			"  mcpauth policy test policy.yaml --resource note:///1 --anonymous --json\n" +
			"  mcpauth policy test policy.yaml --method completion/complete --prompt summarize",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "tool", Usage: "call the tool `NAME`"},
			&cli.StringFlag{Name: "prompt", Usage: "get the prompt `NAME`"},
			&cli.StringFlag{Name: "resource", Usage: "read the resource `URI`"},
			&cli.StringFlag{Name: "method", Usage: "ask for `METHOD`, such as tools/list, or for another than the usual one of a prompt or resource"},
			&cli.StringFlag{Name: "arguments", Usage: "`JSON` object with the arguments of the tool or prompt"},
			&cli.StringFlag{Name: "scopes", Usage: "`SCOPES` of the token, separated by spaces"},
			&cli.StringSliceFlag{Name: "claim", Usage: "claim of the token, `NAME=VALUE`; several of one name make an array"},
			&cli.StringSliceFlag{Name: "check", Usage: "assume that the check `NAME` agrees"},
			&cli.BoolFlag{Name: "anonymous", Usage: "send no token"},
			&cli.StringFlag{Name: "identifier", Value: trialIdentifier, Usage: "resource identifier `URL` of the server"},
			newJSONFlag("print one line of JSON"),
		},
		ArgValidator:              atMost(1),
		DisableSliceFlagSeparator: true,
		Action: func(ctx context.Context, cmd *cli.Command) error {
			v, err := testPolicy(ctx, cmd)
			if _, told := errors.AsType[*usageError](err); err != nil && !told {
				err = newUsageError(cmd, err)
			}
			if err != nil {
				return err
			}
			if cmd.Bool("json") {
				err = printJSON(s.stdout, v)
			} else {
				err = v.print(s.stdout)
			}
			switch {
			case err != nil:
				return err
			case v.Malformed:
				return newUsageError(cmd, errors.New("the request is malformed"))
			case !v.Allowed:
				return errDenied
			}
			return nil
		},
	}
}

// errDenied makes the exit code 1; the answer is printed already.
var errDenied = errors.New("denied")

func testPolicy(ctx context.Context, cmd *cli.Command) (*verdict, error) {
	op, err := trialOperation(cmd)
	if err != nil {
		return nil, err
	}
	token, err := trialToken(cmd)
	if err != nil {
		return nil, err
	}
	f, err := loadPolicy(cmd.Args().First(), cmd.StringSlice("check"))
	if errors.Is(err, errNoFile) {
		return nil, err
	}
	if err != nil {
		return nil, newFileError(err)
	}
	t, err := newTrial(f, cmd.String("identifier"))
	if err != nil {
		return nil, err
	}
	defer t.close()
	return t.try(ctx, op, token)
}

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

// trialOperation is what the flags ask for.
func trialOperation(cmd *cli.Command) (policy.Operation, error) {
	op, err := trialTarget(cmd)
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

// trialTarget is an operation without its arguments.
func trialTarget(cmd *cli.Command) (op policy.Operation, err error) {
	named := slices.DeleteFunc(targets(), func(t target) bool { return !cmd.IsSet(t.flag) })
	switch {
	case len(named) > 1 || len(named) == 0 && !cmd.IsSet("method"):
		return op, errors.New("give one of --tool, --prompt, --resource and --method, or --method and what it is for")
	case len(named) == 0:
		return trialMethod(cmd.String("method"))
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

// trialMethod is an operation that names nothing.
func trialMethod(method string) (policy.Operation, error) {
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

// trialToken is the token that the flags describe, or nil for none.
func trialToken(cmd *cli.Command) (*mcpauth.Claims, error) {
	claims := map[string]any{}
	for _, text := range cmd.StringSlice("claim") {
		name, value, ok := strings.Cut(text, "=")
		if !ok || name == "" {
			return nil, fmt.Errorf("--claim %q is not NAME=VALUE", text)
		}
		switch before := claims[name].(type) {
		case nil:
			claims[name] = value
		case string:
			claims[name] = []string{before, value}
		case []string:
			claims[name] = append(before, value)
		}
	}
	if cmd.Bool("anonymous") {
		if cmd.IsSet("scopes") || len(claims) > 0 {
			return nil, errors.New("--anonymous sends no token, which --scopes and --claim describe")
		}
		return nil, nil
	}
	token := &mcpauth.Claims{Scopes: strings.Fields(cmd.String("scopes"))}
	token.Subject, _ = claims["sub"].(string)
	token.ClientID, _ = claims["client_id"].(string)
	claims["scope"] = strings.Join(token.Scopes, " ")
	raw, err := json.Marshal(claims)
	token.Raw = raw
	return token, err
}

// describeCaller says what the flags make of the caller.
func describeCaller(token *mcpauth.Claims) string {
	switch {
	case token == nil:
		return "has no token"
	case len(token.Scopes) == 0:
		return "has a valid token without scopes"
	}
	return "has a valid token with " + strings.Join(token.Scopes, " and ")
}

// verdict is what "policy test --json" prints.
type verdict struct {
	Allowed bool `json:"allowed"`
	// Malformed says that the request is refused before any rule decides.
	Malformed bool      `json:"malformed,omitempty"`
	Rule      ruleFacts `json:"rule"`
	Reason    string    `json:"reason,omitempty"`
	Cause     string    `json:"cause,omitempty"`
	Answer    *answer   `json:"answer,omitempty"`
	// Warnings are those of the rule.
	Warnings []warning `json:"warnings,omitempty"`

	caller       string // what the flags make of it
	unknownCheck bool   // a check denied that is not known here
}

// answer is the response to a refused request.
type answer struct {
	Status  int                 `json:"status"`
	Headers map[string][]string `json:"headers"`
	Body    json.RawMessage     `json:"body"`
}

func (v *verdict) print(w io.Writer) error {
	text := "malformed\n"
	if !v.Malformed {
		text = fmt.Sprintf("%s\ncaller:  %s\nrule:    %s: %s\n", v.word(), v.caller, v.Rule.Operations, v.Rule.Needs)
		for _, w := range v.Warnings {
			text += fmt.Sprintf("warning: %s\n", w)
		}
	}
	if v.Reason != "" {
		text += fmt.Sprintf("reason:  %s: %s\n", v.Reason, v.Cause)
	}
	if v.unknownCheck {
		text += "hint:    a check is a function of your server; --check NAME assumes that it agrees\n"
	}
	if v.Answer != nil {
		text += fmt.Sprintf("answer:  %d %s\n", v.Answer.Status, http.StatusText(v.Answer.Status))
		for _, value := range v.Answer.Headers["WWW-Authenticate"] {
			text += fmt.Sprintf("         WWW-Authenticate: %s\n", value)
		}
		text += fmt.Sprintf("         %s\n", v.Answer.Body)
	}
	_, err := io.WriteString(w, text)
	return err
}

func (v *verdict) word() string {
	if v.Allowed {
		return "allowed"
	}
	return "denied"
}
