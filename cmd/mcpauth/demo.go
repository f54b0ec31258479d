package main

import (
	"context"
	_ "embed"
	"errors"
	"log/slog"

	"github.com/urfave/cli/v3"
)

//go:embed templates/next.txt
var nextText string

func newDemoCommand(s streams) *cli.Command {
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
			newJSONFlag("print one line of JSON: the URLs, or the result of --selftest"),
		},
		Action: func(ctx context.Context, cmd *cli.Command) error {
			options := demoOptions{listen: cmd.String("listen"), authListen: cmd.String("auth-listen")}
			if err := options.check(); err != nil {
				return newUsageError(cmd, err)
			}
			if cmd.Bool("selftest") {
				return runSelftest(ctx, options, s, cmd.Bool("json"))
			}
			return runDemo(ctx, options, s, cmd.Bool("json"))
		},
	}
}

// demoOptions say where the demo listens and to whom it reports.
type demoOptions struct {
	listen, authListen string
	logger             *slog.Logger // nil means silence
}

func (o demoOptions) check() error {
	const why = "the demo is for development, with passwords everybody knows"
	return errors.Join(checkLoopback("--listen", o.listen, why), checkLoopback("--auth-listen", o.authListen, why))
}

// runDemo serves until ctx ends.
func runDemo(ctx context.Context, options demoOptions, s streams, asJSON bool) error {
	options.logger = slog.New(slog.NewTextHandler(s.stderr, nil))
	d, err := startDemo(ctx, options)
	if err != nil {
		return err
	}
	err = announce(s.stdout, nextText, d.facts, asJSON)
	if err == nil {
		err = d.wait(ctx)
	}
	return errors.Join(err, d.close(ctx))
}
