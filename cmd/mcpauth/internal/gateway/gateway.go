// Package gateway is the command "mcpauth gateway".
package gateway

import (
	"context"
	"errors"
	"log/slog"

	"github.com/mcp-auth/go/cmd/mcpauth/internal/command"
	"github.com/mcp-auth/go/cmd/mcpauth/internal/gatewayfile"
	"github.com/mcp-auth/go/cmd/mcpauth/internal/terminal"
	"github.com/urfave/cli/v3"
)

// NewCommand returns the command.
func NewCommand(s command.Streams) *cli.Command {
	return &cli.Command{
		Name:      "gateway",
		Usage:     "run a gateway in front of MCP servers",
		ArgsUsage: "FILE",
		Description: "Decides on each request to MCP servers in any language, and passes on what is allowed: to servers\n" +
			"over streamable HTTP or HTTP+SSE. FILE says what is protected, by which policy, and where the\n" +
			"servers are; docs/gateway.md has a complete sample.\n\n" +
			"FILE, and the files that it names, are read again when they change and on SIGHUP. If there is a\n" +
			"mistake in them, the gateway goes on as before and logs it. On SIGTERM and Ctrl-C requests under\n" +
			"way are finished first; a second signal ends the gateway at once.\n\n" +
			"--check starts nothing: it reads FILE, asks the authorization servers and the MCP servers, and\n" +
			"exits with 0 if all is well, 1 if one does not answer as it must, and 2 if FILE is wrong.\n\n" +
			"Examples:\n" +
			"  mcpauth gateway gateway.yaml\n" +
			"  mcpauth gateway --check gateway.yaml\n" +
			"  mcpauth check --config gateway.yaml\n" +
			"  mcpauth policy test --config gateway.yaml --tool delete-note --scopes \"read:notes\"",
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "check", Usage: "check FILE and what it names, and exit"},
			command.JSONFlag("print one line of JSON with the addresses when ready"),
		},
		ArgValidator: command.AtMost(1),
		Action:       func(ctx context.Context, cmd *cli.Command) error { return runCommand(ctx, cmd, s) },
	}
}

func runCommand(ctx context.Context, cmd *cli.Command, s command.Streams) error {
	path := cmd.Args().First()
	if path == "" {
		return command.Usage(cmd, errors.New("the name of the file is missing"))
	}
	settings, err := gatewayfile.Read(path)
	if err != nil {
		return command.FileError(err)
	}
	if cmd.Bool("check") {
		return check(ctx, settings, s)
	}
	logger := terminal.NewLogger(s.Err)
	if settings.LogJSON {
		logger = slog.New(slog.NewJSONHandler(s.Err, nil))
	}
	p, err := newProgram(ctx, settings, logger)
	if err != nil {
		return command.FileError(err)
	}
	return p.run(ctx, s, cmd.Bool("json"))
}
