package account

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/mcp-auth/go/client"
	"github.com/mcp-auth/go/cmd/mcpauth/internal/command"
	"github.com/mcp-auth/go/cmd/mcpauth/internal/providerrules"
	"github.com/mcp-auth/go/cmd/mcpauth/internal/terminal"
	"github.com/urfave/cli/v3"
)

// deviations are what the user says of an authorization server that does not
// conform.
type deviations struct {
	// Issuer is the only server they are for, empty before a login: another one
	// must not profit from them, if the MCP server should name it one day.
	Issuer                  string            `json:"issuer,omitempty"`
	AssumePKCE              bool              `json:"assume_pkce,omitempty"`
	OmitResource            bool              `json:"omit_resource,omitempty"`
	OwnIssuer               string            `json:"own_issuer,omitempty"`
	AuthorizationParameters map[string]string `json:"authorization_parameters,omitempty"`
	TokenParameters         map[string]string `json:"token_parameters,omitempty"`
}

func deviationFlags() []string {
	return []string{"assume-pkce", "omit-resource", "own-issuer", "auth-param", "token-param"}
}

func newDeviationFlags() []cli.Flag {
	return []cli.Flag{
		&cli.BoolFlag{Category: deviationGroup, Name: "assume-pkce", Usage: "use a server that does not say that it checks PKCE. PKCE is sent as always; nothing shows that it is checked"},
		&cli.BoolFlag{Category: deviationGroup, Name: "omit-resource", Usage: "do not send the parameter resource, to a server that refuses it. The scopes then decide what the token is for"},
		&cli.StringFlag{Category: deviationGroup, Name: "own-issuer", Usage: "accept that the server's own metadata names this issuer `URL`, and not the one that the MCP server names"},
		&cli.StringSliceFlag{Category: deviationGroup, Name: "auth-param", Usage: "add `NAME=VALUE` to the authorization request, such as access_type=offline; can be repeated"},
		&cli.StringSliceFlag{Category: deviationGroup, Name: "token-param", Usage: "add `NAME=VALUE` to token requests; can be repeated"},
	}
}

// readDeviations reads the flags and holds them to what package client accepts.
func readDeviations(cmd *cli.Command) (deviations, error) {
	d := deviations{
		Issuer: cmd.String("issuer"), AssumePKCE: cmd.Bool("assume-pkce"), OmitResource: cmd.Bool("omit-resource"), OwnIssuer: cmd.String("own-issuer"),
	}
	var err error
	if d.AuthorizationParameters, err = parameters(cmd, "auth-param"); err != nil {
		return d, err
	}
	if d.TokenParameters, err = parameters(cmd, "token-param"); err != nil {
		return d, err
	}
	// The issuer that they will be for is not known yet: any will do to judge them.
	settings := client.AuthorizationServer{Issuer: "https://as.example"}
	d.apply(&settings)
	if _, err := client.New(client.Config{ServerURL: cmd.Args().First(), AuthorizationServers: []client.AuthorizationServer{settings}}); err != nil {
		return d, command.Usage(cmd, byFlag(err))
	}
	return d, nil
}

func parameters(cmd *cli.Command, flag string) (map[string]string, error) {
	values := map[string]string{}
	for _, text := range cmd.StringSlice(flag) {
		name, value, ok := strings.Cut(text, "=")
		if !ok || name == "" {
			return nil, command.Usage(cmd, fmt.Errorf("a --%s is not NAME=VALUE", flag))
		}
		if _, twice := values[name]; twice {
			return nil, command.Usage(cmd, fmt.Errorf("--%s gives %s twice", flag, name))
		}
		values[name] = value
	}
	return values, nil
}

// none reports whether the user says nothing.
func (d deviations) none() bool {
	return !d.AssumePKCE && !d.OmitResource && d.OwnIssuer == "" && len(d.AuthorizationParameters)+len(d.TokenParameters) == 0
}

// bind makes them for the authorization server of a login only.
func (d *deviations) bind(issuer string) {
	if d.Issuer == "" && !d.none() {
		d.Issuer = issuer
	}
}

// apply adds what the user says to what is known.
func (d deviations) apply(as *client.AuthorizationServer) {
	as.DangerouslyAssumePKCE = d.AssumePKCE
	as.OmitResource = as.OmitResource || d.OmitResource
	if d.OwnIssuer != "" {
		as.OwnIssuer = d.OwnIssuer
	}
	as.AuthorizationParameters = merged(as.AuthorizationParameters, d.AuthorizationParameters)
	as.TokenParameters = merged(as.TokenParameters, d.TokenParameters)
}

func merged(known, chosen map[string]string) map[string]string {
	all := maps.Clone(known)
	if all == nil {
		all = map[string]string{}
	}
	maps.Copy(all, chosen)
	return all
}

// lookup returns what package client asks for how to deal with an authorization
// server: as the profiles know it, and as the user says. It writes to w, once, what
// the profiles say.
func (d deviations) lookup(server string, w io.Writer) func(issuer string) *client.AuthorizationServer {
	var mu sync.Mutex
	var told []string
	return func(issuer string) *client.AuthorizationServer {
		as := client.AuthorizationServer{Issuer: issuer}
		rules, err := providerrules.For(issuer, server)
		if rules != nil {
			as = rules.Settings
		}
		if d.Issuer == "" || d.Issuer == issuer {
			d.apply(&as)
		}
		mu.Lock()
		defer mu.Unlock()
		if slices.Contains(told, issuer) {
			return &as
		}
		told = append(told, issuer)
		if err != nil {
			fmt.Fprintln(w, terminal.Line("What is known of authorization servers cannot be read: "+err.Error()))
		}
		if rules != nil {
			tell(w, rules)
		}
		return &as
	}
}

// tell writes what is done because of the rules, and what the user should know.
func tell(w io.Writer, rules *providerrules.Rules) {
	if len(rules.Deviations) > 0 {
		fmt.Fprintf(w, "%s does not conform to what MCP demands. What is known of it is applied:\n", rules.Title)
	}
	for _, text := range rules.Deviations {
		fmt.Fprintln(w, "- "+terminal.Line(text))
	}
	for _, text := range rules.Notes {
		fmt.Fprintf(w, "Note on %s: %s\n", rules.Title, terminal.Line(text))
	}
}
