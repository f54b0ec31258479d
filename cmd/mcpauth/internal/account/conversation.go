package account

import (
	"context"
	"errors"
	"net/http"

	"github.com/mcp-auth/go/client"
	"github.com/mcp-auth/go/cmd/mcpauth/internal/terminal"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// conversation is what a command has with an MCP server.
type conversation struct {
	patience *patience
	refused  refusals
}

// open opens an MCP session. The time of a login is not the server's.
func (t *conversation) open(ctx context.Context, c *client.Client) (*mcp.ClientSession, error) {
	t.refused.base = c.Transport(t.patience)
	sdk := mcp.NewClient(&mcp.Implementation{Name: clientName, Version: "1.0.0"}, nil)
	return sdk.Connect(ctx, &mcp.StreamableClientTransport{
		Endpoint: c.ServerURL(), HTTPClient: &http.Client{Transport: &t.refused}, DisableStandaloneSSE: true, MaxRetries: -1,
	}, nil)
}

// explain returns an error as it may be shown, with what the server said.
func (t *conversation) explain(err error) error {
	if err == nil {
		return nil
	}
	if expired := t.patience.expired(); expired != nil {
		return expired
	}
	if errors.Is(err, errTool) {
		return err
	}
	return t.refused.explain(&serverError{err})
}

// serverError is an error with words of the server, shown on one line.
type serverError struct{ err error }

func (e *serverError) Error() string { return terminal.Line(e.err.Error()) }
func (e *serverError) Unwrap() error { return e.err }
