// Package todotest holds todo managers to what the tutorial says, whatever MCP
// SDK they are on: through the program's own Run, over HTTP, with tokens of a
// real authorization server.
package todotest

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mcp-auth/go/examples/todo-manager/internal/app"
	"github.com/mcp-auth/go/examples/todo-manager/internal/todo"
	"github.com/mcp-auth/go/mcpauthtest"
)

// legacy and modern are the two eras of the protocol. A request of the modern
// one names its operation in headers.
const (
	legacy = "2025-11-25"
	modern = "2026-07-28"
)

// Run holds the server that build makes to the tutorial.
func Run(t *testing.T, build app.Build) {
	t.Helper()
	for _, version := range []string{legacy, modern} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			t.Run("scopes", func(t *testing.T) { t.Parallel(); testScopes(t, build, version) })
			t.Run("owners", func(t *testing.T) { t.Parallel(); testOwners(t, build, version) })
			t.Run("lists", func(t *testing.T) { t.Parallel(); testLists(t, build, version) })
			t.Run("arguments", func(t *testing.T) { t.Parallel(); testArguments(t, build, version) })
		})
	}
	t.Run("required scopes", func(t *testing.T) { t.Parallel(); testRequiredScopes(t, build) })
	t.Run("limits", func(t *testing.T) { t.Parallel(); testLimits(t, build) })
	t.Run("file", func(t *testing.T) { t.Parallel(); testFile(t, build) })
	t.Run("dev", func(t *testing.T) { t.Parallel(); testDev(t, build) })
	t.Run("client", func(t *testing.T) { t.Parallel(); testClient(t, build) })
}

// resource is the servers' identifier, whatever port they take, as behind a
// reverse proxy.
const (
	resource = "http://127.0.0.1:3001/mcp"
	metadata = "http://127.0.0.1:3001/.well-known/oauth-protected-resource/mcp"
)

// server is a running todo manager.
type server struct {
	version string
	url     string
	as      *mcpauthtest.Server
	stop    func()
}

// start runs the program as a user would, with an authorization server of its
// own if as is nil, until the test ends.
func start(t *testing.T, build app.Build, version string, as *mcpauthtest.Server, env map[string]string, args ...string) *server {
	t.Helper()
	if as == nil {
		as = authorizationServer(t)
	}
	all := map[string]string{"MCP_AUTH_ISSUER": as.Issuer(), "MCP_RESOURCE_IDENTIFIER": resource, "MCP_LISTEN": "127.0.0.1:0"}
	maps.Copy(all, env)
	stop, printed := run(t, build, all, args...)
	return &server{version, "http://" + printed["listening on"] + "/mcp", as, stop}
}

func authorizationServer(t *testing.T) *mcpauthtest.Server {
	t.Helper()
	as, err := mcpauthtest.NewServer(mcpauthtest.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(as.Close)
	return as
}

// run starts the program and waits until it listens. It returns what ends it,
// which must succeed, and what it printed.
func run(t *testing.T, build app.Build, env map[string]string, args ...string) (stop func(), printed map[string]string) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	read, write := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		err := app.Run(ctx, "./program", args, func(name string) string { return env[name] }, write, build)
		_ = write.Close()
		ended <- err
	}()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("the program ended with %v", err)
		}
	})
	t.Cleanup(stop)
	printed = map[string]string{}
	for lines := bufio.NewScanner(read); lines.Scan(); {
		line := strings.TrimSpace(lines.Text())
		if address, ok := strings.CutPrefix(line, "listening on "); ok {
			printed["listening on"] = address
			return stop, printed
		}
		if name, value, ok := strings.Cut(line, "="); ok {
			printed[name] = value
		}
	}
	stop()
	t.Fatal("the program does not listen")
	return nil, nil
}

