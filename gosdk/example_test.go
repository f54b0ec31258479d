package gosdk_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/gosdk"
	"github.com/mcp-auth/go/policy"
	"github.com/modelcontextprotocol/go-sdk/auth"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

func whoami(ctx context.Context, req *mcp.CallToolRequest, _ struct{}) (*mcp.CallToolResult, any, error) {
	info, err := mcpauth.RequireAuthInfo(ctx)
	if err != nil {
		return nil, nil, err
	}
	return &mcp.CallToolResult{
		Content: []mcp.Content{&mcp.TextContent{Text: info.Subject + " at " + info.Issuer}},
	}, nil, nil
}

// A server of the SDK with one tool, protected.
func Example() {
	a, err := mcpauth.New(mcpauth.Config{Resources: []mcpauth.Resource{{
		Identifier:           "https://api.example.com/mcp",
		AuthorizationServers: []mcpauth.AuthorizationServer{{Issuer: "https://auth.example.com"}},
	}}})
	if err != nil {
		log.Fatal(err)
	}
	defer a.Close()

	server := mcp.NewServer(&mcp.Implementation{Name: "notes", Version: "1.0.0"}, nil)
	server.AddReceivingMiddleware(gosdk.Middleware())
	mcp.AddTool(server, &mcp.Tool{Name: "whoami", Description: "Says who is calling."}, whoami)
	handler := mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return server }, nil)

	mux := http.NewServeMux()
	mux.Handle("/.well-known/", a.MetadataHandler())
	mux.Handle("/mcp", gosdk.Protect(a, handler, mcpauth.Scopes("read:notes")))

	w := httptest.NewRecorder()
	mux.ServeHTTP(w, httptest.NewRequest("POST", "/mcp", nil))
	fmt.Println(w.Code, w.Header().Get("WWW-Authenticate"))

	// Output:
	// 401 Bearer scope="read:notes", resource_metadata="https://api.example.com/.well-known/oauth-protected-resource/mcp"
}

// Without the middleware, the request itself knows who sent it.
func ExampleAuthInfo() {
	tool := func(_ context.Context, req *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		info, ok := gosdk.AuthInfo(req)
		if !ok {
			return nil, errors.New("not authenticated")
		}
		return &mcp.CallToolResult{
			Content: []mcp.Content{&mcp.TextContent{Text: info.Subject}},
		}, nil
	}

	_, err := tool(context.Background(), &mcp.CallToolRequest{})
	fmt.Println(err)

	// Output:
	// not authenticated
}

func deleteNote(ctx context.Context, _ *mcp.CallToolRequest, in struct{ Owner string }) (*mcp.CallToolResult, any, error) {
	info, err := mcpauth.RequireAuthInfo(ctx)
	if err != nil {
		return nil, nil, err
	}
	if in.Owner != info.Subject {
		if err := mcpauth.Require(ctx, "delete:notes"); err != nil {
			return nil, nil, err
		}
	}
	return &mcp.CallToolResult{}, nil, nil
}

// Whose note it is, only the tool knows.
func ExampleMiddleware_require() {
	ctx := mcpauth.NewContext(context.Background(), &mcpauth.AuthInfo{Subject: "alice"})
	_, _, err := deleteNote(ctx, nil, struct{ Owner string }{"bob"})

	fmt.Println(err)

	// Output:
	// mcpauth: request refused with status 403: insufficient_scope
}

