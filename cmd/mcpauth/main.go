// Mcpauth is the command of the MCP Auth project. It shows the authorization of
// MCP servers at work on loopback, and uses protected MCP servers anywhere:
//
//	mcpauth demo             a protected MCP server and an authorization server to try it with
//	mcpauth demo --selftest  the whole flow without a browser
//	mcpauth dev              an authorization server to develop with
//	mcpauth check ISSUER     check an authorization server, an MCP server or a configuration
//	mcpauth gateway FILE     a gateway in front of MCP servers in any language
//	mcpauth policy explain   list the rules of a policy file; policy test tries them
//	mcpauth providers        list identity providers and what they put where
//	mcpauth login URL        log in at an MCP server
//	mcpauth tools URL        list its tools
//	mcpauth call URL TOOL    call one of them
//	mcpauth token URL        print the access token, for scripts
//	mcpauth logout [URL]     forget it
//	mcpauth version          what was built
//
// It exits with 0 on success, 1 on failure, 2 when it was called wrongly, and 130 when
// Ctrl-C ended it before it was done.
package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/urfave/cli/v3"

	"github.com/mcp-auth/go/cmd/mcpauth/internal/account"
	"github.com/mcp-auth/go/cmd/mcpauth/internal/check"
	"github.com/mcp-auth/go/cmd/mcpauth/internal/command"
	"github.com/mcp-auth/go/cmd/mcpauth/internal/demo"
	"github.com/mcp-auth/go/cmd/mcpauth/internal/dev"
	"github.com/mcp-auth/go/cmd/mcpauth/internal/gateway"
	"github.com/mcp-auth/go/cmd/mcpauth/internal/policy"
	"github.com/mcp-auth/go/cmd/mcpauth/internal/providers"
	"github.com/mcp-auth/go/cmd/mcpauth/internal/selftest"
	"github.com/mcp-auth/go/cmd/mcpauth/internal/terminal"
	"github.com/mcp-auth/go/cmd/mcpauth/internal/version"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// Once stopping has begun, a second signal ends the program at once.
	context.AfterFunc(ctx, stop)
	os.Exit(run(ctx, os.Args, command.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}))
}

// run is the program without its process. It returns the exit code.
func run(ctx context.Context, args []string, s command.Streams) int {
	help := terminal.NewHelpWriter(s.Out)
	code := command.Run(ctx, newRoot(s, help), args, s)
	if help.Flush() != nil && code == 0 {
		return 1
	}
	return code
}

// newRoot puts the commands together.
func newRoot(s command.Streams, help io.Writer) *cli.Command {
	root := &cli.Command{
		Name:  "mcpauth",
		Usage: "try, develop and check authorization for MCP servers",
		Description: "Examples:\n" +
			"  mcpauth demo                try a protected MCP server with your MCP client\n" +
			"  mcpauth demo --selftest     run the whole flow without a browser\n" +
			"  mcpauth dev                 run an authorization server to develop with\n" +
			"  mcpauth gateway FILE        run a gateway in front of MCP servers\n" +
			"  mcpauth check ISSUER        check an authorization server\n" +
			"  mcpauth check --server URL  check an MCP server\n" +
			"  mcpauth providers auth0     see what to configure at a provider\n" +
			"  mcpauth login URL           log in at an MCP server\n" +
			"  mcpauth call URL TOOL       call one of its tools\n" +
			"  mcpauth completion bash     print the completion for a shell: bash, zsh, fish or pwsh",
		Version:               version.Short(),
		EnableShellCompletion: true,
		Writer:                help,
		ErrWriter:             s.Err,
		// run decides on the exit code: the library must not end the process.
		ExitErrHandler: func(context.Context, *cli.Command, error) {},
		ArgValidator:   command.CheckArguments,
		Action:         func(_ context.Context, cmd *cli.Command) error { return cli.ShowRootCommandHelp(cmd) },
		Commands:       newCommands(s),
	}
	command.ReportUsageErrors(root)
	return root
}

func newCommands(s command.Streams) []*cli.Command {
	commands := []*cli.Command{
		demo.NewCommand(s, selftest.Run),
		dev.NewCommand(s),
		gateway.NewCommand(s),
		policy.NewCommand(s),
		check.NewCommand(s),
		providers.NewCommand(s),
	}
	commands = append(commands, account.NewCommands(s)...)
	return append(commands, version.NewCommand(s))
}
