package account

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/mcp-auth/go/client/clienterr"
	"github.com/mcp-auth/go/cmd/mcpauth/internal/command"
	"github.com/mcp-auth/go/cmd/mcpauth/internal/terminal"
	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/urfave/cli/v3"
)

const (
	maxTools      = 10_000
	toolsPatience = 30 * time.Second
)

func newTools(s command.Streams) *cli.Command {
	return &cli.Command{
		Name:      "tools",
		Usage:     "list the tools of an MCP server",
		ArgsUsage: "URL",
		Description: "Logs in first if that is needed.\n\n" +
			"Examples:\n" +
			"  mcpauth tools https://mcp.example.com/mcp\n" +
			"  mcpauth tools https://mcp.example.com/mcp --json",
		Flags:        append(sessionFlags(toolsPatience), command.JSONFlag("print one line of JSON: the tools with their schemas")),
		ArgValidator: serverArgument(1, 1),
		// A parameter's value may hold a comma.
		DisableSliceFlagSeparator: true,
		Action:                    atServer(s, runTools),
	}
}

func runTools(ctx context.Context, cmd *cli.Command, s command.Streams) error {
	return withSession(ctx, cmd, s, func(session *mcp.ClientSession) error { return printTools(ctx, cmd, s, session) })
}

// withSession opens an MCP session for a command, which logs in by itself if
// the server asks for it.
func withSession(ctx context.Context, cmd *cli.Command, s command.Streams, use func(*mcp.ClientSession) error) error {
	c, err := openAccount(ctx, cmd, s, useSession)
	if err != nil {
		return err
	}
	defer c.Close()
	server := &conversation{patience: newPatience(c.ServerURL(), cmd.Duration("answer-timeout"), s.Err)}
	session, err := server.open(ctx, c.Client)
	if err != nil {
		return server.explain(err)
	}
	err = server.explain(use(session))
	_ = session.Close() // the server ends sessions by itself
	return errors.Join(err, rememberLogin(ctx, c))
}

// rememberLogin keeps the settings of a login that took place on the way.
func rememberLogin(ctx context.Context, c *account) error {
	var none *clienterr.LoginRequiredError
	token, err := c.Token(ctx)
	switch {
	case errors.As(err, &none): // the server wants no token
		return nil
	case err != nil:
		return err
	}
	return c.remember(ctx, token.Issuer)
}

func printTools(ctx context.Context, cmd *cli.Command, s command.Streams, session *mcp.ClientSession) error {
	tools := []*mcp.Tool{}
	for tool, err := range session.Tools(ctx, nil) {
		if err != nil {
			return err
		}
		if tools = append(tools, tool); len(tools) > maxTools {
			return errors.New("the server lists too many tools")
		}
	}
	if cmd.Bool("json") {
		return command.PrintJSON(s.Out, struct {
			Tools []*mcp.Tool `json:"tools"`
		}{tools})
	}
	table := tabwriter.NewWriter(s.Out, 0, 0, 2, ' ', 0)
	for _, tool := range tools {
		first, _, _ := strings.Cut(strings.TrimSpace(tool.Description), "\n")
		if _, err := fmt.Fprintf(table, "%s\t%s\n", terminal.Line(tool.Name), terminal.Line(first)); err != nil {
			return err
		}
	}
	return table.Flush()
}
