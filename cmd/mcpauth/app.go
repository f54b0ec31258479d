package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"strings"
	"text/template"

	"github.com/mcp-auth/go/internal/suggest"
	"github.com/urfave/cli/v3"
)

// Exit codes.
const (
	exitOK      = 0
	exitFailure = 1
	exitUsage   = 2
)

// streams are where a command writes: results to stdout, everything else to
// stderr.
type streams struct{ stdout, stderr io.Writer }

// run is the program without its process: args begin with the program's name,
// the result is the exit code.
func run(ctx context.Context, args []string, s streams) int {
	err := newRootCommand(s).Run(ctx, args)
	if err == nil {
		return exitOK
	}
	if errors.Is(err, errDenied) {
		return exitFailure
	}
	var usage *usageError
	isUsage := errors.As(err, &usage)
	fmt.Fprintf(s.stderr, "mcpauth: %v\n", err)
	if !isUsage {
		return exitFailure
	}
	if usage.command != "" {
		fmt.Fprintf(s.stderr, "Run \"%s --help\" to see how it is used.\n", usage.command)
	}
	return exitUsage
}

// newRootCommand puts the commands together. Each has a file of its own and a
// function that makes it.
func newRootCommand(s streams) *cli.Command {
	root := &cli.Command{
		Name:  "mcpauth",
		Usage: "try, develop and check authorization for MCP servers",
		Description: "Examples:\n" +
			"  mcpauth demo                try a protected MCP server with your MCP client\n" +
			"  mcpauth demo --selftest     run the whole flow without a browser\n" +
			"  mcpauth dev                 run an authorization server to develop with\n" +
			"  mcpauth check ISSUER        check an authorization server\n" +
			"  mcpauth check --server URL  check an MCP server\n" +
			"  mcpauth providers auth0     see what to configure at a provider\n" +
			"  mcpauth login URL           log in at an MCP server\n" +
			"  mcpauth call URL TOOL       call one of its tools",
		Version:               moduleVersion(debug.ReadBuildInfo()),
		EnableShellCompletion: true,
		Writer:                s.stdout,
		ErrWriter:             s.stderr,
		// run decides on the exit code: the library must not end the process.
		ExitErrHandler: func(context.Context, *cli.Command, error) {},
		ArgValidator:   checkArguments,
		Action:         func(_ context.Context, cmd *cli.Command) error { return cli.ShowRootCommandHelp(cmd) },
		Commands: []*cli.Command{
			newDemoCommand(s),
			newDevCommand(s),
			newPolicyCommand(s),
			newCheckCommand(s),
			newProvidersCommand(s),
			newLoginCommand(s),
			newToolsCommand(s),
			newCallCommand(s),
			newTokenCommand(s),
			newLogoutCommand(s),
			newVersionCommand(s),
		},
	}
	reportUsageErrors(root)
	return root
}

// reportUsageErrors makes every command report wrong flags as *usageError.
func reportUsageErrors(cmd *cli.Command) {
	cmd.OnUsageError = func(_ context.Context, cmd *cli.Command, err error, _ bool) error {
		return newUsageError(cmd, explainFlagError(cmd, err))
	}
	for _, sub := range cmd.Commands {
		reportUsageErrors(sub)
	}
}

// usageError is a wrong call. Its text says what is wrong with it.
type usageError struct {
	command string // as it was called, to point to its help; empty where that does not help
	err     error
}

func newUsageError(cmd *cli.Command, err error) *usageError {
	return &usageError{command: cmd.FullName(), err: err}
}

// newFileError is a usage error that is in a file, where help on the command line
// is of no use.
func newFileError(err error) *usageError { return &usageError{err: err} }

func (e *usageError) Error() string { return e.err.Error() }

func (e *usageError) Unwrap() error { return e.err }

// explainFlagError says which flag is unknown and what was probably meant.
func explainFlagError(cmd *cli.Command, err error) error {
	name, unknown := strings.CutPrefix(err.Error(), "flag provided but not defined: -")
	if !unknown {
		return err
	}
	var known []string
	for _, flag := range cmd.VisibleFlags() {
		known = append(known, dashed(flag.Names()[0]))
	}
	name = dashed(strings.TrimLeft(name, "-"))
	return fmt.Errorf("unknown flag %s%s", name, didYouMean(name, known))
}

func dashed(flag string) string {
	if len(flag) == 1 {
		return "-" + flag
	}
	return "--" + flag
}

// checkArguments refuses positional arguments: no command takes any unless it
// has a validator of its own. Where there are further commands, and after help,
// one is the name of a command.
func checkArguments(_ context.Context, cmd *cli.Command) error {
	first := cmd.Args().First()
	lineage := cmd.Lineage()
	switch {
	case first == "":
		return nil
	case len(cmd.VisibleCommands()) > 0:
		return unknownCommand(cmd, first)
	case cmd.Name == "help" && lineage[1].Command(first) == nil:
		return unknownCommand(lineage[1], first)
	case cmd.Name == "help":
		return nil
	}
	return refuseArguments(cmd, 0)
}

// atMost lets a command have so many arguments.
func atMost(count int) cli.ArgValidatorFunc {
	return func(_ context.Context, cmd *cli.Command) error { return refuseArguments(cmd, count) }
}

// refuseArguments refuses those beyond the first so many.
func refuseArguments(cmd *cli.Command, most int) error {
	if args := cmd.Args(); args.Len() > most {
		return newUsageError(cmd, fmt.Errorf("unexpected argument %q", args.Get(most)))
	}
	return nil
}

func unknownCommand(parent *cli.Command, name string) error {
	var known []string
	for _, sub := range parent.VisibleCommands() {
		known = append(known, sub.Name)
	}
	return newUsageError(parent, fmt.Errorf("unknown command %q%s", name, didYouMean(name, known)))
}

// didYouMean names the known word that is a slip or two away.
func didYouMean(word string, known []string) string {
	if closest := suggest.Closest(word, known); closest != "" {
		return fmt.Sprintf(", did you mean %s?", closest)
	}
	return ""
}

// newJSONFlag is the flag of every command that can answer for scripts.
func newJSONFlag(usage string) cli.Flag {
	return &cli.BoolFlag{Name: "json", Usage: usage}
}

// printJSON writes a value as one line of JSON.
func printJSON(w io.Writer, value any) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	return encoder.Encode(value)
}

// announce says what is running and what to do with it: by a template of text,
// or for scripts the facts alone.
func announce(w io.Writer, text string, facts any, asJSON bool) error {
	if asJSON {
		return printJSON(w, facts)
	}
	t, err := template.New("").Funcs(template.FuncMap{"join": strings.Join}).Parse(text)
	if err != nil {
		return err
	}
	return t.Execute(w, facts)
}
