package mcpauthtest

import (
	"net/http"
	"sync/atomic"

	"github.com/mcp-auth/go/internal/authserver"
	"github.com/mcp-auth/go/internal/authserver/route"
)

// Requests counts the requests to each endpoint, whether or not the server
// misbehaves.
type Requests struct {
	Metadata   int // both documents
	JWKS       int
	Authorize  int // pages and their forms
	Token      int
	Register   int
	Introspect int
	Revoke     int
}

// counters counts requests.
type counters struct {
	metadata, jwks, authorize, token, register, introspect, revoke atomic.Int64
}

// of returns the counter of an endpoint. It is nil for the status page.
func (c *counters) of(endpoint string) *atomic.Int64 {
	return map[string]*atomic.Int64{
		authserver.OAuthMetadata: &c.metadata,
		authserver.OIDCMetadata:  &c.metadata,
		authserver.JWKS:          &c.jwks,
		authserver.Authorization: &c.authorize,
		authserver.Token:         &c.token,
		authserver.Registration:  &c.register,
		authserver.Introspection: &c.introspect,
		authserver.Revocation:    &c.revoke,
	}[endpoint]
}

// count returns a route that counts its requests.
func (c *counters) count(r route.Route) route.Route {
	counter, next := c.of(r.Name), r.Handler
	if counter == nil {
		return r
	}
	r.Handler = http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		counter.Add(1)
		next.ServeHTTP(w, request)
	})
	return r
}

func (c *counters) requests() Requests {
	return Requests{
		Metadata:   int(c.metadata.Load()),
		JWKS:       int(c.jwks.Load()),
		Authorize:  int(c.authorize.Load()),
		Token:      int(c.token.Load()),
		Register:   int(c.register.Load()),
		Introspect: int(c.introspect.Load()),
		Revoke:     int(c.revoke.Load()),
	}
}
