package interop_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"testing"

	"github.com/mcp-auth/go/interop/internal/parts"
	"github.com/mcp-auth/go/interop/internal/proc"
)

// mcpRemote is npm mcp-remote with a directory of its own, in front of a
// protected server.
type mcpRemote struct {
	server *parts.DevServer
	args   []string
	env    []string
}

// mcpRemoteReport is what js/mcp-remote.mjs prints.
type mcpRemoteReport struct {
	Tools []string
	Calls []noteCall
}

// A host that knows standard input and output only reaches a protected server
// through mcp-remote, which registers itself or has a metadata document, logs in
// at mcpauth dev, steps up, and is still logged in when it is started again.
//
// Covers RS4, RS12, AS1, AS2, AS3, AS6, AS7, AS8.
func TestMCPRemote(t *testing.T) {
	t.Parallel()
	t.Run("dynamic registration", func(t *testing.T) {
		t.Parallel()
		login := newDevLogin(t, "2025-11-25", false)
		login.checkMCPRemote(t, []string{login.run.resource}, "registered a client")
	})
	t.Run("metadata document, 2026-07-28", func(t *testing.T) {
		t.Parallel()
		port := proc.FreePort(t)
		login := newDevLogin(t, "2026-07-28", true, fmt.Sprintf("http://127.0.0.1:%d/oauth/callback", port))
		login.checkMCPRemote(t, []string{login.run.resource, fmt.Sprint(port), "--host", "127.0.0.1",
			"--client-metadata-url", login.run.document, "--protocol", "auto"})
	})
}

// checkMCPRemote runs mcp-remote twice. events are those of mcpauth dev before
// the user logs in.
func (l devLogin) checkMCPRemote(t *testing.T, args []string, events ...string) {
	t.Helper()
	l.run.startServer(t)
	remote := mcpRemote{l.server, append(args, "--auth-timeout", "120"),
		append(parts.Browser(t, l.run.fields), "MCP_REMOTE_CONFIG_DIR="+t.TempDir())}
	want := append(events, "granted", "issued an access token", "granted", "issued an access token")

	first := remote.run(t)
	if !slices.Equal(first.Tools, []string{readNote, whoami}) {
		t.Errorf("the tools are %q before the step-up", first.Tools)
	}
	l.checkCalls(t, first.Calls, []string{"read", "offline_access"}, []string{"read", "offline_access", "delete"})
	// mcp-remote may send the browser twice for one step-up.
	if got := slices.Compact(l.server.Events()); !slices.Equal(got, want) {
		t.Errorf("mcpauth dev logs %q, want %q", got, want)
	}
	again := remote.run(t)
	if !slices.Equal(again.Tools, []string{deleteNote, readNote, whoami}) || !reflect.DeepEqual(again.Calls[1:], first.Calls[1:]) {
		t.Errorf("started again: tools %q, calls %+v", again.Tools, again.Calls)
	}
	if got := slices.Compact(l.server.Events()); !slices.Equal(got, want) {
		t.Errorf("mcpauth dev logs %q, want no login of the second process", got)
	}
}

func (r mcpRemote) run(t *testing.T) mcpRemoteReport {
	t.Helper()
	in, err := json.Marshal(map[string]any{"args": r.args, "calls": []string{whoami, readNote, deleteNote, whoami}})
	if err != nil {
		t.Fatal(err)
	}
	var report mcpRemoteReport
	out := parts.ScriptWith(t, scriptTimeout, r.env, in, "mcp-remote.mjs")
	if err := json.Unmarshal(out, &report); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return report
}
