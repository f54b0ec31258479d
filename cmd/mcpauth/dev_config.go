package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/mcp-auth/go/configerr"
	"github.com/mcp-auth/go/mcpauthtest"
	"github.com/urfave/cli/v3"
)

// devFile is the configuration file. Fields are named as in
// [mcpauthtest.Config], so that its errors can be traced to a line.
type devFile struct {
	Listen             string        `yaml:"listen"`
	Issuer             string        `yaml:"issuer"`
	Users              []devUser     `yaml:"users"`
	Clients            []devClient   `yaml:"clients"`
	Scopes             []devScope    `yaml:"scopes"`
	DefaultScopes      []string      `yaml:"default_scopes"`
	Resources          []string      `yaml:"resources"`
	Store              string        `yaml:"store"`
	AccessTokenTTL     time.Duration `yaml:"access_token_ttl"`
	RefreshTokenTTL    time.Duration `yaml:"refresh_token_ttl"`
	RegistrationTTL    time.Duration `yaml:"registration_ttl"`
	OpaqueAccessTokens bool          `yaml:"opaque_access_tokens"`
	DPoPNonce          bool          `yaml:"dpop_nonce"`
	Algorithm          string        `yaml:"algorithm"`
	ClientDocuments    string        `yaml:"client_documents"`
	AllowedNetworks    []string      `yaml:"allowed_networks"`

	DangerouslyAllowHTTP []string               `yaml:"dangerously_allow_http"`
	TrustedIssuers       []devTrustedIssuer     `yaml:"trusted_issuers"`
	AssertionAudiences   []devAssertionAudience `yaml:"assertion_audiences"`

	source *yamlFile
}

type devUser struct {
	Username string `yaml:"username" json:"username"`
	Password string `yaml:"password" json:"password,omitempty"`
	Subject  string `yaml:"subject" json:"-"`
	Name     string `yaml:"name" json:"-"`
	Email    string `yaml:"email" json:"-"`
}

type devClient struct {
	ID           string   `yaml:"id"`
	Name         string   `yaml:"name"`
	Secret       string   `yaml:"secret"`
	JWKS         string   `yaml:"jwks"`
	JWKSURI      string   `yaml:"jwks_uri"`
	RedirectURIs []string `yaml:"redirect_uris"`
	GrantTypes   []string `yaml:"grant_types"`
	DPoPBound    bool     `yaml:"dpop_bound"`
}

type devScope struct {
	Name        string `yaml:"name"`
	Description string `yaml:"description"`
}

type devTrustedIssuer struct {
	Issuer             string        `yaml:"issuer"`
	JWKS               string        `yaml:"jwks"`
	JWKSURI            string        `yaml:"jwks_uri"`
	IdentityAssertions bool          `yaml:"identity_assertions"`
	Workloads          []devWorkload `yaml:"workloads"`
}

type devWorkload struct {
	Subject   string   `yaml:"subject"`
	Scopes    []string `yaml:"scopes"`
	Resources []string `yaml:"resources"`
}

type devAssertionAudience struct {
	Issuer    string            `yaml:"issuer"`
	Resources []string          `yaml:"resources"`
	Scopes    []string          `yaml:"scopes"`
	ClientIDs map[string]string `yaml:"client_ids"`
}

// readDevOptions puts file and flags together. A *devUsageError is a wrong
// combination of flags.
func readDevOptions(cmd *cli.Command) (*devOptions, error) {
	options := &devOptions{}
	if name := cmd.String("config"); name != "" {
		file, err := readDevFile(name)
		if err != nil {
			return nil, err
		}
		options.file = file
		options.config, options.store = file.config(), file.Store
		options.documents, options.networks = file.ClientDocuments, file.AllowedNetworks
	}
	c := &options.config
	for flag, value := range map[string]*string{"listen": &c.Listen, "issuer": &c.Issuer, "store": &options.store, "client-documents": &options.documents} {
		if cmd.IsSet(flag) {
			*value = cmd.String(flag)
		}
	}
	c.Listen = cmp.Or(c.Listen, devListen)
	if cmd.IsSet("access-token-ttl") {
		c.AccessTokenTTL = cmd.Duration("access-token-ttl")
	}
	c.OpaqueAccessTokens = c.OpaqueAccessTokens || cmd.Bool("opaque")
	c.DPoPNonce = c.DPoPNonce || cmd.Bool("dpop-nonce")
	c.OpenRegistration = cmd.Bool("open-registration")
	c.AutoApprove = cmd.Bool("auto-approve")
	c.Scopes = append(c.Scopes, cmd.StringSlice("scope")...)
	c.Resources = append(c.Resources, cmd.StringSlice("resource")...)
	c.DangerouslyAllowHTTP = append(c.DangerouslyAllowHTTP, cmd.StringSlice("dangerously-allow-http")...)
	options.networks = append(options.networks, cmd.StringSlice("allow-network")...)
	options.rotate = cmd.Duration("rotate-keys")
	return options, errors.Join(
		options.addUsers(cmd.StringSlice("user")),
		options.addClients(cmd.StringSlice("client")),
		options.addNetworks(),
		options.check(cmd.Bool("allow-remote")),
	)
}

