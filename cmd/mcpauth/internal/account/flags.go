package account

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/mcp-auth/go/cmd/mcpauth/internal/command"
	"github.com/mcp-auth/go/internal/fetch"
	"github.com/urfave/cli/v3"
)

const (
	defaultLoginTimeout = 5 * time.Minute
	// commandTimeout bounds what a command does beside waiting for the user.
	commandTimeout = 2 * time.Minute
)

// The groups of flags in the help.
const (
	clientGroup    = "As which client"
	loginGroup     = "How to log in"
	deviationGroup = "If the authorization server does not conform"
	serverGroup    = "The MCP server"
	storeGroup     = "Where tokens are kept"
)

// storeFlags say where tokens are kept.
func storeFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Category: storeGroup, Name: "store-dir", Usage: "`DIRECTORY` of the encrypted token store", DefaultText: "mcpauth/tokens in the user's configuration directory"},
		&cli.StringFlag{Category: storeGroup, Name: "store-key", Usage: "`KIND` of key that the store is encrypted with: a key in the system's keyring, a passphrase, or auto: a keyring if there is one", Value: "auto"},
		&cli.StringFlag{Category: storeGroup, Name: "passphrase-file", Usage: "`FILE` with the store's passphrase; " + passphraseVariable + " can hold it too"},
	}
}

// loginFlags say as which client, and how, the user logs in, and where tokens are
// kept.
func loginFlags() []cli.Flag {
	flags := []cli.Flag{
		&cli.StringFlag{Category: clientGroup, Name: "client-id", Usage: "`ID` of a client that was registered by hand"},
		&cli.StringFlag{Category: clientGroup, Name: "client-secret-file", Usage: "`FILE` with that client's secret"},
		&cli.StringFlag{Category: clientGroup, Name: "issuer", Usage: "`URL` of the authorization server that the client is registered with (default: the first one the server names)"},
		&cli.StringFlag{Category: clientGroup, Name: "client-metadata-url", Usage: "https `URL` of the client's metadata document (CIMD)"},
		&cli.StringFlag{Category: clientGroup, Name: "redirect-uri", Usage: "where the browser is sent back to, a loopback `URL`", DefaultText: "http://127.0.0.1/callback with any port"},
		&cli.StringSliceFlag{Category: clientGroup, Name: "scope", Usage: "ask for this `SCOPE` too; can be repeated"},
		&cli.StringFlag{Category: clientGroup, Name: "dpop", Usage: "`MODE` of binding tokens to a key: auto, required, off", Value: "auto"},
		&cli.StringFlag{Category: serverGroup, Name: "legacy-discovery", Usage: "`MODE` for servers of MCP 2025-03-26, which publish no resource metadata: metadata takes authorization server metadata at their origin; endpoints also assumes /authorize, /token and /register there, without proof that PKCE is checked; off does neither", Value: "metadata"},
		&cli.BoolFlag{Category: loginGroup, Name: "no-browser", Usage: "print the login page's URL and do not open a browser"},
		&cli.BoolFlag{Category: loginGroup, Name: "headless", Usage: "the browser is on another machine: print the login page's URL, then read from standard input the address that the browser ended at"},
		&cli.DurationFlag{Category: loginGroup, Name: "timeout", Usage: "how long to wait for the login, a `DURATION` such as 90s or 10m", Value: defaultLoginTimeout},
		&cli.StringFlag{Category: storeGroup, Name: "store", Usage: "`PLACE` of tokens: file, or memory, which lasts for this command only", Value: placeFile},
		command.NetworkFlag(serverGroup),
		command.AllowHTTPFlag(serverGroup),
	}
	flags = append(flags, newDeviationFlags()...)
	return append(flags, storeFlags()...)
}

// sessionFlags are loginFlags for a command that uses the server as well.
func sessionFlags(patience time.Duration) []cli.Flag {
	return append(loginFlags(), &cli.DurationFlag{
		Category: serverGroup, Name: "answer-timeout", Usage: "how long the server may take for an answer, a `DURATION`; a login is not counted", Value: patience,
	})
}

// serverArgument refuses anything but from least to most arguments, the first
// of which is the server's URL.
func serverArgument(least, most int) cli.ArgValidatorFunc {
	return func(_ context.Context, cmd *cli.Command) error {
		count := cmd.Args().Len()
		switch {
		case count < least && count == 0:
			return command.Usage(cmd, errors.New("the URL of an MCP server is missing"))
		case count < least:
			return command.Usage(cmd, errors.New("an argument is missing: give "+cmd.ArgsUsage))
		case count > 0 && !isServerURL(cmd.Args().First()):
			return command.Usage(cmd, errors.New(wrongServer+command.MissingScheme(cmd.Args().First())))
		}
		return command.RefuseArguments(cmd, most)
	}
}

const wrongServer = "the server must be an https URL, or http on this machine, such as https://mcp.example.com/mcp"

// isServerURL reports whether a text can be the URL of a server. That of one which is
// plain http elsewhere can: allowPlain decides whether it is used.
func isServerURL(text string) bool {
	err := fetch.CheckURL(text, true)
	fault, ok := errors.AsType[*fetch.Error](err)
	return err == nil || ok && fault.Kind == fetch.NotHTTPS && strings.HasPrefix(text, "http://")
}

// allowPlain returns the hosts that may be plain http, which are those of the flag and
// those of the login. It refuses a server that is http on another host.
func allowPlain(cmd *cli.Command, ofLogin fetch.PlainHosts) (fetch.PlainHosts, error) {
	hosts, err := command.PlainHosts(cmd)
	if err != nil {
		return nil, err
	}
	hosts = slices.Compact(slices.Sorted(slices.Values(slices.Concat(hosts, ofLogin))))
	server := cmd.Args().First()
	if fetch.CheckURL(hosts.Secured(server), true) == nil {
		return hosts, nil
	}
	text := wrongServer
	if host := command.PlainHost(server); host != "" {
		text += ". For development inside a network of your own: --allow-http " + host
	}
	return nil, command.Usage(cmd, errors.New(text))
}

// atServer is the action of a command for the server that its first argument
// names. It bounds the command, the user's part included.
func atServer(s command.Streams, run func(context.Context, *cli.Command, command.Streams) error) cli.ActionFunc {
	return func(ctx context.Context, cmd *cli.Command) error {
		ctx, cancel := context.WithTimeout(ctx, cmd.Duration("timeout")+cmd.Duration("answer-timeout")+commandTimeout) // zero without the flags
		defer cancel()
		return explain(run(ctx, cmd, s), cmd.Args().First())
	}
}
