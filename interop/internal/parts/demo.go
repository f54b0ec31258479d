package parts

import (
	"encoding/json"
	"testing"

	"github.com/mcp-auth/go/interop/internal/proc"
)

// StartDemo starts the command mcpauth demo on free ports, and returns the URL of its
// page.
func StartDemo(tb testing.TB) string {
	tb.Helper()
	process := proc.Start(tb, proc.Command{
		Name: "mcpauth demo", Path: path(tb, "bin", "mcpauth"),
		Args: []string{"demo", "--json", "--listen", "127.0.0.1:0", "--auth-listen", "127.0.0.1:0"},
	})
	ctx, cancel := proc.Context(tb)
	defer cancel()
	var facts struct {
		PageURL string `json:"page_url"`
	}
	if _, err := process.Line(ctx, func(line string) bool { return json.Unmarshal([]byte(line), &facts) == nil && facts.PageURL != "" }); err != nil {
		tb.Fatal(err)
	}
	return facts.PageURL
}
