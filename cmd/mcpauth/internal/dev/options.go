package dev

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/mcp-auth/go/cmd/mcpauth/internal/command"
	"github.com/mcp-auth/go/configerr"
	"github.com/mcp-auth/go/internal/authserver/clientdoc"
	"github.com/mcp-auth/go/internal/fetch"
	"github.com/mcp-auth/go/internal/yamlfile"
	"github.com/mcp-auth/go/mcpauthtest"
	"github.com/urfave/cli/v3"
)

// options is what flags and file say.
type options struct {
	config       mcpauthtest.Config
	store        string
	documents    string   // whether client metadata documents are fetched
	networks     []string // that may be reached
	rotate       time.Duration
	remote       bool // the address is not loopback
	defaultUsers bool
	file         *file // nil without --config
}

// warn says what weakens the server.
func (o *options) warn(logger *slog.Logger) {
	if o.remote {
		logger.Warn("listening on an address that is not loopback: this server is for development, and anyone who can reach it can use it",
			"listen", o.config.Listen)
	}
	if len(o.config.Network.DangerouslyAllowHTTP) > 0 {
		logger.Warn("passwords and tokens travel in the clear: plain http is allowed", "hosts", o.config.Network.DangerouslyAllowHTTP)
	}
	if o.remote && o.defaultUsers {
		logger.Warn("the passwords of the users are publicly known: set others with --user or --config")
	}
	if o.config.AutoApprove {
		logger.Warn("every authorization request is approved without asking, as the first user")
	}
}

// readOptions puts file and flags together. A *usageError is a wrong
// combination of flags.
func readOptions(cmd *cli.Command) (*options, error) {
	o := &options{}
	if name := cmd.String("config"); name != "" {
		read, err := readFile(name)
		if err != nil {
			return nil, command.FileError(err)
		}
		o.file = read
		o.config, o.store = read.config(), read.Store
		o.documents, o.networks = read.ClientDocuments, read.AllowedNetworks
	}
	c := &o.config
	for flag, value := range map[string]*string{"listen": &c.Listen, "issuer": &c.Issuer, "store": &o.store, "client-documents": &o.documents} {
		if cmd.IsSet(flag) {
			*value = cmd.String(flag)
		}
	}
	c.Listen = cmp.Or(c.Listen, defaultListen)
	if cmd.IsSet("access-token-ttl") {
		c.AccessTokenTTL = cmd.Duration("access-token-ttl")
	}
	c.OpaqueAccessTokens = c.OpaqueAccessTokens || cmd.Bool("opaque")
	c.DPoPNonce = c.DPoPNonce || cmd.Bool("dpop-nonce")
	c.OpenRegistration = cmd.Bool("open-registration")
	c.AutoApprove = cmd.Bool("auto-approve")
	c.Scopes = append(c.Scopes, cmd.StringSlice("scope")...)
	c.Resources = append(c.Resources, cmd.StringSlice("resource")...)
	plain, err := command.PlainHosts(cmd)
	if err != nil {
		return nil, err
	}
	c.Network.DangerouslyAllowHTTP = append(c.Network.DangerouslyAllowHTTP, plain...)
	o.networks = append(o.networks, cmd.StringSlice("allow-network")...)
	o.rotate = cmd.Duration("rotate-keys")
	return o, errors.Join(
		o.addUsers(cmd.StringSlice("user")),
		o.addClients(cmd.StringSlice("client")),
		o.addNetworks(),
		o.check(cmd.Bool("allow-remote")),
	)
}

// defaultUsers are the users if none are configured. Their passwords are publicly
// known.
func defaultUsers() []mcpauthtest.User {
	return []mcpauthtest.User{{Username: "alice", Password: "alice"}, {Username: "bob", Password: "bob"}}
}

// addUsers adds the users of flags or, if there are none at all, the default ones.
func (o *options) addUsers(flags []string) error {
	for _, flag := range flags {
		name, password, ok := strings.Cut(flag, ":")
		if !ok || name == "" || password == "" {
			return usage("a --user is not NAME:PASSWORD")
		}
		o.config.Users = append(o.config.Users, mcpauthtest.User{Username: name, Password: password})
	}
	if len(o.config.Users) > 0 {
		return nil
	}
	o.defaultUsers = true
	o.config.Users = defaultUsers()
	return nil
}

