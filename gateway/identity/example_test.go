package identity_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/gateway/identity"
)

func ExampleNew() {
	keys, err := identity.GenerateKeys()
	if err != nil {
		fmt.Println(err)
		return
	}
	caller, err := identity.New(identity.Config{
		Resource: "https://mcp.example.com/notes/mcp",
		Audience: "http://notes:3000/mcp",
		Keys:     keys,
		Headers:  identity.Headers{Subject: "X-Auth-Subject"},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	// A gateway does this for each request.
	header := http.Header{}
	err = caller.Apply(context.Background(), &mcpauth.AuthInfo{Issuer: "https://auth.example.com", Subject: "alice"}, header)
	fmt.Println(err, header.Get("X-Auth-Subject"), strings.Count(header.Get(identity.Header), "."))
	// Output: <nil> alice 2
}
