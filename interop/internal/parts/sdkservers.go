package parts

import (
	"context"
	"fmt"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/mcp-auth/go/interop/internal/proc"
)

// StartGoSDKAuthServer starts go-sdk's example of a protected server and returns
// its URL. It has no authorization server: the example has none either, until
// somebody writes one into it.
func StartGoSDKAuthServer(tb testing.TB) string {
	tb.Helper()
	port := proc.FreePort(tb)
	p := proc.Start(tb, proc.Command{
		Name: "go-sdk-auth-server", Path: path(tb, "bin", "go-sdk-auth-server"),
		Args: []string{"-port", strconv.Itoa(port)},
	})
	origin := fmt.Sprintf("http://localhost:%d", port)
	ctx, cancel := context.WithTimeout(tb.Context(), startTimeout)
	defer cancel()
	if err := waitOK(ctx, p, origin+"/.well-known/oauth-protected-resource"); err != nil {
		tb.Fatal(err)
	}
	return origin + "/mcp"
}

// StartTypeScriptSDKAuthServer starts the example of a protected server in the
// TypeScript SDK 1, with its authorization server for demonstrations, and
// returns the URL of the first.
func StartTypeScriptSDKAuthServer(tb testing.TB) string {
	tb.Helper()
	port, authPort := proc.FreePort(tb), proc.FreePort(tb)
	script := filepath.Join("node_modules", "@modelcontextprotocol", "sdk", "dist", "esm", "examples", "server", "simpleStreamableHttp.js")
	p := proc.Start(tb, proc.Command{
		Name: "simpleStreamableHttp", Path: "node", Args: []string{path(tb, script), "--oauth"},
		Env: []string{fmt.Sprintf("MCP_PORT=%d", port), fmt.Sprintf("MCP_AUTH_PORT=%d", authPort)},
	})
	resource := fmt.Sprintf("http://localhost:%d/mcp", port)
	ctx, cancel := context.WithTimeout(tb.Context(), startTimeout)
	defer cancel()
	for _, url := range []string{
		fmt.Sprintf("http://localhost:%d/.well-known/oauth-protected-resource/mcp", port),
		fmt.Sprintf("http://localhost:%d/.well-known/oauth-authorization-server", authPort),
	} {
		if err := waitOK(ctx, p, url); err != nil {
			tb.Fatal(err)
		}
	}
	return resource
}

// StartAllInOne starts an MCP server that issues its own tokens, with the router
// of the TypeScript SDK 1, and returns its URL.
func StartAllInOne(tb testing.TB) string {
	tb.Helper()
	port := proc.FreePort(tb)
	p := proc.Start(tb, proc.Command{
		Name: "all-in-one", Path: "node", Args: []string{path(tb, filepath.Join("js", "all-in-one.mjs"))},
		Env: []string{fmt.Sprintf("PORT=%d", port)},
	})
	ctx, cancel := context.WithTimeout(tb.Context(), startTimeout)
	defer cancel()
	if err := waitOK(ctx, p, fmt.Sprintf("http://127.0.0.1:%d/.well-known/oauth-protected-resource/mcp", port)); err != nil {
		tb.Fatal(err)
	}
	return fmt.Sprintf("http://127.0.0.1:%d/mcp", port)
}
