package gateway

import (
	"context"
	"slices"
	"sync"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/cmd/mcpauth/internal/gatewayfile"
	"github.com/mcp-auth/go/gateway"
	"github.com/mcp-auth/go/gateway/ratelimit"
	"github.com/mcp-auth/go/otelmcpauth"
)

// hooks returns what observes a generation: for the admin address, telemetry and the
// audit log.
func (p *program) hooks(settings *gatewayfile.Settings, measured *otelmcpauth.Telemetry) (mcpauth.Hooks, gateway.Hooks) {
	auth, proxy, note := measured.Hooks(), measured.Gateway(), p.health.upstream(settings)
	fetched, introspected, upstream := auth.Fetched, auth.Introspected, proxy.Upstream
	auth.Fetched = func(e mcpauth.FetchEvent) {
		p.health.fetched(e)
		fetched(e)
	}
	auth.Introspected = func(e mcpauth.IntrospectionEvent) {
		p.health.introspected(e)
		introspected(e)
	}
	proxy.Upstream = func(ctx context.Context, e gateway.UpstreamEvent) {
		note(ctx, e)
		upstream(ctx, e)
	}
	if settings.Audit != nil {
		decided, limited := auth.Decided, proxy.Limited
		auth.Decided = func(ctx context.Context, e mcpauth.DecisionEvent) {
			p.audit.decided(ctx, e)
			decided(ctx, e)
		}
		proxy.Limited = func(ctx context.Context, e gateway.LimitEvent) {
			p.audit.limited(ctx, e)
			limited(ctx, e)
		}
	}
	return auth, proxy
}

// protected returns what the resources of a file are to callers.
func protected(settings *gatewayfile.Settings) (resources []mcpauth.Resource) {
	for _, r := range settings.Gateway.Resources {
		resources = append(resources, r.Resource)
	}
	return resources
}

// limits hold the limiter, which goes on as long as the rules stay the same.
type limits struct {
	mu      sync.Mutex
	rules   []ratelimit.Rule
	limiter *ratelimit.Limiter
}

// of returns the limiter for rules, nil if there are none.
func (l *limits) of(rules []ratelimit.Rule) (gateway.Limiter, error) {
	if len(rules) == 0 {
		return nil, nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.limiter != nil && slices.EqualFunc(l.rules, rules, sameRule) {
		return l.limiter, nil
	}
	limiter, err := ratelimit.New(rules...)
	if err != nil {
		return nil, err
	}
	l.rules, l.limiter = rules, limiter
	return limiter, nil
}

func sameRule(a, b ratelimit.Rule) bool {
	return a.Key == b.Key && a.Requests == b.Requests && a.Per == b.Per && slices.Equal(a.Tools, b.Tools)
}
