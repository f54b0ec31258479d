package parts

import (
	"encoding/json"
	"testing"

	"github.com/mcp-auth/go/interop/internal/proc"
)

// StartCheckWeb starts the command mcpauth check --web on a free port, and
// returns the URL of its page.
func StartCheckWeb(tb testing.TB, args ...string) string {
	tb.Helper()
	process := proc.Start(tb, proc.Command{
		Name: "mcpauth check --web", Path: path(tb, "bin", "mcpauth"),
		Args: append([]string{"check", "--web", "--json"}, args...),
	})
	ctx, cancel := proc.Context(tb)
	defer cancel()
	var facts struct{ URL string }
	_, err := process.Line(ctx, func(line string) bool {
		return json.Unmarshal([]byte(line), &facts) == nil && facts.URL != ""
	})
	if err != nil {
		tb.Fatal(err)
	}
	return facts.URL
}
