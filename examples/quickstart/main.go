package main

import (
	"context"
	"log"
	"log/slog"
	"net/http"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/gosdk"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

func main() {
	auth, err := mcpauth.New(mcpauth.Config{
		Resources: []mcpauth.Resource{{
			Identifier:           "http://localhost:3001/mcp",
			AuthorizationServers: []mcpauth.AuthorizationServer{{Issuer: "http://127.0.0.1:9400"}},
		}},
		Logger: slog.Default(),
	})
	if err != nil {
		log.Fatal(err)
	}
	if err := auth.Ready(context.Background()); err != nil {
		log.Fatal(err)
	}

	server := mcp.NewServer(&mcp.Implementation{Name: "notes", Version: "1.0.0"}, nil)
	server.AddReceivingMiddleware(gosdk.Middleware())
	mcp.AddTool(server, &mcp.Tool{Name: "whoami", Description: "Says who is calling."}, whoami)
	handler := mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return server }, nil)

	http.Handle("/.well-known/", auth.MetadataHandler())
	http.Handle("/mcp", gosdk.Protect(auth, handler, mcpauth.Scopes("read:notes")))
	log.Fatal(http.ListenAndServe("localhost:3001", nil))
}

type identity struct {
	Issuer  string `json:"issuer"`
	Subject string `json:"subject"`
}

func whoami(ctx context.Context, _ *mcp.CallToolRequest, _ struct{}) (*mcp.CallToolResult, identity, error) {
	info, err := mcpauth.RequireAuthInfo(ctx)
	if err != nil {
		return nil, identity{}, err
	}
	return nil, identity{Issuer: info.Issuer, Subject: info.Subject}, nil
}
