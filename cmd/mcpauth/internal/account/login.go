package account

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/mcp-auth/go/client"
	"github.com/mcp-auth/go/cmd/mcpauth/internal/command"
	"github.com/mcp-auth/go/cmd/mcpauth/internal/terminal"
	"github.com/urfave/cli/v3"
)

// loginFacts are what is known of a token, beside the token.
type loginFacts struct {
	Server    string     `json:"server"`
	Issuer    string     `json:"issuer"`
	Resource  string     `json:"resource"`
	TokenType string     `json:"token_type"`
	Scopes    []string   `json:"scopes"`
	ExpiresAt *time.Time `json:"expires_at,omitempty"`
}

func factsOf(server string, token client.Token) loginFacts {
	facts := loginFacts{
		Server: server, Issuer: token.Issuer, Resource: token.Resource, TokenType: token.Type,
		Scopes: append([]string{}, token.Scopes...),
	}
	if !token.ExpiresAt.IsZero() {
		expires := token.ExpiresAt.UTC().Truncate(time.Second)
		facts.ExpiresAt = &expires
	}
	return facts
}

func newLogin(s command.Streams) *cli.Command {
	return &cli.Command{
		Name:      "login",
		Usage:     "log in at an MCP server, in the browser",
		ArgsUsage: "URL",
		Description: "Finds the server's authorization server, registers there if need be, and opens the login\n" +
			"page. The token is kept, encrypted, for the commands tools, call and token.\n\n" +
			"Examples:\n" +
			"  mcpauth login https://mcp.example.com/mcp\n" +
			"  mcpauth login https://mcp.example.com/mcp --scope write:notes\n" +
			"  mcpauth login https://mcp.example.com/mcp --client-id ID --client-secret-file secret.txt\n" +
			"  mcpauth login https://mcp.example.com/mcp --headless",
		Flags:        append(loginFlags(), command.JSONFlag("print one line of JSON: issuer, scopes, expiry; not the token")),
		ArgValidator: serverArgument(1, 1),
		// A parameter's value may hold a comma.
		DisableSliceFlagSeparator: true,
		Action:                    atServer(s, runLogin),
	}
}

func runLogin(ctx context.Context, cmd *cli.Command, s command.Streams) error {
	c, err := openAccount(ctx, cmd, s, logIn)
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.Login(ctx); err != nil {
		return err
	}
	token, err := c.Token(ctx)
	if err != nil {
		return err
	}
	if err := c.remember(ctx, token.Issuer); err != nil {
		return err
	}
	if cmd.String("store") == placeMemory {
		fmt.Fprintln(s.Err, "The token is not kept, because of --store memory: use that with the commands tools and call.")
	}
	facts := factsOf(c.ServerURL(), token)
	if cmd.Bool("json") {
		return command.PrintJSON(s.Out, facts)
	}
	_, err = fmt.Fprintln(s.Out, terminal.Line(facts.String()))
	return err
}

// String is what "mcpauth login" prints.
func (f loginFacts) String() string {
	line := "Logged in at " + f.Issuer
	if len(f.Scopes) > 0 {
		line += ", with " + strings.Join(f.Scopes, " ")
	}
	if f.ExpiresAt != nil {
		line += ", until " + f.ExpiresAt.Format(time.RFC3339)
	}
	return line + "."
}
