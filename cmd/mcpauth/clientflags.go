package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/mcp-auth/go/client"
	"github.com/mcp-auth/go/internal/fetch"
	"github.com/urfave/cli/v3"
)

const (
	passphraseVariable = "MCPAUTH_PASSPHRASE"
	clientName         = "mcpauth"

	defaultLoginTimeout = 5 * time.Minute
	// commandTimeout bounds what a command does beside waiting for the user.
	commandTimeout = 2 * time.Minute

	maxSecretFile = 64 << 10
)

// storeFlags say where tokens are kept.
func storeFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "store-dir", Usage: "`DIRECTORY` of the encrypted token store", DefaultText: "mcpauth/tokens in the user's configuration directory"},
		&cli.StringFlag{Name: "store-key", Usage: "what the store is encrypted with: a key in the system's keyring, a passphrase, or auto: a keyring if there is one", Value: "auto"},
		&cli.StringFlag{Name: "passphrase-file", Usage: "`FILE` with the store's passphrase; " + passphraseVariable + " can hold it too"},
	}
}

// loginFlags say as which client, and how, the user logs in.
func loginFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "client-id", Usage: "`ID` of a client that was registered by hand"},
		&cli.StringFlag{Name: "client-secret-file", Usage: "`FILE` with that client's secret"},
		&cli.StringFlag{Name: "issuer", Usage: "`URL` of the authorization server that client is registered with (default: the first one the server names)"},
		&cli.StringFlag{Name: "client-metadata-url", Usage: "https `URL` of the client's metadata document (CIMD)"},
		&cli.StringFlag{Name: "redirect-uri", Usage: "where the browser is sent back to, a loopback `URL`", DefaultText: "http://127.0.0.1/callback with any port"},
		&cli.StringSliceFlag{Name: "scope", Usage: "ask for this `SCOPE` too; can be repeated"},
		newNetworkFlag(),
		&cli.StringFlag{Name: "dpop", Usage: "bind tokens to a key: auto, required, off", Value: "auto"},
		&cli.StringFlag{Name: "legacy-discovery", Usage: "for servers of MCP 2025-03-26, which publish no resource metadata: metadata takes authorization server metadata at their origin; endpoints also assumes /authorize, /token and /register there, without proof that PKCE is checked; off does neither", Value: "metadata"},
		&cli.BoolFlag{Name: "no-browser", Usage: "print the login page's URL and do not open a browser"},
		&cli.BoolFlag{Name: "headless", Usage: "the browser is on another machine: print the login page's URL, then read from standard input the address that the browser ended at"},
		&cli.DurationFlag{Name: "timeout", Usage: "how long to wait for the login", Value: defaultLoginTimeout},
	}
}

func newNetworkFlag() cli.Flag {
	return &cli.StringSliceFlag{Name: "allow-network", Usage: "private `NETWORK` in which servers may be reached, such as 10.0.0.0/8; can be repeated"}
}

// serverArgument refuses anything but from least to most arguments, the first
// of which is the server's URL.
func serverArgument(least, most int) cli.ArgValidatorFunc {
	return func(_ context.Context, cmd *cli.Command) error {
		count := cmd.Args().Len()
		switch {
		case count < least && count == 0:
			return newUsageError(cmd, errors.New("the URL of an MCP server is missing"))
		case count < least:
			return newUsageError(cmd, errors.New("an argument is missing: give "+cmd.ArgsUsage))
		case count > most:
			return newUsageError(cmd, fmt.Errorf("unexpected argument %q", cmd.Args().Get(most)))
		case count > 0 && fetch.CheckURL(cmd.Args().First(), true) != nil:
			return newUsageError(cmd, errors.New("the server must be an https URL, or http on this machine, such as https://mcp.example.com/mcp"))
		}
		return nil
	}
}

