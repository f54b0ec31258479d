package mcpauth

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/mcp-auth/go/internal/fetch"
	"github.com/mcp-auth/go/internal/jose"
	"github.com/mcp-auth/go/internal/scope"
	"github.com/mcp-auth/go/metadata"
	"github.com/mcp-auth/go/policy"
)

// check reports all mistakes. It returns the access to each resource.
func (c *Config) check() ([]access, error) {
	var f faults
	if c.Leeway < 0 || c.Leeway > maxLeeway {
		f.add(InvalidLeeway, c.Leeway.String(), "Leeway")
	}
	if c.TokenCacheSize > maxCachedTokens {
		f.add(InvalidCacheSize, strconv.Itoa(c.TokenCacheSize), "TokenCacheSize")
	}
	if _, err := c.CORS.policy(""); err != nil {
		f = append(f, err)
	}
	if len(c.Resources) == 0 {
		f.add(NoResources, "", "Resources")
	}
	compiled := make([]access, 0, len(c.Resources))
	seen := map[string]bool{}
	for i := range c.Resources {
		field := fmt.Sprintf("Resources[%d]", i)
		compiled = append(compiled, c.Resources[i].check(&f, field))
		place := metadataPlace(c.Resources[i].Identifier)
		if seen[place] {
			f.add(DuplicateResource, c.Resources[i].Identifier, "%s.Identifier", field)
		}
		seen[place] = true
	}
	return compiled, f.err()
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

func (r *Resource) check(f *faults, field string) access {
	checkIdentifier(f, r.Identifier, field+".Identifier")
	checkScopes(f, r.ScopesSupported, field+".ScopesSupported")
	access := r.access(f, field)
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
			checkURL(f, link.value, field+"."+link.name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(r.Extra)) {
		value := r.Extra[name]
		if _, err := json.Marshal(value); err != nil || metadata.IsProtectedResourceMember(name) {
			f.addDetail(ReservedMember, err, name, "%s.Extra", field)
		}
	}
	r.checkServers(f, field)
	return access
}

// access is what decides which scopes and operations a caller may use.
type access struct {
	hierarchy *scope.Hierarchy
	policy    *policy.Evaluator // nil: the scopes of the handler are enough
}

// access compiles the hierarchy of scopes and the policy.
func (r *Resource) access(f *faults, field string) (a access) {
	includes := r.ScopeIncludes
	var err error
	if a.hierarchy, err = scope.NewHierarchy(includes); err != nil {
		f.nest(field+".ScopeIncludes", err)
		includes = nil // reported
	}
	if r.Policy == nil {
		return a
	}
	a.policy, err = policy.Compile(r.Policy, includes)
	f.nest(field+".Policy", err)
	return a
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
		f.addURL(InvalidIssuer, s.Issuer, field+".Issuer")
	} else if strings.Contains(s.Issuer, "/.well-known/") {
		f.addDetail(InvalidIssuer, errMetadataAsIssuer, s.Issuer, "%s.Issuer", field)
	}
	if s.Type != "" && s.Type != OIDC && s.Type != OAuth {
		f.add(InvalidType, string(s.Type), "%s.Type", field)
	}
	if s.MetadataURL != "" {
		checkURL(f, s.MetadataURL, field+".MetadataURL")
	}
	s.checkGiven(f, field)
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

// checkGiven reports mistakes in what would otherwise be fetched.
func (s *AuthorizationServer) checkGiven(f *faults, field string) {
	if s.Metadata != nil && s.Metadata.Issuer != s.Issuer {
		f.add(IssuerMismatch, s.Metadata.Issuer, "%s.Metadata.Issuer", field)
	}
	s.checkGivenMetadata(f, field)
	if s.Metadata != nil && (s.MetadataURL != "" || s.RepairMetadata != nil) {
		f.add(ConflictingSources, "", "%s.Metadata and MetadataURL or RepairMetadata", field)
	}
	if s.JWKS == nil {
		return
	}
	if s.Verifier != nil {
		f.add(ConflictingSources, "", "%s.JWKS and Verifier", field)
	}
	if set, err := jose.ParseKeySet(s.JWKS); err != nil || set.Len() == 0 {
		f.addDetail(InvalidKeySet, err, "", "%s.JWKS", field)
	}
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
		f.addURL(InvalidURL, uri, field+".Metadata.JWKSURI")
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
	case strings.Contains(id, "#"):
		f.add(IdentifierFragment, id, "%s", field)
	case err != nil && !insecure(id):
		f.addDetail(InvalidIdentifier, err, id, "%s", field)
	case u.ForceQuery || strings.Contains(u.EscapedPath(), "//"):
		// Routers and clients rewrite both, and then find no metadata.
		f.addDetail(InvalidIdentifier, errRewritten, id, "%s", field)
	}
}

var errRewritten = errors.New("it has an empty query or an empty path segment")

func checkURL(f *faults, raw, field string) {
	if fetch.CheckURL(raw, true) != nil {
		f.addURL(InvalidURL, raw, field)
	}
}

// insecure reports plain http on a host that is not loopback.
func insecure(raw string) bool {
	u, err := url.Parse(raw)
	return err == nil && u.Scheme == "http" && u.Host != "" && !fetch.IsLoopbackHost(u.Hostname())
}

func checkScopes(f *faults, scopes []string, field string) { f.nest(field, scope.Validate(scopes)) }
