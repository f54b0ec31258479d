package interop_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mcp-auth/go/interop/internal/parts"
)

var (
	todoScopes = []string{"create:todos", "read:todos", "delete:todos"}
	todoTools  = []string{"create-todo", "delete-todo", "get-todos"}
	// Those that the todo manager's challenge asks for.
	firstTodoScopes = []string{"create:todos", "read:todos"}
)

// commandUser is somebody with the commands of mcpauth, and the todo manager.
type commandUser struct {
	parts.Mcpauth
	issuer, resource string
}

type todo struct{ ID, Content, OwnerID string }

// commandFacts are what login, token and logout print as JSON.
type commandFacts struct {
	AccessToken string `json:"access_token"`
	Server      string
	Issuer      string
	Resource    string
	TokenType   string `json:"token_type"`
	Scopes      []string
	ExpiresAt   time.Time `json:"expires_at"`
	Revoked     bool
}

// The commands login, tools, call, token and logout, with the todo manager as
// server and oidc-provider as authorization server.
//
// Covers CL1, CL2, CL3, CL4, CL5, CL6, CL8, CL9, CL10.
func TestCommands(t *testing.T) {
	t.Parallel()
	server := parts.StartAuthorizationServer(t, parts.Provider{Scopes: todoScopes})
	resource := parts.NewResource(t)
	parts.StartTodoManager(t, resource, server.Issuer)
	newUser := func(login string) commandUser {
		fields := map[string]string{"login": login, "password": "any password"}
		return commandUser{parts.NewMcpauth(t, fields), server.Issuer, resource}
	}
	ada, bob := newUser("ada"), newUser("bob")

	ada.checkLoggedOut(t)
	ada.checkLogin(t)
	ada.checkTools(t)
	mine := ada.create(t, "buy milk")
	if mine.Content != "buy milk" || mine.OwnerID != "ada" || mine.ID == "" {
		t.Errorf("create-todo answers %+v", mine)
	}
	if got := ada.list(t); !slices.Equal(got, []todo{mine}) {
		t.Errorf("get-todos answers %+v, want %+v", got, mine)
	}
	token := ada.checkToken(t)
	bob.checkStepUp(t, mine)
	if got := ada.list(t); len(got) != 0 {
		t.Errorf("get-todos answers %+v after all are deleted", got)
	}
	ada.checkLogout(t)
	ada.checkHeadless(t)
	if again := ada.checkToken(t); again == token {
		t.Error("the token is the one from before the logout")
	}
}

// json runs a command that must succeed, and reads what it prints.
func (u commandUser) json(t *testing.T, into any, args ...string) {
	t.Helper()
	r := u.Run(t, append(args, "--json")...)
	if r.Code != 0 {
		t.Fatalf("mcpauth %s: exit status %d: %s", args[0], r.Code, r.Stderr)
	}
	if strings.Count(string(r.Stdout), "\n") != 1 {
		t.Errorf("mcpauth %s prints more than one line", args[0])
	}
	if err := json.Unmarshal(r.Stdout, into); err != nil {
		t.Fatalf("mcpauth %s: %v", args[0], err)
	}
}

// call calls a tool, and reads its structured result.
func (u commandUser) call(t *testing.T, into any, tool, arguments string) {
	t.Helper()
	result := struct{ StructuredContent any }{into}
	u.json(t, &result, "call", u.resource, tool, arguments)
}

func (u commandUser) create(t *testing.T, content string) (created todo) {
	t.Helper()
	u.call(t, &created, "create-todo", `{"content":"`+content+`"}`)
	return created
}

func (u commandUser) list(t *testing.T) []todo {
	t.Helper()
	var listed struct{ Todos []todo }
	u.call(t, &listed, "get-todos", "{}")
	return listed.Todos
}

// checkLoggedOut checks that a script gets no token, and is told why.
func (u commandUser) checkLoggedOut(t *testing.T) {
	t.Helper()
	r := u.Run(t, "token", u.resource, "--store-key", "passphrase")
	if r.Code != 1 || len(r.Stdout) > 0 || !strings.Contains(r.Stderr, "Run: mcpauth login "+u.resource) {
		t.Errorf("mcpauth token: exit status %d, standard error %q", r.Code, r.Stderr)
	}
}

