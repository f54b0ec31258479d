// Package account has the commands for the user's account at an MCP server:
// login, tools, call, token and logout.
package account

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/mcp-auth/go/client"
	"github.com/mcp-auth/go/client/filestore"
	"github.com/mcp-auth/go/cmd/mcpauth/internal/command"
	"github.com/mcp-auth/go/cmd/mcpauth/internal/input"
	"github.com/mcp-auth/go/cmd/mcpauth/internal/terminal"
	"github.com/urfave/cli/v3"
)

const (
	passphraseVariable = "MCPAUTH_PASSPHRASE"
	clientName         = "mcpauth"
)

// openStore opens the token store that the flags name.
func openStore(cmd *cli.Command) (*filestore.Store, error) {
	dir := cmd.String("store-dir")
	if dir == "" {
		config, err := os.UserConfigDir()
		if err != nil {
			return nil, fmt.Errorf("there is no place for the token store: %w; name one with --store-dir", err)
		}
		dir = filepath.Join(config, "mcpauth", "tokens")
	}
	kinds := map[string]filestore.KeyKind{
		"auto": filestore.AutoKey, "keyring": filestore.KeyringKey, "passphrase": filestore.PassphraseKey,
	}
	kind, known := kinds[cmd.String("store-key")]
	if !known {
		return nil, command.Usage(cmd, errors.New("--store-key must be keyring, passphrase or auto"))
	}
	return filestore.Open(filestore.Config{
		Dir: dir, Key: kind, KeyringService: clientName,
		Passphrase: func(context.Context) ([]byte, error) { return passphrase(cmd.String("passphrase-file")) },
	})
}

// passphrase is empty if there is none.
func passphrase(file string) ([]byte, error) {
	if file == "" {
		return []byte(os.Getenv(passphraseVariable)), nil
	}
	return input.SecretFile(file)
}

// account is the user at one MCP server.
type account struct {
	*client.Client
	store  *filestore.Store
	chosen settings
}

// remember keeps what the login was done with.
func (a *account) remember(ctx context.Context) error {
	return a.chosen.save(ctx, a.store, a.ServerURL())
}

// openAccount makes the client for a command: by its flags or, without any, by
// those of the login.
func openAccount(ctx context.Context, cmd *cli.Command, s command.Streams, login bool) (*account, error) {
	store, err := openStore(cmd)
	if err != nil {
		return nil, err
	}
	server := cmd.Args().First()
	chosen, err := chooseSettings(ctx, cmd, store, server)
	if err != nil {
		return nil, err
	}
	config := chosen.config(server)
	config.Store = store
	config.Logger = terminal.NewLogger(s.Err)
	grant := client.AuthorizationCode{RedirectURI: chosen.RedirectURI}
	if login {
		grant.Timeout = cmd.Duration("timeout")
		switch {
		case cmd.Bool("headless"):
			grant.Callback = askForCallback(s.In, s.Err)
		case cmd.Bool("no-browser"):
			grant.OpenURL = client.PrintURL(s.Err)
		default:
			grant.OpenURL = client.OpenBrowser(s.Err)
		}
	}
	config.Grant = grant
	c, err := client.New(config)
	if err != nil {
		return nil, command.Usage(cmd, err)
	}
	return &account{c, store, chosen}, nil
}
