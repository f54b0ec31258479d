package stdio_test

import (
	"log"
	"log/slog"
	"net/http"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/gateway/stdio"
)

var auth *mcpauth.Auth

// A server on stdio, behind its authorization.
func Example() {
	_ = func() {
		files, err := stdio.New(stdio.Config{
			Command: []string{"npx", "-y", "@modelcontextprotocol/server-filesystem", "/data"},
			Env:     map[string]stdio.Variable{"API_KEY": {File: "/run/secrets/api-key"}},
			Logger:  slog.Default(),
		})
		if err != nil {
			log.Fatal(err)
		}
		http.Handle("/.well-known/", auth.MetadataHandler())
		http.Handle("/mcp", auth.Protect(files, mcpauth.Scopes("read:files"), mcpauth.WithoutToken()))
	}
}