// checkLogin logs in with the browser.
func (u commandUser) checkLogin(t *testing.T) {
	t.Helper()
	var facts commandFacts
	u.json(t, &facts, "login", u.resource)
	u.checkFacts(t, facts)
	if facts.AccessToken != "" {
		t.Error("mcpauth login prints the token")
	}
}

func (u commandUser) checkFacts(t *testing.T, facts commandFacts) {
	t.Helper()
	if facts.Server != u.resource || facts.Resource != u.resource || facts.Issuer != u.issuer ||
		facts.TokenType != "Bearer" || !slices.Equal(facts.Scopes, firstTodoScopes) || time.Until(facts.ExpiresAt) <= 0 {
		facts.AccessToken = ""
		t.Errorf("the token is said to be %+v", facts)
	}
}

func (u commandUser) checkTools(t *testing.T) {
	t.Helper()
	var listed struct {
		Tools []struct {
			Name        string
			InputSchema map[string]any
		}
	}
	u.json(t, &listed, "tools", u.resource)
	var names []string
	for _, tool := range listed.Tools {
		names = append(names, tool.Name)
		if tool.InputSchema["type"] != "object" {
			t.Errorf("the input of %s is %v", tool.Name, tool.InputSchema)
		}
	}
	if slices.Sort(names); !slices.Equal(names, todoTools) {
		t.Errorf("the tools are %q, want %q", names, todoTools)
	}
}

// checkToken checks that the header that is printed lets any HTTP client in.
func (u commandUser) checkToken(t *testing.T) string {
	t.Helper()
	r := u.Run(t, "token", u.resource)
	token, ok := strings.CutPrefix(string(r.Stdout), "Authorization: Bearer ")
	if token = strings.TrimSuffix(token, "\n"); r.Code != 0 || !ok || token == "" || strings.ContainsAny(token, " \n") {
		t.Fatalf("mcpauth token prints no header: exit status %d: %s", r.Code, r.Stderr)
	}
	if got := parts.Send(t, http.MethodPost, u.resource, token).Status; got != http.StatusOK {
		t.Errorf("status %d with the header", got)
	}
	if got := parts.Send(t, http.MethodPost, u.resource, "").Status; got != http.StatusUnauthorized {
		t.Errorf("status %d without", got)
	}
	var facts commandFacts
	u.json(t, &facts, "token", u.resource)
	u.checkFacts(t, facts)
	if facts.AccessToken != token {
		t.Error("the tokens as header and as JSON are not the same")
	}
	return token
}

// checkStepUp deletes somebody else's todo, for which a call has to step up. It
// registers without scopes, so oidc-provider does not hold it to the first ones.
func (u commandUser) checkStepUp(t *testing.T, other todo) {
	t.Helper()
	u.checkLogin(t)
	var result struct{ Deleted string }
	u.call(t, &result, "delete-todo", `{"id":"`+other.ID+`"}`)
	if result.Deleted != other.ID {
		t.Errorf("delete-todo answers %+v", result)
	}
	var facts commandFacts
	u.json(t, &facts, "token", u.resource)
	if !slices.Equal(facts.Scopes, todoScopes) {
		t.Errorf("the scopes are %q after the step-up, want %q", facts.Scopes, todoScopes)
	}
}

// checkLogout checks that the token is forgotten here and revoked there.
func (u commandUser) checkLogout(t *testing.T) {
	t.Helper()
	var facts commandFacts
	if u.json(t, &facts, "logout", u.resource); facts.Server != u.resource || !facts.Revoked {
		t.Errorf("mcpauth logout prints %+v", facts)
	}
	u.checkLoggedOut(t)
}

// checkHeadless logs in with a browser on another machine.
func (u commandUser) checkHeadless(t *testing.T) {
	t.Helper()
	printed := u.LoginHeadless(t, u.resource, func(authorizationURL string) string {
		return strings.TrimSpace(string(parts.Script(t, scriptTimeout, nil, "browser.mjs", authorizationURL, "ada")))
	})
	want := "Logged in at " + u.issuer + ", with " + strings.Join(firstTodoScopes, " ") + ", until "
	if !strings.HasPrefix(printed, want) {
		t.Errorf("mcpauth login prints %q, want %q and a time", printed, want)
	}
}
