package mcpauth

import (
	"context"
	"fmt"
	"slices"

	"github.com/mcp-auth/go/configerr"
	"github.com/mcp-auth/go/internal/claims"
	"github.com/mcp-auth/go/internal/fetch"
	"github.com/mcp-auth/go/internal/identifier"
	"github.com/mcp-auth/go/internal/introspection"
	"github.com/mcp-auth/go/internal/jose"
	"github.com/mcp-auth/go/internal/keys"
	"github.com/mcp-auth/go/internal/token"
	"github.com/mcp-auth/go/metadata"
	"github.com/mcp-auth/go/network"
)

// The types of authorization server, see [AuthorizationServer.Type].
const (
	OIDC  = metadata.OIDC
	OAuth = metadata.OAuth
)

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
	// RepairJWKS, if set, repairs a fetched JWK Set that does not conform before it
	// is parsed, such as one whose numbers are in padded base64. It must be safe
	// for concurrent use.
	RepairJWKS func(keySet []byte) ([]byte, error)
	// Metadata, if set, is used and nothing is fetched but the keys. See
	// [DiscoverAuthorizationServer] to fetch it up front.
	Metadata *metadata.AuthorizationServer
	// JWKS, if set, is the server's JWK Set: no metadata and no keys are fetched.
	JWKS []byte
	// Audiences are accepted beside the resource identifier, for a server that
	// cannot issue tokens for it: an application id, an API identifier. Any
	// token of this server with one of them is then accepted. ID tokens have a
	// client id as their audience: if it is one of these, set TokenTypes if the
	// server lets you.
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
	// "JWT" and "". Set it to "at+jwt" if the server conforms to RFC 9068.
	TokenTypes []string
	// ScopeClaim is the claim that holds the scopes. Empty means scope, or scp
	// if there is no scope.
	ScopeClaim string
	// Verifier, if set, proves tokens instead of the server's keys.
	Verifier Verifier
	// Introspection, if set, has the server itself prove tokens (RFC 7662):
	// opaque ones, or all.
	Introspection *Introspection
}

func (s AuthorizationServer) clone() AuthorizationServer {
	s.Audiences = slices.Clone(s.Audiences)
	s.AllowedClients = slices.Clone(s.AllowedClients)
	s.Algorithms = slices.Clone(s.Algorithms)
	s.TokenTypes = slices.Clone(s.TokenTypes)
	s.JWKS = slices.Clone(s.JWKS)
	s.Introspection = s.Introspection.clone()
	return s
}

// DiscoverAuthorizationServer fetches the metadata of an authorization server up
// front and returns server with Metadata set, so that a mistake shows at start.
// Only Issuer, Type, MetadataURL and RepairMetadata are read. The settings are
// usually [Config.Network]. Errors are [*metadata.DiscoveryError] or joined
// [*configerr.Error] values. Unlike metadata fetched on first use, it is not
// refreshed.
func DiscoverAuthorizationServer(ctx context.Context, server AuthorizationServer, settings network.Settings) (AuthorizationServer, error) {
	var faults configerr.List
	server.parse(&faults, "AuthorizationServer", "", identifier.Rules{Plain: settings.DangerouslyAllowHTTP})
	if err := faults.Err(); err != nil {
		return AuthorizationServer{}, err
	}
	found, err := metadata.Discover(ctx, metadata.Source{
		Issuer: server.Issuer, Type: server.Type, URL: server.MetadataURL, Repair: server.RepairMetadata, Network: settings,
	})
	if err != nil {
		return AuthorizationServer{}, err
	}
	server.Metadata, server.MetadataURL, server.RepairMetadata = found, "", nil
	return server, nil
}

// trustedServer is an authorization server as a resource trusts it: where its
// keys come from, what its tokens look like, and how it is asked about them.
type trustedServer struct {
	keys          keys.Server
	tokens        token.Server
	introspection *introspection.Config // nil: the server is not asked
}

