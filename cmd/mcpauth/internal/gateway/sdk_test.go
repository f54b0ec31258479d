package gateway

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/mcp-auth/go/mcpauthtest"
)

// sdkServer is an MCP server on the Go SDK, which knows nothing of the gateway.
func sdkServer() *mcp.Server {
	server := mcp.NewServer(&mcp.Implementation{Name: "notes", Version: "1.0.0"}, nil)
	echo := func(_ context.Context, r *mcp.CallToolRequest, in map[string]any) (*mcp.CallToolResult, any, error) {
		text, _ := in["text"].(string)
		if r.Extra != nil && r.Extra.Header.Get("Authorization") != "" {
			text = "the token has reached the server"
		}
		return &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: text}}}, nil, nil
	}
	mcp.AddTool(server, &mcp.Tool{Name: "echo", Description: "says it again"}, echo)
	mcp.AddTool(server, &mcp.Tool{Name: "delete", Description: "deletes everything"}, echo)
	return server
}

// newSDKServer serves it over HTTP.
func newSDKServer(t *testing.T, handler func(*mcp.Server) http.Handler) string {
	t.Helper()
	web := httptest.NewServer(handler(sdkServer()))
	t.Cleanup(web.Close)
	return web.URL + "/mcp"
}

// withToken sends a token with each request, to the gateway whatever the URL.
type withToken struct {
	http.RoundTripper
	token string
}

func (w withToken) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+w.token)
	return w.RoundTripper.RoundTrip(r)
}

// client is an HTTP client that finds the gateway at the host of its identifier.
func (r *running) client() *http.Client {
	transport := &http.Transport{DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, r.facts.Listen)
	}}
	r.t.Cleanup(transport.CloseIdleConnections)
	token := r.as.MustToken(r.t, mcpauthtest.TokenClaims{Audience: []string{identifier}, Scopes: []string{"read"}})
	return &http.Client{Transport: withToken{transport, token}}
}

const sdkPolicy = "tools: {echo: authenticated, delete: admin}\n"

// Clients of all revisions talk to servers of the SDK through the gateway: lists are
// filtered, calls that lack a scope are refused, and no token passes.
//
// Covers GW8, GW15, GW21.
func TestSDKServers(t *testing.T) {
	t.Parallel()
	streamable := func(o mcp.StreamableHTTPOptions) func(*mcp.Server) http.Handler {
		return func(s *mcp.Server) http.Handler {
			return mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return s }, &o)
		}
	}
	old := func(s *mcp.Server) http.Handler {
		return mcp.NewSSEHandler(func(*http.Request) *mcp.Server { return s }, nil)
	}
	for name, tc := range map[string]struct {
		handler   func(*mcp.Server) http.Handler
		transport string
		version   string
	}{
		"2024-11-05 over HTTP+SSE": {old, "transport: sse, ", "2024-11-05"},
		"2025-03-26":               {streamable(mcp.StreamableHTTPOptions{}), "", "2025-03-26"},
		"2025-06-18":               {streamable(mcp.StreamableHTTPOptions{JSONResponse: true}), "", "2025-06-18"},
		"2025-11-25":               {streamable(mcp.StreamableHTTPOptions{}), "transport: streamable_http, ", "2025-11-25"},
		"2025-11-25 stateless":     {streamable(mcp.StreamableHTTPOptions{Stateless: true}), "", "2025-11-25"},
		"2026-07-28":               {streamable(mcp.StreamableHTTPOptions{Stateless: true}), "", "2026-07-28"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			as := mcpauthtest.Start(t, mcpauthtest.Config{})
			file := config(as.Issuer(), newSDKServer(t, tc.handler)) + "    policy: policy.yaml\n"
			file = strings.Replace(file, "upstream: {", "upstream: {"+tc.transport, 1)
			r := start(t, as, file, "policy.yaml", sdkPolicy)
			var transport mcp.Transport = &mcp.StreamableClientTransport{Endpoint: identifier, HTTPClient: r.client()}
			if strings.Contains(tc.transport, "sse") {
				transport = &mcp.SSEClientTransport{Endpoint: identifier, HTTPClient: r.client()}
			}
			client := mcp.NewClient(&mcp.Implementation{Name: "test", Version: "1"}, nil)
			session, err := client.Connect(t.Context(), transport, &mcp.ClientSessionOptions{ProtocolVersion: tc.version})
			if err != nil {
				t.Fatalf("%v\n%s", err, r.log)
			}
			defer session.Close()
			if got := session.InitializeResult().ProtocolVersion; got != tc.version {
				t.Errorf("the revision is %s", got)
			}
			r.useTools(session)
		})
	}
}

// useTools lists and calls tools.
func (r *running) useTools(session *mcp.ClientSession) {
	t := r.t
	t.Helper()
	list, err := session.ListTools(t.Context(), nil)
	if err != nil || len(list.Tools) != 1 || list.Tools[0].Name != "echo" {
		t.Fatalf("%+v, %v\n%s", list, err, r.log)
	}
	text := strings.Repeat("é ", 10_000)
	result, err := session.CallTool(t.Context(), &mcp.CallToolParams{Name: "echo", Arguments: map[string]any{"text": text}})
	if err != nil || result.Content[0].(*mcp.TextContent).Text != text {
		t.Errorf("%v\n%s", err, r.log)
	}
	if _, err := session.CallTool(t.Context(), &mcp.CallToolParams{Name: "delete", Arguments: map[string]any{"text": "x"}}); err == nil {
		t.Error("a call without its scope has passed")
	}
}
