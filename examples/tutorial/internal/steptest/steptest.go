// Package steptest starts the steps of the tutorial for their tests.
package steptest

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/mcp-auth/go/internal/mcptest"
	"github.com/mcp-auth/go/mcpauthtest"
)

// Server is a step that runs, and the authorization server that it trusts.
type Server struct {
	mcptest.Endpoint

	as *mcpauthtest.Server
}

// Start starts a step.
func Start(t *testing.T, build func(issuer, resource string) (http.Handler, error)) *Server {
	t.Helper()
	as, err := mcpauthtest.NewServer(mcpauthtest.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(as.Close)
	web := httptest.NewUnstartedServer(nil)
	resource := "http://" + web.Listener.Addr().String() + "/mcp"
	if web.Config.Handler, err = build(as.Issuer(), resource); err != nil {
		t.Fatal(err)
	}
	web.Start()
	t.Cleanup(web.Close)
	return &Server{mcptest.Endpoint(resource), as}
}

// Token returns a token of a user.
func (s *Server) Token(t *testing.T, user string, scopes ...string) string {
	t.Helper()
	token, err := s.as.Token(mcpauthtest.TokenClaims{Audience: []string{string(s.Endpoint)}, Subject: user, Scopes: scopes})
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// Call calls a tool in a session of its own.
func (s *Server) Call(t *testing.T, token, tool, arguments string) mcptest.Answer {
	t.Helper()
	session := s.Open(t, mcptest.Legacy, token)
	return s.Post(t, mcptest.Legacy, session, token, "tools/call", `"name":"`+tool+`","arguments":`+arguments)
}

// Create creates a todo and returns its id.
func (s *Server) Create(t *testing.T, token string) (id string) {
	t.Helper()
	answer := s.Call(t, token, "create-todo", `{"content":"water the plants"}`)
	_, rest, found := strings.Cut(answer.Body, `\"id\":\"`)
	if !found {
		t.Fatalf("nothing was created: %+v", answer)
	}
	id, _, _ = strings.Cut(rest, `\"`)
	return id
}
