package parts

import (
	"cmp"
	"encoding/json"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/mcp-auth/go/interop/internal/proc"
)

// Gateway configures the command mcpauth gateway with one MCP server behind it.
type Gateway struct {
	Resource string // its identifier, where the gateway listens; see [NewResource]
	Listen   string // address, where that is another one
	Issuer   string
	Upstream string // the URL of the MCP server
	// Policy is the text of a policy file. Empty means that any token for the
	// resource is enough.
	Policy string
}

// RunningGateway is the command mcpauth gateway.
type RunningGateway struct {
	process *proc.Process
}

// StartGateway writes the file of the gateway, starts the command, and waits
// until it says that it listens.
func StartGateway(tb testing.TB, g Gateway) *RunningGateway {
	tb.Helper()
	return startGateway(tb, g.write(tb))
}

// StartGatewayFile is StartGateway for the text of a file, which other files may be
// beside.
func StartGatewayFile(tb testing.TB, text string, files map[string]string) *RunningGateway {
	tb.Helper()
	dir := tb.TempDir()
	for name, text := range files {
		writeFile(tb, filepath.Join(dir, name), []byte(text))
	}
	file := filepath.Join(dir, "gateway.yaml")
	writeFile(tb, file, []byte(text))
	return startGateway(tb, file)
}

func startGateway(tb testing.TB, file string) *RunningGateway {
	tb.Helper()
	p := proc.Start(tb, proc.Command{
		Name: "mcpauth gateway", Path: path(tb, "bin", "mcpauth"), Args: []string{"gateway", "--json", file},
	})
	ctx, cancel := proc.Context(tb)
	defer cancel()
	if _, err := p.Line(ctx, func(line string) bool { return json.Valid([]byte(line)) }); err != nil {
		tb.Fatal(err)
	}
	return &RunningGateway{process: p}
}

// write writes the gateway's file, and that of its policy, and returns its path.
// JSON is YAML too.
func (g Gateway) write(tb testing.TB) string {
	tb.Helper()
	u, err := url.Parse(g.Resource)
	if err != nil {
		tb.Fatal(err)
	}
	resource := map[string]any{
		"identifier":            g.Resource,
		"authorization_servers": []any{map[string]any{"issuer": g.Issuer}},
		"upstream":              map[string]any{"url": g.Upstream},
	}
	dir := tb.TempDir()
	if g.Policy != "" {
		resource["policy"] = "policy.yaml"
		writeFile(tb, filepath.Join(dir, "policy.yaml"), []byte(g.Policy))
	}
	text, err := json.Marshal(map[string]any{"listen": cmp.Or(g.Listen, u.Host), "leeway": "1s", "resources": []any{resource}})
	if err != nil {
		tb.Fatal(err)
	}
	file := filepath.Join(dir, "gateway.yaml")
	writeFile(tb, file, text)
	return file
}

func writeFile(tb testing.TB, file string, text []byte) {
	tb.Helper()
	if err := os.WriteFile(file, text, 0o600); err != nil {
		tb.Fatal(err)
	}
}

// Log returns what the gateway has logged, the latest part of it if it is long.
func (g *RunningGateway) Log() string { return g.process.Log() }

// PythonScript runs one of the scripts in python/ to its end, with more in the
// environment, and returns its standard output.
func PythonScript(tb testing.TB, timeout time.Duration, env []string, stdin []byte, name string) []byte {
	tb.Helper()
	return proc.Run(tb, timeout, proc.Command{
		Name: name, Path: path(tb, ".venv", "bin", "python"), Args: []string{path(tb, "python", name)}, Env: env, Stdin: stdin,
	})
}