// token is one of the subject with the scopes.
func (s *server) token(t *testing.T, subject string, scopes ...string) string {
	t.Helper()
	token, err := s.as.Token(mcpauthtest.TokenClaims{Audience: []string{resource}, Subject: subject, Scopes: scopes})
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// answer is what came of a request.
type answer struct {
	status    int
	challenge string
	message   struct {
		Result result
		Error  *struct{ Message string }
	}
}

type result struct {
	Tools             []struct{ Name string }
	IsError           bool
	Content           []struct{ Text string }
	StructuredContent json.RawMessage
}

func (s *server) post(t *testing.T, token, method, name, params string) (a answer) {
	t.Helper()
	meta := `"_meta":{}`
	if s.version == modern {
		meta = `"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28",` +
			`"io.modelcontextprotocol/clientInfo":{"name":"test","version":"1"},"io.modelcontextprotocol/clientCapabilities":{}}`
	}
	body := fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"method":%q,"params":{%s%s}}`, method, params, meta)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header = http.Header{
		"Content-Type": {"application/json"}, "Accept": {"application/json, text/event-stream"}, "Mcp-Protocol-Version": {s.version},
	}
	if s.version == modern {
		request.Header.Set("Mcp-Method", method)
		request.Header.Set("Mcp-Name", name)
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	a.status, a.challenge = response.StatusCode, response.Header.Get("WWW-Authenticate")
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	if a.status == http.StatusOK {
		if err := json.Unmarshal(text, &a.message); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
	}
	return a
}

// call calls a tool. The arguments are any JSON.
func (s *server) call(t *testing.T, token, tool, arguments string) answer {
	t.Helper()
	return s.post(t, token, "tools/call", tool, fmt.Sprintf(`"name":%q,"arguments":%s,`, tool, arguments))
}

// into decodes the structured result of a call that must have succeeded.
func (a answer) into(t *testing.T, value any) {
	t.Helper()
	r := a.message.Result
	if a.status != http.StatusOK || a.message.Error != nil || r.IsError {
		t.Fatalf("not a success: %+v", a)
	}
	if err := json.Unmarshal(r.StructuredContent, value); err != nil {
		t.Fatal(err)
	}
	// Older clients read the text, which must say the same.
	var fromText, fromStructure any
	if len(r.Content) != 1 || json.Unmarshal([]byte(r.Content[0].Text), &fromText) != nil || json.Unmarshal(r.StructuredContent, &fromStructure) != nil ||
		fmt.Sprint(fromText) != fmt.Sprint(fromStructure) {
		t.Errorf("text and structure differ: %+v", r)
	}
}

// says checks that the tool failed, in words that a model can read.
func (a answer) says(t *testing.T, what, want string) {
	t.Helper()
	r := a.message.Result
	if a.status != http.StatusOK || !r.IsError || len(r.Content) != 1 || !strings.Contains(r.Content[0].Text, want) {
		t.Errorf("%s: %+v, want an error with %q", what, a, want)
	}
}

// refused checks for a challenge that asks for the scopes.
func (a answer) refused(t *testing.T, what, scopes string) {
	t.Helper()
	want := fmt.Sprintf(`Bearer error="insufficient_scope", scope=%q, resource_metadata=%q, error_description="`, scopes, metadata)
	if a.status != http.StatusForbidden || !strings.HasPrefix(a.challenge, want) {
		t.Errorf("%s: %d %s, want 403 %s", what, a.status, a.challenge, want)
	}
}

func (s *server) create(t *testing.T, token, content string) (created todo.Todo) {
	t.Helper()
	arguments, err := json.Marshal(map[string]string{"content": content})
	if err != nil {
		t.Fatal(err)
	}
	s.call(t, token, todo.ToolCreate, string(arguments)).into(t, &created)
	return created
}

// contents are those of the todos that the caller sees.
func (s *server) contents(t *testing.T, token string) string {
	t.Helper()
	var list struct{ Todos []todo.Todo }
	s.call(t, token, todo.ToolGet, `{}`).into(t, &list)
	if list.Todos == nil {
		t.Error("an empty list must be an array")
	}
	contents := []string{}
	for _, t := range list.Todos {
		contents = append(contents, t.OwnerID+" "+t.Content)
	}
	return strings.Join(contents, ", ")
}

func withID(id string) string { return fmt.Sprintf(`{"id":%q}`, id) }

// What each scope is good for.
func testScopes(t *testing.T, build app.Build, version string) {
	s := start(t, build, version, nil, nil)
	a := s.call(t, "", todo.ToolCreate, `{"content":"x"}`)
	if a.status != http.StatusUnauthorized || !strings.HasPrefix(a.challenge, `Bearer scope="create:todos read:todos`) || strings.Contains(a.challenge, "error=") {
		t.Errorf("without a token: %d %s", a.status, a.challenge)
	}
	none := s.token(t, "alice")
	s.call(t, none, todo.ToolCreate, `{"content":"x"}`).refused(t, "create without the scope", "create:todos")
	created := s.create(t, s.token(t, "alice", "create:todos"), "water the plants")
	if created.Content != "water the plants" || created.ID == "" || created.OwnerID != "alice" || time.Since(created.CreatedAt) > time.Minute {
		t.Errorf("created %+v", created)
	}
	for token, want := range map[string]string{
		none: "alice water the plants", s.token(t, "bob"): "", s.token(t, "bob", "read:todos"): "alice water the plants",
	} {
		if got := s.contents(t, token); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	if a := s.call(t, none, "no-such-tool", `{}`); a.status != http.StatusForbidden {
		t.Errorf("a tool without a rule: %d", a.status)
	}
}

// Owners delete their own todos; others step up.
func testOwners(t *testing.T, build app.Build, version string) {
	s := start(t, build, version, nil, nil)
	alice, bob := s.token(t, "alice", "create:todos"), s.token(t, "bob", "create:todos")
	first, second := s.create(t, alice, "first"), s.create(t, alice, "second")

	s.call(t, bob, todo.ToolDelete, withID(first.ID)).refused(t, "another's", "delete:todos")
	if got := s.contents(t, alice); got != "alice first, alice second" {
		t.Errorf("after the refusal: %s", got)
	}
	var deleted struct{ Deleted string }
	s.call(t, alice, todo.ToolDelete, withID(first.ID)).into(t, &deleted)
	if deleted.Deleted != first.ID {
		t.Errorf("deleted %+v", deleted)
	}
	steppedUp := s.token(t, "bob", "create:todos", "delete:todos")
	s.call(t, steppedUp, todo.ToolDelete, withID(second.ID)).into(t, &deleted)
	if got := s.contents(t, alice); got != "" {
		t.Errorf("at last: %s", got)
	}
	s.call(t, bob, todo.ToolDelete, withID(second.ID)).says(t, "deleted already", "no such todo")
}

// tools/list shows what the caller may use.
func testLists(t *testing.T, build app.Build, version string) {
	s := start(t, build, version, nil, nil)
	for token, want := range map[string][]string{
		s.token(t, "alice"):                 {todo.ToolDelete, todo.ToolGet},
		s.token(t, "alice", "read:todos"):   {todo.ToolDelete, todo.ToolGet},
		s.token(t, "alice", "create:todos"): {todo.ToolCreate, todo.ToolDelete, todo.ToolGet},
	} {
		a := s.post(t, token, "tools/list", "", "")
		got := []string{}
		for _, tool := range a.message.Result.Tools {
			got = append(got, tool.Name)
		}
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("got %d %q, want %q", a.status, got, want)
		}
	}
	if a := s.post(t, "", "tools/list", "", ""); a.status != http.StatusUnauthorized {
		t.Errorf("without a token: %d", a.status)
	}
}

