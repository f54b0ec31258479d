package command

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/urfave/cli/v3"
)

func TestText(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"client: the server does not answer":         "the server does not answer",
		"policy: f.yaml:1: a\npolicy: f.yaml:2: b":   "f.yaml:1: a\nf.yaml:2: b",
		"client: metadata: not found":                "not found",
		"f.yaml:3: policy: the file is not valid":    "f.yaml:3: policy: the file is not valid",
		"the client: a browser":                      "the client: a browser",
		"unknown flag --x, did you mean --y?":        "unknown flag --x, did you mean --y?",
		"the page cannot be served: address in use":  "the page cannot be served: address in use",
		"clients[0].id: the identifier is given":     "clients[0].id: the identifier is given",
		"provider: no profile has the name \"aut0\"": "no profile has the name \"aut0\"",
	} {
		if got := Text(errors.New(text)); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

func TestRun(t *testing.T) {
	t.Parallel()
	failed := errors.New("client: it failed")
	for name, tc := range map[string]struct {
		err    func(*cli.Command) error
		code   int
		stderr string
	}{
		"success":  {func(*cli.Command) error { return nil }, 0, ""},
		"failure":  {func(*cli.Command) error { return failed }, 1, "mcpauth: it failed\n"},
		"reported": {func(*cli.Command) error { return fmt.Errorf("x: %w", ErrReported) }, 1, ""},
		"usage":    {func(cmd *cli.Command) error { return Usage(cmd, failed) }, 2, "mcpauth: it failed\nRun \"test --help\" to see how it is used.\n"},
		"steering": {func(*cli.Command) error { return errors.New("a\x1b[2J\u202eb") }, 1, "mcpauth: a\uFFFD[2J\uFFFDb\n"},
		"file":     {func(*cli.Command) error { return FileError(failed) }, 2, "mcpauth: it failed\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var stdout, stderr bytes.Buffer
			root := &cli.Command{
				Name: "test", Writer: &stdout, ErrWriter: &stderr,
				ExitErrHandler: func(context.Context, *cli.Command, error) {},
				Action:         func(_ context.Context, cmd *cli.Command) error { return tc.err(cmd) },
			}
			code := Run(t.Context(), root, []string{"test"}, Streams{Out: &stdout, Err: &stderr})
			if code != tc.code || stderr.String() != tc.stderr || stdout.Len() > 0 {
				t.Errorf("exit code %d, %q, %q", code, stderr.String(), stdout.String())
			}
		})
	}
}

// Ctrl-C is no failure of the command's own.
func TestRunInterrupted(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("interrupt"))
	for name, err := range map[string]error{"canceled": fmt.Errorf("x: %w", context.Canceled), "cause": context.Cause(ctx)} {
		var stderr bytes.Buffer
		root := &cli.Command{
			Name: "test", ExitErrHandler: func(context.Context, *cli.Command, error) {},
			Action: func(context.Context, *cli.Command) error { return err },
		}
		if code := Run(ctx, root, []string{"test"}, Streams{Err: &stderr}); code != 130 || stderr.String() != "mcpauth: interrupted\n" {
			t.Errorf("%s: exit code %d, %q", name, code, stderr.String())
		}
	}
}
