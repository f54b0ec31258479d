// Package account has the commands for the user's account at an MCP server:
// login, tools, call, token and logout.
package account

import (
	"context"
	"fmt"
	"io"

	"github.com/mcp-auth/go/client"
	"github.com/mcp-auth/go/cmd/mcpauth/internal/command"
	"github.com/mcp-auth/go/cmd/mcpauth/internal/terminal"
	"github.com/urfave/cli/v3"
)

const clientName = "mcpauth"

// account is the user at one MCP server.
type account struct {
	*client.Client
	store  client.Store
	chosen settings
}

// remember keeps what the login was done with, and which authorization server it
// was done at.
func (a *account) remember(ctx context.Context, issuer string) error {
	a.chosen.Deviations.bind(issuer)
	return a.chosen.save(ctx, a.store, a.ServerURL())
}

// purpose is what a command needs an account for.
type purpose int

const (
	useTokens  purpose = iota // of an earlier login
	logIn                     // and keep the token
	useSession                // log in if need be, for this command at least
)

// openAccount makes the client for a command: by its flags or, without any, by
// those of the login.
func openAccount(ctx context.Context, cmd *cli.Command, s command.Streams, why purpose) (*account, error) {
	server := cmd.Args().First()
	chosen, given, err := readSettings(cmd)
	if err != nil {
		return nil, err
	}
	store, err := openStore(cmd)
	if err != nil {
		return nil, err
	}
	kept, err := loadSettings(ctx, store, server)
	hosts, refused := allowPlain(cmd, kept.PlainHosts)
	if refused != nil {
		return nil, refused
	}
	if why == useSession && keyless(err) {
		fmt.Fprintln(s.Err, "There is neither a keyring nor a passphrase: a login is for this command only, as with --store memory.")
		store, err = client.NewMemoryStore(), nil
	}
	if err != nil {
		return nil, err
	}
	if !given {
		chosen = kept
	}
	chosen.PlainHosts = hosts
	config := chosen.config(server)
	config.Store = store
	config.Logger = terminal.NewLogger(s.Err)
	config.Grant = grantOf(cmd, s, chosen, why)
	told := s.Err
	if why == useTokens {
		told = io.Discard // the login said it
	}
	config.LookupAuthorizationServer = chosen.Deviations.lookup(server, told)
	c, err := client.New(config)
	if err != nil {
		return nil, command.Usage(cmd, byFlag(err))
	}
	return &account{c, store, chosen}, nil
}

func grantOf(cmd *cli.Command, s command.Streams, chosen settings, why purpose) client.Grant {
	grant := client.AuthorizationCode{RedirectURI: chosen.RedirectURI}
	if why == useTokens {
		return grant
	}
	grant.Timeout = cmd.Duration("timeout")
	switch {
	case cmd.Bool("headless"):
		grant.Callback = askForCallback(s.In, s.Err)
	case cmd.Bool("no-browser"):
		grant.OpenURL = client.PrintURL(s.Err)
	default:
		grant.OpenURL = client.OpenBrowser(s.Err)
	}
	return grant
}