// addClients adds the clients of flags, or a redirect URI to a client that exists.
func (o *options) addClients(flags []string) error {
	for _, flag := range flags {
		id, uri, ok := strings.Cut(flag, "=")
		if !ok || id == "" || uri == "" {
			return usage("--client %q is not ID=REDIRECT_URI", flag)
		}
		i := slices.IndexFunc(o.config.Clients, func(c mcpauthtest.Client) bool { return c.ID == id })
		if i < 0 {
			i = len(o.config.Clients)
			o.config.Clients = append(o.config.Clients, mcpauthtest.Client{ID: id})
		}
		o.config.Clients[i].RedirectURIs = append(o.config.Clients[i].RedirectURIs, uri)
	}
	return nil
}

// addNetworks adds the private networks that may be reached, and refuses what is
// not a way to treat client metadata documents.
func (o *options) addNetworks() error {
	for _, text := range o.networks {
		network, err := netip.ParsePrefix(text)
		if err != nil {
			return usage("the network %q is not an address and a length, such as 10.0.0.0/8", text)
		}
		o.config.Network.AllowedNetworks = append(o.config.Network.AllowedNetworks, network)
	}
	if !slices.Contains([]string{"", "auto", "on", "off"}, o.documents) {
		return usage("client documents can be on, off or auto, not %q", o.documents)
	}
	return nil
}

// settleDocuments turns client metadata documents off if they are not wanted or
// cannot be fetched: a client that finds them advertised does not register.
func (o *options) settleDocuments(ctx context.Context, logger *slog.Logger) {
	switch {
	case o.documents == "off":
		o.config.NoClientDocuments = true
	case o.documents != "on" && len(o.networks) == 0:
		o.config.NoClientDocuments = clientdoc.Unreachable(ctx, logger)
	}
}

// check refuses what only the command can judge.
func (o *options) check(allowRemote bool) (err error) {
	if o.remote, err = checkListen(o.config.Listen, o.config.Issuer, allowRemote); err != nil {
		return err
	}
	o.config.StatusPage = !o.remote
	o.config.ShowUsers = o.defaultUsers && !o.remote // never passwords that the developer chose
	if o.remote && o.config.AutoApprove {
		return usage("--auto-approve would give tokens to anyone who can reach the server: it is only for loopback")
	}
	if o.rotate != 0 && o.rotate < minRotation {
		return usage("--rotate-keys is less than %s, for which verifiers may keep the keys", minRotation)
	}
	return nil
}

// explain names the line of each fault that the server found in the
// configuration, where it stands in the file.
func (o *options) explain(err error) error {
	faults := configerr.All(err)
	if len(faults) == 0 {
		return err
	}
	names := yamlfile.NamesOf(&file{})
	var lines []error
	for _, fault := range faults {
		text := names.Text(strings.NewReplacer("Network.DangerouslyAllowHTTP", "--allow-http", "Network.", "").Replace(fault.Text()))
		if strings.Contains(text, "https") {
			text += command.MissingScheme(fault.Value)
		}
		mistake := &yamlfile.Error{Field: names.Path(strings.TrimPrefix(fault.Field, "Network.")), Text: text, Err: fault}
		if o.file != nil {
			mistake = o.file.source.At(mistake)
		}
		lines = append(lines, mistake)
	}
	return command.FileError(errors.Join(lines...))
}

// checkListen returns whether an address is not loopback, which must be allowed.
func checkListen(address, issuer string, allowRemote bool) (remote bool, err error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false, usage("the address to listen on, %q, is not HOST:PORT, such as %s", address, defaultListen)
	}
	if fetch.IsLoopbackHost(host) {
		return false, nil
	}
	if !allowRemote {
		return true, usage("%q is not a loopback address: the server is for development. Use 127.0.0.1, [::1] or localhost, or add --allow-remote", address)
	}
	if issuer == "" {
		return true, usage("with an address that is not loopback, --issuer is needed: the URL that clients reach the server at")
	}
	return true, nil
}

// usageError is a wrong combination of flags.
type usageError struct{ text string }

func (e *usageError) Error() string { return e.text }

func usage(format string, args ...any) error { return &usageError{fmt.Sprintf(format, args...)} }
