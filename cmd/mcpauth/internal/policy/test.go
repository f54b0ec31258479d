package policy

import (
	"context"
	"errors"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/cmd/mcpauth/internal/command"
	"github.com/mcp-auth/go/cmd/mcpauth/internal/gatewayfile"
	"github.com/mcp-auth/go/cmd/mcpauth/internal/trial"
	"github.com/urfave/cli/v3"
)

func newTestCommand(s command.Streams) *cli.Command {
	return &cli.Command{
		Name:      "test",
		Usage:     "say what a caller may do under a policy file",
		ArgsUsage: "FILE",
		Description: "Decides on one request as a server with this policy would, for a token with the given\n" +
			"scopes and claims. Prints the decision, the rule it comes from, and what the server would\n" +
			"answer. Nothing is sent over the network. A check is a function of your server: here it\n" +
			"denies, unless --check NAME assumes that it agrees.\n\n" +
			"--config takes the policy of a resource from the file of \"mcpauth gateway\"; --identifier names\n" +
			"the resource if there are several.\n\n" +
			"--prompt and --resource also go with --method: completion/complete, resources/subscribe,\n" +
			"resources/unsubscribe, subscriptions/listen.\n\n" +
			"The exit code is 0 if the operation is allowed, 1 if it is denied, and 2 if the command\n" +
			"line or the file is wrong, or the request is malformed: then nothing is decided.\n\n" +
			"Examples:\n" +
			"  mcpauth policy test policy.yaml --tool delete-todo --scopes \"read:todos\"\n" +
			"  mcpauth policy test policy.yaml --tool pay --scopes pay --claim team=finance --arguments '{\"sum\": 5}'\n" +
			"  mcpauth policy test --config gateway.yaml --tool delete-todo --scopes \"read:todos\"\n" +
			"  mcpauth policy test policy.yaml --resource note:///1 --anonymous --json\n" +
			"  mcpauth policy test policy.yaml --method completion/complete --prompt summarize",
		Flags:                     testFlags(),
		ArgValidator:              command.AtMost(1),
		Metadata:                  command.AllowEmpty(), // a token has no scopes, a tool no name
		DisableSliceFlagSeparator: true,
		Action:                    func(ctx context.Context, cmd *cli.Command) error { return runTest(ctx, cmd, s) },
	}
}

func testFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "tool", Usage: "call the tool `NAME`"},
		&cli.StringFlag{Name: "prompt", Usage: "get the prompt `NAME`"},
		&cli.StringFlag{Name: "resource", Usage: "read the resource `URI`"},
		&cli.StringFlag{Name: "method", Usage: "ask for `METHOD`, such as tools/list, or for another than the usual one of a prompt or resource"},
		&cli.StringFlag{Name: "arguments", Usage: "`JSON` object with the arguments of the tool or prompt"},
		&cli.StringFlag{Name: "scopes", Usage: "`SCOPES` of the token, separated by spaces"},
		&cli.StringSliceFlag{Name: "claim", Usage: "claim of the token, `NAME=VALUE`; several of one name make an array"},
		&cli.StringSliceFlag{Name: "check", Usage: "assume that the check `NAME` agrees"},
		&cli.BoolFlag{Name: "anonymous", Usage: "send no token"},
		&cli.StringFlag{Name: "config", Usage: "take the policy file and the identifier of a resource in this configuration `FILE`"},
		&cli.StringFlag{Name: "identifier", Value: trial.Identifier, Usage: "resource identifier `URL` of the server"},
		command.JSONFlag("print one line of JSON"),
	}
}

func runTest(ctx context.Context, cmd *cli.Command, s command.Streams) error {
	bearer, err := token(cmd)
	if err != nil {
		return command.Usage(cmd, err)
	}
	verdict, err := try(ctx, cmd, bearer)
	if err != nil {
		return err
	}
	if cmd.Bool("json") {
		err = command.PrintJSON(s.Out, verdict)
	} else {
		err = printVerdict(s.Out, verdict, describeCaller(bearer))
	}
	switch {
	case err != nil:
		return err
	case verdict.Malformed:
		return command.Usage(cmd, errors.New("the request is malformed"))
	case !verdict.Allowed:
		return command.ErrReported
	}
	return nil
}

// try has the operation that the flags describe decided on.
func try(ctx context.Context, cmd *cli.Command, bearer *mcpauth.Claims) (*trial.Verdict, error) {
	op, err := operation(cmd)
	if err != nil {
		return nil, command.Usage(cmd, err)
	}
	path, identifier, err := subject(cmd)
	if err != nil {
		return nil, err
	}
	file, err := load(path, cmd.StringSlice("check"))
	switch {
	case errors.Is(err, errNoFile):
		return nil, command.Usage(cmd, err)
	case err != nil:
		return nil, command.FileError(err)
	}
	t, err := trial.New(file, identifier)
	if err != nil {
		return nil, command.Usage(cmd, err)
	}
	defer t.Close()
	verdict, err := t.Try(ctx, op, bearer)
	if err != nil {
		return nil, command.Usage(cmd, err)
	}
	return verdict, nil
}

// subject returns the policy file to try and the identifier of its resource.
func subject(cmd *cli.Command) (path, identifier string, err error) {
	path, identifier = cmd.Args().First(), cmd.String("identifier")
	config := cmd.String("config")
	switch {
	case config == "":
		return path, identifier, nil
	case path != "":
		return "", "", command.Usage(cmd, errors.New("give a policy file or --config"))
	case !cmd.IsSet("identifier"):
		identifier = ""
	}
	path, identifier, err = gatewayfile.Policy(config, identifier)
	if err != nil {
		return "", "", command.FileError(err)
	}
	return path, identifier, nil
}
