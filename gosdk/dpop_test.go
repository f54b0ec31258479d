package gosdk_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/gosdk"
	"github.com/mcp-auth/go/mcpauthtest"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

const resourceID = "https://api.example.com/mcp"

// prover sends each request with a proof of its own.
type prover struct {
	key   *mcpauthtest.DPoPKey
	token string
}

func (p *prover) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	if err := p.key.Authorize(r.Header, r.Method, resourceID, p.token, ""); err != nil {
		return nil, err
	}
	return http.DefaultTransport.RoundTrip(r)
}

// Covers RS18: a token bound to a key works through the SDK's own client and
// server, and a tool learns who is calling.
func TestDPoPThroughTheSDK(t *testing.T) {
	t.Parallel()
	issuer, err := mcpauthtest.NewServer(mcpauthtest.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(issuer.Close)
	auth, err := mcpauth.New(mcpauth.Config{Resources: []mcpauth.Resource{{
		Identifier:           resourceID,
		AuthorizationServers: []mcpauth.AuthorizationServer{{Issuer: issuer.Issuer()}},
		DPoP:                 &mcpauth.DPoP{Required: true},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = auth.Close() })

	server := mcp.NewServer(&mcp.Implementation{Name: "test", Version: "1"}, nil)
	server.AddReceivingMiddleware(gosdk.Middleware())
	callers := make(chan string, 1)
	mcp.AddTool(server, &mcp.Tool{Name: "whoami"}, func(ctx context.Context, _ *mcp.CallToolRequest, _ struct{}) (*mcp.CallToolResult, any, error) {
		info, ok := mcpauth.FromContext(ctx)
		if !ok {
			t.Error("the tool does not learn who is calling")
			return &mcp.CallToolResult{}, nil, nil
		}
		callers <- info.Subject
		return &mcp.CallToolResult{}, nil, nil
	})
	handler := mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return server }, nil)
	mux := http.NewServeMux()
	mux.Handle("/mcp", gosdk.Protect(auth, handler))
	web := httptest.NewServer(mux)
	t.Cleanup(web.Close)

	key, err := mcpauthtest.NewDPoPKey()
	if err != nil {
		t.Fatal(err)
	}
	claims := mcpauthtest.TokenClaims{Audience: []string{resourceID}, Subject: "alice"}
	token, err := issuer.Token(claims, mcpauthtest.BoundTo(key))
	if err != nil {
		t.Fatal(err)
	}
	client := mcp.NewClient(&mcp.Implementation{Name: "test", Version: "1"}, nil)
	session, err := client.Connect(t.Context(), &mcp.StreamableClientTransport{
		Endpoint: web.URL + "/mcp", HTTPClient: &http.Client{Transport: &prover{key, token}},
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = session.Close() })
	if _, err := session.CallTool(t.Context(), &mcp.CallToolParams{Name: "whoami"}); err != nil {
		t.Fatal(err)
	}
	select {
	case got := <-callers:
		if got != "alice" {
			t.Errorf("caller %q", got)
		}
	default:
		t.Error("the tool was not called")
	}

	// A thief with the token alone gets nowhere.
	thief, err := mcpauthtest.NewDPoPKey()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.Connect(t.Context(), &mcp.StreamableClientTransport{
		Endpoint: web.URL + "/mcp", HTTPClient: &http.Client{Transport: &prover{thief, token}},
	}, nil); err == nil {
		t.Error("connected with the key of a thief")
	}
}
