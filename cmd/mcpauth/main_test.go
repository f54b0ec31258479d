package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/mcp-auth/go/cmd/mcpauth/internal/command"
	"github.com/mcp-auth/go/cmd/mcpauth/internal/selftest"
)

// The exit codes.
const (
	exitOK      = 0
	exitFailure = 1
	exitUsage   = 2

	exitInterrupted = 130
)

// runCommand runs the program and returns its exit code.
func runCommand(ctx context.Context, stdout, stderr io.Writer, args ...string) int {
	return run(ctx, append([]string{"mcpauth"}, args...), command.Streams{In: strings.NewReader(""), Out: stdout, Err: stderr})
}

// A demo prints where it is, and stops without an error when its context ends.
func TestRunDemoStopsWithContext(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		args []string
		want string
	}{
		"text": {nil, "A protected MCP server is running."},
		"json": {[]string{"--json"}, `{"mcp_url":"http://127.0.0.1:`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			output, stdout := io.Pipe()
			code := make(chan int, 1)
			go func() {
				code <- runCommand(ctx, stdout, io.Discard, append([]string{"demo"}, test.args...)...)
				stdout.Close()
			}()
			first := make([]byte, len(test.want))
			if _, err := io.ReadFull(output, first); err != nil || string(first) != test.want {
				t.Fatalf("output begins with %q (%v), want %q", first, err, test.want)
			}
			cancel()
			if _, err := io.Copy(io.Discard, output); err != nil {
				t.Fatal(err)
			}
			if got := <-code; got != exitOK {
				t.Errorf("exit code %d, want %d", got, exitOK)
			}
		})
	}
}

// A demo whose output nobody can read does not keep running.
func TestRunDemoFailsWithoutOutput(t *testing.T) {
	t.Parallel()
	var stderr bytes.Buffer
	code := runCommand(t.Context(), brokenWriter{}, &stderr, "demo")
	if code != exitFailure || !strings.Contains(stderr.String(), "broken") {
		t.Errorf("exit code %d, stderr %q, want %d and the cause", code, stderr.String(), exitFailure)
	}
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, errors.New("broken") }

// A self-test that is interrupted fails and says so.
func TestSelftestInterrupted(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("interrupted by the test"))
	var stdout, stderr bytes.Buffer
	if code := runCommand(ctx, &stdout, &stderr, "demo", "--selftest", "--json"); code != exitInterrupted {
		t.Errorf("exit code %d, want %d", code, exitInterrupted)
	}
	var report selftest.Report
	if err := json.Unmarshal(stdout.Bytes(), &report); err != nil {
		t.Fatal(err)
	}
	if report.OK || len(report.Steps) != 1 || report.Steps[0].OK || !strings.Contains(report.Steps[0].Detail, "interrupted by the test") {
		t.Errorf("report %+v, want one failed step with the cause", report)
	}
	if stderr.String() != "mcpauth: interrupted\n" {
		t.Errorf("stderr %q", stderr.String())
	}
}
