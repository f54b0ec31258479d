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
	files, err := filepath.Glob(filepath.Join(dir, "*", "checks.json"))
	if err != nil {
		tb.Fatal(err)
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
