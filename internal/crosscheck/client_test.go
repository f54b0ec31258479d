package crosscheck

import (
	"context"
	"fmt"
	"os"

	"github.com/mcp-auth/go/client"
	"github.com/modelcontextprotocol/go-sdk/auth"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// Package client implements the SDK's interface without importing the SDK.
var _ auth.OAuthHandler = (*client.OAuthHandler)(nil)

// The SDK takes the HTTP client of package client as it is.
func Example_client() {
	ctx := context.Background()
	c, err := client.New(client.Config{
		ServerURL: "https://mcp.example.com/mcp",
		Grant:     client.AuthorizationCode{OpenURL: client.OpenBrowser(os.Stderr)},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Close()
	session, err := mcp.NewClient(&mcp.Implementation{Name: "notes"}, nil).Connect(ctx, &mcp.StreamableClientTransport{
		Endpoint:   c.ServerURL(),
		HTTPClient: c.HTTPClient(),
	}, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer session.Close()
}
