package stdio_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mcp-auth/go/configerr"
	"github.com/mcp-auth/go/gateway/stdio"
)

const theSecret = "s3cret-value"

func secretFile(t *testing.T) stdio.Variable {
	t.Helper()
	name := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(name, []byte(theSecret+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return stdio.Variable{File: name}
}

// Covers GW27: the process gets PATH, HOME and what is listed. Secrets are read when it
// starts, and are neither arguments nor logged.
func TestEnvironment(t *testing.T) {
	t.Parallel()
	secret := secretFile(t)
	s := newSite(t, modeLegacy, func(c *stdio.Config) {
		c.Command = append(c.Command, "argument")
		c.Env["SECRET"], c.Env["PLAIN"] = secret, stdio.Variable{Value: "plain"}
	})
	names := []string{"HOME", "PATH", "PLAIN", "SECRET", envLifeline, envMode}
	for _, value := range []string{theSecret, "another"} {
		if err := os.WriteFile(secret.File, []byte(value+"\r\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		var got []string
		for line := range strings.SplitSeq(s.open("alice").tool("1", "env"), "\n") {
			if name, v, ok := strings.Cut(line, "="); ok {
				got = append(got, name)
				if name == "SECRET" && v != value {
					t.Errorf("the secret is %q", v)
				}
			} else if strings.Contains(line, value) {
				t.Error("the secret is an argument")
			}
		}
		slices.Sort(got)
		if runtime.GOOS != "windows" && !slices.Equal(got, names) {
			t.Errorf("the environment has %v", got)
		}
	}
	if strings.Contains(s.log.String(), theSecret) {
		t.Error("the secret is in the log")
	}
}

// Covers GW24: the input is closed, then SIGTERM, then SIGKILL.
func TestStop(t *testing.T) {
	t.Parallel()
	for mode, want := range map[string][]string{
		modeLegacy:   {"eof", ""},
		modeWaits:    {"eof", "terminated", ""},
		modeStubborn: {""},
	} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			if runtime.GOOS == "windows" && mode == modeWaits {
				t.Skip("there is no SIGTERM")
			}
			s := newSite(t, mode, func(c *stdio.Config) { c.StopGrace = 300 * time.Millisecond })
			s.open("alice").send(http.MethodDelete, "")
			process := s.process(t)
			for _, step := range want {
				if got := process.next(); got != step {
					t.Errorf("the process says %q, want %q", got, step)
				}
			}
		})
	}
}

// Covers GW23: what the process has started ends with it, however it ends.
func TestGrandchild(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*client){
		"deleted": func(c *client) { c.send(http.MethodDelete, "") },
		"crashed": func(c *client) { c.post(c.call("2", "crash")) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, modeLegacy, nil)
			c := s.open("alice")
			process := s.process(t)
			c.tool("1", "grandchild")
			grandchild := s.process(t)
			end(c)
			for process.next() != "" {
			}
			if got := grandchild.next(); grandchild.mode != modeSleep || got != "" {
				t.Errorf("the grandchild, %q, says %q", grandchild.mode, got)
			}
			eventually(t, "the process is over", func() bool { return s.handler.Stats().Processes == 0 })
		})
	}
}

// Covers GW23: what has left the process group, and holds the output open, holds up
// nothing.
func TestDaemon(t *testing.T) {
	t.Parallel()
	s := newSite(t, modeLegacy, nil)
	c := s.open("alice")
	c.tool("1", "daemon")
	c.send(http.MethodDelete, "")
	eventually(t, "the process is over", func() bool { return s.handler.Stats().Processes == 0 })
}

