// Package proc runs the real parts of an interoperability test as processes,
// and makes sure that none of them outlives it.
package proc

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

const (
	stopGrace = 3 * time.Second  // between SIGTERM and SIGKILL
	reserve   = 15 * time.Second // before the test binary's own deadline, to stop everything in order
	maxLine   = 1 << 20
	maxLog    = 256 << 10
)

// Command describes a process.
type Command struct {
	// Name labels the process's log.
	Name string
	// Path is the program, found in PATH when it has no slash.
	Path string
	Args []string
	// Env is added to the environment of the test.
	Env []string
	// Dir is the working directory; empty is that of the test.
	Dir string
	// Stdin is written to the process, which then sees the end of its input.
	// Nil keeps stdin open without data until the process is stopped, so that a
	// process can tell from its end that the test is gone.
	Stdin []byte
}

// Process is a running process, the leader of a process group of its own.
type Process struct {
	name  string
	cmd   *exec.Cmd
	stdin io.WriteCloser
	lines chan string
	done  chan struct{}
	err   error // of the process; read it after done is closed
	log   log

	stop sync.Once
}

// Start starts a process. It is stopped with its whole group when the test
// ends, shortly before the test binary's deadline at the latest; its log is
// printed if the test has failed.
func Start(tb testing.TB, c Command) *Process {
	tb.Helper()
	ctx, cancel := beforeDeadline(context.Background(), tb)
	p := &Process{name: c.Name, lines: make(chan string, 1024), done: make(chan struct{})}
	out, outWriter := io.Pipe()
	if err := p.start(ctx, c, outWriter); err != nil {
		cancel()
		tb.Fatalf("start %s: %v", c.Name, err)
	}
	go p.readLines(out)
	go func() {
		p.wait()
		outWriter.Close()
	}()
	tb.Cleanup(func() {
		p.Stop()
		cancel()
		if tb.Failed() {
			tb.Logf("log of %s:\n%s", c.Name, p.Log())
		}
	})
	return p
}

// Run runs a process to its end, within timeout, and returns its standard
// output. It fails the test, with what the process wrote, unless the exit
// status is 0.
func Run(tb testing.TB, timeout time.Duration, c Command) []byte {
	tb.Helper()
	r := Try(tb, timeout, c)
	if r.Code != 0 {
		tb.Fatalf("%s: exit status %d\n%s%s", c.Name, r.Code, r.Stdout, r.Stderr)
	}
	return r.Stdout
}

// Result is what a process has left behind.
type Result struct {
	Code     int  // exit status
	TimedOut bool // it was killed
	Stdout   []byte
	Stderr   string
}

// Try is [Run] for a process that may fail.
func Try(tb testing.TB, timeout time.Duration, c Command) Result {
	tb.Helper()
	r := Attempt(tb, timeout, c)
	if r.TimedOut {
		tb.Fatalf("%s did not end in time\n%s%s", c.Name, r.Stdout, r.Stderr)
	}
	return r
}

// Attempt is [Try] for a process that may also not end in time, and is killed
// then.
func Attempt(tb testing.TB, timeout time.Duration, c Command) Result {
	tb.Helper()
	ctx, cancel := Context(tb)
	defer cancel()
	ctx, cancelTimeout := context.WithTimeout(ctx, timeout)
	defer cancelTimeout()
	p := &Process{name: c.Name, done: make(chan struct{})}
	var out bytes.Buffer
	if err := p.start(ctx, c, &out); err != nil {
		tb.Fatalf("start %s: %v", c.Name, err)
	}
	p.wait()
	p.Stop()
	var exit *exec.ExitError
	timedOut := ctx.Err() != nil
	if p.err != nil && !timedOut && !errors.As(p.err, &exit) {
		tb.Fatalf("%s: %v\n%s%s", c.Name, p.err, out.Bytes(), p.Log())
	}
	return Result{p.cmd.ProcessState.ExitCode(), timedOut, out.Bytes(), p.Log()}
}

