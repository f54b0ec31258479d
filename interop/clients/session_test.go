package clients_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mcp-auth/go/interop/internal/parts"
	"github.com/mcp-auth/go/interop/internal/proc"
)

const commandTimeout = 90 * time.Second

// session is alice at a computer of her own with one client, and the servers:
// mcpauth dev, and the todo manager, where bob has a todo, too.
type session struct {
	t        *testing.T
	modules  string // node_modules with the client
	home     string
	env      []string
	resource string
	server   *parts.DevServer
	bob      parts.Mcpauth
}

type todo struct{ ID, Content, OwnerID string }

func newSession(t *testing.T, c client) *session {
	t.Helper()
	resource := parts.NewResource(t)
	// Documents of clients are on the internet. Here clients register, or
	// mcpauth dev knows beforehand what the document says.
	args := []string{"--resource", resource, "--client-documents", "off",
		"--scope", "create:todos", "--scope", "read:todos", "--scope", "delete:todos"}
	if c.document != "" {
		args = append(args, "--client-documents", "on", "--client", c.document+"="+c.redirectURI)
	}
	server := parts.StartDevServer(t, args...)
	parts.StartTodoManager(t, resource, server.Issuer)
	modules, err := filepath.Abs(filepath.Join("npm", c.directory, "node_modules"))
	if err != nil {
		t.Fatal(err)
	}
	home := t.TempDir()
	env := append(parts.Browser(t, fieldsOf("alice")), "HOME="+home)
	for _, name := range []string{"XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"} {
		env = append(env, name+"="+filepath.Join(home, strings.ToLower(name)))
	}
	return &session{t, modules, home, env, resource, server, parts.NewMcpauth(t, fieldsOf("bob"))}
}

func fieldsOf(user string) map[string]string {
	return map[string]string{"username": user, "password": user}
}

// setenv adds to the environment of the client.
func (s *session) setenv(name, value string) { s.env = append(s.env, name+"="+value) }

// write writes a file of the user's, and the directories above it.
func (s *session) write(name, text string) {
	s.t.Helper()
	file := filepath.Join(s.home, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		s.t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

// writeJSON is write for settings.
func (s *session) writeJSON(name string, settings any) {
	s.t.Helper()
	text, err := json.MarshalIndent(settings, "", "  ")
	if err != nil {
		s.t.Fatal(err)
	}
	s.write(name, string(text))
}

// node runs a script of the client's package. What comes of it is seen at the
// servers, so a failure is only logged.
func (s *session) node(script string, args ...string) string {
	s.t.Helper()
	return s.run("node", append([]string{filepath.Join(s.modules, script)}, args...)...)
}

// terminal is node at a terminal, which some clients insist on.
func (s *session) terminal(script string, args ...string) string {
	s.t.Helper()
	return s.run("script", s.inTerminal(script, args)...)
}

// openTerminal is terminal for a script that goes on until it is stopped.
func (s *session) openTerminal(script string, args ...string) *proc.Process {
	s.t.Helper()
	return proc.Start(s.t, proc.Command{
		Name: script, Path: "script", Args: s.inTerminal(script, args), Env: s.env, Dir: s.home,
	})
}

// waitFor waits until done, and reports whether it was in time.
func (s *session) waitFor(done func() bool) bool {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), commandTimeout)
	defer cancel()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return false
		}
	}
	return true
}

// inTerminal are the arguments of script(1).
func (s *session) inTerminal(script string, args []string) []string {
	words := append([]string{"node", filepath.Join(s.modules, script)}, args...)
	for i, word := range words {
		words[i] = "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
	}
	return []string{"-qec", "stty cols 120 rows 40; " + strings.Join(words, " "), os.DevNull}
}

func (s *session) run(program string, args ...string) string {
	s.t.Helper()
	started := time.Now()
	result := proc.Attempt(s.t, commandTimeout, proc.Command{
		Name: program, Path: program, Args: args, Env: s.env, Dir: s.home, Stdin: []byte{},
	})
	said := string(result.Stdout) + result.Stderr
	s.t.Logf("%s %q: exit status %d after %s\n%s", program, args, result.Code, time.Since(started).Round(time.Second), said)
	return said
}

// grant is what alice has granted.
type grant struct {
	clientID string
	scopes   []string
}

var (
	granted = regexp.MustCompile(`(?m)^granted, client ([^,]*), subject alice, scope ([^,]*),`)
	issued  = regexp.MustCompile(`(?m)^issued an access token, .* subject alice,`)
)

// loggedIn returns alice's first grant, if the client got a token for it.
func (s *session) loggedIn() (first grant, ok bool) {
	log := s.server.Log()
	found := granted.FindStringSubmatch(log)
	if found == nil || !issued.MatchString(log) {
		return grant{}, false
	}
	return grant{found[1], strings.Fields(found[2])}, true
}

// createAsBob makes a todo that alice may only delete with a scope of its own.
func (s *session) createAsBob(content string) (created todo) {
	s.t.Helper()
	s.asBob(&created, "create-todo", `{"content":"`+content+`"}`)
	return created
}

// exists reports whether there is such a todo, of whatever identifier.
func (s *session) exists(owner, content string) bool {
	s.t.Helper()
	var all struct{ Todos []todo }
	s.asBob(&all, "get-todos")
	return slices.ContainsFunc(all.Todos, func(one todo) bool { return one.OwnerID == owner && one.Content == content })
}

func (s *session) asBob(into any, call ...string) {
	s.t.Helper()
	result := s.bob.Run(s.t, append([]string{"call", s.resource}, call...)...)
	if err := json.Unmarshal(result.Stdout, into); err != nil {
		s.t.Fatalf("bob: %v: %s%s", err, result.Stdout, result.Stderr)
	}
}
