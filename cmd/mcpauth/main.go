// Mcpauth is the command of the MCP Auth project. It shows the authorization of
// MCP servers at work on loopback, and uses protected MCP servers anywhere:
//
//	mcpauth demo             a protected MCP server and an authorization server to try it with
//	mcpauth demo --selftest  the whole flow without a browser
//	mcpauth dev              an authorization server to develop with
//	mcpauth check ISSUER     check an authorization server, an MCP server or a configuration
//	mcpauth policy explain   list the rules of a policy file; policy test tries them
//	mcpauth providers        list identity providers and what they put where
//	mcpauth login URL        log in at an MCP server
//	mcpauth tools URL        list its tools
//	mcpauth call URL TOOL    call one of them
//	mcpauth token URL        print the access token, for scripts
//	mcpauth logout [URL]     forget it
//	mcpauth version          what was built
//
// It exits with 0 on success, 1 on failure and 2 when it was called wrongly.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// Once stopping has begun, a second signal ends the program at once.
	context.AfterFunc(ctx, stop)
	os.Exit(run(ctx, os.Args, streams{stdout: os.Stdout, stderr: os.Stderr}))
}
