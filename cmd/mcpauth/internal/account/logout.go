package account

import (
	"context"
	"errors"
	"fmt"

	"github.com/mcp-auth/go/client/clienterr"
	"github.com/mcp-auth/go/cmd/mcpauth/internal/command"
	"github.com/mcp-auth/go/cmd/mcpauth/internal/terminal"
	"github.com/urfave/cli/v3"
)

func newLogout(s command.Streams) *cli.Command {
	return &cli.Command{
		Name:      "logout",
		Usage:     "forget the token for an MCP server, or all of them",
		ArgsUsage: "[URL]",
		Description: "With a URL the token is also revoked at the authorization server, if that supports it.\n" +
			"Without one every token and every registration is deleted, and nothing is revoked. That\n" +
			"also helps if the store cannot be read any more, because its passphrase is lost.\n\n" +
			"Examples:\n" +
			"  mcpauth logout https://mcp.example.com/mcp\n" +
			"  mcpauth logout",
		Flags:        append(storeFlags(), command.AllowHTTPFlag(serverGroup), command.JSONFlag("print one line of JSON")),
		ArgValidator: serverArgument(0, 1),
		Action:       atServer(s, runLogout),
	}
}

// logoutFacts are what "mcpauth logout" reports.
type logoutFacts struct {
	Server  string `json:"server,omitempty"` // empty: all
	Revoked bool   `json:"revoked"`          // the authorization server agreed
}

func runLogout(ctx context.Context, cmd *cli.Command, s command.Streams) error {
	facts := logoutFacts{Server: cmd.Args().First()}
	if facts.Server == "" {
		return logoutEverywhere(ctx, cmd, s)
	}
	c, err := openAccount(ctx, cmd, s, useTokens)
	if keyless(err) { // no store was ever made
		return reportLogout(cmd, s, facts, "Nothing is kept for "+facts.Server+".")
	}
	if err != nil {
		return err
	}
	defer c.Close()
	failure := c.Logout(ctx)
	facts.Revoked = failure == nil
	if err := forgetSettings(ctx, c.store, facts.Server); err != nil {
		return errors.Join(failure, err)
	}
	if _, unkept := errors.AsType[*clienterr.StoreError](failure); unkept {
		return failure
	}
	if failure != nil {
		fmt.Fprintf(s.Err, "The token could not be revoked: %s\n", terminal.Line(failure.Error()))
	}
	return reportLogout(cmd, s, facts, "The token for "+facts.Server+" is forgotten, and the client that was registered for it.")
}

// logoutEverywhere deletes the store, which it need not be able to read.
func logoutEverywhere(ctx context.Context, cmd *cli.Command, s command.Streams) error {
	store, dir, err := openFileStore(cmd)
	if err != nil {
		return err
	}
	if err := store.Reset(ctx); err != nil {
		return err
	}
	return reportLogout(cmd, s, logoutFacts{}, "All tokens and registrations in "+dir+" are deleted.\n"+
		"The tokens were not revoked: until they expire, they are valid for whoever has a copy.")
}

func reportLogout(cmd *cli.Command, s command.Streams, facts logoutFacts, text string) error {
	if cmd.Bool("json") {
		return command.PrintJSON(s.Out, facts)
	}
	_, err := fmt.Fprintln(s.Out, text)
	return err
}
