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
			"Without one every token and every registration is forgotten.\n\n" +
			"Examples:\n" +
			"  mcpauth logout https://mcp.example.com/mcp\n" +
			"  mcpauth logout",
		Flags:        append(storeFlags(), command.JSONFlag("print one line of JSON")),
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
		store, err := openStore(cmd)
		if err != nil {
			return err
		}
		if err := store.Clear(ctx); err != nil {
			return err
		}
		return reportLogout(cmd, s, facts, "All tokens and registrations are forgotten.")
	}
	c, err := openAccount(ctx, cmd, s, false)
	if err != nil {
		return err
	}
	defer c.Close()
	failure := c.Logout(ctx)
	facts.Revoked = failure == nil
	if err := forgetSettings(ctx, c.store, facts.Server); err != nil {
		return errors.Join(failure, err)
	}
	var unkept *clienterr.StoreError
	if errors.As(failure, &unkept) {
		return failure
	}
	if failure != nil {
		fmt.Fprintf(s.Err, "The token could not be revoked: %s\n", terminal.Clean(failure.Error()))
	}
	return reportLogout(cmd, s, facts, "The token for "+facts.Server+" is forgotten.")
}

func reportLogout(cmd *cli.Command, s command.Streams, facts logoutFacts, text string) error {
	if cmd.Bool("json") {
		return command.PrintJSON(s.Out, facts)
	}
	_, err := fmt.Fprintln(s.Out, text)
	return err
}
