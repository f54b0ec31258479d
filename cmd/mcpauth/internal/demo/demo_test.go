package demo

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/mcp-auth/go/cmd/mcpauth/internal/loopback"
	"github.com/mcp-auth/go/mcpauthtest"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

func newTestDemo(t *testing.T) *Demo {
	t.Helper()
	d, err := Start(t.Context(), Options{Listen: "127.0.0.1:0", AuthListen: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(context.Background()); err != nil {
			t.Errorf("closing the demo: %v", err)
		}
	})
	return d
}

// connect opens an MCP session with a token of the demo's own server.
func connect(t *testing.T, d *Demo, subject string, scopes ...string) *mcp.ClientSession {
	t.Helper()
	token, err := d.Authorization.Token(mcpauthtest.TokenClaims{
		Subject: subject, Audience: []string{d.Facts.MCPURL}, Scopes: scopes,
	})
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{}
	client := mcp.NewClient(&mcp.Implementation{Name: "test", Version: "1"}, nil)
	session, err := client.Connect(t.Context(), &mcp.StreamableClientTransport{
		Endpoint: d.Facts.MCPURL, HTTPClient: &http.Client{Transport: &bearer{token: token, next: transport}}, MaxRetries: -1,
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = session.Close() // the demo may have ended it already
		transport.CloseIdleConnections()
	})
	return session
}

// callTool returns the structured result, or the text of a tool error.
func callTool(t *testing.T, session *mcp.ClientSession, name string, arguments map[string]any) (result, failure string) {
	t.Helper()
	answer, err := session.CallTool(t.Context(), &mcp.CallToolParams{Name: name, Arguments: arguments})
	if err != nil {
		t.Fatal(err)
	}
	if answer.IsError {
		return "", toolText(answer)
	}
	structured, err := json.Marshal(answer.StructuredContent)
	if err != nil {
		t.Fatal(err)
	}
	return string(structured), ""
}

// Each user has a list of their own, on whichever connection they come.
func TestTodosArePerUser(t *testing.T) {
	t.Parallel()
	d := newTestDemo(t)
	alice, again := connect(t, d, "alice", scopes()...), connect(t, d, "alice", scopes()...)
	bob := connect(t, d, "bob", scopes()...)
	if _, failure := callTool(t, alice, "add-todo", map[string]any{"text": "water the plants"}); failure != "" {
		t.Fatal(failure)
	}
	if list, failure := callTool(t, again, "list-todos", nil); !strings.Contains(list, "water the plants") {
		t.Errorf("alice's list is %s %s", list, failure)
	}
	if list, failure := callTool(t, bob, "list-todos", nil); list != `{"todos":[]}` {
		t.Errorf("bob's list is %s %s, want an empty one", list, failure)
	}
	if who, failure := callTool(t, bob, "whoami", nil); !strings.Contains(who, `"subject":"bob"`) {
		t.Errorf("whoami for bob is %s %s", who, failure)
	}
}

func TestAddTodoNeedsItsScope(t *testing.T) {
	t.Parallel()
	d := newTestDemo(t)
	reader := connect(t, d, "alice", scopeRead)
	if _, failure := callTool(t, reader, "add-todo", map[string]any{"text": "x"}); !strings.Contains(failure, scopeCreate) {
		t.Errorf("add-todo without the scope: %q, want a failure that names %s", failure, scopeCreate)
	}
	if list, failure := callTool(t, reader, "list-todos", nil); list != `{"todos":[]}` {
		t.Errorf("list-todos: %s %s", list, failure)
	}
}

