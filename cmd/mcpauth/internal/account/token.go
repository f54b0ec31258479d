package account

import (
	"context"
	"errors"
	"fmt"

	"github.com/mcp-auth/go/cmd/mcpauth/internal/command"
	"github.com/urfave/cli/v3"
)

// tokenFacts are loginFacts with the token, which the user asked for.
type tokenFacts struct {
	AccessToken string `json:"access_token"`
	loginFacts
}

func newToken(s command.Streams) *cli.Command {
	return &cli.Command{
		Name:      "token",
		Usage:     "print the access token for an MCP server, for scripts",
		ArgsUsage: "URL",
		Description: "Prints the header to send, with a token that is refreshed first if it has expired.\n" +
			"Nobody is asked to log in: the exit code is 1 if that is needed.\n\n" +
			"Examples:\n" +
			"  curl -H \"$(mcpauth token https://mcp.example.com/mcp)\" https://mcp.example.com/mcp\n" +
			"  mcpauth token https://mcp.example.com/mcp --json",
		Flags:        append(storeFlags(), command.AllowHTTPFlag(serverGroup), command.JSONFlag("print one line of JSON: the token, its type, scopes and expiry")),
		ArgValidator: serverArgument(1, 1),
		Action:       atServer(s, runToken),
	}
}

var errBoundToken = errors.New("the token is bound to a key (DPoP): a header alone is of no use. Use mcpauth call, or log in with --dpop off")

func runToken(ctx context.Context, cmd *cli.Command, s command.Streams) error {
	c, err := openAccount(ctx, cmd, s, useTokens)
	if err != nil {
		return err
	}
	defer c.Close()
	token, err := c.Token(ctx)
	switch {
	case err != nil:
		return err
	case cmd.Bool("json"):
		return command.PrintJSON(s.Out, tokenFacts{token.AccessToken, factsOf(c.ServerURL(), token)})
	case token.Type != "Bearer":
		return errBoundToken
	}
	_, err = fmt.Fprintf(s.Out, "Authorization: Bearer %s\n", token.AccessToken)
	return err
}