// A door of one's own above, the policy inside the SDK.
func ExampleAuthorize() {
	a, err := mcpauth.New(mcpauth.Config{Resources: []mcpauth.Resource{{
		Identifier:           "https://api.example.com/mcp",
		AuthorizationServers: []mcpauth.AuthorizationServer{{Issuer: "https://auth.example.com"}},
		Policy:               &policy.Policy{Tools: map[string]policy.Requirement{"delete-note": policy.Scopes("delete:notes")}},
	}}})
	if err != nil {
		log.Fatal(err)
	}
	defer a.Close()

	server := mcp.NewServer(&mcp.Implementation{Name: "notes", Version: "1.0.0"}, nil)
	server.AddReceivingMiddleware(gosdk.Authorize(a, ""))
	mcp.AddTool(server, &mcp.Tool{Name: "delete-note"}, deleteNote)
	handler := gosdk.Bridge(mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return server }, &mcp.StreamableHTTPOptions{Stateless: true}))

	door := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		info := &mcpauth.AuthInfo{Issuer: "https://auth.example.com", Subject: "bob"} // from whatever verified the token
		handler.ServeHTTP(w, r.WithContext(mcpauth.NewContext(r.Context(), info)))
	})

	r := httptest.NewRequest("POST", "/mcp", strings.NewReader(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"delete-note"}}`))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json, text/event-stream")
	w := httptest.NewRecorder()
	door.ServeHTTP(w, r)
	fmt.Println(strings.Contains(w.Body.String(), `"mcp/www_authenticate"`), strings.Contains(w.Body.String(), "delete:notes"))

	// Output:
	// true true
}

// The SDK's own door, with tokens that mcpauth verifies and a policy inside the
// SDK. See what is missing in comparison with Protect.
func ExampleTokenInfo() {
	resource := mcpauth.Resource{
		Identifier:           "https://api.example.com/mcp",
		AuthorizationServers: []mcpauth.AuthorizationServer{{Issuer: "https://auth.example.com"}},
	}
	tokens, err := mcpauth.New(mcpauth.Config{Resources: []mcpauth.Resource{resource}})
	if err != nil {
		log.Fatal(err)
	}
	defer tokens.Close()
	resource.Policy = &policy.Policy{Tools: map[string]policy.Requirement{"delete-note": policy.Scopes("delete:notes")}}
	operations, err := mcpauth.New(mcpauth.Config{Resources: []mcpauth.Resource{resource}})
	if err != nil {
		log.Fatal(err)
	}
	defer operations.Close()

	verify := func(ctx context.Context, _ string, r *http.Request) (*auth.TokenInfo, error) {
		info, err := tokens.Authorize(ctx, mcpauth.Request{Method: r.Method, URL: r.RequestURI, Header: http.Header{"Authorization": r.Header["Authorization"]}})
		var refused *mcpauth.Challenge
		switch {
		case err == nil:
			return gosdk.TokenInfo(info), nil
		case errors.As(err, &refused) && refused.Status < 500:
			return nil, auth.ErrInvalidToken // without the reason, which is not for the caller
		}
		return nil, errors.New("it cannot be told now whether the token is good") // a 500: no reason to throw it away
	}

	server := mcp.NewServer(&mcp.Implementation{Name: "notes", Version: "1.0.0"}, nil)
	server.AddReceivingMiddleware(gosdk.Authorize(operations, ""))
	mcp.AddTool(server, &mcp.Tool{Name: "delete-note"}, deleteNote)
	handler := auth.RequireBearerToken(verify, &auth.RequireBearerTokenOptions{
		ResourceMetadataURL: "https://api.example.com/.well-known/oauth-protected-resource/mcp",
	})(mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return server }, nil))

	r := httptest.NewRequest("POST", "/mcp", nil)
	r.Header.Set("Authorization", "Bearer nonsense")
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	fmt.Println(w.Code, w.Header().Get("WWW-Authenticate"))

	// Output:
	// 401 Bearer resource_metadata="https://api.example.com/.well-known/oauth-protected-resource/mcp"
}

// A tool is tested like any handler: NewContext stands in for the whole way in.
func ExampleMiddleware() {
	ctx := mcpauth.NewContext(context.Background(), &mcpauth.AuthInfo{
		Issuer:  "https://auth.example.com",
		Subject: "alice",
	})
	result, _, err := whoami(ctx, nil, struct{}{})
	if err != nil {
		log.Fatal(err)
	}

	fmt.Println(result.Content[0].(*mcp.TextContent).Text)

	// Output:
	// alice at https://auth.example.com
}

// A door of one's own above, the SDK below.
func ExampleBridge() {
	sdkHandler := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		fmt.Println(auth.TokenInfoFromContext(r.Context()).UserID)
	})

	door := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		info := &mcpauth.AuthInfo{Issuer: "https://auth.example.com", Subject: "alice"} // from Auth.Authorize
		gosdk.Bridge(sdkHandler).ServeHTTP(w, r.WithContext(mcpauth.NewContext(r.Context(), info)))
	})

	door.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("POST", "/mcp", nil))

	// Output:
	// sub:"alice"@"https://auth.example.com"
}
