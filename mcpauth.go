// Package mcpauth makes an MCP server an OAuth 2.1 resource server, as the
// Model Context Protocol's authorization specification demands: it publishes
// protected resource metadata (RFC 9728), challenges callers without a token
// so that clients find the authorization server by themselves, and admits only
// tokens that a trusted authorization server issued for this very server.
//
// Three calls protect a server on the official Go SDK: MetadataHandler says where
// to get tokens, gosdk.Protect lets only authorized requests through, and
// gosdk.Middleware shows each tool its caller.
//
//	auth, err := mcpauth.New(mcpauth.Config{
//		Resources: []mcpauth.Resource{{
//			Identifier:           "http://localhost:3001/mcp",
//			AuthorizationServers: []mcpauth.AuthorizationServer{{Issuer: "http://127.0.0.1:9400"}},
//		}},
//		Logger: slog.Default(),
//	})
//	if err != nil {
//		log.Fatal(err)
//	}
//	server.AddReceivingMiddleware(gosdk.Middleware())
//	http.Handle("/.well-known/", auth.MetadataHandler())
//	http.Handle("/mcp", gosdk.Protect(auth, handler, mcpauth.Scopes("read:notes")))
//
// In a tool, [RequireAuthInfo] returns the caller. What each tool needs goes into
// [Resource.Policy]. For plain net/http, [Auth.Protect] takes the place of
// gosdk.Protect, for mcp-go package mcpgo. Package provider has settings of known
// providers, package mcpauthtest an authorization server for tests.
//
// Every request has one of three outcomes: it is allowed, it is denied (401,
// 403, or 400 if malformed), or it cannot be decided now because an
// authorization server is out of reach (503 with Retry-After, so that clients
// keep their tokens).
//
// What checks a request before a handler is called a door here: Auth.Protect,
// those of packages gosdk and mcpgo, or one of your own that calls
// [Auth.Authorize].
package mcpauth

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"github.com/mcp-auth/go/configerr"
	"github.com/mcp-auth/go/internal/fetch"
	"github.com/mcp-auth/go/internal/origin"
	"github.com/mcp-auth/go/internal/scope"
	"github.com/mcp-auth/go/internal/wellknown"
	"github.com/mcp-auth/go/metadata"
	"github.com/mcp-auth/go/network"
	"github.com/mcp-auth/go/policy"
)

// Auth decides on requests for one or several protected resources. Make one
// with [New]; it is safe for concurrent use.
type Auth struct {
	resources     map[string]*resource
	ordered       []*resource
	issuers       issuers
	introspectors []*introspector
	fetch         *fetch.Client
	metadata      http.Handler
	leeway        time.Duration
	now           func() time.Time
	log           *slog.Logger
	showDetails   bool
	warnings      []*ConfigError
}

// resource is a configured resource, ready for use.
type resource struct {
	auth        *Auth
	identifier  string
	metadataURL string
	servers     map[string]*trustedServer
	custom      *trustedServer // takes tokens that name no issuer: by a Verifier, or by introspection
	document    []byte
	hierarchy   *scope.Hierarchy
	policy      *policy.Evaluator // nil: the scopes of the handler are enough
	sessions    SessionStore      // nil: shared
	origins     *origin.Policy
	cache       *tokenCache
	origin      string              // of the identifier
	dpop        *proofChecker       // nil: not taken
	mtls        *certificateChecker // nil: not taken
	first       *issuer
}

// New checks the configuration and makes an [Auth]. Every mistake is reported,
// each as a [*ConfigError], joined. New does not use the network: metadata and
// keys are fetched when the first token arrives; see [Auth.Ready].
func New(config Config) (*Auth, error) {
	for i, r := range config.Resources {
		if i == 0 {
			config.Resources = append([]Resource(nil), config.Resources...)
		}
		config.Resources[i] = r.clone()
	}
	cloneMetadata(config.Resources)
	compiled, err := config.check()
	if err != nil {
		return nil, err
	}
	a := &Auth{
		resources:   make(map[string]*resource, len(config.Resources)),
		issuers:     issuers{shared: map[issuerKey]*issuer{}},
		fetch:       fetch.New(fetch.Policy{Settings: network.Settings{AllowedNetworks: config.AllowedNetworks, RootCAs: config.RootCAs}}),
		leeway:      config.Leeway,
		now:         config.Now,
		log:         config.Logger,
		showDetails: config.DangerouslyShowErrorDetails,
	}
	if a.leeway == 0 {
		a.leeway = defaultLeeway
	}
	if a.now == nil {
		a.now = time.Now
	}
	if a.log == nil {
		a.log = slog.New(slog.DiscardHandler)
	}
	a.issuers.report = contained(config.OnFetch, a.log)
	if err := a.build(&config, compiled); err != nil {
		return nil, err
	}
	return a, nil
}

