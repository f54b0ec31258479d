package gateway

import (
	"context"
	"crypto/rand"
	"net/netip"
	"sync"

	"github.com/mcp-auth/go/gateway/internal/clientaddr"
)

// requestContext is the context of a request. What few ask for is found out when it
// is asked for.
type requestContext struct {
	context.Context
	remote    string
	forwarded []string // values of X-Forwarded-For
	trusted   []netip.Prefix

	once sync.Once
	id   string
}

type requestKey struct{}

// Value returns the context itself for its own key.
func (c *requestContext) Value(key any) any {
	if key == (requestKey{}) {
		return c
	}
	return c.Context.Value(key)
}

func (c *requestContext) address() netip.Addr { return clientaddr.Of(c.remote, c.forwarded, c.trusted) }

func (c *requestContext) requestID() string {
	c.once.Do(func() { c.id = rand.Text() })
	return c.id
}

func fromContext(ctx context.Context) *requestContext {
	c, _ := ctx.Value(requestKey{}).(*requestContext)
	return c
}

// ClientAddress returns the address of the client of the request that ctx belongs to,
// for logs: the right-most one in X-Forwarded-For that is not in
// [Config.TrustedProxies]. It is not valid if ctx is of no request of a Gateway.
func ClientAddress(ctx context.Context) netip.Addr {
	if c := fromContext(ctx); c != nil {
		return c.address()
	}
	return netip.Addr{}
}

// RequestID returns a random name for the request that ctx belongs to, the same at
// each call, which joins the lines about it in logs. It is empty if ctx is of no
// request of a Gateway.
func RequestID(ctx context.Context) string {
	if c := fromContext(ctx); c != nil {
		return c.requestID()
	}
	return ""
}
