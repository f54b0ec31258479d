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
	"github.com/mcp-auth/go/cmd/mcpauth/internal/telemetry"
	"github.com/mcp-auth/go/gateway"
	"github.com/mcp-auth/go/gateway/identity"
)

// program is the gateway at work: the current generation, and what outlives it.
type program struct {
	path      string
	log       *slog.Logger
	upstreams *pool[gatewayfile.Handler]
	tokens    *pool[gatewayfile.TokenCredential]
	ownKeys   func() (*identity.Keys, error) // for assertions, if the file names none
	health    *health
	audit     *auditLog
	telemetry *telemetry.Telemetry
	limits    limits
	current   atomic.Pointer[generation]

	work sync.WaitGroup // what was started and ends with the program

	mu       sync.Mutex
	live     []*generation // not closed yet
	draining bool
}

// newProgram makes the first generation. Mistakes have their places in the file.
func newProgram(ctx context.Context, settings *gatewayfile.Settings, log *slog.Logger) (_ *program, err error) {
	p := emptyProgram(settings, log)
	if p.telemetry, err = telemetry.New(ctx, settings.Telemetry, log); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			p.flush(ctx, minFlush)
		}
	}()
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
		path: settings.Name(), log: log, health: newHealth(), audit: &auditLog{log: log}, telemetry: &telemetry.Telemetry{},
		upstreams: newPool[gatewayfile.Handler](), tokens: newPool[gatewayfile.TokenCredential](),
		ownKeys: sync.OnceValues(identity.GenerateKeys),
	}
}

// generation makes a gateway of settings, which takes over what another one knows.
func (p *program) generation(settings *gatewayfile.Settings, inherit *gateway.Gateway) (*generation, error) {
	config := settings.Gateway
	config.Resources = slices.Clone(config.Resources)
	config.Inherit = inherit
	config.Auth.Logger = p.log
	measured, err := p.telemetry.For(protected(settings))
	if err != nil {
		return nil, err
	}
	config.Auth.Hooks, config.Hooks = p.hooks(settings, measured)
	if config.Limiter, err = p.limits.of(settings.RateLimits); err != nil {
		return nil, err
	}
	release, err := p.connect(&config, settings)
	if err != nil {
		return nil, err
	}
	for i := range config.Resources {
		r := &config.Resources[i]
		r.Credential = measured.Propagate(r.Credential)
		if settings.Audit != nil && settings.Audit.FailClosed {
			r.Credential = auditedCredential{r.Credential} // first of all
		}
	}
	made, err := gateway.New(config)
	if err != nil {
		release()
		return nil, settings.Locate(err)
	}
	g := &generation{gateway: made, handler: measured.Handler(made), certificate: settings.Certificate, settings: settings}
	g.users.Store(1)
	g.close = func() {
		p.forget(g)
		_ = made.Close() // it has no error
		release()
	}
	return g, nil
}

// connect gives the resources their upstreams, and what these want to see. What it has
// opened is to be released.
func (p *program) connect(config *gateway.Config, settings *gatewayfile.Settings) (release func(), err error) {
	keys, err := p.identityKeys(settings)
	if err != nil {
		return nil, err
	}
	if keys != nil {
		config.KeySet = keys
	}
	var releases []func()
	release = func() {
		for _, f := range releases {
			f()
		}
	}
	for i := range settings.Upstreams {
		opened, err := p.connectOne(&config.Resources[i], settings.Upstreams[i], keys)
		releases = append(releases, opened...)
		if err != nil {
			release()
			return nil, err
		}
	}
	return release, nil
}

// connectOne gives a resource its upstream, and what it wants to see.
func (p *program) connectOne(r *gateway.Resource, upstream gatewayfile.UpstreamSettings, keys *identity.Keys) (releases []func(), err error) {
	handler, done, err := p.upstreams.get(upstream.Name+" "+upstream.Key, func() (gatewayfile.Handler, error) { return upstream.Open(p.log) })
	if err != nil {
		return nil, err
	}
	releases, r.Upstream = append(releases, done), handler
	if t := upstream.Token; t != nil {
		credential, done, err := p.tokens.get(t.Key, func() (gatewayfile.TokenCredential, error) { return t.Open(p.log) })
		if err != nil {
			return releases, err
		}
		releases, r.Credential = append(releases, done), credential
	}
	r.Credential, err = credentialOf(r.Credential, upstream, keys)
	return releases, err
}

// identityKeys returns the keys for assertions, or nil if nobody gets one.
func (p *program) identityKeys(settings *gatewayfile.Settings) (*identity.Keys, error) {
	if settings.IdentityKeys != nil || !settings.Asserts {
		return settings.IdentityKeys, nil
	}
	p.log.Warn("mcpauth: " + ownKeyWarning)
	return p.ownKeys()
}

// ownKeyWarning is what is said where the file names no keys.
const ownKeyWarning = "assertions are signed with a key that was made at the start, and are not valid at other replicas or after a restart; name a file in keys.identity"

// credentialOf puts together what an upstream wants to see.
func credentialOf(credential gateway.Credential, upstream gatewayfile.UpstreamSettings, keys *identity.Keys) (gateway.Credential, error) {
	if upstream.Identity != nil {
		who, err := upstream.Identity(keys)
		if err != nil {
			return nil, err
		}
		if credential != nil {
			who = gateway.Credentials(who, credential)
		}
		credential = who
	}
	return credential, nil
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
	g.handler.ServeHTTP(w, r)
}

// certificate returns the one of the current generation.
func (p *program) certificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	if c := p.current.Load().certificate; c != nil {
		return c, nil
	}
	return nil, errors.New("the file names no certificate any more")
}
