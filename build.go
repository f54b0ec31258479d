package mcpauth

import (
	"cmp"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"github.com/mcp-auth/go/configerr"
	"github.com/mcp-auth/go/internal/fetch"
	"github.com/mcp-auth/go/internal/identifier"
	"github.com/mcp-auth/go/internal/introspection"
	"github.com/mcp-auth/go/internal/jose"
	"github.com/mcp-auth/go/internal/keys"
	"github.com/mcp-auth/go/internal/origin"
	"github.com/mcp-auth/go/internal/scope"
	"github.com/mcp-auth/go/internal/senderconstraint"
	"github.com/mcp-auth/go/internal/session"
	"github.com/mcp-auth/go/internal/token"
	"github.com/mcp-auth/go/internal/wellknown"
	"github.com/mcp-auth/go/metadata"
	"github.com/mcp-auth/go/policy"
)

// builder makes an Auth of a configuration in one pass, and collects the
// mistakes that it meets.
type builder struct {
	config *Config
	auth   *Auth
	faults configerr.List
	places map[string]bool // that have the metadata of a resource
	urls   identifier.Rules
	doubts doubts
	drafts []draft
}

// draft is metadata that is not rendered yet.
type draft struct {
	url    string
	doc    metadata.ProtectedResource
	signer *jose.Signer // nil: not signed
	field  string       // of the signer
}

// build makes the Auth, or reports all mistakes.
func (c *Config) build() (*Auth, error) {
	b := &builder{config: c, auth: c.auth(), places: map[string]bool{}, urls: identifier.Rules{Plain: c.Network.DangerouslyAllowHTTP}}
	b.doubts.list = &b.faults
	b.checkLimits()
	for i := range c.Resources {
		b.addResource(&c.Resources[i], fmt.Sprintf("Resources[%d]", i))
	}
	if b.faults.Len() == 0 {
		b.publish()
	}
	if err := b.faults.Err(); err != nil {
		_ = b.auth.Close()
		return nil, err
	}
	if c.Inherit != nil { // only now: it is shared with the old Auth
		b.auth.inherit(c.Inherit)
	}
	b.auth.warnings = b.faults.Warnings()
	return b.auth, nil
}

// auth returns an Auth without resources.
func (c *Config) auth() *Auth {
	a := &Auth{
		resources:   make(map[string]*resource, len(c.Resources)),
		fetch:       fetch.New(fetch.Policy{Settings: c.Network}),
		leeway:      cmp.Or(c.Leeway, defaultLeeway),
		now:         c.Now,
		log:         c.Logger,
		showDetails: c.DangerouslyShowErrorDetails,
	}
	if a.now == nil {
		a.now = time.Now
	}
	if a.log == nil {
		a.log = slog.New(slog.DiscardHandler)
	}
	a.sources = keys.NewSources(keys.Config{
		Fetch: a.fetch, Now: a.now, Timeout: cmp.Or(c.Network.Timeout, defaultTimeout), OnFetch: c.Hooks.fetched(a.log),
		OnSkipped: reportSkippedKeys(a.log),
	})
	return a
}

// inheritable returns the sources of an Auth whose documents may be taken over, nil
// if there is none.
func (a *Auth) inheritable(old *Auth) *keys.Sources {
	if old == nil || !a.fetch.Covers(old.fetch) {
		return nil
	}
	return old.sources
}

// inheritedTrust returns the trust of the same resource in the old Auth, or nil.
func (b *builder) inheritedTrust(r *Resource) *token.Trust {
	if b.config.Inherit == nil {
		return nil
	}
	old := b.config.Inherit.resources[r.Identifier]
	if old == nil {
		return nil
	}
	return old.tokens
}

// inherit shares what the resources of an old Auth remember.
func (a *Auth) inherit(old *Auth) {
	for _, i := range a.introspectors {
		i.Inherit(old.introspectors)
	}
	for _, res := range a.ordered {
		if was := old.resources[res.identifier]; was != nil {
			res.inherit(was)
		}
	}
}

