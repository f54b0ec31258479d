package parts

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/mcp-auth/go/interop/internal/proc"
)

// node22Variable names the Node.js that run found for the conformance suite.
const node22Variable = "INTEROP_NODE22"

// StartConformance starts the MCP conformance suite with these arguments.
func StartConformance(tb testing.TB, args ...string) *proc.Process {
	tb.Helper()
	return proc.Start(tb, proc.Command{Name: "conformance", Path: node22(tb), Args: append([]string{suite(tb)}, args...)})
}

// ConformanceOfClient runs the MCP conformance suite for clients against a
// program in bin, and returns its checks. It fails the test if the suite does.
func ConformanceOfClient(tb testing.TB, program string, args ...string) []ConformanceCheck {
	tb.Helper()
	dir := tb.TempDir()
	proc.Run(tb, conformanceTimeout, proc.Command{
		Name: "conformance",
		Path: node22(tb),
		Args: append([]string{suite(tb), "client", "--command", path(tb, "bin", program), "--timeout", "120000", "--output-dir", dir}, args...),
	})
	return ConformanceChecks(tb, dir)
}

func node22(tb testing.TB) string {
	tb.Helper()
	node := os.Getenv(node22Variable)
	if node == "" {
		tb.Fatalf("%s is not set: start these tests with interop/run", node22Variable)
	}
	return node
}

func suite(tb testing.TB) string {
	return path(tb, "node_modules", "@modelcontextprotocol", "conformance", "dist", "index.js")
}

// ConformanceCheck is one of the suite's checks.
type ConformanceCheck struct {
	ID           string
	Status       string
	ErrorMessage string
}

// ConformanceChecks reads the checks that the suite saved below dir.
func ConformanceChecks(tb testing.TB, dir string) []ConformanceCheck {
	tb.Helper()
	var files []string
	for _, depth := range []string{"*", "*/*"} { // the names of some scenarios have a slash
		found, err := filepath.Glob(filepath.Join(dir, filepath.FromSlash(depth), "checks.json"))
		if err != nil {
			tb.Fatal(err)
		}
		files = append(files, found...)
	}
	var all []ConformanceCheck
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			tb.Fatal(err)
		}
		var checks []ConformanceCheck
		if err := json.Unmarshal(data, &checks); err != nil {
			tb.Fatalf("%s: %v", file, err)
		}
		all = append(all, checks...)
	}
	return all
}

// DevServer is a running mcpauth dev.
type DevServer struct {
	Issuer string `json:"issuer"`
}

// StartDevServer starts the command mcpauth dev on a free port, with these
// arguments more, and waits until it says that it serves.
func StartDevServer(tb testing.TB, args ...string) DevServer {
	tb.Helper()
	p := proc.Start(tb, proc.Command{
		Name: "mcpauth dev", Path: path(tb, "bin", "mcpauth"),
		Args: append([]string{"dev", "--json", "--listen", "127.0.0.1:0"}, args...),
	})
	ctx, cancel := proc.Context(tb)
	defer cancel()
	var server DevServer
	_, err := p.Line(ctx, func(line string) bool {
		return json.Unmarshal([]byte(line), &server) == nil && server.Issuer != ""
	})
	if err != nil {
		tb.Fatal(err)
	}
	return server
}
