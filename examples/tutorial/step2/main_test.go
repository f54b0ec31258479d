package main

import (
	"net/http"
	"strings"
	"testing"

	"github.com/mcp-auth/go/examples/tutorial/internal/steptest"
)

// Only callers with a token get in, and then see everything.
func TestStep2(t *testing.T) {
	t.Parallel()
	s := steptest.Start(t, newHandler)
	got := s.Send(t, http.MethodPost, "", `{"jsonrpc":"2.0","id":1,"method":"ping"}`, nil)
	if got.Status != http.StatusUnauthorized || !strings.Contains(got.Challenge, "resource_metadata=") {
		t.Errorf("without a token: %+v", got)
	}
	id := s.Create(t, s.Token(t, "alice"))
	if got := s.Call(t, s.Token(t, "bob"), "get-todos", `{}`); !strings.Contains(got.Body, id) {
		t.Errorf("%+v", got)
	}
}
