package mcpgo_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/mcpgo"
	"github.com/mcp-auth/go/policy"
)

// notesOf stands for a database: the owner of each note.
var notesOf = map[string]string{"1": "alice"}

func deleteNote(ctx context.Context, req mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	info, err := mcpauth.RequireAuthInfo(ctx)
	if err != nil {
		return nil, err
	}
	if notesOf[req.GetString("id", "")] != info.Subject {
		if err := mcpauth.Require(ctx, "delete:notes"); err != nil {
			return nil, err
		}
	}
	return mcp.NewToolResultText("deleted"), nil
}

// A server of mcp-go with one tool, protected.
func Example() {
	auth, err := mcpauth.New(mcpauth.Config{Resources: []mcpauth.Resource{{
		Identifier:           "https://api.example.com/mcp",
		AuthorizationServers: []mcpauth.AuthorizationServer{{Issuer: "https://auth.example.com"}},
	}}})
	if err != nil {
		log.Fatal(err)
	}
	defer auth.Close()

	s := server.NewMCPServer("notes", "1.0.0", mcpgo.Middleware())
	s.AddTool(mcp.NewTool("delete-note", mcp.WithString("id", mcp.Required())), deleteNote)

	mux := http.NewServeMux()
	mux.Handle("/.well-known/", auth.MetadataHandler())
	mux.Handle("/mcp", mcpgo.Protect(auth, server.NewStreamableHTTPServer(s), mcpauth.Scopes("read:notes")))

	w := httptest.NewRecorder()
	mux.ServeHTTP(w, httptest.NewRequest("POST", "/mcp", nil))
	fmt.Println(w.Code, w.Header().Get("WWW-Authenticate"))

	// Output:
	// 401 Bearer scope="read:notes", resource_metadata="https://api.example.com/.well-known/oauth-protected-resource/mcp"
}

// A tool is tested like any handler: NewContext stands in for the whole way in.
func ExampleMiddleware() {
	ctx := mcpauth.NewContext(context.Background(), &mcpauth.AuthInfo{Subject: "bob"})
	request := mcp.CallToolRequest{Params: mcp.CallToolParams{Arguments: map[string]any{"id": "1"}}}

	_, err := deleteNote(ctx, request)
	fmt.Println(err)

	// Output:
	// mcpauth: request refused with status 403: insufficient_scope
}

// A door of one's own above, the policy inside mcp-go.
func ExampleAuthorize() {
	auth, err := mcpauth.New(mcpauth.Config{Resources: []mcpauth.Resource{{
		Identifier:           "https://api.example.com/mcp",
		AuthorizationServers: []mcpauth.AuthorizationServer{{Issuer: "https://auth.example.com"}},
		Policy:               &policy.Policy{Tools: map[string]policy.Requirement{"delete-note": policy.Scopes("delete:notes")}},
	}}})
	if err != nil {
		log.Fatal(err)
	}
	defer auth.Close()

	hooks := &server.Hooks{}
	s := server.NewMCPServer("notes", "1.0.0", server.WithHooks(hooks), mcpgo.Authorize(auth, ""))
	s.AddTool(mcp.NewTool("delete-note"), deleteNote)
	mcpServer := server.NewStreamableHTTPServer(s, server.WithStateLess(true))

	door := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		info := &mcpauth.AuthInfo{Issuer: "https://auth.example.com", Subject: "bob"} // from whatever verified the token
		mcpServer.ServeHTTP(w, r.WithContext(mcpauth.NewContext(r.Context(), info)))
	})

	r := httptest.NewRequest("POST", "/mcp", strings.NewReader(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"delete-note"}}`))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	door.ServeHTTP(w, r)
	fmt.Println(strings.Contains(w.Body.String(), `"mcp/www_authenticate"`), strings.Contains(w.Body.String(), "delete:notes"))

	// Output:
	// true true
}
