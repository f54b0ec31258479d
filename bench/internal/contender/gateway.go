package contender

import (
	"context"
	"io"
	"log"
	"net/http"
	"net/http/httputil"
	"net/url"

	"github.com/mcp-auth/go"
	"github.com/mcp-auth/go/bench/internal/fixture"
	"github.com/mcp-auth/go/gateway"
	"github.com/mcp-auth/go/policy"
)

// connections is how many connections to the upstream are kept, as the gateway has it.
const connections = 64

// Gateway is a [gateway.Gateway] in front of an upstream, with a policy. It has its
// keys already, and is closed with ctx.
func Gateway(ctx context.Context, s *fixture.Server, rules *policy.Policy, upstream string) (http.Handler, error) {
	to, err := gateway.NewUpstream(gateway.UpstreamConfig{URL: upstream})
	if err != nil {
		return nil, err
	}
	g, err := gateway.New(gateway.Config{Resources: []gateway.Resource{{
		Upstream: to,
		Resource: resource(s, rules),
	}}})
	if err != nil {
		return nil, err
	}
	context.AfterFunc(ctx, func() { _ = g.Close() })
	return g, g.Auth().Ready(ctx)
}

// Proxy is the reverse proxy of the standard library in front of the same upstream,
// with as many connections and no decision.
func Proxy(upstream string) (http.Handler, error) {
	target, err := url.Parse(upstream)
	if err != nil {
		return nil, err
	}
	transport, _ := http.DefaultTransport.(*http.Transport)
	transport = transport.Clone()
	transport.Proxy, transport.DisableCompression, transport.MaxIdleConns = nil, true, 0
	transport.MaxIdleConnsPerHost = connections
	return &httputil.ReverseProxy{Transport: transport, FlushInterval: -1, ErrorLog: log.New(io.Discard, "", 0), Rewrite: func(r *httputil.ProxyRequest) {
		copied := *target
		r.Out.URL, r.Out.Host = &copied, ""
	}}, nil
}

// resource is the protected resource of the comparison.
func resource(s *fixture.Server, rules *policy.Policy) mcpauth.Resource {
	return mcpauth.Resource{
		Identifier:           fixture.Resource,
		AuthorizationServers: []mcpauth.AuthorizationServer{{Issuer: s.Issuer, Type: mcpauth.OIDC}},
		ScopesSupported:      splitScope(fixture.Scope),
		Policy:               rules,
	}
}