func (b *builder) checkLimits() {
	c := b.config
	if c.Leeway < 0 || c.Leeway > maxLeeway {
		b.faults.Add(configerr.InvalidLeeway, "Leeway", c.Leeway.String())
	}
	b.faults.Nest("Network", identifier.CheckNetwork(c.Network, maxNetworkTimeout))
	for i, host := range c.Network.DangerouslyAllowHTTP {
		b.faults.Warn(configerr.PlainHTTPAllowed, fmt.Sprintf("Network.DangerouslyAllowHTTP[%d]", i), host, nil)
	}
	if c.TokenCacheSize > token.MaxCacheSize {
		b.faults.Add(configerr.InvalidCacheSize, "TokenCacheSize", strconv.Itoa(c.TokenCacheSize))
	}
	if len(c.Resources) == 0 {
		b.faults.Add(configerr.NoResources, "Resources", "")
	}
}

func (b *builder) addResource(r *Resource, field string) {
	a := b.auth
	id, err := b.urls.ParseResource(r.Identifier)
	b.faults.Nest(field+".Identifier", err)
	if b.places[id.Place] {
		b.faults.Add(configerr.DuplicateResource, field+".Identifier", r.Identifier)
	}
	b.places[id.Place] = true
	b.faults.Nest(field+".ScopesSupported", scope.Validate(r.ScopesSupported))
	hierarchy, rules := b.access(r, field)
	b.doubts.look(r, field)
	if r.DangerouslyShareSessions && r.Sessions != nil {
		b.faults.Add(configerr.ConflictingSources, field+".Sessions and DangerouslyShareSessions", "")
	}
	res := &resource{
		identifier: r.Identifier, log: a.log, decided: b.config.Hooks.decided(a.log), showDetails: a.showDetails, metadataURL: id.MetadataURL,
		path:      strings.TrimSuffix(id.Path, "/"),
		hierarchy: hierarchy, policy: rules, sessions: r.sessionStore(), origins: b.origins(id.OnLoopback),
		sender: senderconstraint.New(senderconstraint.Config{
			Origin: id.Origin,
			DPoP:   r.DPoP.parse(&b.faults, field+".DPoP", r.Identifier, a.leeway, a.now),
			MTLS:   r.MTLS.parse(&b.faults, field+".MTLS"),
		}),
	}
	if r.ChallengeAllScopes && rules != nil {
		res.firstScopes = rules.Scopes()
	}
	res.tokens = b.trust(r, res, field)
	b.drafts = append(b.drafts, draft{
		url: id.MetadataURL, doc: r.metadata(&b.faults, field, res.sender),
		signer: r.MetadataSigner.parse(&b.faults, field+".MetadataSigner"), field: field + ".MetadataSigner",
	})
	a.resources[r.Identifier] = res
	a.ordered = append(a.ordered, res)
}

// access compiles the hierarchy of scopes and the policy. Without a policy, the
// evaluator is nil.
func (b *builder) access(r *Resource, field string) (*scope.Hierarchy, *policy.Evaluator) {
	includes := r.ScopeIncludes
	hierarchy, err := scope.NewHierarchy(includes)
	if err != nil {
		b.faults.Nest(field+".ScopeIncludes", err)
		includes = nil // reported
	}
	if r.Policy == nil {
		b.faults.NestWarnings(field+".ScopeIncludes", scope.Unknown(includes, r.ScopesSupported, nil))
		return hierarchy, nil
	}
	rules, err := policy.Compile(r.Policy, includes)
	if err != nil {
		b.faults.Nest(field+".Policy", err)
		return hierarchy, nil
	}
	b.faults.NestWarnings(field+".Policy", rules.Warnings(r.ScopesSupported))
	b.faults.NestWarnings(field+".ScopeIncludes", scope.Unknown(includes, r.ScopesSupported, rules.Scopes()))
	return hierarchy, rules
}

