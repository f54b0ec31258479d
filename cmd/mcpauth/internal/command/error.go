package command

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/mcp-auth/go/cmd/mcpauth/internal/terminal"
	"github.com/urfave/cli/v3"
)

// Exit codes.
const (
	exitOK      = 0
	exitFailure = 1
	exitUsage   = 2
	// exitInterrupted is what shells report of a program that SIGINT ended.
	exitInterrupted = 130
)

// ErrReported makes the exit code 1 without a message: the output of the command
// says why.
var ErrReported = errors.New("reported")

// UsageError is a wrong call of a command.
type UsageError struct {
	command string // as it was called, to name its help; empty if that does not help
	err     error
}

// Usage returns the error of a wrong call of a command.
func Usage(cmd *cli.Command, err error) *UsageError { return &UsageError{cmd.FullName(), err} }

// FileError returns the usage error of a mistake in a file. Help on the command
// line is of no use for it.
func FileError(err error) *UsageError { return &UsageError{err: err} }

// Error says what is wrong.
func (e *UsageError) Error() string { return e.err.Error() }

// Unwrap returns the cause.
func (e *UsageError) Unwrap() error { return e.err }

// Run runs the command that args name, which begin with the name of the program.
// It reports an error and returns the exit code of the program.
func Run(ctx context.Context, root *cli.Command, args []string, s Streams) int {
	err := asUsage(root, args, root.Run(ctx, args))
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, ErrReported):
		return exitFailure
	case interrupted(ctx, err):
		fmt.Fprintln(s.Err, terminal.NewStyle(s.Err).Error("mcpauth:")+" interrupted")
		return exitInterrupted
	}
	fmt.Fprintf(s.Err, "%s %s\n", terminal.NewStyle(s.Err).Error("mcpauth:"), terminal.Clean(Text(err)))
	usage, ok := errors.AsType[*UsageError](err)
	if !ok {
		return exitFailure
	}
	if usage.command != "" {
		fmt.Fprintf(s.Err, "Run \"%s --help\" to see how it is used.\n", usage.command)
	}
	return exitUsage
}

// interrupted reports whether a command failed because the user ended it.
func interrupted(ctx context.Context, err error) bool {
	return ctx.Err() != nil && (errors.Is(err, context.Canceled) || errors.Is(err, context.Cause(ctx)))
}

// asUsage finds the wrong calls that the library has no type for: help on a command
// that does not exist.
func asUsage(root *cli.Command, args []string, err error) error {
	if err == nil || !strings.HasPrefix(err.Error(), "No help topic for") {
		return err
	}
	parent := root
	for _, name := range args[1:] {
		sub := parent.Command(name)
		if sub == nil {
			return unknownCommand(parent, name)
		}
		parent = sub
	}
	return Usage(parent, err)
}

// packageNames are names of packages of the library in front of an error.
var packageNames = regexp.MustCompile(`(?m)^(?:(?:client|filestore|mcpauth|mcpauthtest|metadata|policy|provider|sqlitestore): )+`)

// Text returns the text of an error without names of Go packages, which mean
// nothing to a user of the command.
func Text(err error) string { return packageNames.ReplaceAllString(err.Error(), "") }

// ReportUsageErrors makes a command and the commands below it report wrong flags
// as a [*UsageError].
func ReportUsageErrors(cmd *cli.Command) {
	if check := cmd.ArgValidator; check != nil {
		cmd.ArgValidator = func(ctx context.Context, cmd *cli.Command) error {
			if err := refuseEmpty(cmd); err != nil {
				return err
			}
			return check(ctx, cmd)
		}
	}
	cmd.OnUsageError = func(_ context.Context, cmd *cli.Command, err error, _ bool) error {
		return Usage(cmd, explainFlagError(cmd, err))
	}
	for _, sub := range cmd.Commands {
		ReportUsageErrors(sub)
	}
}

// unitMissing matches the error of a duration that is only a number.
var unitMissing = regexp.MustCompile(`^invalid value "([^"]*)" for flag -+([^:]*): .*missing unit in duration`)

// explainFlagError says which flag is unknown and what was probably meant.
func explainFlagError(cmd *cli.Command, err error) error {
	if value := unitMissing.FindStringSubmatch(err.Error()); value != nil {
		return fmt.Errorf("%s %s has no unit: give a duration such as %ss, %sm or 1h30m", dashed(value[2]), value[1], value[1], value[1])
	}
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
