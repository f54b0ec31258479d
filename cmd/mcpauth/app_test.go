package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"runtime/debug"
	"strings"
	"testing"
)

func TestDidYouMean(t *testing.T) {
	t.Parallel()
	known := []string{"demo", "version", "call", "--json"}
	for word, want := range map[string]string{
		"dmo":                          "demo",
		"demos":                        "demo",
		"verison":                      "version",
		"--jsno":                       "--json",
		"nosuch":                       "",
		"d":                            "",
		"":                             "",
		strings.Repeat("version", 100): "",
	} {
		got := didYouMean(word, known)
		if want == "" && got != "" || want != "" && got != ", did you mean "+want+"?" {
			t.Errorf("didYouMean(%.20q) = %q, want %q", word, got, want)
		}
	}
}

func TestReadVersion(t *testing.T) {
	t.Parallel()
	setting := func(key, value string) debug.BuildSetting { return debug.BuildSetting{Key: key, Value: value} }
	tests := map[string]struct {
		build *debug.BuildInfo
		ok    bool
		want  versionInfo
		line  string
	}{
		"no build information": {nil, false, versionInfo{Version: "(devel)"}, "mcpauth (devel)"},
		"installed": {
			&debug.BuildInfo{GoVersion: "go1.26.8", Main: debug.Module{Version: "v1.2.3"}}, true,
			versionInfo{Version: "v1.2.3", Go: "go1.26.8"}, "mcpauth v1.2.3 go1.26.8",
		},
		"from a checkout": {
			&debug.BuildInfo{GoVersion: "go1.26.8", Settings: []debug.BuildSetting{
				setting("vcs.revision", "abc123"), setting("vcs.time", "2026-11-02T10:00:00Z"), setting("vcs.modified", "true"),
			}}, true,
			versionInfo{Version: "(devel)", Revision: "abc123", Time: "2026-11-02T10:00:00Z", Modified: true, Go: "go1.26.8"},
			"mcpauth (devel) revision abc123 (modified) go1.26.8",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := readVersion(test.build, test.ok)
			if got != test.want {
				t.Errorf("readVersion = %+v, want %+v", got, test.want)
			}
			if got.String() != test.line {
				t.Errorf("String = %q, want %q", got, test.line)
			}
		})
	}
}

func TestCheckLoopback(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]bool{
		"127.0.0.1:0":         true,
		"127.8.8.8:3001":      true,
		"[::1]:3001":          true,
		"localhost:3001":      true,
		":3001":               false,
		"0.0.0.0:3001":        false,
		"[::]:3001":           false,
		"192.168.1.1:3001":    false,
		"127.0.0.1.evil.io:1": false,
		"localhost":           false,
		"":                    false,
	} {
		if got := checkLoopback("--listen", address, "others could use it") == nil; got != want {
			t.Errorf("checkLoopback(%q) accepts: %t, want %t", address, got, want)
		}
	}
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
				code <- run(ctx, append([]string{"mcpauth", "demo"}, test.args...), streams{stdout, io.Discard})
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
	code := run(t.Context(), []string{"mcpauth", "demo"}, streams{brokenWriter{}, &stderr})
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
	if code := run(ctx, []string{"mcpauth", "demo", "--selftest", "--json"}, streams{&stdout, &stderr}); code != exitFailure {
		t.Errorf("exit code %d, want %d", code, exitFailure)
	}
	var report selftestReport
	if err := json.Unmarshal(stdout.Bytes(), &report); err != nil {
		t.Fatal(err)
	}
	if report.OK || len(report.Steps) != 1 || report.Steps[0].OK || !strings.Contains(report.Steps[0].Detail, "interrupted by the test") {
		t.Errorf("report %+v, want one failed step with the cause", report)
	}
	if !strings.Contains(stderr.String(), "interrupted by the test") {
		t.Errorf("stderr %q does not name the cause", stderr.String())
	}
}
