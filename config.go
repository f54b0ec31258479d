package mcpauth

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"time"

	"github.com/mcp-auth/go/internal/origin"
	"github.com/mcp-auth/go/internal/panics"
	"github.com/mcp-auth/go/internal/session"
	"github.com/mcp-auth/go/metadata"
	"github.com/mcp-auth/go/network"
	"github.com/mcp-auth/go/policy"
)

const (
	defaultLeeway     = 5 * time.Second
	maxLeeway         = time.Minute
	defaultTimeout    = 10 * time.Second
	maxNetworkTimeout = time.Minute
)

// Config configures an [Auth]. [New] copies it.
type Config struct {
	// Resources are the protected resources, at least one.
	Resources []Resource
	// Leeway is the clock difference tolerated in exp, nbf and iat.
	// Zero means 5 seconds; one minute is the most.
	Leeway time.Duration
	// Network says how authorization servers are reached. By default, metadata
	// and keys are fetched from public addresses only, and from loopback for an
	// issuer on loopback. Its Timeout is one minute at most.
	Network network.Settings
	// TokenCacheSize is how many verified tokens each resource remembers, so
	// that a token that comes again costs no cryptography; expiry, and that its
	// key is still in use, are checked each time. Zero means 10,000 (some 40 MB
	// at the very most), a negative number none; ten million is the most.
	TokenCacheSize int
	// Logger gets the reasons why requests are refused, and trouble with
	// authorization servers. Nil means that nothing is logged.
	Logger *slog.Logger
	// Hooks observe what is fetched, introspected and decided.
	Hooks Hooks
	// Inherit, if set, is the Auth that the new one replaces when a program reads
	// its configuration again. The new Auth takes over what the old one knows, so
	// that a reload during an outage of an authorization server keeps working, and
	// no used DPoP proof is accepted again:
	//
	//   - metadata and keys of each authorization server whose Issuer, Type,
	//     MetadataURL and Metadata are the same and whose RepairMetadata, if any, has
	//     the same code, unless Network.RootCAs has changed or one of
	//     Network.AllowedNetworks is gone;
	//   - for a resource with the same identifier: sessions, used DPoP proofs and the
	//     random key of nonces, if they are held in memory;
	//   - of such a resource, verified tokens and introspection answers of an
	//     authorization server, if all that decides about them is the same too.
	//
	// Everything else is that of the new configuration. The two Auths then have
	// nothing in common that one could close: each is closed by its owner, in any
	// order. Close the old one when its requests have ended; [Auth.Close] ends the
	// fetches that they wait for. Nothing of the old Auth but what was taken over
	// stays in memory.
	Inherit *Auth
	// Now is the clock, for tests. Nil means [time.Now].
	Now func() time.Time
	// CORS says which browser origins may call the protected handlers.
	CORS CORS
	// DangerouslyShowErrorDetails sends the causes of refusals to the caller.
	// For development only: they help an attacker, too.
	DangerouslyShowErrorDetails bool
}

// Resource is a protected resource (RFC 9728): one MCP server, or one of
// several endpoints with tokens of their own.
type Resource struct {
	// Identifier is the resource identifier: the URL clients use for the MCP
	// server. It is used byte for byte in the metadata, as audience and in
	// challenges. It has no fragment; plain http only on loopback.
	Identifier string
	// AuthorizationServers are the servers whose tokens are accepted, at least one.
	AuthorizationServers []AuthorizationServer
	// ScopesSupported are the scopes the metadata advertises. They are not
	// enforced; see [Scopes].
	ScopesSupported []string
	// ScopeIncludes says which narrower scopes a scope includes, such as
	// {"admin": {"write"}, "write": {"read"}}: a token with admin may then do
	// what needs read. A narrower scope that ends in "*" stands for all that
	// begin alike: {"files": {"files:*"}}. Empty means that each scope stands
	// for itself.
	ScopeIncludes map[string][]string

	// Policy, if set, says what each MCP operation needs. Nil means that the
	// scopes of the handler are enough for all of them.
	Policy *policy.Policy
	// ChallengeAllScopes lets the challenge to a caller without a valid token (401) ask
	// for all scopes that the Policy names, and those of the handler, unless the
	// handler has [ChallengeScopes]. It is for clients that cannot step up: their users
	// are asked for everything when they log in, and their tokens can do everything
	// from then on. Without it, the challenge asks for what the operation needs.
	ChallengeAllScopes bool
	// Sessions remembers who owns each MCP session. Nil means in memory, for
	// one process, the last 50,000 or more: several replicas that share
	// sessions need a shared store. An unknown session is answered with 404, on
	// which clients open a new one.
	Sessions SessionStore
	// DangerouslyShareSessions lets every caller use every session whose
	// identifier they know.
	DangerouslyShareSessions bool

	// DPoP, if set, accepts tokens that are bound to a key of the client (RFC
	// 9449).
	DPoP *DPoP
	// MTLS, if set, accepts tokens that are bound to the client's certificate
	// (RFC 8705).
	MTLS *MTLS
	// MetadataSigner, if set, signs the metadata (RFC 9728 §2.2).
	MetadataSigner *MetadataSigner

	// The optional members of RFC 9728 §2, advertised as they are.

	// Name is the human-readable name (resource_name).
	Name string
	// Documentation is the URL of a page for developers (resource_documentation).
	Documentation string
	// PolicyURI is the URL of a page on how clients may use the data (resource_policy_uri).
	PolicyURI string
	// TOSURI is the URL of the terms of service (resource_tos_uri).
	TOSURI string
	// JWKSURI is the URL of the resource's own keys (jwks_uri).
	JWKSURI string
	// SigningAlgValues are the algorithms of signed responses
	// (resource_signing_alg_values_supported).
	SigningAlgValues []string
	// AuthorizationDetailsTypes are the RFC 9396 types understood
	// (authorization_details_types_supported).
	AuthorizationDetailsTypes []string
	// Extra are further members, such as "resource_name#de".
	Extra map[string]any
}

