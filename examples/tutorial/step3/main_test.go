package main

import (
	"strings"
	"testing"

	"github.com/mcp-auth/go/examples/tutorial/internal/steptest"
)

// Each user has todos of their own.
func TestStep3(t *testing.T) {
	t.Parallel()
	s := steptest.Start(t, newHandler)
	alice, bob := s.Token(t, "alice"), s.Token(t, "bob")
	id := s.Create(t, alice)
	if got := s.Call(t, bob, "get-todos", `{}`); strings.Contains(got.Body, id) {
		t.Errorf("bob sees %+v", got)
	}
	if got := s.Call(t, bob, "delete-todo", `{"id":"`+id+`"}`); !strings.Contains(got.Body, "no such todo") {
		t.Errorf("bob deletes: %+v", got)
	}
	if got := s.Call(t, alice, "get-todos", `{}`); !strings.Contains(got.Body, id) {
		t.Errorf("alice sees %+v", got)
	}
	if got := s.Call(t, alice, "delete-todo", `{"id":"`+id+`"}`); !strings.Contains(got.Body, "deleted") {
		t.Errorf("alice deletes: %+v", got)
	}
}
