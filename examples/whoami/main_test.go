package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/mcp-auth/go/mcpauthtest"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

func TestSettings(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		env  map[string]string
		want string
	}{
		"nothing":  {nil, "set MCP_AUTH_ISSUER and MCP_RESOURCE_IDENTIFIER"},
		"leeway":   {map[string]string{"MCP_AUTH_ISSUER": "https://a.example", "MCP_RESOURCE_IDENTIFIER": "http://127.0.0.1:0/mcp", "MCP_LEEWAY": "x"}, "MCP_LEEWAY"},
		"resource": {map[string]string{"MCP_AUTH_ISSUER": "https://a.example", "MCP_RESOURCE_IDENTIFIER": "mcp"}, "resource identifier"},
	} {
		if err := run(t.Context(), func(name string) string { return test.env[name] }); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestArguments(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	if err := readArguments([]string{"--help"}, &out); !errors.Is(err, flag.ErrHelp) {
		t.Errorf("help: %v", err)
	}
	for _, name := range []string{"go run ./examples/whoami", "MCP_AUTH_ISSUER", "MCP_RESOURCE_IDENTIFIER", "MCP_LISTEN", "MCP_REQUIRED_SCOPES", "MCP_LEEWAY"} {
		if !strings.Contains(out.String(), name) {
			t.Errorf("the help does not mention %s:\n%s", name, &out)
		}
	}
	for _, args := range [][]string{{"--dev"}, {"serve"}} {
		if err := readArguments(args, &out); err == nil || !strings.Contains(err.Error(), "--help says more") {
			t.Errorf("%q: %v", args, err)
		}
	}
	if err := readArguments(nil, &out); err != nil {
		t.Errorf("no arguments: %v", err)
	}
}

type bearer struct{ token string }

func (b bearer) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+b.token)
	return http.DefaultTransport.RoundTrip(r)
}

// The example as its README says: a client with a token learns who it is.
func TestWhoami(t *testing.T) {
	t.Parallel()
	as, err := mcpauthtest.NewServer(mcpauthtest.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer as.Close()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	resource := "http://" + listener.Addr().String() + "/mcp"
	handler, err := newHandler(settings{issuer: as.Issuer(), resource: resource, scopes: []string{"profile"}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	stopped := make(chan error, 1)
	go func() { stopped <- serve(ctx, listener, handler) }()

	token, err := as.Token(mcpauthtest.TokenClaims{Audience: []string{resource}, Subject: "alice", Scopes: []string{"profile"}})
	if err != nil {
		t.Fatal(err)
	}
	client := mcp.NewClient(&mcp.Implementation{Name: "test", Version: "1"}, nil)
	session, err := client.Connect(ctx, &mcp.StreamableClientTransport{
		Endpoint: resource, HTTPClient: &http.Client{Transport: bearer{token}}, DisableStandaloneSSE: true,
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	result, err := session.CallTool(ctx, &mcp.CallToolParams{Name: "whoami"})
	if err != nil {
		t.Fatal(err)
	}
	var who identity
	if err := json.Unmarshal([]byte(result.Content[0].(*mcp.TextContent).Text), &who); err != nil {
		t.Fatal(err)
	}
	if who.Subject != "alice" || who.Issuer != as.Issuer() || len(who.Audience) != 1 || who.Audience[0] != resource {
		t.Errorf("got %+v", who)
	}
	if err := session.Close(); err != nil {
		t.Error(err)
	}
	stop()
	if err := <-stopped; err != nil {
		t.Error("stopping:", err)
	}
}