// What a model may get wrong, it is told of.
func testArguments(t *testing.T, build app.Build, version string) {
	s := start(t, build, version, nil, nil)
	alice := s.token(t, "alice", "create:todos")
	for _, arguments := range []string{`{"content":" "}`, fmt.Sprintf(`{"content":%q}`, strings.Repeat("x", 501))} {
		s.call(t, alice, todo.ToolCreate, arguments).says(t, arguments, "1 to 500 characters")
	}
	for _, arguments := range []string{`{}`, `{"content":1}`, `{"content":null}`, `{"content":"x","owner":"bob"}`} {
		a := s.call(t, alice, todo.ToolCreate, arguments)
		if a.status != http.StatusOK || a.message.Error == nil && !a.message.Result.IsError {
			t.Errorf("%s: %+v", arguments, a)
		}
	}
	s.call(t, alice, todo.ToolDelete, withID("none")).says(t, "delete", "no such todo")
	if got := s.contents(t, alice); got != "" {
		t.Errorf("made %s", got)
	}
}

// The scopes of the environment are needed besides.
func testRequiredScopes(t *testing.T, build app.Build) {
	s := start(t, build, legacy, nil, map[string]string{"MCP_REQUIRED_SCOPES": "use:todos"})
	s.call(t, s.token(t, "alice", "create:todos"), todo.ToolGet, `{}`).refused(t, "without it", "use:todos")
	alice := s.token(t, "alice", "use:todos", "create:todos")
	created := s.create(t, alice, "x")
	s.call(t, s.token(t, "bob", "use:todos"), todo.ToolDelete, withID(created.ID)).refused(t, "another's", "use:todos delete:todos")
}

func testLimits(t *testing.T, build app.Build) {
	s := start(t, build, legacy, nil, nil)
	alice := s.token(t, "alice", "create:todos")
	for range todo.DefaultLimits().PerOwner {
		s.create(t, alice, "x")
	}
	s.call(t, alice, todo.ToolCreate, `{"content":"one more"}`).says(t, "one more", "your list is full")
	s.create(t, s.token(t, "bob", "create:todos"), "x")
	a := s.call(t, alice, todo.ToolCreate, fmt.Sprintf(`{"content":%q}`, strings.Repeat("x", 70<<10)))
	if a.status != http.StatusRequestEntityTooLarge {
		t.Errorf("a large body: %d", a.status)
	}
}

// Todos in a file outlive the server, and stay their owners'.
func testFile(t *testing.T, build app.Build) {
	as, file := authorizationServer(t), filepath.Join(t.TempDir(), "todos.db")
	first := start(t, build, legacy, as, nil, "--file", file)
	created := first.create(t, first.token(t, "alice", "create:todos"), "remember me")
	first.stop()
	second := start(t, build, legacy, as, map[string]string{"MCP_TODO_FILE": file})
	if got := second.contents(t, second.token(t, "alice")); got != "alice remember me" {
		t.Errorf("got %q", got)
	}
	second.call(t, second.token(t, "bob"), todo.ToolDelete, withID(created.ID)).refused(t, "another's", "delete:todos")
}

// With --dev, what is printed works as it stands.
func testDev(t *testing.T, build app.Build) {
	_, printed := run(t, build, nil, "--dev", "--listen", "127.0.0.1:0", "--auth-listen", "127.0.0.1:0")
	s := &server{version: legacy, url: printed["URL"]}
	created := s.create(t, printed["ALICE"], "water the plants")
	if got := s.contents(t, printed["BOB"]); got != "" {
		t.Errorf("bob sees %s", got)
	}
	if a := s.call(t, printed["BOB"], todo.ToolDelete, withID(created.ID)); a.status != http.StatusForbidden {
		t.Errorf("bob: %+v", a)
	}
	var deleted struct{ Deleted string }
	s.call(t, printed["BOB_STEPPED_UP"], todo.ToolDelete, withID(created.ID)).into(t, &deleted)
}
