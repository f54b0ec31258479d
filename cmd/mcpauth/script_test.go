package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// processTimeout bounds what a script waits for a process or a server.
const processTimeout = 30 * time.Second

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"mcpauth":  main,
		"xdg-open": scriptBrowser,
		"open":     scriptBrowser,
	})
}

// TestScripts runs the command as a user does, see testdata/script.
func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir:                 filepath.Join("testdata", "script"),
		RequireExplicitExec: true,
		Setup: func(env *testscript.Env) error {
			env.Values[backgroundKey{}] = &background{done: true}
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits":    scriptExits,
			"start":    scriptStart,
			"guard":    scriptGuard,
			"network":  scriptNetwork,
			"signal":   scriptSignal,
			"get":      scriptGet,
			"hostof":   scriptHostOf,
			"samebody": scriptSameBody,
			"expand":   scriptExpand,
		},
	})
}

// scriptExits runs a command that must exit with a code: exits CODE COMMAND...
func scriptExits(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND [ARG...]")
	}
	err := ts.Exec(args[1], args[2:]...)
	code := 0
	var failed *exec.ExitError
	if errors.As(err, &failed) {
		code = failed.ExitCode()
	} else if err != nil {
		ts.Fatalf("%v", err)
	}
	if want := args[0]; strconv.Itoa(code) != want {
		ts.Fatalf("exit code %d, want %s", code, want)
	}
}

// background is the program that a script started, done if there is none.
type background struct {
	command *exec.Cmd
	stdout  *bufio.Reader
	stderr  *bytes.Buffer // its own: other commands of the script have the script's
	done    bool
}

type backgroundKey struct{}

// scriptStart starts a command that prints a line of JSON when it is ready,
// and sets an environment variable for each string in it: start COMMAND...
func scriptStart(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) == 0 {
		ts.Fatalf("usage: start COMMAND [ARG...]")
	}
	if !started(ts).done {
		ts.Fatalf("something is running already")
	}
	path, err := lookPath(args[0], ts.Getenv("PATH"))
	ts.Check(err)
	command := exec.Command(path, args[1:]...)
	command.Dir = ts.MkAbs(".")
	command.Env = append(os.Environ(), "PATH="+ts.Getenv("PATH"), "HTTPS_PROXY="+ts.Getenv("HTTPS_PROXY"))
	stderr := &bytes.Buffer{}
	command.Stderr = stderr
	output, err := command.StdoutPipe()
	ts.Check(err)
	ts.Check(command.Start())
	b := started(ts)
	*b = background{command: command, stdout: bufio.NewReader(output), stderr: stderr}
	ts.Defer(func() { b.kill() })
	line, err := b.stdout.ReadBytes('\n')
	if err != nil {
		b.kill()
		ts.Fatalf("%v: %s", err, stderr)
	}
	var facts map[string]any
	ts.Check(json.Unmarshal(line, &facts))
	for name, value := range facts {
		if text, ok := value.(string); ok {
			ts.Setenv(name, text)
		}
	}
}

func started(ts *testscript.TestScript) *background {
	b, ok := ts.Value(backgroundKey{}).(*background)
	if !ok {
		ts.Fatalf("the script was not set up")
	}
	return b
}

func (b *background) kill() {
	if b.done {
		return
	}
	_ = b.command.Process.Kill()
	_ = b.command.Wait()
	b.done = true
}

// scriptGuard starts an MCP server that names an authorization server and lets
// nobody in, and sets an environment variable to its URL: guard NAME ISSUER
func scriptGuard(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: guard NAME ISSUER")
	}
	server := httptest.NewServer(guarded(args[1]))
	ts.Defer(server.Close)
	ts.Setenv(args[0], server.URL+"/mcp")
}

// scriptSignal sends a signal to the command that was started; it must then
// exit with 0 and print nothing more: signal INT|TERM
func scriptSignal(ts *testscript.TestScript, _ bool, args []string) {
	signals := map[string]os.Signal{"INT": syscall.SIGINT, "TERM": syscall.SIGTERM}
	if len(args) != 1 || signals[args[0]] == nil {
		ts.Fatalf("usage: signal INT|TERM")
	}
	b := started(ts)
	if b.done {
		ts.Fatalf("nothing is running")
	}
	ts.Check(b.command.Process.Signal(signals[args[0]]))
	watchdog := time.AfterFunc(processTimeout, func() { _ = b.command.Process.Kill() })
	defer watchdog.Stop()
	rest, err := io.ReadAll(b.stdout)
	ts.Check(err)
	err = b.command.Wait()
	b.done = true
	ts.Logf("[stderr of the background]\n%s", b.stderr)
	ts.Check(err)
	if len(rest) > 0 {
		ts.Fatalf("printed after the first line: %s", rest)
	}
}

// scriptGet saves the answer to a GET request, header and body, if it has the
// status: get STATUS URL FILE
func scriptGet(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 3 {
		ts.Fatalf("usage: get STATUS URL FILE")
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: processTimeout}
	response, err := client.Get(args[1])
	ts.Check(err)
	defer response.Body.Close()
	if strconv.Itoa(response.StatusCode) != args[0] {
		ts.Fatalf("status %d, want %s", response.StatusCode, args[0])
	}
	dump, err := httputil.DumpResponse(response, true)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[2]), dump, 0o600))
}

// scriptHostOf sets an environment variable to the host and port of a URL:
// hostof NAME URL
func scriptHostOf(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: hostof NAME URL")
	}
	u, err := url.Parse(args[1])
	ts.Check(err)
	ts.Setenv(args[0], u.Host)
}

// scriptSameBody fails unless two answers saved by get have the same body:
// samebody FILE FILE
func scriptSameBody(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: samebody FILE FILE")
	}
	_, first, _ := strings.Cut(ts.ReadFile(args[0]), "\r\n\r\n")
	_, second, _ := strings.Cut(ts.ReadFile(args[1]), "\r\n\r\n")
	if first == "" || first != second {
		ts.Fatalf("%s and %s differ", args[0], args[1])
	}
}

// scriptExpand puts environment variables, written $NAME, into files:
// expand FILE...
func scriptExpand(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) == 0 {
		ts.Fatalf("usage: expand FILE...")
	}
	for _, name := range args {
		text := os.Expand(ts.ReadFile(name), ts.Getenv)
		ts.Check(os.WriteFile(ts.MkAbs(name), []byte(text), 0o600))
	}
}

// lookPath is exec.LookPath with another PATH.
func lookPath(name, path string) (string, error) {
	for dir := range strings.SplitSeq(path, string(os.PathListSeparator)) {
		candidate := filepath.Join(dir, name)
		if info, err := os.Stat(candidate); err == nil && !info.IsDir() {
			return candidate, nil
		}
	}
	return "", fmt.Errorf("%s is not in PATH", name)
}
