package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"time"

	"github.com/mcp-auth/go/internal/fetch"
	"github.com/mcp-auth/go/mcpauthtest"
	"github.com/mcp-auth/go/mcpauthtest/sqlitestore"
	"github.com/urfave/cli/v3"
)

//go:embed templates/dev.txt
var devText string

const (
	devListen = "127.0.0.1:9400"
	// minRotation keeps verifiers from missing a key: they may keep the JWK Set
	// for five minutes.
	minRotation = 5 * time.Minute
)

func newDevCommand(s streams) *cli.Command {
	return &cli.Command{
		Name:  "dev",
		Usage: "start an authorization server for development",
		Description: "It logs users in, asks for consent and issues tokens to any MCP client: to clients that you\n" +
			"name with --client, that register themselves, or that have a client ID metadata document.\n" +
			"The page at the issuer's URL lists what was granted, and shows what is in a token. Stop the\n" +
			"server with Ctrl-C.\n\n" +
			"It is for development and tests only: anybody who reaches it can register a client, and its\n" +
			"passwords are no secret. It listens on loopback unless --allow-remote is given.\n\n" +
			"Examples:\n" +
			"  mcpauth dev\n" +
			"  mcpauth dev --resource http://127.0.0.1:3001/mcp --scope read:notes --scope write:notes\n" +
			"  mcpauth dev --client my-client=http://127.0.0.1:3000/callback --user carol:secret\n" +
			"  mcpauth dev --config dev.yaml --store dev.db --json",
		Flags: devFlags(),
		// A password may hold a comma.
		DisableSliceFlagSeparator: true,
		Action:                    func(ctx context.Context, cmd *cli.Command) error { return runDevCommand(ctx, cmd, s) },
	}
}

func devFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "config", Usage: "read users, clients and other settings from this YAML `FILE`, see docs/development-server.md; flags are added to it"},
		&cli.StringFlag{Name: "listen", Usage: "`ADDRESS` to listen on; port 0 is a free one (default: " + devListen + ")"},
		&cli.StringFlag{Name: "issuer", Usage: "issuer identifier, an https or loopback `URL` (default: http:// and the address)"},
		&cli.StringSliceFlag{Name: "dangerously-allow-http", Usage: "`HOST` whose issuer and resources may be http, for development inside one network such as Docker Compose"},
		&cli.BoolFlag{Name: "allow-remote", Usage: "listen on an address that is not loopback: others can then log in, too"},
		&cli.BoolFlag{Name: "open-registration", Usage: "let anybody register a client, even if the issuer is not on loopback"},
		&cli.StringSliceFlag{Name: "user", Usage: "`NAME:PASSWORD` of somebody who can log in (default: alice:alice and bob:bob)"},
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
		newJSONFlag("print one line of JSON with the URLs when ready"),
	}
}

func runDevCommand(ctx context.Context, cmd *cli.Command, s streams) error {
	options, err := readDevOptions(cmd)
	var usage *devUsageError
	if errors.As(err, &usage) {
		return newUsageError(cmd, err)
	}
	if err != nil {
		return err
	}
	return runDev(ctx, options, s, cmd.Bool("json"))
}

// runDev serves until ctx ends.
func runDev(ctx context.Context, options *devOptions, s streams, asJSON bool) (err error) {
	logger := slog.New(slog.NewTextHandler(s.stderr, nil))
	options.config.Logger = logger
	if options.store != "" {
		store, err := sqlitestore.Open(ctx, options.store)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, store.Close()) }()
		options.config.Store = store
	}
	options.settleDocuments(ctx, logger)
	server, err := mcpauthtest.NewServer(options.config)
	if err != nil {
		return options.explain(err)
	}
	defer server.Close()
	options.warn(logger)
	if err := announce(s.stdout, devText, options.facts(server), asJSON); err != nil {
		return err
	}
	return serveDev(ctx, server, options.rotate)
}

// serveDev waits until ctx ends or the server fails, and rotates the keys.
func serveDev(ctx context.Context, server *mcpauthtest.Server, every time.Duration) error {
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

// devOptions is what flags and file say.
type devOptions struct {
	config       mcpauthtest.Config
	store        string
	documents    string   // whether client metadata documents are fetched
	networks     []string // that may be reached
	rotate       time.Duration
	remote       bool // the address is not loopback
	defaultUsers bool
	file         *devFile // nil without --config
}

// warn says what weakens the server.
func (o *devOptions) warn(logger *slog.Logger) {
	if o.remote {
		logger.Warn("listening on an address that is not loopback: this server is for development, and everybody who reaches it can use it",
			"listen", o.config.Listen)
	}
	if len(o.config.DangerouslyAllowHTTP) > 0 {
		logger.Warn("passwords and tokens travel in the clear: plain http is allowed", "hosts", o.config.DangerouslyAllowHTTP)
	}
	if o.remote && o.defaultUsers {
		logger.Warn("the users have passwords that everybody knows: give others with --user or --config")
	}
	if o.config.AutoApprove {
		logger.Warn("every authorization request is approved without asking, as the first user")
	}
}

// devFacts are what a user or a script needs to know of a running server.
type devFacts struct {
	Issuer                string    `json:"issuer"`
	MetadataURL           string    `json:"metadata_url"`
	AuthorizationEndpoint string    `json:"authorization_endpoint"`
	TokenEndpoint         string    `json:"token_endpoint"`
	StatusURL             string    `json:"status_url,omitempty"`
	Users                 []devUser `json:"users"`
	Scopes                []string  `json:"scopes,omitempty"`
	Resources             []string  `json:"resources,omitempty"`
}

// facts never hold passwords but those that everybody knows.
func (o *devOptions) facts(server *mcpauthtest.Server) devFacts {
	document := server.Metadata()
	base := strings.TrimSuffix(server.Issuer(), "/")
	facts := devFacts{
		Issuer:                server.Issuer(),
		MetadataURL:           base + "/.well-known/openid-configuration",
		AuthorizationEndpoint: document.AuthorizationEndpoint,
		TokenEndpoint:         document.TokenEndpoint,
		Scopes:                o.config.Scopes,
		Resources:             o.config.Resources,
	}
	if o.config.StatusPage {
		facts.StatusURL = base + "/"
	}
	for _, user := range o.config.Users {
		shown := devUser{Username: user.Username}
		if o.defaultUsers {
			shown.Password = user.Password
		}
		facts.Users = append(facts.Users, shown)
	}
	return facts
}

// checkListen returns whether an address is not loopback, which must be allowed.
func checkListen(address, issuer string, allowRemote bool) (remote bool, err error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false, devUsage("the address to listen on, %q, is not HOST:PORT, such as %s", address, devListen)
	}
	if fetch.IsLoopbackHost(host) {
		return false, nil
	}
	if !allowRemote {
		return true, devUsage("%q is not a loopback address: the server is for development. Use 127.0.0.1, [::1] or localhost, or add --allow-remote", address)
	}
	if issuer == "" {
		return true, devUsage("with an address that is not loopback, --issuer is needed: the URL that clients reach the server at")
	}
	return true, nil
}

// devUsageError is a wrong combination of flags.
type devUsageError struct{ text string }

func (e *devUsageError) Error() string { return e.text }

func devUsage(format string, args ...any) error { return &devUsageError{fmt.Sprintf(format, args...)} }
