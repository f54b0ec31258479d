// Package parts starts the parts the interoperability suites are made of:
// authorization servers, our MCP servers, and the scripts that are clients.
// Each takes a testing.TB and is gone when the test is.
package parts

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/mcp-auth/go/interop/internal/proc"
)

// dirVariable names the directory of the interop module. The script run sets it,
// having installed and built there what the tests need.
const dirVariable = "INTEROP_DIR"

// chromiumVariable names the browser that run found.
const chromiumVariable = "INTEROP_CHROMIUM"

const startTimeout = 60 * time.Second

// path returns the path of a file of the interop module, which must exist.
func path(tb testing.TB, elem ...string) string {
	tb.Helper()
	dir := os.Getenv(dirVariable)
	if dir == "" {
		tb.Fatalf("%s is not set: start these tests with interop/run, which installs and builds what they need", dirVariable)
	}
	file := filepath.Join(append([]string{dir}, elem...)...)
	if _, err := os.Stat(file); err != nil {
		tb.Fatalf("%v: start these tests with interop/run, which installs and builds what they need", err)
	}
	return file
}

// Script runs one of the scripts in js/ to its end and returns its standard
// output. It fails the test unless the script succeeds within timeout.
func Script(tb testing.TB, timeout time.Duration, stdin []byte, name string, args ...string) []byte {
	tb.Helper()
	return ScriptWith(tb, timeout, nil, stdin, name, args...)
}

// ScriptWith is [Script] with more in the environment.
func ScriptWith(tb testing.TB, timeout time.Duration, env []string, stdin []byte, name string, args ...string) []byte {
	tb.Helper()
	return proc.Run(tb, timeout, proc.Command{
		Name:  name,
		Path:  "node",
		Args:  append([]string{path(tb, "js", name)}, args...),
		Env:   env,
		Stdin: stdin,
	})
}

// Chromium returns the path of a Chromium that is installed here.
func Chromium(tb testing.TB) string {
	tb.Helper()
	browser := os.Getenv(chromiumVariable)
	if browser == "" {
		tb.Fatalf("%s is not set: start these tests with interop/run", chromiumVariable)
	}
	return browser
}

// Screenshots returns the directory for pictures, for people to look at.
func Screenshots(tb testing.TB) string {
	tb.Helper()
	dir := filepath.Join(path(tb), "screenshots")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		tb.Fatal(err)
	}
	return dir
}