// parse reads the configuration for a resource, and reports its mistakes.
func (s *AuthorizationServer) parse(faults *configerr.List, field, resource string, urls identifier.Rules) trustedServer {
	faults.Nest(field+".Issuer", urls.CheckIssuer(s.Issuer))
	if s.Type != "" && s.Type != OIDC && s.Type != OAuth {
		faults.Add(configerr.InvalidType, field+".Type", string(s.Type))
	}
	if s.MetadataURL != "" {
		faults.Nest(field+".MetadataURL", urls.CheckServerURL(s.MetadataURL, true))
	}
	s.checkMetadata(faults, field, urls)
	t := trustedServer{
		keys: keys.Server{
			Issuer: s.Issuer, Type: s.Type, MetadataURL: s.MetadataURL, Repair: s.RepairMetadata,
			RepairKeys: s.RepairJWKS, Metadata: s.Metadata, Keys: s.parseKeys(faults, field), Unused: s.keyless(),
		},
		tokens: token.Server{
			Expected: claims.Expected{
				Issuer: s.Issuer, Audiences: s.parseAudiences(faults, field, resource), ScopeClaim: s.ScopeClaim,
			},
			Algorithms:     parseAlgorithms(faults, field, s.Algorithms),
			AllowedClients: s.AllowedClients,
			AllTokens:      s.Verifier != nil || s.Introspection.all(),
		},
	}
	for _, typ := range s.TokenTypes {
		t.tokens.Types = append(t.tokens.Types, jose.MediaType(typ))
	}
	if s.Verifier != nil {
		t.tokens.Verifier = customVerifier{s.Verifier, s.Issuer}
	}
	s.checkAllowedClients(faults, field)
	t.introspection = s.parseIntrospection(faults, field+".Introspection", &t.tokens, urls)
	return t
}

// checkMetadata reports mistakes in metadata that is given by hand. It needs no
// URL of keys if only introspection or a verifier use it.
func (s *AuthorizationServer) checkMetadata(faults *configerr.List, field string, urls identifier.Rules) {
	if s.Metadata == nil {
		return
	}
	if s.Metadata.Issuer != s.Issuer {
		faults.Add(configerr.IssuerMismatch, field+".Metadata.Issuer", s.Metadata.Issuer)
	}
	if s.MetadataURL != "" || s.RepairMetadata != nil {
		faults.Add(configerr.ConflictingSources, field+".Metadata and MetadataURL or RepairMetadata", "")
	}
	uri := s.Metadata.JWKSURI
	needless := s.Verifier != nil || s.JWKS != nil || uri == "" && s.Introspection != nil
	if !needless {
		faults.Nest(field+".Metadata.JWKSURI", urls.Of(s.Issuer).CheckServerURL(uri, fetch.IsLoopbackURL(s.Issuer)))
	}
}

// parseKeys returns the keys that are given by hand, or nil.
func (s *AuthorizationServer) parseKeys(faults *configerr.List, field string) *jose.KeySet {
	if s.JWKS == nil {
		return nil
	}
	if s.Verifier != nil {
		faults.Add(configerr.ConflictingSources, field+".JWKS and Verifier", "")
	}
	if s.RepairJWKS != nil {
		faults.Add(configerr.ConflictingSources, field+".JWKS and RepairJWKS", "")
	}
	set, err := jose.ParseKeySet(s.JWKS)
	if err == nil {
		err = set.Fault()
	}
	if err != nil {
		faults.AddErr(configerr.InvalidKeySet, field+".JWKS", "", err)
	}
	return set
}

// parseAudiences returns what stands for the resource in aud.
func (s *AuthorizationServer) parseAudiences(faults *configerr.List, field, resource string) []string {
	for i, audience := range s.Audiences {
		if audience == "" {
			faults.Add(configerr.InvalidAudience, fmt.Sprintf("%s.Audiences[%d]", field, i), "")
		}
	}
	return append([]string{resource}, s.Audiences...)
}

// parseAlgorithms returns nil if none are configured.
func parseAlgorithms(faults *configerr.List, field string, names []string) (algorithms []jose.Algorithm) {
	for i, name := range names {
		alg, ok := jose.ParseAlgorithm(name)
		if !ok {
			faults.AddErr(configerr.InvalidAlgorithm, fmt.Sprintf("%s.Algorithms[%d]", field, i), name, jose.WhyNot(name))
		}
		algorithms = append(algorithms, alg)
	}
	return algorithms
}

// checkAllowedClients reports a list that has no effect, because no JWT is
// verified with the server's keys.
func (s *AuthorizationServer) checkAllowedClients(faults *configerr.List, field string) {
	checkClients(faults, field, s.AllowedClients)
	switch {
	case len(s.AllowedClients) == 0:
	case s.Verifier != nil:
		faults.Add(configerr.ConflictingSources, field+".AllowedClients and Verifier", "")
	case s.Introspection.all():
		faults.Add(configerr.ConflictingSources, field+".AllowedClients and Introspection of all tokens", "")
	}
}

func checkClients(faults *configerr.List, field string, clients []string) {
	for i, client := range clients {
		if client == "" {
			faults.Add(configerr.InvalidClient, fmt.Sprintf("%s.AllowedClients[%d]", field, i), "")
		}
	}
}

// keyless reports whether the server's keys are never needed.
func (s *AuthorizationServer) keyless() bool {
	return s.Verifier != nil || s.Introspection.all() && !s.Introspection.SignedResponses
}