// Context is done when the test ends, and early enough before the test binary's
// deadline: at the deadline itself the binary panics and nothing is cleaned up.
func Context(tb testing.TB) (context.Context, context.CancelFunc) {
	return beforeDeadline(tb.Context(), tb)
}

func beforeDeadline(ctx context.Context, tb testing.TB) (context.Context, context.CancelFunc) {
	if t, ok := tb.(interface{ Deadline() (time.Time, bool) }); ok {
		if deadline, ok := t.Deadline(); ok {
			return context.WithDeadline(ctx, deadline.Add(-reserve))
		}
	}
	return context.WithCancel(ctx)
}

func (p *Process) start(ctx context.Context, c Command, stdout io.Writer) error {
	cmd := exec.CommandContext(ctx, c.Path, c.Args...)
	cmd.Env = append(os.Environ(), c.Env...)
	if c.Dir != "" {
		cmd.Dir = c.Dir
		cmd.Env = append(cmd.Env, "PWD="+c.Dir) // some ask this
	}
	cmd.SysProcAttr = sysProcAttr()
	cmd.Cancel = func() error { return signalGroup(cmd, syscall.SIGKILL) }
	cmd.WaitDelay = stopGrace
	cmd.Stdout = stdout
	cmd.Stderr = &p.log
	p.cmd = cmd
	if c.Stdin != nil {
		cmd.Stdin = bytes.NewReader(c.Stdin)
		return cmd.Start()
	}
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	p.stdin = stdin
	return cmd.Start()
}

func (p *Process) wait() {
	p.err = p.cmd.Wait()
	close(p.done)
}

// readLines hands standard output over line by line. What nobody waits for is
// dropped rather than blocking the process; the log has it all.
func (p *Process) readLines(r *io.PipeReader) {
	defer close(p.lines)
	s := bufio.NewScanner(r)
	s.Buffer(nil, maxLine)
	for s.Scan() {
		fmt.Fprintln(&p.log, s.Text())
		select {
		case p.lines <- s.Text():
		default:
		}
	}
	r.CloseWithError(s.Err())
}

// Line waits for a line of standard output that ok accepts.
func (p *Process) Line(ctx context.Context, ok func(string) bool) (string, error) {
	for {
		select {
		case line, more := <-p.lines:
			if !more {
				return "", fmt.Errorf("%s ended before it was ready", p.name)
			}
			if ok(line) {
				return line, nil
			}
		case <-ctx.Done():
			return "", fmt.Errorf("%s is not ready: %w", p.name, ctx.Err())
		}
	}
}

// Type writes a line to standard input, of a process that has none yet.
func (p *Process) Type(tb testing.TB, line string) {
	tb.Helper()
	p.Press(tb, line+"\n")
}

// Press is [Type] for keys at a terminal, without the end of a line.
func (p *Process) Press(tb testing.TB, keys string) {
	tb.Helper()
	if _, err := io.WriteString(p.stdin, keys); err != nil {
		tb.Fatalf("write to %s: %v", p.name, err)
	}
}

// Done is closed when the process has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// Stop ends the process and all others of its group, and waits for it.
func (p *Process) Stop() {
	p.stop.Do(func() {
		if p.stdin != nil {
			p.stdin.Close()
		}
		_ = signalGroup(p.cmd, syscall.SIGTERM)
		select {
		case <-p.done:
		case <-time.After(stopGrace):
		}
		_ = signalGroup(p.cmd, syscall.SIGKILL) // those it left behind
		<-p.done
	})
}

// Log returns what the process has written, the latest part of it if it is long.
func (p *Process) Log() string { return p.log.String() }

// log keeps the last part of what is written to it.
type log struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *log) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.buf.Write(b)
	if extra := l.buf.Len() - maxLog; extra > 0 {
		l.buf.Next(extra)
	}
	return len(b), nil
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.TrimRight(l.buf.String(), "\n") + "\n"
}
