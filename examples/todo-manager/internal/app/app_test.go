package app

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/examples/todo-manager/internal/todo"
)

func build(*mcpauth.Auth, *todo.Service, ...mcpauth.Option) http.Handler {
	return http.NotFoundHandler()
}

func TestHelp(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	err := Run(t.Context(), "./examples/todo-manager", []string{"--help"}, func(string) string { return "" }, &out, build)
	if !errors.Is(err, flag.ErrHelp) {
		t.Errorf("got %v", err)
	}
	for _, want := range []string{"go run ./examples/todo-manager --dev\n", "MCP_AUTH_ISSUER", "MCP_TODO_FILE", "-auth-listen ADDRESS"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is missing in %s", want, out.String())
		}
	}
}

// What is wrong is said, with what to do about it, and nothing keeps running.
func TestSettingsAreChecked(t *testing.T) {
	t.Parallel()
	good := map[string]string{
		"MCP_AUTH_ISSUER": "https://auth.example.com", "MCP_RESOURCE_IDENTIFIER": "http://127.0.0.1:3001/mcp", "MCP_LISTEN": "127.0.0.1:0",
	}
	for name, test := range map[string]struct {
		change map[string]string
		args   []string
		want   string
	}{
		"nothing":           {map[string]string{"MCP_AUTH_ISSUER": "", "MCP_RESOURCE_IDENTIFIER": ""}, nil, "set MCP_AUTH_ISSUER and MCP_RESOURCE_IDENTIFIER, or try it with --dev"},
		"no identifier":     {map[string]string{"MCP_RESOURCE_IDENTIFIER": ""}, nil, "set MCP_AUTH_ISSUER"},
		"not a URL":         {map[string]string{"MCP_RESOURCE_IDENTIFIER": "%"}, nil, "MCP_RESOURCE_IDENTIFIER"},
		"plain http":        {map[string]string{"MCP_RESOURCE_IDENTIFIER": "http://example.com/mcp"}, nil, "plain http is accepted for loopback"},
		"leeway":            {map[string]string{"MCP_LEEWAY": "soon"}, nil, "MCP_LEEWAY"},
		"scope":             {map[string]string{"MCP_REQUIRED_SCOPES": `a"b`}, nil, "scope"},
		"no port":           {map[string]string{"MCP_LISTEN": "127.0.0.1"}, nil, "--listen"},
		"flag":              {nil, []string{"--fiel", "x"}, "--help says more"},
		"argument":          {nil, []string{"todos.db"}, `unexpected argument "todos.db"`},
		"file":              {nil, []string{"--file", filepath.Join(t.TempDir(), "none", "todos.db")}, "opening the todos"},
		"dev for everybody": {nil, []string{"--dev", "--listen", "0.0.0.0:0", "--auth-listen", "127.0.0.1:0"}, "loopback"},
		"dev login page":    {nil, []string{"--dev", "--listen", "127.0.0.1:0", "--auth-listen", "0.0.0.0:0"}, "loopback"},
	} {
		getenv := func(name string) string {
			if value, ok := test.change[name]; ok {
				return value
			}
			return good[name]
		}
		ctx, cancel := context.WithCancel(t.Context())
		err := Run(ctx, "./program", test.args, getenv, stopWhenListening{cancel}, build)
		cancel()
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		}
	}
}

// stopWhenListening keeps a program from running where it should not.
type stopWhenListening struct{ stop func() }

func (s stopWhenListening) Write(p []byte) (int, error) {
	if bytes.Contains(p, []byte(listening)) {
		s.stop()
	}
	return len(p), nil
}

// What a reader of the announcement cannot be told, ends the program.
func TestOutputIsNeeded(t *testing.T) {
	t.Parallel()
	read, write := io.Pipe()
	if err := read.Close(); err != nil {
		t.Fatal(err)
	}
	err := Run(t.Context(), "./program", []string{"--dev", "--listen", "127.0.0.1:0", "--auth-listen", "127.0.0.1:0"}, func(string) string { return "" }, write, build)
	if !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("got %v", err)
	}
}

func TestPath(t *testing.T) {
	t.Parallel()
	for resource, want := range map[string]string{
		"https://todos.example.com": "/", "https://todos.example.com/": "/", "https://todos.example.com/a/mcp": "/a/mcp",
	} {
		if got := path(resource); got != want {
			t.Errorf("%s: got %s, want %s", resource, got, want)
		}
	}
}
