package main

import (
	"net/http"
	"strings"
	"testing"

	"github.com/mcp-auth/go/examples/tutorial/internal/steptest"
)

// A user steps up to delete what belongs to another.
//
// Covers RS12.
func TestStep5(t *testing.T) {
	t.Parallel()
	s := steptest.Start(t, newHandler)
	id := `{"id":"` + s.Create(t, s.Token(t, "alice", scopeCreate)) + `"}`
	got := s.Call(t, s.Token(t, "bob", scopeRead), "delete-todo", id)
	if got.Status != http.StatusForbidden || !strings.Contains(got.Challenge, `error="insufficient_scope", scope="delete:todos"`) {
		t.Errorf("bob deletes: %+v", got)
	}
	if got := s.Call(t, s.Token(t, "bob", scopeRead, scopeDelete), "delete-todo", id); !strings.Contains(got.Body, "deleted") {
		t.Errorf("bob deletes after the step-up: %+v", got)
	}
	if got := s.Call(t, s.Token(t, "alice"), "delete-todo", id); !strings.Contains(got.Body, "no such todo") {
		t.Errorf("alice deletes what is gone: %+v", got)
	}
}
