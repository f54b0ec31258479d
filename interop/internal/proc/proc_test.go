package proc

import (
	"context"
	"errors"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// A process that is left behind by the one that was started holds the output
// open: were it not stopped too, waiting would end in exec.ErrWaitDelay.
func TestStopEndsTheGroup(t *testing.T) {
	t.Parallel()
	p := Start(t, Command{Name: "parent", Path: "sh", Args: []string{"-c", "sleep 600 & echo ready; wait"}})
	if _, err := p.Line(t.Context(), func(line string) bool { return line == "ready" }); err != nil {
		t.Fatal(err)
	}
	p.Stop()
	if errors.Is(p.err, exec.ErrWaitDelay) {
		t.Error("a child of the process has survived it")
	}
}

// A process that waits for the end of its input ends without a signal.
func TestStdinStaysOpenUntilStop(t *testing.T) {
	t.Parallel()
	p := Start(t, Command{Name: "cat", Path: "sh", Args: []string{"-c", "trap '' TERM; echo ready; cat; echo over"}})
	if _, err := p.Line(t.Context(), func(line string) bool { return line == "ready" }); err != nil {
		t.Fatal(err)
	}
	select {
	case <-p.Done():
		t.Fatal("the process has ended by itself")
	default:
	}
	p.Stop()
	if p.err != nil || !strings.Contains(p.Log(), "over") {
		t.Errorf("error %v, log %q, want an orderly end", p.err, p.Log())
	}
}

func TestLineOfEndedProcess(t *testing.T) {
	t.Parallel()
	p := Start(t, Command{Name: "true", Path: "sh", Args: []string{"-c", "echo something else"}})
	if line, err := p.Line(t.Context(), func(line string) bool { return line == "ready" }); err == nil {
		t.Errorf("line %q of a process that was never ready", line)
	}
}

func TestRun(t *testing.T) {
	t.Parallel()
	got := Run(t, time.Minute, Command{Name: "cat", Path: "cat", Stdin: []byte("a\nb\n")})
	if string(got) != "a\nb\n" {
		t.Errorf("output %q", got)
	}
}

func TestTry(t *testing.T) {
	t.Parallel()
	got := Try(t, time.Minute, Command{Name: "fails", Path: "sh", Args: []string{"-c", "echo a; echo b >&2; exit 3"}})
	if got.Code != 3 || string(got.Stdout) != "a\n" || got.Stderr != "b\n" {
		t.Errorf("%+v", got)
	}
}

func TestType(t *testing.T) {
	t.Parallel()
	p := Start(t, Command{Name: "reader", Path: "sh", Args: []string{"-c", "read line; echo got $line"}})
	p.Type(t, "it")
	if _, err := p.Line(t.Context(), func(line string) bool { return line == "got it" }); err != nil {
		t.Error(err)
	}
}

func TestContextEndsBeforeTheDeadline(t *testing.T) {
	t.Parallel()
	end, ok := t.Deadline()
	if !ok {
		t.Fatal("these tests need a -timeout")
	}
	ctx, cancel := Context(t)
	defer cancel()
	if got, ok := ctx.Deadline(); !ok || !got.Before(end) {
		t.Errorf("deadline %v (%t), want one before %v", got, ok, end)
	}
	cancel()
	if !errors.Is(ctx.Err(), context.Canceled) {
		t.Error("not cancelled")
	}
}

func TestFreePort(t *testing.T) {
	t.Parallel()
	if port := FreePort(t); port < firstPort || port >= firstPort+ports {
		t.Errorf("port %d out of range", port)
	}
}
