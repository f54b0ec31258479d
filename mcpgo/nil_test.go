package mcpgo_test

import (
	"net/http"
	"testing"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/internal/mcptest"
	"github.com/mcp-auth/go/mcpgo"
)

// A mistake in the program shows at start, and says what it is.
func TestNilPanics(t *testing.T) {
	t.Parallel()
	auth, err := mcpauth.New(mcpauth.Config{Resources: []mcpauth.Resource{{
		Identifier:           "https://mcp.example.com/mcp",
		AuthorizationServers: []mcpauth.AuthorizationServer{{Issuer: "https://auth.example.com"}},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	defer auth.Close()
	for _, tc := range []struct {
		want string
		call func()
	}{
		{"mcpgo: the handler to protect is nil", func() { mcpgo.Protect(auth, nil) }},
		{"mcpauth: the Auth is nil; New returns one unless it returns an error", func() { mcpgo.Protect(nil, http.NotFoundHandler()) }},
	} {
		if got := mcptest.PanicOf(tc.call); got != tc.want {
			t.Errorf("got %v, want %v", got, tc.want)
		}
	}
}
