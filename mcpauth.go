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
	"io"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"github.com/mcp-auth/go/configerr"
	"github.com/mcp-auth/go/internal/fetch"
	"github.com/mcp-auth/go/internal/introspection"
	"github.com/mcp-auth/go/internal/keys"
)

// Auth decides on requests for one or several protected resources. Make one
// with [New]; it is safe for concurrent use.
type Auth struct {
	resources     map[string]*resource
	ordered       []*resource
	sources       *keys.Sources
	introspectors []*introspection.Introspector
	fetch         *fetch.Client
	metadata      http.Handler
	leeway        time.Duration
	now           func() time.Time
	log           *slog.Logger
	showDetails   bool
	warnings      []*configerr.Error
}

// Format prints the identifiers of the resources, whatever the verb: an Auth holds
// keys, secrets and tokens.
func (a *Auth) Format(f fmt.State, _ rune) {
	if a == nil {
		_, _ = io.WriteString(f, "<nil>")
		return
	}
	_, _ = io.WriteString(f, "{Resources:[")
	for i, r := range a.ordered {
		if i > 0 {
			_, _ = io.WriteString(f, " ")
		}
		_, _ = io.WriteString(f, r.identifier)
	}
	_, _ = io.WriteString(f, "]}")
}

// New makes an [Auth] of a configuration. Every mistake is reported, each as a
// [*configerr.Error], joined. New does not use the network: metadata and keys
// are fetched when the first token arrives; see [Auth.Ready].
func New(config Config) (*Auth, error) {
	config = config.clone()
	a, err := config.build()
	if err != nil {
		return nil, err
	}
	for _, w := range a.warnings {
		a.log.LogAttrs(context.Background(), slog.LevelWarn, "mcpauth: doubtful configuration",
			slog.String("field", w.Field), slog.String("value", w.Value), slog.String("fault", w.Text()))
	}
	return a, nil
}

// mustExist panics with words that lead to the mistake: an error of New was not
// looked at.
func (a *Auth) mustExist() {
	if a == nil {
		panic("mcpauth: the Auth is nil; New returns one unless it returns an error")
	}
}

// resource returns the resource with an identifier. The empty string means the
// only one.
func (a *Auth) resource(identifier string) (*resource, error) {
	a.mustExist()
	if len(a.ordered) == 1 && (identifier == "" || identifier == a.ordered[0].identifier) {
		return a.ordered[0], nil
	}
	if identifier == "" {
		return nil, &configerr.Error{Field: "Resource", Fault: configerr.ResourceNotSpecified}
	}
	if res := a.resources[identifier]; res != nil {
		return res, nil
	}
	return nil, &configerr.Error{Field: "Resource", Value: identifier, Fault: configerr.ResourceUnknown}
}

// Ready fetches metadata and keys of every authorization server, unless they
// are there already, and reports all that failed. A server calls it at start to
// fail early; without it they are fetched when the first token arrives.
func (a *Auth) Ready(ctx context.Context) error {
	a.mustExist()
	errs := a.sources.Ready(ctx)
	for _, i := range a.introspectors {
		err := i.Ready(ctx)
		same := func(other error) bool { return other.Error() == err.Error() }
		if err != nil && !slices.ContainsFunc(errs, same) { // two may lack one document
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// Close ends fetches under way and waits for them. Do not use the Auth
// afterwards: requests that need a fetch would be answered with 503. It does no
// harm to an Auth that has taken over what this one knew (see [Config.Inherit]),
// nor to the stores and hooks of the configuration, which belong to the caller. A
// program that keeps its Auth until it exits need not call it.
func (a *Auth) Close() error {
	a.mustExist()
	for _, i := range a.introspectors { // they use the sources
		i.Close()
	}
	a.sources.Close()
	a.fetch.Close()
	return nil
}
