package mcpauth

import (
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mcp-auth/go/internal/challenge"
	"github.com/mcp-auth/go/internal/fetch"
	"github.com/mcp-auth/go/internal/jose"
	"github.com/mcp-auth/go/metadata"
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
	Policy *Policy
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
	r.DPoP, r.MTLS, r.Policy = r.DPoP.clone(), r.MTLS.clone(), r.Policy.clone()
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

// faults collects the mistakes of a configuration.
type faults []error

func (f *faults) add(fault ConfigFault, value, field string, args ...any) {
	f.addDetail(fault, nil, value, field, args...)
}

func (f *faults) addDetail(fault ConfigFault, detail error, value, field string, args ...any) {
	value = fetch.HideUserinfo(value)
	*f = append(*f, &ConfigError{Field: fmt.Sprintf(field, args...), Value: value, Fault: fault, detail: detail})
}

func (f faults) err() error { return errors.Join(f...) }

func (c *Config) check() error {
	var f faults
	if c.Leeway < 0 || c.Leeway > maxLeeway {
		f.add(InvalidLeeway, c.Leeway.String(), "Leeway")
	}
	if c.TokenCacheSize > maxCachedTokens {
		f.add(InvalidCacheSize, strconv.Itoa(c.TokenCacheSize), "TokenCacheSize")
	}
	if _, err := newOrigins(c.CORS, ""); err != nil {
		f = append(f, err)
	}
	if len(c.Resources) == 0 {
		f.add(NoResources, "", "Resources")
	}
	seen := map[string]bool{}
	for i := range c.Resources {
		field := fmt.Sprintf("Resources[%d]", i)
		c.Resources[i].check(&f, field)
		place := metadataPlace(c.Resources[i].Identifier)
		if seen[place] {
			f.add(DuplicateResource, c.Resources[i].Identifier, "%s.Identifier", field)
		}
		seen[place] = true
	}
	return f.err()
}

// metadataPlace is where a client asks for the metadata of an identifier: two
// with the same place, such as with and without the slash after the host, are
// not told apart.
func metadataPlace(identifier string) string {
	raw, err := metadata.ResourceMetadataURL(identifier)
	if err != nil {
		return identifier
	}
	u, err := url.Parse(raw)
	if err != nil {
		return identifier
	}
	port := u.Port()
	if port == map[string]string{"https": "443", "http": "80"}[u.Scheme] {
		port = ""
	}
	return u.Scheme + "://" + strings.ToLower(u.Hostname()) + ":" + port + u.RequestURI()
}

func (r *Resource) check(f *faults, field string) {
	checkIdentifier(f, r.Identifier, field+".Identifier")
	checkScopes(f, r.ScopesSupported, field+".ScopesSupported")
	checkHierarchy(f, r.ScopeIncludes, field+".ScopeIncludes")
	r.Policy.check(f, field+".Policy")
	if r.DangerouslyShareSessions && r.Sessions != nil {
		f.add(ConflictingSources, "", "%s.Sessions and DangerouslyShareSessions", field)
	}
	r.DPoP.check(f, field+".DPoP")
	r.MTLS.check(f, field+".MTLS")
	r.MetadataSigner.check(f, field+".MetadataSigner")
	for _, link := range [...]struct{ name, value string }{
		{"Documentation", r.Documentation}, {"PolicyURI", r.PolicyURI}, {"TOSURI", r.TOSURI}, {"JWKSURI", r.JWKSURI},
	} {
		if link.value != "" {
			checkURL(f, link.value, field+"."+link.name, InvalidURL)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(r.Extra)) {
		value := r.Extra[name]
		if _, err := json.Marshal(value); err != nil || metadata.IsProtectedResourceMember(name) {
			f.addDetail(ReservedMember, err, name, "%s.Extra", field)
		}
	}
	r.checkServers(f, field)
}

func (r *Resource) checkServers(f *faults, field string) {
	if len(r.AuthorizationServers) == 0 {
		f.add(NoAuthorizationServer, "", "%s.AuthorizationServers", field)
	}
	seen := map[string]bool{}
	verifiers := 0
	for i := range r.AuthorizationServers {
		s := &r.AuthorizationServers[i]
		place := fmt.Sprintf("%s.AuthorizationServers[%d]", field, i)
		s.check(f, place)
		if seen[s.Issuer] {
			f.add(DuplicateIssuer, s.Issuer, "%s.Issuer", place)
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
			f.add(AmbiguousVerifier, s.Issuer, "%s.%s", place, what)
		}
	}
}

var errMetadataAsIssuer = errors.New("it is the URL of a metadata document, whose member issuer is the issuer")

func (s *AuthorizationServer) check(f *faults, field string) {
	if metadata.CheckIssuer(s.Issuer) != nil {
		fault := InvalidIssuer
		if insecure(s.Issuer) {
			fault = InsecureURL
		}
		f.add(fault, s.Issuer, "%s.Issuer", field)
	} else if strings.Contains(s.Issuer, "/.well-known/") {
		f.addDetail(InvalidIssuer, errMetadataAsIssuer, s.Issuer, "%s.Issuer", field)
	}
	if s.Type != "" && s.Type != OIDC && s.Type != OAuth {
		f.add(InvalidType, string(s.Type), "%s.Type", field)
	}
	if s.MetadataURL != "" {
		checkURL(f, s.MetadataURL, field+".MetadataURL", InvalidURL)
	}
	if s.Metadata != nil && s.Metadata.Issuer != s.Issuer {
		f.add(IssuerMismatch, s.Metadata.Issuer, "%s.Metadata.Issuer", field)
	}
	s.checkGivenMetadata(f, field)
	if s.Metadata != nil && (s.MetadataURL != "" || s.RepairMetadata != nil) {
		f.add(ConflictingSources, "", "%s.Metadata and MetadataURL or RepairMetadata", field)
	}
	if s.JWKS != nil && s.Verifier != nil {
		f.add(ConflictingSources, "", "%s.JWKS and Verifier", field)
	}
	if s.JWKS != nil {
		if set, err := jose.ParseKeySet(s.JWKS); err != nil || set.Len() == 0 {
			f.addDetail(InvalidKeySet, err, "", "%s.JWKS", field)
		}
	}
	s.checkIntrospection(f, field+".Introspection")
	for i, alg := range s.Algorithms {
		if _, ok := jose.ParseAlgorithm(alg); !ok {
			f.add(InvalidAlgorithm, alg, "%s.Algorithms[%d]", field, i)
		}
	}
	for i, audience := range s.Audiences {
		if audience == "" {
			f.add(InvalidAudience, "", "%s.Audiences[%d]", field, i)
		}
	}
	s.checkAllowedClients(f, field)
}

// checkAllowedClients reports a list that would say nothing, because no JWT is
// verified with the server's keys.
func (s *AuthorizationServer) checkAllowedClients(f *faults, field string) {
	checkClients(f, s.AllowedClients, field)
	switch {
	case len(s.AllowedClients) == 0:
	case s.Verifier != nil:
		f.add(ConflictingSources, "", "%s.AllowedClients and Verifier", field)
	case s.Introspection.all():
		f.add(ConflictingSources, "", "%s.AllowedClients and Introspection of all tokens", field)
	}
}

func checkClients(f *faults, clients []string, field string) {
	for i, client := range clients {
		if client == "" {
			f.add(InvalidClient, "", "%s.AllowedClients[%d]", field, i)
		}
	}
}

// checkGivenMetadata reports what would fail on each token. A document that
// only an introspection or a verifier of its own goes with needs no keys.
func (s *AuthorizationServer) checkGivenMetadata(f *faults, field string) {
	if s.Metadata == nil || s.Verifier != nil || s.JWKS != nil {
		return
	}
	uri := s.Metadata.JWKSURI
	if uri == "" && s.Introspection != nil {
		return
	}
	if fetch.CheckURL(uri, fetch.IsLoopbackURL(s.Issuer)) != nil {
		fault := InvalidURL
		if insecure(uri) {
			fault = InsecureURL
		}
		f.add(fault, uri, "%s.Metadata.JWKSURI", field)
	}
}

func checkIdentifier(f *faults, id, field string) {
	u, err := url.Parse(id)
	switch {
	case err != nil || u.Host == "" || u.Hostname() == "" || u.User != nil || (u.Scheme != "https" && u.Scheme != "http"):
		f.add(InvalidIdentifier, id, "%s", field)
		return
	case insecure(id):
		f.add(InsecureURL, id, "%s", field)
	}
	switch _, err := metadata.ResourceMetadataURL(id); {
	case u.Fragment != "" || hasHash(id):
		f.add(IdentifierFragment, id, "%s", field)
	case err != nil && !insecure(id):
		f.addDetail(InvalidIdentifier, err, id, "%s", field)
	case u.ForceQuery || strings.Contains(u.EscapedPath(), "//"):
		// Routers and clients rewrite both, and then find no metadata.
		f.addDetail(InvalidIdentifier, errRewritten, id, "%s", field)
	}
}

var errRewritten = errors.New("it has an empty query or an empty path segment")

func hasHash(s string) bool { return slices.Contains([]byte(s), '#') }

func checkURL(f *faults, raw, field string, invalid ConfigFault) {
	if fetch.CheckURL(raw, true) == nil {
		return
	}
	if insecure(raw) {
		invalid = InsecureURL
	}
	f.add(invalid, raw, "%s", field)
}

// insecure reports plain http on a host that is not loopback.
func insecure(raw string) bool {
	u, err := url.Parse(raw)
	return err == nil && u.Scheme == "http" && u.Host != "" && !fetch.IsLoopbackHost(u.Hostname())
}

func checkScopes(f *faults, scopes []string, field string) {
	for i, scope := range scopes {
		switch {
		case scope == "offline_access":
			f.add(OfflineAccess, scope, "%s[%d]", field, i)
		case !challenge.ValidScope(scope):
			f.add(InvalidScope, scope, "%s[%d]", field, i)
		}
	}
}