// origins returns the checks of a resource. A mistake in the origins is the same
// for all resources, and reported once.
func (b *builder) origins(onLoopback bool) *origin.Policy {
	p, err := b.config.CORS.policy(onLoopback)
	if err != nil && len(b.auth.ordered) == 0 {
		b.addOrigins(err)
	}
	return p
}

// addOrigins reports which origins are not valid. The error is about all of them
// together.
func (b *builder) addOrigins(all error) {
	before := b.faults.Len()
	for i, text := range b.config.CORS.Origins {
		_, err := origin.New(origin.Config{Origins: []string{text}})
		if err == nil {
			continue
		}
		if meant := origin.Meant(text); meant != "" {
			err = fmt.Errorf("%s is meant", meant)
		}
		b.faults.AddErr(configerr.InvalidCORS, fmt.Sprintf("CORS.Origins[%d]", i), text, err)
	}
	if b.faults.Len() == before {
		b.faults.AddErr(configerr.InvalidCORS, "CORS.Origins", "", all)
	}
}

// trust connects the authorization servers of a resource with their keys.
func (b *builder) trust(r *Resource, res *resource, field string) *token.Trust {
	a := b.auth
	if len(r.AuthorizationServers) == 0 {
		b.faults.Add(configerr.NoAuthorizationServer, field+".AuthorizationServers", "")
	}
	config := token.Config{Leeway: a.leeway, CacheSize: b.config.TokenCacheSize, Now: a.now, Inherit: b.inheritedTrust(r)}
	for i, s := range b.parseServers(r, field+".AuthorizationServers") {
		source := a.sources.Of(s.keys)
		source.Inherit(a.inheritable(b.config.Inherit))
		if i == 0 {
			res.first = source
		}
		s.tokens.Keys = source
		if s.introspection != nil {
			s.introspection.Keys, s.introspection.Fetch, s.introspection.Now = source, a.fetch, a.now
			s.introspection.OnAsk = b.config.Hooks.introspected(a.log)
			introspector := introspection.New(*s.introspection)
			a.introspectors = append(a.introspectors, introspector)
			s.tokens.Verifier = introspector
		}
		config.Servers = append(config.Servers, s.tokens)
	}
	return token.New(config)
}

func (b *builder) parseServers(r *Resource, field string) (servers []trustedServer) {
	seen := map[string]bool{}
	verifiers := 0
	for i := range r.AuthorizationServers {
		s := &r.AuthorizationServers[i]
		place := fmt.Sprintf("%s[%d]", field, i)
		servers = append(servers, s.parse(&b.faults, place, r.Identifier, b.urls))
		if seen[s.Issuer] {
			b.faults.Add(configerr.DuplicateIssuer, place+".Issuer", s.Issuer)
		}
		seen[s.Issuer] = true
		what := "Verifier"
		switch {
		case s.Verifier != nil:
		case s.Introspection != nil:
			what = "Introspection"
		default:
			continue
		}
		if verifiers++; verifiers > 1 {
			b.faults.Add(configerr.AmbiguousVerifier, place+"."+what, s.Issuer)
		}
	}
	return servers
}

// publish renders the metadata of all resources.
func (b *builder) publish() {
	documents := make([]wellknown.Document, len(b.drafts))
	for i, d := range b.drafts {
		body, err := publish(d.doc, d.signer, b.auth.now())
		if err != nil {
			b.faults.AddErr(configerr.InvalidSigner, d.field, d.doc.Resource, err)
			continue
		}
		documents[i] = wellknown.Document{URL: d.url, Body: body}
	}
	var err error
	if b.auth.metadata, err = wellknown.New(documents); err != nil {
		b.faults.AddErr(configerr.InvalidIdentifier, "Resources", "", err)
	}
}

// sessionStore is the store of the resource, nil if callers share sessions.
func (r *Resource) sessionStore() SessionStore {
	switch {
	case r.DangerouslyShareSessions:
		return nil
	case r.Sessions != nil:
		return pluggedSessions{r.Sessions}
	}
	return session.NewMemory(session.DefaultSize)
}
