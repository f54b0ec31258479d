package parts

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/mcp-auth/go/interop/internal/proc"
)

// StartGateway starts the command mcpauth gateway with a file, which other files may
// be beside, and waits until it listens.
func StartGateway(tb testing.TB, text string, files map[string]string) {
	tb.Helper()
	dir := tb.TempDir()
	file := filepath.Join(dir, "gateway.yaml")
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			tb.Fatal(err)
		}
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		tb.Fatal(err)
	}
	process := proc.Start(tb, proc.Command{Name: "mcpauth gateway", Path: path(tb, "bin", "mcpauth"), Args: []string{"gateway", "--json", file}})
	ctx, cancel := proc.Context(tb)
	defer cancel()
	_, err := process.Line(ctx, func(line string) bool {
		var facts struct {
			Listen string `json:"listen"`
		}
		return json.Unmarshal([]byte(line), &facts) == nil && facts.Listen != ""
	})
	if err != nil {
		tb.Fatal(err)
	}
}

// PythonScript runs one of the scripts in python/ to its end, with more in the
// environment, and returns its standard output.
func PythonScript(tb testing.TB, timeout time.Duration, env []string, stdin []byte, name string) []byte {
	tb.Helper()
	return proc.Run(tb, timeout, proc.Command{
		Name: name, Path: path(tb, ".venv", "bin", "python"), Args: []string{path(tb, "python", name)}, Env: env, Stdin: stdin,
	})
}
