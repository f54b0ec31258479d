package interop_test

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/mcp-auth/go/client"
	"github.com/mcp-auth/go/interop/internal/parts"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// Package client at oidc-provider: the URL of the server and a user are all it
// is given. The second process finds the token.
//
// Covers CL1, CL2, CL3, CL4, CL5, CL6, CL8, CL9, CL10.
func TestClient(t *testing.T) {
	t.Parallel()
	server := parts.StartAuthorizationServer(t, parts.Provider{Scopes: known})
	resource := parts.NewResource(t)
	parts.StartWhoami(t, parts.Whoami{Resource: resource, Issuer: server.Issuer, Scopes: required})

	store := client.NewMemoryStore()
	logins := 0
	config := client.Config{
		ServerURL: resource,
		Store:     store,
		Grant: client.AuthorizationCode{OpenURL: func(ctx context.Context, authorizationURL string) error {
			logins++
			callback := strings.TrimSpace(string(parts.Script(t, scriptTimeout, nil, "browser.mjs", authorizationURL, login)))
			request, err := http.NewRequestWithContext(ctx, http.MethodGet, callback, nil)
			if err != nil {
				return err
			}
			response, err := http.DefaultClient.Do(request)
			if err != nil {
				return err
			}
			return response.Body.Close()
		}},
	}
	first := whoamiWith(t, config)
	if first.Issuer != server.Issuer || first.Subject != login || !slices.Equal(first.Audience, []string{resource}) {
		t.Errorf("whoami answers %+v", first)
	}
	if second := whoamiWith(t, config); second.ClientID != first.ClientID {
		t.Errorf("the second process is client %s, want %s", second.ClientID, first.ClientID)
	}
	if logins != 1 {
		t.Errorf("the user logged in %d times", logins)
	}
}

// whoamiWith calls whoami as a new process would.
func whoamiWith(t *testing.T, config client.Config) parts.Identity {
	t.Helper()
	c, err := client.New(config)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	session, err := mcp.NewClient(&mcp.Implementation{Name: "interop", Version: "1"}, nil).Connect(t.Context(),
		&mcp.StreamableClientTransport{Endpoint: c.ServerURL(), HTTPClient: c.HTTPClient(), MaxRetries: -1}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer session.Close()
	result, err := session.CallTool(t.Context(), &mcp.CallToolParams{Name: "whoami"})
	if err != nil {
		t.Fatal(err)
	}
	text, ok := result.Content[0].(*mcp.TextContent)
	if !ok {
		t.Fatalf("whoami answers %+v", result)
	}
	who, err := parts.ParseIdentity(text.Text)
	if err != nil {
		t.Fatal(err)
	}
	return who
}
