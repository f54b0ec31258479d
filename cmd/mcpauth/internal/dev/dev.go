// Package dev is the command "mcpauth dev", an authorization server to develop with.
package dev

import (
	"context"
	_ "embed"
	"errors"
	"time"

	"github.com/mcp-auth/go/cmd/mcpauth/internal/command"
	"github.com/mcp-auth/go/cmd/mcpauth/internal/loopback"
	"github.com/mcp-auth/go/cmd/mcpauth/internal/terminal"
	"github.com/mcp-auth/go/mcpauthtest"
	"github.com/mcp-auth/go/mcpauthtest/sqlitestore"
	"github.com/urfave/cli/v3"
)

//go:embed templates/dev.txt
var text string

const (
	defaultListen = "127.0.0.1:9400"
	// minRotation keeps verifiers from missing a key: they may keep the JWK Set
	// for five minutes.
	minRotation = 5 * time.Minute
)

// NewCommand returns the command.
func NewCommand(s command.Streams) *cli.Command {
	return &cli.Command{
		Name:  "dev",
		Usage: "start an authorization server for development",
		Description: "It logs users in, asks for consent and issues tokens to any MCP client: to clients that you\n" +
			"name with --client, that register themselves, or that have a client ID metadata document.\n" +
			"The page at the issuer's URL lists what was granted, and shows what is in a token. Stop the\n" +
			"server with Ctrl-C.\n\n" +
			"It is for development and tests only: anyone who can reach it can register a client, and its\n" +
			"passwords are not secret. It listens on loopback unless --allow-remote is given.\n\n" +
			"Examples:\n" +
			"  mcpauth dev\n" +
			"  mcpauth dev --resource http://127.0.0.1:3001/mcp --scope read:notes --scope write:notes\n" +
			"  mcpauth dev --client my-client=http://127.0.0.1:3000/callback --user carol:secret\n" +
			"  mcpauth dev --config dev.yaml --store dev.db --json",
		Flags: flags(),
		// A password may hold a comma.
		DisableSliceFlagSeparator: true,
		Action:                    func(ctx context.Context, cmd *cli.Command) error { return runCommand(ctx, cmd, s) },
	}
}

func flags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "config", Usage: "read users, clients and other settings from this YAML `FILE`, see docs/development-server.md; flags are added to it"},
		&cli.StringFlag{Name: "listen", Usage: "`ADDRESS` to listen on; port 0 is a free one (default: " + defaultListen + ")"},
		&cli.StringFlag{Name: "issuer", Usage: "issuer identifier, an https or loopback `URL` (default: http:// and the address)"},
		command.AllowHTTPFlag(""),
		&cli.BoolFlag{Name: "allow-remote", Usage: "listen on an address that is not loopback: others can then log in, too"},
		&cli.BoolFlag{Name: "open-registration", Usage: "let anyone register a client, even if the issuer is not on loopback"},
		&cli.StringSliceFlag{Name: "user", Usage: "`NAME:PASSWORD` of a user who can log in (default: alice:alice and bob:bob)"},
		&cli.StringSliceFlag{Name: "client", Usage: "public client, as `ID=REDIRECT_URI`; again for more redirect URIs"},
		&cli.StringSliceFlag{Name: "scope", Usage: "`SCOPE` that can be asked for, and is granted where none is asked for (default: any)"},
		&cli.StringSliceFlag{Name: "resource", Usage: "`URL` of a resource that tokens can be for; the first is the default (default: any)"},
		&cli.StringFlag{Name: "client-documents", Usage: "fetch client ID metadata documents: `WHEN` is on, off or auto, which is on if this machine can reach the internet (default: auto)"},
		&cli.StringSliceFlag{Name: "allow-network", Usage: "private `NETWORK`, such as 10.0.0.0/8, where documents and keys of clients may be fetched"},
		&cli.StringFlag{Name: "store", Usage: "keep grants, clients and keys in this `FILE`, to survive restarts (default: memory)"},
		&cli.DurationFlag{Name: "access-token-ttl", Usage: "how long access tokens are valid, a `DURATION` such as 15m (default: 1h)", HideDefault: true},
		&cli.BoolFlag{Name: "opaque", Usage: "issue opaque access tokens, which must be introspected"},
		&cli.BoolFlag{Name: "dpop-nonce", Usage: "demand nonces in DPoP proofs"},
		&cli.DurationFlag{Name: "rotate-keys", Usage: "sign with a new key every `DURATION`, 5m at least (default: never)", HideDefault: true},
		&cli.BoolFlag{Name: "auto-approve", Usage: "answer every authorization request at once, without a page; on loopback only"},
		command.JSONFlag("print one line of JSON with the URLs when ready"),
	}
}

func runCommand(ctx context.Context, cmd *cli.Command, s command.Streams) error {
	o, err := readOptions(cmd)
	if _, ok := errors.AsType[*usageError](err); ok {
		return command.Usage(cmd, err)
	}
	if err != nil {
		return err
	}
	return run(ctx, o, s, cmd.Bool("json"))
}

// run serves until ctx ends.
func run(ctx context.Context, o *options, s command.Streams, asJSON bool) (err error) {
	logger := terminal.NewLogger(s.Err)
	o.config.Logger = logger
	if o.store != "" {
		store, err := sqlitestore.Open(ctx, o.store)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, store.Close()) }()
		o.config.Store = store
	}
	o.settleDocuments(ctx, logger)
	server, err := mcpauthtest.NewServer(o.config)
	if err != nil {
		return o.explain(loopback.ExplainListen(err, o.config.Listen))
	}
	defer server.Close()
	o.warn(logger)
	if err := command.Announce(s.Out, text, newFacts(o, server), asJSON); err != nil {
		return err
	}
	return serve(ctx, server, o.rotate)
}

// serve waits until ctx ends or the server fails, and rotates the keys.
func serve(ctx context.Context, server *mcpauthtest.Server, every time.Duration) error {
	var rotate <-chan time.Time // never, unless asked for
	if every > 0 {
		ticker := time.NewTicker(every)
		defer ticker.Stop()
		rotate = ticker.C
	}
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-server.Done():
			return errors.New("the authorization server stopped")
		case <-rotate:
			if err := server.RotateKeys(); err != nil {
				return err
			}
		}
	}
}
