package main

import (
	"net/http"
	"strings"
	"testing"

	"github.com/mcp-auth/go/examples/tutorial/internal/steptest"
	"github.com/mcp-auth/go/internal/mcptest"
)

// The scopes of the token decide which tools there are, and what get-todos shows.
func TestStep4(t *testing.T) {
	t.Parallel()
	s := steptest.Start(t, newHandler)
	id := s.Create(t, s.Token(t, "alice", scopeCreate))
	bob := s.Token(t, "bob")
	got := s.Call(t, bob, "create-todo", `{"content":"x"}`)
	if got.Status != http.StatusForbidden || !strings.Contains(got.Challenge, `scope="create:todos"`) {
		t.Errorf("bob creates: %+v", got)
	}
	session := s.Open(t, mcptest.Legacy, bob)
	list := s.Post(t, mcptest.Legacy, session, bob, "tools/list", "")
	if strings.Contains(list.Body, "create-todo") || !strings.Contains(list.Body, "get-todos") {
		t.Errorf("bob's tools: %+v", list)
	}
	if got := s.Call(t, bob, "get-todos", `{}`); strings.Contains(got.Body, id) {
		t.Errorf("bob sees %+v", got)
	}
	if got := s.Call(t, s.Token(t, "bob", scopeRead), "get-todos", `{}`); !strings.Contains(got.Body, id) {
		t.Errorf("bob does not see %+v", got)
	}
	got = s.Send(t, http.MethodPost, "", `{"jsonrpc":"2.0","id":1,"method":"ping"}`, nil)
	if !strings.Contains(got.Challenge, `scope="create:todos read:todos"`) {
		t.Errorf("the first login asks for %+v", got)
	}
}
