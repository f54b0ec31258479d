package account

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/mcp-auth/go/cmd/mcpauth/internal/command"
	"github.com/mcp-auth/go/cmd/mcpauth/internal/input"
	"github.com/mcp-auth/go/cmd/mcpauth/internal/terminal"
	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/urfave/cli/v3"
)

const (
	maxArguments = 8 << 20 // bytes
	callPatience = 2 * time.Minute
)

func newCall(s command.Streams) *cli.Command {
	return &cli.Command{
		Name:      "call",
		Usage:     "call a tool of an MCP server",
		ArgsUsage: "URL TOOL [JSON]",
		Description: "JSON is an object with the tool's arguments; - reads it from standard input.\n" +
			"Logs in first if that is needed, and again if the tool needs more scopes.\n" +
			"The exit code is 1 if the tool reports an error.\n\n" +
			"Examples:\n" +
			"  mcpauth call https://mcp.example.com/mcp whoami\n" +
			"  mcpauth call https://mcp.example.com/mcp add-note '{\"text\": \"buy milk\"}'",
		Flags:        append(sessionFlags(callPatience), command.JSONFlag("print one line of JSON: the whole result")),
		ArgValidator: serverArgument(2, 3),
		// A parameter's value may hold a comma.
		DisableSliceFlagSeparator: true,
		Action:                    atServer(s, runCall),
	}
}

func runCall(ctx context.Context, cmd *cli.Command, s command.Streams) error {
	arguments, err := toolArguments(cmd.Args().Get(2), s.In)
	if err != nil {
		return command.Usage(cmd, err)
	}
	return withSession(ctx, cmd, s, func(session *mcp.ClientSession) error {
		return callAndPrint(ctx, cmd, s, session, arguments)
	})
}

func toolArguments(text string, stdin io.Reader) (map[string]any, error) {
	data := []byte(text)
	if text == "" {
		return map[string]any{}, nil
	}
	if text == "-" {
		var err error
		if data, err = input.ReadAll(stdin, "standard input", maxArguments); err != nil {
			return nil, err
		}
	}
	var arguments map[string]any
	if json.Unmarshal(data, &arguments) != nil || arguments == nil {
		return nil, errors.New("the tool's arguments must be a JSON object, such as '{\"text\": \"buy milk\"}'")
	}
	return arguments, nil
}

// unknownTool adds where the tools are listed, as servers refuse with invalid
// params a tool they do not have and arguments it does not take.
func unknownTool(err error, server string) error {
	if fault, ok := errors.AsType[*jsonrpc.Error](err); ok && fault.Code == jsonrpc.CodeInvalidParams {
		return fmt.Errorf("%w\nTo see the tools and their arguments, run: mcpauth tools %s --json", err, quoted(server))
	}
	return err
}

var errTool = errors.New("the tool reported an error")

func callAndPrint(ctx context.Context, cmd *cli.Command, s command.Streams, session *mcp.ClientSession, arguments map[string]any) error {
	result, err := session.CallTool(ctx, &mcp.CallToolParams{Name: cmd.Args().Get(1), Arguments: arguments})
	if err != nil {
		return unknownTool(err, cmd.Args().First())
	}
	if cmd.Bool("json") {
		err = command.PrintJSON(s.Out, result)
	} else {
		err = printContent(s.Out, result)
	}
	if err == nil && result.IsError {
		err = errTool
	}
	return err
}

// printContent prints the text of a result, and names what is no text.
func printContent(w io.Writer, result *mcp.CallToolResult) error {
	for _, content := range result.Content {
		line := ""
		switch content := content.(type) {
		case *mcp.TextContent:
			line = terminal.Clean(content.Text)
		default:
			line = fmt.Sprintf("(%T, see --json)", content)
		}
		if _, err := fmt.Fprintln(w, line); err != nil {
			return err
		}
	}
	return nil
}