func TestTodoStoreIsBounded(t *testing.T) {
	t.Parallel()
	s := &todoStore{now: time.Now, byUser: map[string][]Todo{}}
	for i := range maxTodosPerUser {
		if added, err := s.add("alice", "x"); err != nil || added.ID != i+1 {
			t.Fatalf("todo %d: %+v, %v", i, added, err)
		}
	}
	if _, err := s.add("alice", "x"); err == nil {
		t.Error("the list grows without end")
	}
	for i := range maxTodoUsers - 1 {
		if _, err := s.add(fmt.Sprint(i), "x"); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.add("one too many", "x"); err == nil {
		t.Error("the users grow without end")
	}
	if _, err := s.add("0", "x"); err != nil {
		t.Errorf("a user who has a list: %v", err)
	}
	for _, text := range []string{"", " \n", strings.Repeat("é", maxTodoRunes+1)} {
		if _, err := s.add("0", text); err == nil {
			t.Errorf("a text of %d bytes was accepted", len(text))
		}
	}
	if _, err := s.add("0", strings.Repeat("é", maxTodoRunes)); err != nil {
		t.Error(err)
	}
}

// An event stream that is open does not hold up the end of the demo.
func TestCloseEndsOpenStreams(t *testing.T) {
	t.Parallel()
	d, err := Start(t.Context(), Options{Listen: "127.0.0.1:0", AuthListen: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	token, err := d.Authorization.Token(mcpauthtest.TokenClaims{Audience: []string{d.Facts.MCPURL}, Scopes: scopes()})
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: &bearer{token: token, next: &http.Transport{}}}
	session := openSession(t, client, d.Facts.MCPURL)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, d.Facts.MCPURL, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Accept", "text/event-stream")
	request.Header.Set("Mcp-Session-Id", session)
	stream, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Body.Close()
	if stream.StatusCode != http.StatusOK {
		t.Fatalf("status %d of the event stream", stream.StatusCode)
	}
	grace, cancel := context.WithTimeout(t.Context(), loopback.Grace)
	defer cancel()
	if err := d.http.Shutdown(grace); err != nil {
		t.Errorf("the stream held up the server: %v", err)
	}
	if err := d.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

func openSession(t *testing.T, client *http.Client, endpoint string) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, endpoint, strings.NewReader(`{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"test","version":"1"}}}`))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Accept", "application/json, text/event-stream")
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	session := response.Header.Get("Mcp-Session-Id")
	if response.StatusCode != http.StatusOK || session == "" {
		t.Fatalf("status %d, session %q", response.StatusCode, session)
	}
	return session
}

func TestDemoPage(t *testing.T) {
	t.Parallel()
	page, err := newPage(Facts{MCPURL: `http://127.0.0.1:1/mcp?<script>`, Users: Users()})
	if err != nil {
		t.Fatal(err)
	}
	recorder := httptest.NewRecorder()
	page.ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, "/", nil))
	body := recorder.Body.String()
	if strings.Count(body, "<script>") != 1 {
		t.Error("the page does not escape what it shows")
	}
	// What one came for is first, and can be copied.
	command, explanation := strings.Index(body, "claude mcp add"), strings.Index(body, "How it works")
	if command < 0 || command > explanation {
		t.Errorf("the command is at %d, the explanation at %d", command, explanation)
	}
	for _, what := range []string{"claude", "inspector", "address", "curl"} {
		if !strings.Contains(body, `data-copies="`+what+`"`) {
			t.Errorf("there is no button that copies %s", what)
		}
	}
	style := ""
	for _, element := range []string{"script", "style"} {
		_, rest, _ := strings.Cut(body, "<"+element+">")
		inline, _, found := strings.Cut(rest, "</"+element+">")
		sum := sha256.Sum256([]byte(inline))
		policy := recorder.Header().Get("Content-Security-Policy")
		if !found || !strings.Contains(policy, element+"-src 'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"'") {
			t.Errorf("the policy %q does not admit the page's %s", policy, element)
		}
		style = inline
	}
	for _, path := range []string{"/x", "/.well-known/oauth-authorization-server"} {
		for accept, want := range map[string]bool{"text/html,*/*": true, "application/json": false} {
			request := httptest.NewRequest(http.MethodGet, path, nil)
			request.Header.Set("Accept", accept)
			recorder := httptest.NewRecorder()
			page.ServeHTTP(recorder, request)
			if recorder.Code != http.StatusNotFound || strings.Contains(recorder.Body.String(), "<h1>") != want {
				t.Errorf("%s for %s: status %d: %s", path, accept, recorder.Code, recorder.Body)
			}
		}
	}
	if !strings.Contains(style, "prefers-color-scheme:dark") {
		t.Error("the page has no dark colours")
	}
}

// A host name that leads to loopback from elsewhere reaches nothing.
func TestForeignHostsAreRefused(t *testing.T) {
	t.Parallel()
	handler := refuseForeignHosts(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) }))
	for host, want := range map[string]int{
		"127.0.0.1:3001":      http.StatusOK,
		"localhost:3001":      http.StatusOK,
		"[::1]:3001":          http.StatusOK,
		"[::1]":               http.StatusOK,
		"localhost":           http.StatusOK,
		"evil.example:3001":   http.StatusForbidden,
		"evil.example":        http.StatusForbidden,
		"127.0.0.1.nip.io:80": http.StatusForbidden,
		"":                    http.StatusForbidden,
	} {
		request := httptest.NewRequest(http.MethodGet, "/", nil)
		request.Host = host
		recorder := httptest.NewRecorder()
		handler.ServeHTTP(recorder, request)
		if recorder.Code != want {
			t.Errorf("host %q: status %d, want %d", host, recorder.Code, want)
		}
	}
}

// bearer sends a token with every request.
type bearer struct {
	token string
	next  http.RoundTripper
}

func (b *bearer) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+b.token)
	return b.next.RoundTrip(r)
}

// toolText is the text of a tool's result.
func toolText(result *mcp.CallToolResult) string {
	var texts []string
	for _, content := range result.Content {
		if text, ok := content.(*mcp.TextContent); ok {
			texts = append(texts, text.Text)
		}
	}
	return strings.Join(texts, " ")
}
