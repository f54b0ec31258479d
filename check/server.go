package check

import (
	"context"

	"github.com/mcp-auth/go/internal/fetch"
)

// Server checks a running MCP server.
func Server(ctx context.Context, url string, opts Options) (*Report, error) {
	if err := fetch.CheckURL(url, true); err != nil {
		return nil, err
	}
	c := newChecker(KindServer, url, fetch.IsLoopbackURL(url), opts)
	defer c.close()
	return c.report, ctx.Err()
}
