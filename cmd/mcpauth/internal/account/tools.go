package account

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/mcp-auth/go/client"
	"github.com/mcp-auth/go/client/clienterr"
	"github.com/mcp-auth/go/cmd/mcpauth/internal/command"
	"github.com/mcp-auth/go/cmd/mcpauth/internal/terminal"
	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/urfave/cli/v3"
)

const maxTools = 10_000

func newTools(s command.Streams) *cli.Command {
	return &cli.Command{
		Name:      "tools",
		Usage:     "list the tools of an MCP server",
		ArgsUsage: "URL",
		Description: "Logs in first if that is needed.\n\n" +
			"Examples:\n" +
			"  mcpauth tools https://mcp.example.com/mcp\n" +
			"  mcpauth tools https://mcp.example.com/mcp --json",
		Flags:        append(loginFlags(), command.JSONFlag("print one line of JSON: the tools with their schemas")),
		ArgValidator: serverArgument(1, 1),
		Action:       atServer(s, runTools),
	}
}

func runTools(ctx context.Context, cmd *cli.Command, s command.Streams) error {
	return withSession(ctx, cmd, s, func(session *mcp.ClientSession) error { return printTools(ctx, cmd, s, session) })
}

// withSession opens an MCP session for a command, which logs in by itself if
// the server asks for it.
func withSession(ctx context.Context, cmd *cli.Command, s command.Streams, use func(*mcp.ClientSession) error) error {
	c, err := openAccount(ctx, cmd, s, true)
	if err != nil {
		return err
	}
	defer c.Close()
	session, refused, err := connectTo(ctx, c.Client)
	if err != nil {
		return refused.explain(err)
	}
	err = refused.explain(use(session))
	_ = session.Close() // the server ends sessions by itself
	return errors.Join(err, rememberLogin(ctx, c))
}

// rememberLogin keeps the settings of a login that took place on the way.
func rememberLogin(ctx context.Context, c *account) error {
	var none *clienterr.LoginRequiredError
	_, err := c.Token(ctx)
	switch {
	case errors.As(err, &none): // the server wants no token
		return nil
	case err != nil:
		return err
	}
	return c.remember(ctx)
}

func connectTo(ctx context.Context, c *client.Client) (*mcp.ClientSession, *refusals, error) {
	sdk := mcp.NewClient(&mcp.Implementation{Name: clientName, Version: "1.0.0"}, nil)
	httpClient := c.HTTPClient()
	refused := &refusals{base: httpClient.Transport}
	httpClient.Transport = refused
	session, err := sdk.Connect(ctx, &mcp.StreamableClientTransport{
		Endpoint: c.ServerURL(), HTTPClient: httpClient, DisableStandaloneSSE: true, MaxRetries: -1,
	}, nil)
	return session, refused, err
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
		if _, err := fmt.Fprintf(table, "%s\t%s\n", oneWord(tool.Name), strings.ReplaceAll(terminal.Clean(first), "\t", " ")); err != nil {
			return err
		}
	}
	return table.Flush()
}

func oneWord(name string) string { return strings.Join(strings.Fields(terminal.Clean(name)), " ") }