func (a *Auth) build(config *Config, compiled []access) (err error) {
	for i := range config.Resources {
		r := &config.Resources[i]
		if err := a.addResource(r, config, compiled[i]); err != nil {
			return err
		}
		if rules := compiled[i].policy; rules != nil {
			a.warn(rules.Warnings(r.ScopesSupported), fmt.Sprintf("Resources[%d].Policy", i))
		}
	}
	documents := make([]wellknown.Document, len(a.ordered))
	for i, r := range a.ordered {
		documents[i] = wellknown.Document{URL: r.metadataURL, Body: r.document}
	}
	a.metadata, err = wellknown.New(documents)
	return err
}

func (a *Auth) addResource(r *Resource, config *Config, compiled access) error {
	metadataURL, err := metadata.ResourceMetadataURL(r.Identifier)
	if err != nil {
		return &ConfigError{Field: "Resources.Identifier", Value: r.Identifier, Fault: InvalidIdentifier, detail: err}
	}
	document, err := r.document(a.now())
	if err != nil {
		return err
	}
	res := &resource{
		auth:        a,
		identifier:  r.Identifier,
		metadataURL: metadataURL,
		servers:     make(map[string]*trustedServer, len(r.AuthorizationServers)),
		document:    document,
		hierarchy:   compiled.hierarchy,
		policy:      compiled.policy,
		cache:       newTokenCache(config.TokenCacheSize),
		origin:      originOf(r.Identifier),
		dpop:        newProofChecker(r.DPoP, r.Identifier, a.leeway, a.now),
		mtls:        newCertificateChecker(r.MTLS),
	}
	res.sessions = r.sessionStore()
	if res.origins, err = config.CORS.policy(r.Identifier); err != nil {
		return err
	}
	for _, s := range r.AuthorizationServers {
		if err := a.addServer(res, s); err != nil {
			return err
		}
	}
	a.resources[r.Identifier] = res
	a.ordered = append(a.ordered, res)
	return nil
}

func (a *Auth) addServer(res *resource, s AuthorizationServer) error {
	source, err := a.issuers.get(s, a.fetch, a.now)
	if err != nil {
		return err
	}
	if res.first == nil {
		res.first = source
	}
	server := newTrustedServer(res.identifier, s, source)
	res.servers[s.Issuer] = server
	if s.Verifier != nil || s.Introspection != nil {
		res.custom = server
	}
	if s.Introspection == nil {
		return nil
	}
	if server.introspect, err = newIntrospector(s.Introspection, server, a.fetch, a.now); err != nil {
		return err
	}
	a.introspectors = append(a.introspectors, server.introspect)
	return nil
}

func (a *Auth) warn(warnings []*configerr.Error, field string) {
	for _, warning := range warnings {
		w := nestedError(field, warning)
		a.log.LogAttrs(context.Background(), slog.LevelWarn, "mcpauth: doubtful configuration",
			slog.String("field", w.Field), slog.String("value", w.Value), slog.String("fault", w.text()))
		a.warnings = append(a.warnings, w)
	}
}

// Warnings lists what in the configuration is allowed but probably a mistake:
// [ScopeNotAdvertised], for resources that advertise any scopes, and
// [MisspelledKeyword], such as a scope "denied" where "deny" is meant, unless
// that scope is advertised. If a resource advertises no scopes, clients learn
// each from the challenge that asks for it. New logs the warnings, too.
func (a *Auth) Warnings() []*ConfigError { return slices.Clone(a.warnings) }

// resource finds a resource by its identifier; the empty string means the only one.
func (a *Auth) resource(identifier string) (*resource, error) {
	if len(a.ordered) == 1 && (identifier == "" || identifier == a.ordered[0].identifier) {
		return a.ordered[0], nil
	}
	if identifier == "" {
		return nil, &ConfigError{Field: "Resource", Fault: ResourceNotSpecified}
	}
	if res := a.resources[identifier]; res != nil {
		return res, nil
	}
	return nil, &ConfigError{Field: "Resource", Value: identifier, Fault: ResourceUnknown}
}

// Ready fetches metadata and keys of every authorization server, unless they
// are there already, and reports all that failed. A server calls it at start to
// fail early; without it they are fetched when the first token arrives.
func (a *Auth) Ready(ctx context.Context) error {
	var errs []error
	for _, s := range a.issuers.all {
		if err := s.ready(ctx); err != nil {
			errs = append(errs, fmt.Errorf("mcpauth: authorization server %q: %w", s.server.Issuer, err))
		}
	}
	for _, i := range a.introspectors {
		if _, err := i.endpoint(ctx); err != nil {
			errs = append(errs, fmt.Errorf("mcpauth: introspection at %q: %w", i.server.issuer, err))
		}
	}
	return errors.Join(errs...)
}

// Close ends fetches under way and waits for them. Do not use the Auth
// afterwards. A program that keeps its Auth until it exits need not call it.
func (a *Auth) Close() error {
	for _, i := range a.introspectors { // they use the issuers
		i.close()
	}
	a.issuers.close()
	a.fetch.Close()
	return nil
}