// AnonymousOwner is the owner of a session that was opened without a token, if
// the [Resource.Policy] allows that, until the first caller with a token uses it.
const AnonymousOwner = session.AnonymousOwner

// SessionStore remembers who owns an MCP session, so that a session identifier
// is useless to any other caller (MCP security best practices).
//
// Bind makes owner the owner of a session that has none, or that belongs to
// [AnonymousOwner], and returns who owns it then. Both are one atomic step: of
// several calls for one session at the same time, exactly one decides. With an
// empty owner it only looks: it returns the owner, or "" for a session that is
// not known. Other owners are values of [AuthInfo.UserID].
//
// An error or a panic is answered with 503. Bind must honour ctx and be safe for concurrent
// use. Sessions may be forgotten: their clients then open new ones. Sessions of
// AnonymousOwner, which any caller may open, should not push out others.
type SessionStore interface {
	Bind(ctx context.Context, session, owner string) (holder string, err error)
}

// pluggedSessions is a store that a user has plugged in.
type pluggedSessions struct{ store SessionStore }

// Bind implements [SessionStore].
func (p pluggedSessions) Bind(ctx context.Context, session, owner string) (string, error) {
	return panics.Call("the SessionStore", func() (string, error) { return p.store.Bind(ctx, session, owner) })
}

// CORS says which browser origins may call protected handlers, and read their
// answers. A request with another Origin is answered with 403 (MCP transport):
// a page of another site must not reach a server through a browser.
//
// The default depends on the resource. On a public host it admits every origin:
// no cookies are accepted, so a page without an access token only gets the
// challenge. On loopback it admits pages on loopback only, on any port. The
// methods are those of MCP: GET, POST and DELETE. The metadata can be read from
// any origin.
//
// Unless all origins are admitted, a resource on loopback also refuses requests
// that came in on loopback for another Host: another site has bound its name to
// this machine.
type CORS struct {
	// Origins are the admitted origins, such as "https://app.example.com" or
	// "http://localhost:*". Empty means the default, described at [CORS]; "*"
	// means all.
	Origins []string
	// Disabled leaves the CORS headers to your own middleware. A preflight
	// request then passes to the wrapped handler without a token. The Origin is
	// checked all the same.
	Disabled bool
}

// policy returns the checks for a resource, which may be on loopback.
func (c CORS) policy(loopback bool) (*origin.Policy, error) {
	return origin.New(origin.Config{Origins: c.Origins, External: c.Disabled, Loopback: loopback})
}

// clone copies what the caller could change afterwards.
func (c Config) clone() Config {
	c.Network = c.Network.Clone()
	c.CORS.Origins = slices.Clone(c.CORS.Origins)
	c.Resources = slices.Clone(c.Resources)
	documents := map[*metadata.AuthorizationServer]*metadata.AuthorizationServer{}
	for i := range c.Resources {
		c.Resources[i] = c.Resources[i].clone(documents)
	}
	return c
}

// clone copies what the caller could change afterwards. Metadata documents that
// were one stay one, so that the keys are fetched for all their servers together.
func (r Resource) clone(documents map[*metadata.AuthorizationServer]*metadata.AuthorizationServer) Resource {
	r.AuthorizationServers = slices.Clone(r.AuthorizationServers)
	for i := range r.AuthorizationServers {
		s := &r.AuthorizationServers[i]
		*s = s.clone()
		if s.Metadata == nil {
			continue
		}
		if documents[s.Metadata] == nil {
			document := *s.Metadata
			documents[s.Metadata] = &document
		}
		s.Metadata = documents[s.Metadata]
	}
	r.ScopesSupported = slices.Clone(r.ScopesSupported)
	r.ScopeIncludes = maps.Clone(r.ScopeIncludes)
	r.DPoP, r.MTLS = r.DPoP.clone(), r.MTLS.clone()
	return r
}
