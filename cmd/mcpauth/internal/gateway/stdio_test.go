package gateway

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/mcp-auth/go/mcpauthtest"
)

// asStdioServer is the variable that makes this test binary an MCP server on stdio.
const asStdioServer = "MCPAUTH_TEST_STDIO_SERVER"

// TestMain is the server on stdio where a test starts it.
func TestMain(m *testing.M) {
	if os.Getenv(asStdioServer) == "" {
		os.Exit(m.Run())
	}
	if err := sdkServer().Run(context.Background(), &mcp.StdioTransport{}); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// stdioConfig is a file whose MCP server is this test binary.
func stdioConfig(issuer, command string) string {
	upstream := fmt.Sprintf("upstream: {stdio: {command: [%q], env: {%s: {value: yes}}}}\n    policy: policy.yaml\n", command, asStdioServer)
	file := config(issuer, "http://replaced")
	at := strings.Index(file, "upstream: {")
	end := at + strings.Index(file[at:], "\n") + 1
	return file[:at] + upstream + file[end:]
}

// A command is an MCP server like those with a URL.
func TestStdioServers(t *testing.T) {
	t.Parallel()
	for _, version := range []string{"2025-06-18", "2025-11-25", "2026-07-28"} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			as := mcpauthtest.Start(t, mcpauthtest.Config{})
			r := start(t, as, stdioConfig(as.Issuer(), os.Args[0]), "policy.yaml", sdkPolicy)
			client := mcp.NewClient(&mcp.Implementation{Name: "test", Version: "1"}, nil)
			transport := &mcp.StreamableClientTransport{Endpoint: identifier, HTTPClient: r.client()}
			session, err := client.Connect(t.Context(), transport, &mcp.ClientSessionOptions{ProtocolVersion: version})
			if err != nil {
				t.Fatalf("%v\n%s", err, r.log)
			}
			defer session.Close()
			r.useTools(session)
		})
	}
}
