package parts

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mcp-auth/go/interop/internal/proc"
	"github.com/mcp-auth/go/interop/internal/settings"
)

// SDK names what a [PlainServer] is made with.
type SDK string

// The SDKs of MCP servers.
const (
	FastMCP      SDK = "FastMCP"
	TypeScriptV1 SDK = "TypeScript SDK 1"
	TypeScriptV2 SDK = "TypeScript SDK 2"
	GoSDK        SDK = "go-sdk"
	MCPGo        SDK = "mcp-go"
	RMCP         SDK = "rmcp"
)

// rustVariable names the server in Rust, which is not made in every run.
const rustVariable = "INTEROP_RUST_SERVER"

// HasRust reports whether there is a server for [RMCP].
func HasRust() bool { return os.Getenv(rustVariable) != "" }

// PlainServer is an MCP server that knows nothing of authorization. Its tools
// have no arguments, answer "NAME is done", and leave a record.
type PlainServer struct {
	URL string

	record string
}

// StartPlainServer starts a server with these tools, with sessions or without,
// and waits until it listens.
func StartPlainServer(tb testing.TB, sdk SDK, stateless bool, tools ...string) PlainServer {
	tb.Helper()
	s := settings.PlainServer{
		Port: proc.FreePort(tb), Tools: tools, Record: filepath.Join(tb.TempDir(), "record"), Stateless: stateless,
	}
	text, err := json.Marshal(s)
	if err != nil {
		tb.Fatal(err)
	}
	command := sdk.command(tb)
	command.Name = string(sdk)
	command.Env = []string{settings.PlainServerVariable + "=" + string(text)}
	p := proc.Start(tb, command)
	address := fmt.Sprintf("127.0.0.1:%d", s.Port)
	ctx, cancel := context.WithTimeout(tb.Context(), startTimeout)
	defer cancel()
	if err := waitFor(ctx, p, func() error { return dial(ctx, address) }); err != nil {
		tb.Fatal(err)
	}
	return PlainServer{URL: "http://" + address + "/mcp", record: s.Record}
}

func (sdk SDK) command(tb testing.TB) proc.Command {
	switch sdk {
	case FastMCP:
		return proc.Command{Path: path(tb, ".venv", "bin", "python"), Args: []string{path(tb, "python", "fastmcp-server.py")}}
	case TypeScriptV1:
		return proc.Command{Path: "node", Args: []string{path(tb, "js", "plain-server-v1.mjs")}}
	case TypeScriptV2:
		return proc.Command{Path: "node", Args: []string{path(tb, "js", "plain-server-v2.mjs")}}
	case RMCP:
		return proc.Command{Path: os.Getenv(rustVariable)}
	default:
		return proc.Command{Path: path(tb, "bin", "plain-server"), Args: []string{string(sdk)}}
	}
}

// Runs tells how often each tool has run since the server was started.
func (s PlainServer) Runs(tb testing.TB) map[string]int {
	tb.Helper()
	text, err := os.ReadFile(s.record)
	if err != nil && !os.IsNotExist(err) {
		tb.Fatal(err)
	}
	runs := map[string]int{}
	for name := range strings.FieldsSeq(string(text)) {
		runs[name]++
	}
	return runs
}