// openStore opens the token store that the flags name.
func openStore(cmd *cli.Command) (*client.FileStore, error) {
	dir := cmd.String("store-dir")
	if dir == "" {
		config, err := os.UserConfigDir()
		if err != nil {
			return nil, fmt.Errorf("there is no place for the token store: %w; name one with --store-dir", err)
		}
		dir = filepath.Join(config, "mcpauth", "tokens")
	}
	kinds := map[string]client.KeyKind{
		"auto": client.AnyKey, "keyring": client.KeyringKey, "passphrase": client.PassphraseKey,
	}
	kind, known := kinds[cmd.String("store-key")]
	if !known {
		return nil, newUsageError(cmd, errors.New("--store-key must be keyring, passphrase or auto"))
	}
	return client.OpenStore(client.StoreConfig{
		Dir: dir, Key: kind, KeyringService: clientName,
		Passphrase: func(context.Context) ([]byte, error) { return passphrase(cmd.String("passphrase-file")) },
	})
}

// passphrase is empty if there is none.
func passphrase(file string) ([]byte, error) {
	if file == "" {
		return []byte(os.Getenv(passphraseVariable)), nil
	}
	return readSecret(file)
}

// readSecret reads a secret from a file, without the line break at its end.
func readSecret(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return readSecretFrom(file, path)
}

// readSecretFrom is readSecret for what is open already.
func readSecretFrom(r io.Reader, name string) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxSecretFile+1))
	switch {
	case err != nil:
		return nil, err
	case len(data) > maxSecretFile:
		return nil, fmt.Errorf("%s is too large for a secret", name)
	}
	secret := strings.TrimRight(string(data), "\r\n")
	if secret == "" {
		return nil, fmt.Errorf("%s is empty", name)
	}
	return []byte(secret), nil
}

// account is the user at one MCP server.
type account struct {
	*client.Client
	store  *client.FileStore
	chosen settings
}

// remember keeps what the login was done with.
func (a *account) remember(ctx context.Context) error {
	return a.chosen.save(ctx, a.store, a.ServerURL())
}

// openAccount makes the client for a command: by its flags or, without any, by
// those of the login.
func openAccount(ctx context.Context, cmd *cli.Command, s streams, login bool) (*account, error) {
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
	config.Logger = slog.New(&progress{s.stderr})
	grant := client.AuthorizationCode{RedirectURI: chosen.RedirectURI}
	if login {
		grant.Timeout = cmd.Duration("timeout")
		switch {
		case cmd.Bool("headless"):
			grant.Callback = askForCallback(os.Stdin, s.stderr)
		case cmd.Bool("no-browser"):
			grant.OpenURL = client.PrintURL(s.stderr)
		default:
			grant.OpenURL = client.OpenBrowser(s.stderr)
		}
	}
	config.Grant = grant
	c, err := client.New(config)
	if err != nil {
		return nil, newUsageError(cmd, err)
	}
	return &account{c, store, chosen}, nil
}

// progress writes what is being done on a line of its own. Nothing secret is
// logged by package client.
type progress struct{ w io.Writer }

func (*progress) Enabled(_ context.Context, level slog.Level) bool { return level >= slog.LevelInfo }
func (p *progress) WithAttrs([]slog.Attr) slog.Handler             { return p }
func (p *progress) WithGroup(string) slog.Handler                  { return p }

func (p *progress) Handle(_ context.Context, record slog.Record) error {
	line := record.Message
	record.Attrs(func(a slog.Attr) bool {
		line += fmt.Sprintf(", %s %s", a.Key, a.Value)
		return true
	})
	_, err := fmt.Fprintln(p.w, onTerminal(line))
	return err
}

// onTerminal keeps another side's text from steering the terminal.
func onTerminal(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' && r != '\t' || r >= 0x7f && r < 0xa0 {
			return '\uFFFD'
		}
		return r
	}, text)
}

// commandContext bounds a command, the user's part included.
func commandContext(ctx context.Context, cmd *cli.Command) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, cmd.Duration("timeout")+commandTimeout)
}
