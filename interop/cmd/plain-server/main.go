// Plain-server is an MCP server that knows nothing of authorization, made with
// one of two SDKs:
//
//	plain-server go-sdk
//	plain-server mcp-go
//
// Its tools do nothing but say that they ran. It reads [settings.PlainServer] as
// JSON from the environment variable INTEROP_PLAIN_SERVER.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"syscall"

	mcpgo "github.com/mark3labs/mcp-go/mcp"
	mcpgoserver "github.com/mark3labs/mcp-go/server"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/mcp-auth/go/interop/internal/serve"
	"github.com/mcp-auth/go/interop/internal/settings"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Getenv(settings.PlainServerVariable)); err != nil {
		fmt.Fprintln(os.Stderr, "plain-server:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, text string) error {
	var s settings.PlainServer
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		return fmt.Errorf("%s: %w", settings.PlainServerVariable, err)
	}
	record, err := os.OpenFile(s.Record, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer record.Close()
	// do is what the tool of that name does.
	do := func(name string) (string, error) {
		_, err := fmt.Fprintln(record, name)
		return name + " is done", err
	}
	if len(args) != 1 {
		return fmt.Errorf("%d arguments, want the name of an SDK", len(args))
	}
	mux := http.NewServeMux()
	switch args[0] {
	case "go-sdk":
		mux.Handle("/mcp", onGoSDK(s, do))
	case "mcp-go":
		mux.Handle("/mcp", onMCPGo(s, do))
	default:
		return fmt.Errorf("no SDK %q", args[0])
	}
	return serve.Until(ctx, fmt.Sprintf("127.0.0.1:%d", s.Port), mux)
}

func onGoSDK(s settings.PlainServer, do func(string) (string, error)) http.Handler {
	server := mcp.NewServer(&mcp.Implementation{Name: "plain", Version: "1.0.0"}, nil)
	for _, name := range s.Tools {
		server.AddTool(&mcp.Tool{Name: name, InputSchema: map[string]any{"type": "object"}},
			func(context.Context, *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
				text, err := do(name)
				return &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: text}}}, err
			})
	}
	find := func(*http.Request) *mcp.Server { return server }
	return mcp.NewStreamableHTTPHandler(find, &mcp.StreamableHTTPOptions{Stateless: s.Stateless})
}

func onMCPGo(s settings.PlainServer, do func(string) (string, error)) http.Handler {
	server := mcpgoserver.NewMCPServer("plain", "1.0.0")
	for _, name := range s.Tools {
		server.AddTool(mcpgo.NewTool(name), func(context.Context, mcpgo.CallToolRequest) (*mcpgo.CallToolResult, error) {
			text, err := do(name)
			return mcpgo.NewToolResultText(text), err
		})
	}
	return mcpgoserver.NewStreamableHTTPServer(server, mcpgoserver.WithStateLess(s.Stateless))
}