// addUsers adds those of flags, or the ones that everybody knows.
func (o *devOptions) addUsers(flags []string) error {
	for _, flag := range flags {
		name, password, ok := strings.Cut(flag, ":")
		if !ok || name == "" || password == "" {
			return devUsage("a --user is not NAME:PASSWORD")
		}
		o.config.Users = append(o.config.Users, mcpauthtest.User{Username: name, Password: password})
	}
	if len(o.config.Users) > 0 {
		return nil
	}
	o.defaultUsers = true
	for _, user := range demoUsers() {
		o.config.Users = append(o.config.Users, mcpauthtest.User{Username: user.Username, Password: user.Password})
	}
	return nil
}

// addClients adds those of flags; a redirect URI more for one that is known.
func (o *devOptions) addClients(flags []string) error {
	for _, flag := range flags {
		id, uri, ok := strings.Cut(flag, "=")
		if !ok || id == "" || uri == "" {
			return devUsage("--client %q is not ID=REDIRECT_URI", flag)
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

// addNetworks adds the private networks that may be reached, and checks whether
// client metadata documents are wanted.
func (o *devOptions) addNetworks() error {
	for _, text := range o.networks {
		network, err := netip.ParsePrefix(text)
		if err != nil {
			return devUsage("the network %q is not an address and a length, such as 10.0.0.0/8", text)
		}
		o.config.Network.AllowedNetworks = append(o.config.Network.AllowedNetworks, network)
	}
	switch o.documents {
	case "", "auto", "on", "off":
		return nil
	}
	return devUsage("client documents can be on, off or auto, not %q", o.documents)
}

// settleDocuments turns client metadata documents off if they are not wanted or
// cannot be fetched: a client that finds them advertised does not register.
func (o *devOptions) settleDocuments(ctx context.Context, logger *slog.Logger) {
	switch {
	case o.documents == "off":
		o.config.NoClientDocuments = true
	case o.documents == "on" || len(o.networks) > 0:
	default:
		o.config.NoClientDocuments = withoutDocuments(ctx, logger)
	}
}

// check looks at what only the command knows of.
func (o *devOptions) check(allowRemote bool) (err error) {
	if o.remote, err = checkListen(o.config.Listen, o.config.Issuer, allowRemote); err != nil {
		return err
	}
	o.config.StatusPage = !o.remote
	o.config.ShowUsers = o.defaultUsers && !o.remote // never the passwords that somebody chose
	if o.remote && o.config.AutoApprove {
		return devUsage("--auto-approve would give tokens to everybody who reaches the server: it is for loopback only")
	}
	if o.rotate != 0 && o.rotate < minRotation {
		return devUsage("--rotate-keys is less than %s, for which verifiers may keep the keys", minRotation)
	}
	return nil
}

// readDevFile reads a configuration file. A fault names its line. An empty file
// is a configuration, too.
func readDevFile(name string) (*devFile, error) {
	file := &devFile{}
	source, err := readYAMLFile(name, file)
	if err != nil {
		return nil, err
	}
	file.source = source
	return file, nil
}

// config returns what the file says.
func (f *devFile) config() mcpauthtest.Config {
	c := mcpauthtest.Config{
		Listen: f.Listen, Issuer: f.Issuer, DefaultScopes: f.DefaultScopes, Resources: f.Resources,
		AccessTokenTTL: f.AccessTokenTTL, RefreshTokenTTL: f.RefreshTokenTTL, RegistrationTTL: f.RegistrationTTL,
		OpaqueAccessTokens: f.OpaqueAccessTokens, DPoPNonce: f.DPoPNonce, Algorithm: f.Algorithm,
		DangerouslyAllowHTTP: f.DangerouslyAllowHTTP,
		ScopeDescriptions:    map[string]string{},
	}
	for _, u := range f.Users {
		c.Users = append(c.Users, mcpauthtest.User(u))
	}
	for _, scope := range f.Scopes {
		c.Scopes = append(c.Scopes, scope.Name)
		c.ScopeDescriptions[scope.Name] = scope.Description
	}
	for _, client := range f.Clients {
		c.Clients = append(c.Clients, mcpauthtest.Client{
			ID: client.ID, Name: client.Name, Secret: client.Secret,
			JWKS: []byte(client.JWKS), JWKSURI: client.JWKSURI,
			RedirectURIs: client.RedirectURIs, GrantTypes: client.GrantTypes, DPoPBound: client.DPoPBound,
		})
	}
	for _, issuer := range f.TrustedIssuers {
		trusted := mcpauthtest.TrustedIssuer{
			Issuer: issuer.Issuer, JWKS: []byte(issuer.JWKS), JWKSURI: issuer.JWKSURI,
			IdentityAssertions: issuer.IdentityAssertions,
		}
		for _, w := range issuer.Workloads {
			trusted.Workloads = append(trusted.Workloads, mcpauthtest.Workload(w))
		}
		c.TrustedIssuers = append(c.TrustedIssuers, trusted)
	}
	for _, audience := range f.AssertionAudiences {
		c.AssertionAudiences = append(c.AssertionAudiences, mcpauthtest.AssertionAudience(audience))
	}
	return c
}

// explain names the line of each fault that the server found in the
// configuration, where it stands in the file.
func (o *devOptions) explain(err error) error {
	faults := configerr.All(err)
	if len(faults) == 0 {
		return err
	}
	names := newYAMLNames[devFile]()
	var lines []error
	for _, fault := range faults {
		path, where := names.path(fault.Field), ""
		if o.file != nil {
			where = o.file.source.place(path)
		}
		lines = append(lines, fmt.Errorf("%s%s: %s", where, path, names.text(fault.Text())))
	}
	return errors.Join(lines...)
}
