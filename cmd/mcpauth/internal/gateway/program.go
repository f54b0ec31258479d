package gateway

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/mcp-auth/go/cmd/mcpauth/internal/gatewayfile"
	"github.com/mcp-auth/go/gateway"
)

// program is the gateway at work: the current generation, and what outlives it.
type program struct {
	path      string
	log       *slog.Logger
	upstreams *upstreams
	health    *health
	audit     *auditLog
	current   atomic.Pointer[generation]

	work sync.WaitGroup // what was started and ends with the program

	mu       sync.Mutex
	live     []*generation // not closed yet
	draining bool
}

// newProgram makes the first generation. Mistakes have their places in the file.
func newProgram(settings *gatewayfile.Settings, log *slog.Logger) (*program, error) {
	p := emptyProgram(settings, log)
	if err := p.audit.reopen(settings.Audit); err != nil {
		return nil, err
	}
	g, err := p.generation(settings, nil)
	if err != nil {
		return nil, errors.Join(err, p.audit.close())
	}
	p.swap(g)
	return p, nil
}

// emptyProgram returns a program without a generation.
func emptyProgram(settings *gatewayfile.Settings, log *slog.Logger) *program {
	return &program{
		path: settings.Name(), log: log, health: newHealth(), audit: &auditLog{log: log},
		upstreams: &upstreams{log: log, open: map[string]*sharedUpstream{}},
	}
}

// generation makes a gateway of settings, which takes over what another one knows.
func (p *program) generation(settings *gatewayfile.Settings, inherit *gateway.Gateway) (*generation, error) {
	config := settings.Gateway
	config.Resources = slices.Clone(config.Resources)
	config.Inherit = inherit
	config.Auth.Logger = p.log
	config.Auth.Hooks.Fetched = p.health.fetched
	config.Auth.Hooks.Introspected = p.health.introspected
	config.Hooks.Upstream = p.health.upstream(settings)
	if settings.Audit != nil {
		config.Auth.Hooks.Decided = p.audit.decided
	}
	var releases []func()
	release := func() {
		for _, f := range releases {
			f()
		}
	}
	for i, upstream := range settings.Upstreams {
		handler, done, err := p.upstreams.get(upstream)
		if err != nil {
			release()
			return nil, err
		}
		releases = append(releases, done)
		config.Resources[i].Upstream = handler
		if settings.Audit != nil && settings.Audit.FailClosed {
			config.Resources[i].Credential = auditedCredential{config.Resources[i].Credential}
		}
	}
	made, err := gateway.New(config)
	if err != nil {
		release()
		return nil, settings.Locate(err)
	}
	g := &generation{gateway: made, certificate: settings.Certificate, settings: settings}
	g.users.Store(1)
	g.close = func() {
		p.forget(g)
		_ = made.Close() // it has no error
		release()
	}
	return g, nil
}

// swap makes a generation the current one.
func (p *program) swap(g *generation) {
	p.mu.Lock()
	p.live = append(p.live, g)
	if p.draining {
		g.gateway.Drain()
	}
	p.mu.Unlock()
	if old := p.current.Swap(g); old != nil {
		old.done()
	}
}

func (p *program) forget(g *generation) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.live = slices.DeleteFunc(p.live, func(other *generation) bool { return other == g })
}

// drain ends the streams that wait for messages, of all generations.
func (p *program) drain() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.draining = true
	for _, g := range p.live {
		g.gateway.Drain()
	}
}

// ServeHTTP has the current generation serve a request.
func (p *program) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	g := p.current.Load()
	for !g.use() { // another one has become the current one, or the program ends
		next := p.current.Load()
		if next == g {
			http.Error(w, http.StatusText(http.StatusServiceUnavailable), http.StatusServiceUnavailable)
			return
		}
		g = next
	}
	defer g.done()
	if s := g.settings.Audit; s != nil && s.FailClosed {
		r = r.WithContext(context.WithValue(r.Context(), auditKey{}, &auditMark{}))
	}
	g.gateway.ServeHTTP(w, r)
}

// certificate returns the one of the current generation.
func (p *program) certificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	if c := p.current.Load().certificate; c != nil {
		return c, nil
	}
	return nil, errors.New("the file names no certificate any more")
}
