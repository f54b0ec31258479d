package session_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/internal/authtest"
	"github.com/mcp-auth/go/mcpauthtest"
)

// failingSessions is a store that is down.
type failingSessions struct{}

func (failingSessions) Bind(context.Context, string, string) (string, error) {
	return "", errors.New("down")
}

// Covers RS23.
func TestSessionStoreDown(t *testing.T) {
	t.Parallel()
	g := authtest.Guard(t, func(r *mcpauth.Resource) { r.Sessions = failingSessions{} }, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Mcp-Session-Id") != "" {
			t.Error("the handler was reached with a session that could not be checked")
		} else {
			w.Header().Set("Mcp-Session-Id", "new")
		}
		_, _ = io.WriteString(w, "secret")
	})
	for name, headers := range map[string][]string{"a session is opened": nil, "a session is used": {"Mcp-Session-Id", "old"}} {
		w := g.Post(authtest.CallTool, headers...)
		if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" || w.Header().Get("Mcp-Session-Id") != "" ||
			strings.Contains(w.Body.String(), "secret") {
			t.Errorf("%s: %d %v %s", name, w.Code, w.Header(), w.Body)
		}
	}
}

// A handler that opens a session and writes nothing opens it all the same.
//
// Covers RS23.
func TestSessionWithoutBody(t *testing.T) {
	t.Parallel()
	g := authtest.Guard(t, nil, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Mcp-Session-Id") == "" {
			w.Header().Set("Mcp-Session-Id", "new")
		}
	})
	if w := g.Post(authtest.CallTool, "Mcp-Session-Id", "new"); w.Code != http.StatusNotFound {
		t.Errorf("before it is opened: %d", w.Code)
	}
	if w := g.Post(authtest.CallTool); w.Header().Get("Mcp-Session-Id") != "new" {
		t.Error("no session")
	}
	if w := g.Post(authtest.CallTool, "Mcp-Session-Id", "new"); w.Code != http.StatusOK {
		t.Errorf("afterwards: %d", w.Code)
	}
}

// A handler must not hand out the session of somebody else.
//
// Covers RS23.
func TestSessionGivenTwice(t *testing.T) {
	t.Parallel()
	server := authtest.NewServer(t, mcpauthtest.Config{})
	handler := authtest.NewAuth(t, authtest.Trusting(server.Issuer())).Protect(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Mcp-Session-Id", "same")
	}))
	alice, err := server.Token(mcpauthtest.TokenClaims{Subject: "alice", Audience: []string{authtest.ResourceID}})
	if err != nil {
		t.Fatal(err)
	}
	bob, err := server.Token(mcpauthtest.TokenClaims{Subject: "bob", Audience: []string{authtest.ResourceID}})
	if err != nil {
		t.Fatal(err)
	}
	if w := (authtest.Guarded{Handler: handler, Token: alice}).Post(authtest.CallTool); w.Code != http.StatusOK {
		t.Errorf("the first: %d", w.Code)
	}
	if w := (authtest.Guarded{Handler: handler, Token: bob}).Post(authtest.CallTool); w.Code != http.StatusServiceUnavailable || w.Header().Get("Mcp-Session-Id") != "" {
		t.Errorf("the second: %d %v", w.Code, w.Header())
	}
}

// Covers RS23.
func TestSharedSessions(t *testing.T) {
	t.Parallel()
	g := authtest.Guard(t, func(r *mcpauth.Resource) { r.DangerouslyShareSessions = true }, func(http.ResponseWriter, *http.Request) {})
	if w := g.Post(authtest.CallTool, "Mcp-Session-Id", "any"); w.Code != http.StatusOK {
		t.Errorf("%d", w.Code)
	}
}
