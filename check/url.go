package check

import (
	"context"
	"errors"
	"strings"

	"github.com/mcp-auth/go/check/internal/detect"
)

// errResourceMetadata is the error for the URL of a server's metadata.
var errResourceMetadata = errors.New("check: this is the URL of the metadata of an MCP server; give the URL of the server itself")

// URL checks what is at a URL: it finds out whether that is an MCP server or an
// authorization server, and then does what [Server] or [AuthorizationServer]
// does. [Report.Kind] says which.
//
// It recognizes an MCP server by its protected resource metadata or by how it
// answers GET, and an authorization server by its metadata. A URL at which
// neither is found is taken for an MCP server if it has a path.
func URL(ctx context.Context, target string, opts Options) (*Report, error) {
	if strings.Contains(target, "/.well-known/oauth-protected-resource") {
		return nil, errResourceMetadata
	}
	if detect.IsMCPServer(ctx, target, opts.Network) {
		return Server(ctx, target, opts)
	}
	return AuthorizationServer(ctx, target, opts)
}
