package mcpauth

import (
	"crypto/x509"
	"log/slog"
	"maps"
	"net/netip"
	"slices"
	"time"

	"github.com/mcp-auth/go/metadata"
	"github.com/mcp-auth/go/policy"
)

// The types of authorization server, see [AuthorizationServer.Type].
const (
	OIDC  = metadata.OIDC
	OAuth = metadata.OAuth
)

const (
	defaultLeeway = 5 * time.Second
	maxLeeway     = time.Minute
)

// Config configures an [Auth]. [New] copies it and checks it once.
type Config struct {
	// Resources are the protected resources, at least one.
	Resources []Resource
	// Leeway is the clock difference tolerated in exp, nbf and iat.
	// Zero means 5 seconds; one minute is the most.
	Leeway time.Duration
	// AllowedNetworks are the private networks in which an authorization server
	// may be. Without them, metadata and keys are fetched from public addresses
	// only, and from loopback for an issuer on loopback.
	AllowedNetworks []netip.Prefix
	// RootCAs verifies authorization servers. Nil means the system's.
	RootCAs *x509.CertPool
	// TokenCacheSize is how many verified tokens each resource remembers, so
	// that a token that comes again costs no cryptography; expiry, and that its
	// key is still in use, are checked each time. Zero means 10,000 (some 40 MB
	// at the very most), a negative number none.
	TokenCacheSize int
	// Logger is told why requests are refused, and of trouble with
	// authorization servers. Nil means silence.
	Logger *slog.Logger
	// OnFetch, if set, is told of each fetch of metadata or keys, for metrics.
	// It runs in the goroutine of the fetch, with no lock held, and requests
	// may be waiting for it: it must return soon, be safe for concurrent use,
	// and not call [Auth.Close].
	OnFetch func(FetchEvent)
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

// AuthorizationServer is an authorization server that a resource trusts, and
// how. Issuer alone is enough for most: metadata and keys are then fetched when
// the first token arrives, and shared by all resources that configure the
// server alike.
type AuthorizationServer struct {
	// Issuer is the issuer identifier, byte for byte as the server writes it:
	// with its trailing slash, if it has one.
	Issuer string
	// Type is [OIDC] or [OAuth] and says where the metadata is. Empty means
	// that each well-known place is tried, in the order MCP clients use.
	Type metadata.ServerType
	// MetadataURL is where the metadata is, if in none of the well-known
	// places.
	MetadataURL string
	// RepairMetadata, if set, repairs a document that does not conform before
	// it is parsed. It must be safe for concurrent use.
	RepairMetadata func(document []byte) ([]byte, error)
	// Metadata, if set, is used and nothing is fetched but the keys. See
	// [FetchServerConfig] to fetch it up front.
	Metadata *metadata.AuthorizationServer
	// JWKS, if set, is the server's JWK Set: no metadata and no keys are fetched.
	JWKS []byte
	// Audiences are accepted beside the resource identifier, for a server that
	// cannot issue tokens for it: an application id, an API identifier. Any
	// token of this server with one of them is then accepted. Where it is a
	// client id, ID tokens have it too: set TokenTypes if the server lets you.
	Audiences []string
	// AllowedClients is the alternative for a server that puts no aud into its
	// JWTs, such as Amazon Cognito: a token without an audience is accepted if it
	// was issued to one of these clients (the first of client_id, azp, cid and
	// appid), and if it says that it is an access token: by its typ at+jwt, or by
	// its claim token_use with access or access_token. Such a token may be meant
	// for any resource of that server, so list only clients that get tokens for
	// this one. A token with an audience is never accepted for its client. For
	// tokens that are introspected there is [Introspection.AllowedClients].
	//
	// Empty means that a token without an audience is refused.
	AllowedClients []string
	// Algorithms is the allow-list of signing algorithms, such as "ES256".
	// Empty means RS, PS and ES with 256, 384 and 512 bits, and EdDSA.
	Algorithms []string
	// TokenTypes is the allow-list of the typ header, compared without regard
	// to case and "application/"; "" stands for none. Empty means "at+jwt",
	// "JWT" and "". Set it to "at+jwt" where the server conforms to RFC 9068.
	TokenTypes []string
	// ScopeClaim is the claim that holds the scopes. Empty means scope, or scp
	// where there is no scope.
	ScopeClaim string
	// Verifier, if set, proves tokens instead of the server's keys.
	Verifier Verifier
	// Introspection, if set, has the server itself prove tokens (RFC 7662):
	// opaque ones, or all.
	Introspection *Introspection
}

// clone copies what the caller could change afterwards.
func (r Resource) clone() Resource {
	r.AuthorizationServers = slices.Clone(r.AuthorizationServers)
	for i, s := range r.AuthorizationServers {
		s.Audiences = slices.Clone(s.Audiences)
		s.AllowedClients = slices.Clone(s.AllowedClients)
		s.Algorithms = slices.Clone(s.Algorithms)
		s.TokenTypes = slices.Clone(s.TokenTypes)
		s.JWKS = slices.Clone(s.JWKS)
		s.Introspection = s.Introspection.clone()
		r.AuthorizationServers[i] = s
	}
	r.ScopesSupported = slices.Clone(r.ScopesSupported)
	r.ScopeIncludes = maps.Clone(r.ScopeIncludes)
	r.DPoP, r.MTLS = r.DPoP.clone(), r.MTLS.clone()
	return r
}

// cloneMetadata copies the documents given by hand, each once: those that were
// one stay one, and are fetched for together.
func cloneMetadata(resources []Resource) {
	clones := map[*metadata.AuthorizationServer]*metadata.AuthorizationServer{}
	for _, r := range resources {
		for i := range r.AuthorizationServers {
			given := &r.AuthorizationServers[i].Metadata
			if *given == nil {
				continue
			}
			if clones[*given] == nil {
				document := **given
				clones[*given] = &document
			}
			*given = clones[*given]
		}
	}
}
