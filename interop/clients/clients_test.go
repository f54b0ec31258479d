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
	newUser   func(*session) user

	// part is the part of the client that is tried, and stepUp what it does other
	// than the rest of it; see outcome.
	part, stepUp string
	// document is the URL of the client's metadata document, and redirectURI what
	// is in it, for a client that is to use it. Others register dynamically.
	document, redirectURI string
	// refusal is a part of what it says of a tool whose scope it does not get.
	refusal string
}

// user is somebody who uses a client. Both return what the client says.
type user interface {
	login() string
	call(tool string, arguments map[string]string) string
}

var clients = []client{
	{name: "mcporter", directory: "mcporter", newUser: newMcporter, refusal: "Authorization required for todos"},
	{name: "MCP Inspector", directory: "inspector", newUser: newInspectorPage},
	{name: "MCP Inspector", directory: "inspector", newUser: newInspector, part: " --cli", stepUp: "all_scopes"},
	{name: "Codex", directory: "codex", newUser: newCodex, refusal: "Insufficient scope"},
	{name: "Codex", directory: "codex", newUser: newCodex, refusal: "Insufficient scope",
		document: "https://chatgpt.com/oauth/codex/client.json", redirectURI: "http://127.0.0.1/callback"},
	{name: "opencode", directory: "opencode", newUser: newOpencode, refusal: "Server returned 403 after trying upscoping"},
	{name: "Gemini CLI", directory: "gemini-cli", newUser: newGemini},
	{name: "Claude Code", directory: "claude-code", newUser: newClaudeCode},
	{name: "Claude Code", directory: "claude-code", newUser: newClaudeCode,
		document: "https://claude.ai/oauth/claude-code-client-metadata", redirectURI: "http://localhost/callback"},
}

// outcome is what became of a client.
type outcome struct {
	loggedIn, called bool
	// registration is "dynamic", or "document" for a client that identified itself
	// with its metadata document.
	registration string
	// stepUp is a behavior as mcpauth check knows it: "steps_up", "all_scopes" or
	// "stuck".
	stepUp string
	// refusal is what the client said if it is stuck.
	refusal string
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
	fmt.Fprintln(columns, "CLIENT\tVERSION\tREGISTRATION\tLOGGED IN\tCALLED\tMORE SCOPES\tNOTE")
	for _, c := range clients {
		want := c.want(t)
		t.Run(c.name+c.part+", "+want.registration, func(t *testing.T) {
			got := c.try(t)
			fmt.Fprintf(columns, "%s\t%s\t%s\t%v\t%v\t%s\t%s\n",
				c.name+c.part, c.version(t), got.registration, got.loggedIn, got.called, got.stepUp, got.refusal)
			if got != want {
				t.Errorf("got %+v, want %+v", got, want)
			}
		})
	}
	columns.Flush()
	fmt.Print(table.String())
}

// want is the outcome that docs/clients.md documents.
func (c client) want(t *testing.T) outcome {
	t.Helper()
	want := outcome{loggedIn: true, called: true, registration: "dynamic", stepUp: knownStepUps(t)[c.name], refusal: c.refusal}
	if c.document != "" {
		want.registration = "document"
	}
	if c.stepUp != "" {
		want.stepUp = c.stepUp
	}
	return want
}

func (c client) try(t *testing.T) (got outcome) {
	t.Helper()
	s := newSession(t, c)
	bobs := s.createAsBob("a todo of bob")
	alice := c.newUser(s)

	alice.login()
	login, ok := s.loggedIn()
	got.loggedIn, got.registration = ok, "dynamic"
	if c.document != "" && login.clientID == c.document {
		got.registration = "document"
	}
	alice.call("create-todo", map[string]string{"content": "a todo of alice"})
	got.called = s.exists("alice", "a todo of alice")
	said := alice.call("delete-todo", map[string]string{"id": bobs.ID})
	switch deleted := !s.exists("bob", bobs.Content); {
	case !deleted:
		got.stepUp, got.refusal = "stuck", lastLine(said)
		if strings.Contains(said, c.refusal) {
			got.refusal = c.refusal
		}
	case slices.Contains(login.scopes, "delete:todos"):
		got.stepUp = "all_scopes"
	default:
		got.stepUp = "steps_up"
	}
	t.Logf("mcpauth dev:\n%s", s.server.Log())
	return got
}

// TestDocument holds the table of docs/clients.md to the versions that are tried.
func TestDocument(t *testing.T) {
	t.Parallel()
	document, err := os.ReadFile("../../docs/clients.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range clients {
		row := fmt.Sprintf("\n| %s | %s | yes | yes | ", c.name, c.version(t))
		if !strings.Contains(string(document), row) {
			t.Errorf("docs/clients.md has no row %q", row)
		}
	}
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
