// Package demo is the command "mcpauth demo": a protected MCP server, and an
// authorization server to log in at.
package demo

import (
	"context"
	_ "embed"
	"errors"
	"log/slog"

	"github.com/mcp-auth/go/cmd/mcpauth/internal/command"
	"github.com/mcp-auth/go/cmd/mcpauth/internal/loopback"
	"github.com/mcp-auth/go/cmd/mcpauth/internal/terminal"
	"github.com/urfave/cli/v3"
)

//go:embed templates/next.txt
var nextText string

// Selftest runs the flow of an MCP client against a demo of its own and reports.
type Selftest func(ctx context.Context, options Options, s command.Streams, asJSON bool) error

// NewCommand returns the command.
func NewCommand(s command.Streams, selftest Selftest) *cli.Command {
	return &cli.Command{
		Name:  "demo",
		Usage: "start a protected MCP server and an authorization server to log in at",
		Description: "Both servers listen on loopback, keep everything in memory and are for development only.\n" +
			"The MCP server has the tools whoami, add-todo and list-todos. Stop them with Ctrl-C.\n\n" +
			"With --selftest nothing keeps running: the flow of an MCP client, from the first\n" +
			"401 to a tool call, runs over HTTP, and the exit code is 0 only if every step passed.\n\n" +
			"Examples:\n" +
			"  mcpauth demo\n" +
			"  mcpauth demo --listen 127.0.0.1:3001 --auth-listen 127.0.0.1:3002\n" +
			"  mcpauth demo --selftest --json",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "listen", Value: "127.0.0.1:0", Usage: "loopback `ADDRESS` of the MCP server; port 0 is a free one"},
			&cli.StringFlag{Name: "auth-listen", Value: "127.0.0.1:0", Usage: "loopback `ADDRESS` of the authorization server"},
			&cli.BoolFlag{Name: "selftest", Usage: "run the whole flow without a browser, then stop"},
			command.JSONFlag("print one line of JSON: the URLs, or the result of --selftest"),
		},
		Action: func(ctx context.Context, cmd *cli.Command) error {
			options := Options{Listen: cmd.String("listen"), AuthListen: cmd.String("auth-listen")}
			if err := options.check(); err != nil {
				return command.Usage(cmd, err)
			}
			if cmd.Bool("selftest") {
				return selftest(ctx, options, s, cmd.Bool("json"))
			}
			return run(ctx, options, s, cmd.Bool("json"))
		},
	}
}

// Options say where the demo listens and to whom it reports.
type Options struct {
	Listen, AuthListen string
	Logger             *slog.Logger // nil means silence
}

func (o Options) check() error {
	const why = "the demo is for development, with publicly known passwords"
	return errors.Join(loopback.Check("--listen", o.Listen, why), loopback.Check("--auth-listen", o.AuthListen, why))
}

// run serves until ctx ends.
func run(ctx context.Context, options Options, s command.Streams, asJSON bool) error {
	options.Logger = terminal.NewLogger(s.Err)
	d, err := Start(ctx, options)
	if err != nil {
		return err
	}
	err = command.Announce(s.Out, nextText, d.Facts, asJSON)
	if err == nil {
		err = d.wait(ctx)
	}
	return errors.Join(err, d.Close(ctx))
}
