// Package clients_test has the MCP clients that people use log in at mcpauth dev
// and call tools of the todo manager. The script run in this directory installs
// them and starts it.
package clients_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"
)

// client is an MCP client that people use.
type client struct {
	name      string // in docs/clients.md and in the data of mcpauth check
	directory string // in npm/, where its version is pinned

	// newUser writes the settings.
	newUser func(*session) user
}

// user is somebody who uses a client. Both return what the client says.
type user interface {
	login() string
	call(tool string, arguments map[string]string) string
}

var clients = []client{
	{"mcporter", "mcporter", newMcporter},
	{"MCP Inspector", "inspector", newInspector},
	{"Codex", "codex", newCodex},
	{"opencode", "opencode", newOpencode},
	{"Gemini CLI", "gemini-cli", newGemini},
	{"Claude Code", "claude-code", newClaudeCode},
}

// outcome is what became of a client.
type outcome struct {
	loggedIn, called bool
	// stepUp is a behavior as mcpauth check knows it: "steps_up", "all_scopes" or
	// "stuck".
	stepUp string
	said   string // by the client, of the tool that needs another scope
}

// Each client logs in, calls a tool, and then one that needs a scope that the
// server's first challenge did not name. The servers say what became of it.
//
// Covers RS4, AS2, AS3, AS7, AS8.
func TestClients(t *testing.T) {
	if os.Getenv("INTEROP_CLIENTS") == "" {
		t.Skip("run by interop/clients/run, which installs the clients")
	}
	var table strings.Builder
	columns := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
	fmt.Fprintln(columns, "CLIENT\tVERSION\tLOGGED IN\tCALLED\tSTEPPED UP\tNOTE")
	for _, c := range clients {
		t.Run(c.name, func(t *testing.T) {
			got := c.try(t)
			fmt.Fprintf(columns, "%s\t%s\t%v\t%v\t%s\t%s\n",
				c.name, c.version(t), got.loggedIn, got.called, got.stepUp, lastLine(got.said))
			want := outcome{loggedIn: true, called: true, stepUp: knownStepUps(t)[c.name], said: got.said}
			if got != want {
				t.Errorf("got %+v, want %+v", got, want)
			}
		})
	}
	columns.Flush()
	fmt.Print(table.String())
}

func (c client) try(t *testing.T) (got outcome) {
	t.Helper()
	s := newSession(t, c.directory)
	bobs := s.createAsBob("a todo of bob")
	alice := c.newUser(s)

	alice.login()
	scopes, ok := s.loggedIn()
	got.loggedIn = ok
	alice.call("create-todo", map[string]string{"content": "a todo of alice"})
	got.called = s.exists("alice", "a todo of alice")
	got.said = alice.call("delete-todo", map[string]string{"id": bobs.ID})
	switch deleted := !s.exists("bob", bobs.Content); {
	case !deleted:
		got.stepUp = "stuck"
	case slices.Contains(scopes, "delete:todos"):
		got.stepUp = "all_scopes"
	default:
		got.stepUp = "steps_up"
	}
	t.Logf("mcpauth dev:\n%s", s.server.Log())
	return got
}

// version is the one that is pinned.
func (c client) version(t *testing.T) string {
	t.Helper()
	var manifest struct{ Dependencies map[string]string }
	readJSON(t, filepath.Join("npm", c.directory, "package.json"), &manifest)
	for _, version := range manifest.Dependencies {
		return version // the only one
	}
	t.Fatalf("%s is not pinned", c.name)
	return ""
}

// knownStepUps are the behaviors by client that mcpauth check tells its users.
func knownStepUps(t *testing.T) map[string]string {
	t.Helper()
	var catalogue struct {
		Clients []struct {
			Name   string
			StepUp struct{ Behavior string } `json:"step_up"`
		}
	}
	readJSON(t, "../../check/internal/catalogue/data/clients.json", &catalogue)
	known := map[string]string{}
	for _, c := range catalogue.Clients {
		known[c.Name] = c.StepUp.Behavior
	}
	return known
}

func readJSON(t *testing.T, file string, into any) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, into); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}

// lastLine is the last thing that was said, in short.
func lastLine(said string) string {
	lines := strings.Split(strings.TrimSpace(said), "\n")
	line := strings.TrimSpace(lines[len(lines)-1])
	return line[:min(len(line), 100)]
}