// runParent is a program with a Handler, which opens a session and then waits.
func runParent() {
	handler, err := stdio.New(stdio.Config{
		Command: []string{os.Args[0]},
		Env:     map[string]stdio.Variable{envMode: {Value: modeStubborn}, envLifeline: {Value: os.Getenv(envLifeline)}},
	})
	if err != nil {
		panic(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println("http://" + listener.Addr().String())
	panic(http.Serve(listener, handler))
}

// Covers GW23: the process dies with this one, even if that is killed.
func TestDeathOfParent(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" && runtime.GOOS != "freebsd" && runtime.GOOS != "windows" {
		t.Skip("the operating system has nothing for it")
	}
	life := newLifeline(t)
	parent := exec.Command(os.Args[0])
	parent.Env = append(os.Environ(), envMode+"="+modeParent, envLifeline+"="+life.listener.Addr().String())
	stdout, err := parent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	var url string
	if _, err := fmt.Fscanln(stdout, &url); err != nil {
		t.Fatal(err)
	}
	s := &site{t: t, url: url}
	s.open("alice")
	process := life.process(t)
	if err := parent.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = parent.Wait()
	if got := process.next(); process.mode != modeStubborn || got != "" {
		t.Errorf("the process, %q, says %q", process.mode, got)
	}
}

// Covers GW24: Close ends everything, what is under way with an error.
func TestClose(t *testing.T) {
	t.Parallel()
	s := newSite(t, modeLegacy, nil)
	c := s.open("alice")
	process := s.process(t)
	stream := c.stream(t.Context(), http.MethodGet, "")
	ended := make(chan answer, 1)
	go func() { ended <- c.post(c.call("1", "announce")) }()
	process.next()
	if err := s.handler.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if a := within(t, ended); a.status != http.StatusBadGateway {
		t.Errorf("the request: %+v", a)
	}
	if got, open := <-stream; open {
		t.Errorf("the stream has %s", got)
	}
	if got := process.next() + process.next(); got != "eof" {
		t.Errorf("the process says %q", got)
	}
	for _, a := range []answer{s.legacy("alice").post(initialize), s.modern("bob").post(s.modern("bob").call("1", "pid"))} {
		if a.status != http.StatusServiceUnavailable || a.retry == "" {
			t.Errorf("after Close: %+v", a)
		}
	}
	if got := s.handler.Stats().Processes; got != 0 {
		t.Errorf("%d processes are left", got)
	}
}

// Covers GW24: when there is no more time, processes are killed.
func TestCloseInTime(t *testing.T) {
	t.Parallel()
	s := newSite(t, modeStubborn, func(c *stdio.Config) { c.StopGrace = time.Hour })
	s.open("alice")
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := s.handler.Close(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Close returns %v", err)
	}
	if process := s.process(t); process.next() != "" {
		t.Error("the process goes on")
	}
}

// Covers GW30: the page says what the container has to run.
func TestInitIsDocumented(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/gateway-stdio.md")
	if err != nil || !strings.Contains(string(page), "docker run --init") {
		t.Errorf("docs/gateway-stdio.md says nothing of --init: %v", err)
	}
}

func TestConfigFaults(t *testing.T) {
	t.Parallel()
	_, err := stdio.New(stdio.Config{
		Command: []string{"", "a\x00"},
		Env:     map[string]stdio.Variable{"A=B": {}, "C": {Value: "\x00"}, "D": {Value: "x", File: "y"}},
		MaxLine: -1, QueueLength: 1 << 20, IdleTimeout: -1, StopGrace: 48 * time.Hour,
	})
	var got []string
	for _, e := range configerr.All(err) {
		got = append(got, e.Field+": "+string(e.Fault))
	}
	slices.Sort(got)
	want := []string{
		"Command: " + string(stdio.NoCommand), "Command[1]: " + string(stdio.InvalidArgument),
		`Env["A=B"]: ` + string(stdio.InvalidVariable), `Env["C"]: ` + string(stdio.InvalidArgument), `Env["D"]: ` + string(stdio.ConflictingVariable),
		"IdleTimeout: " + string(stdio.InvalidLimit), "MaxLine: " + string(stdio.InvalidLimit),
		"QueueLength: " + string(stdio.InvalidLimit), "StopGrace: " + string(stdio.InvalidLimit),
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
}
