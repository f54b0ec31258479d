package mcpgo_test

import (
	"net/http"
	"testing"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/internal/verdict"
	"github.com/mcp-auth/go/mcpgo"
)

func TestVerdicts(t *testing.T) {
	t.Parallel()
	verdict.Run(t, "../internal/verdict/testdata/verdicts", verdict.Door{
		Name: "mcp-go",
		Wrap: func(a *mcpauth.Auth, next http.Handler, p verdict.Protection) http.Handler {
			return mcpgo.Protect(a, next, p.Options()...)
		},
		Info: func(r *http.Request) (*mcpauth.AuthInfo, bool) { return mcpauth.FromContext(r.Context()) },
	})
}
