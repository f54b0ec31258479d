package main

import (
	"net/http"
	"strings"
	"testing"

	"github.com/mcp-auth/go/examples/tutorial/internal/steptest"
)

// Anyone can create and delete.
func TestStep1(t *testing.T) {
	t.Parallel()
	s := steptest.Start(t, func(string, string) (http.Handler, error) { return newHandler(), nil })
	id := s.Create(t, "")
	if got := s.Call(t, "", "get-todos", `{}`); !strings.Contains(got.Body, id) {
		t.Errorf("%+v", got)
	}
	if got := s.Call(t, "", "delete-todo", `{"id":"`+id+`"}`); !strings.Contains(got.Body, "deleted") {
		t.Errorf("%+v", got)
	}
	if got := s.Call(t, "", "get-todos", `{}`); strings.Contains(got.Body, id) {
		t.Errorf("%+v", got)
	}
}
