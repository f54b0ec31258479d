package gateway

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/configerr"
	"github.com/mcp-auth/go/internal/identifier"
	"github.com/mcp-auth/go/policy"
)

// minKeepAlive is the shortest time between comments.
const minKeepAlive = time.Second

// Gateway is the [http.Handler] of a gateway. Make one with [New]; it is safe for
// concurrent use.
type Gateway struct {
	auth     *mcpauth.Auth
	metadata http.Handler
	keySet   http.Handler // nil: none
	hosts    map[string]places
	legacy   map[string]http.Handler // by host: metadata of the authorization server
	trusted  []netip.Prefix
	log      *slog.Logger

	draining context.Context // ends with the streams that wait for messages
	drain    context.CancelFunc
}

// New makes a [Gateway]. Every mistake is reported, each as a [*configerr.Error],
// joined. New does not use the network.
func New(config Config) (*Gateway, error) {
	faults := config.check()
	protected := config.Auth
	protected.Resources, protected.Inherit = nil, nil
	for _, r := range config.Resources {
		if r.Policy == nil { // so that messages are read
			r.Policy = &policy.Policy{Default: policy.Authenticated(), ShowAll: true}
		}
		protected.Resources = append(protected.Resources, r.Resource)
	}
	if config.Inherit != nil {
		protected.Inherit = config.Inherit.auth
	}
	auth, err := mcpauth.New(protected)
	faults.Nest("", err)
	if err := faults.Err(); err != nil {
		if auth != nil {
			_ = auth.Close()
		}
		return nil, err
	}
	g := &Gateway{
		auth: auth, metadata: auth.MetadataHandler(), keySet: config.KeySet, hosts: map[string]places{}, legacy: map[string]http.Handler{},
		trusted: slices.Clone(config.TrustedProxies), log: config.Auth.Logger,
	}
	if g.log == nil {
		g.log = slog.New(slog.DiscardHandler)
	}
	g.draining, g.drain = context.WithCancel(context.Background())
	for i := range config.Resources {
		if err := g.add(&config, &config.Resources[i]); err != nil {
			return nil, errors.Join(err, g.Close())
		}
	}
	if config.LegacyMetadata {
		if err := g.addLegacyMetadata(config.Resources); err != nil {
			return nil, errors.Join(err, g.Close())
		}
	}
	return g, nil
}

// check reports the mistakes that are not those of an Auth.
func (c *Config) check() *configerr.List {
	var faults configerr.List
	if len(c.Auth.Resources) > 0 || c.Auth.Inherit != nil {
		faults.Add(MisplacedResources, "Auth", "")
	}
	if c.KeepAlive != 0 && c.KeepAlive < minKeepAlive {
		faults.Add(InvalidKeepAlive, "KeepAlive", c.KeepAlive.String())
	}
	for i, network := range c.TrustedProxies {
		if !network.IsValid() || network.Bits() == 0 {
			faults.Add(configerr.InvalidProxyNetwork, fmt.Sprintf("TrustedProxies[%d]", i), network.String())
		}
	}
	for i := range c.Resources {
		r, field := &c.Resources[i], fmt.Sprintf("Resources[%d]", i)
		if r.Upstream == nil {
			faults.Add(NoUpstream, field+".Upstream", "")
		}
		u, err := url.Parse(r.Identifier)
		switch {
		case err != nil: // reported by mcpauth.New
		case u.RawQuery != "":
			faults.Add(IdentifierQuery, field+".Identifier", r.Identifier)
		case strings.HasPrefix(u.Path, wellKnown):
			faults.Add(ReservedPath, field+".Identifier", r.Identifier)
		}
	}
	return &faults
}

// add puts a resource in its place.
func (g *Gateway) add(config *Config, r *Resource) error {
	wrap, err := g.auth.Middleware(mcpauth.ForResource(r.Identifier), mcpauth.WithoutToken())
	if err != nil {
		return err
	}
	u, err := url.Parse(r.Identifier)
	if err != nil {
		return err
	}
	rules := identifier.Rules{Plain: config.Auth.Network.DangerouslyAllowHTTP}
	parsed, err := rules.ParseResource(r.Identifier)
	if err != nil {
		return err
	}
	f := &forwarder{
		resource: r.Identifier, metadataURL: parsed.MetadataURL, url: pathOf(u),
		upstream: r.Upstream, credential: r.Credential, keepAlive: config.KeepAlive, limiter: config.Limiter, hooks: config.Hooks, log: g.log,
		forwardedHost: []string{u.Host}, forwardedProto: []string{u.Scheme}, draining: g.draining,
	}
	_, f.keepsQuery = r.Upstream.(*Upstream)
	for _, host := range hostsOf(u) {
		if g.hosts[host] == nil {
			g.hosts[host] = places{}
		}
		g.hosts[host][f.url.EscapedPath()] = wrap(f)
	}
	return nil
}

// addLegacyMetadata serves the metadata of authorization servers on hosts where it can
// mean only one resource.
func (g *Gateway) addLegacyMetadata(resources []Resource) error {
	for i, r := range resources {
		u, err := url.Parse(r.Identifier)
		if err != nil {
			return err
		}
		own := g.hosts[hostsOf(u)[0]]
		if len(own) > 1 {
			continue
		}
		//lint:ignore SA1019 for those clients it is not deprecated
		handler, err := g.auth.LegacyMetadataHandler(mcpauth.ForResource(r.Identifier))
		if err != nil {
			var faults configerr.List
			faults.Nest(fmt.Sprintf("Resources[%d]", i), err)
			return faults.Err()
		}
		for _, host := range hostsOf(u) {
			g.legacy[host] = handler
		}
	}
	return nil
}

// Auth returns what decides on the requests, for [mcpauth.Auth.Ready].
func (g *Gateway) Auth() *mcpauth.Auth { return g.auth }

// Drain ends the streams that only wait for messages of their upstream, now and from
// now on. Requests go on. Call it before [http.Server.Shutdown], which would wait for
// the streams.
func (g *Gateway) Drain() { g.drain() }

// Close ends what [Gateway.Drain] ends, and closes the Auth; see
// [mcpauth.Auth.Close]. Upstreams and credentials belong to the caller. Do not use
// the Gateway afterwards.
func (g *Gateway) Close() error {
	g.drain()
	return g.auth.Close()
}
