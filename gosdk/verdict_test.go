package gosdk_test

import (
	"net/http"
	"testing"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/gosdk"
	"github.com/mcp-auth/go/internal/verdict"
	"github.com/modelcontextprotocol/go-sdk/auth"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// tokenInfoRequest is an MCP request as a tool sees it.
func tokenInfoRequest(r *http.Request) mcp.Request {
	return &mcp.CallToolRequest{Extra: &mcp.RequestExtra{TokenInfo: auth.TokenInfoFromContext(r.Context())}}
}

func TestVerdicts(t *testing.T) {
	t.Parallel()
	verdict.Run(t, "../internal/verdict/testdata/verdicts", verdict.Door{
		Name: "go-sdk",
		Wrap: func(a *mcpauth.Auth, next http.Handler, p verdict.Protection) http.Handler {
			return gosdk.Protect(a, next, p.Options()...)
		},
		Info: func(r *http.Request) (*mcpauth.AuthInfo, bool) { return gosdk.AuthInfo(tokenInfoRequest(r)) },
	})
}
