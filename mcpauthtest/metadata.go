package mcpauthtest

import (
	"cmp"
	"encoding/json"
	"net/http"
	"slices"

	"github.com/go-jose/go-jose/v4"
	"github.com/mcp-auth/go/metadata"
)

// documentCacheControl lets verifiers keep metadata and keys for a while.
const documentCacheControl = "public, max-age=300"

const (
	wellKnownOAuth = "/.well-known/oauth-authorization-server"
	wellKnownOIDC  = "/.well-known/openid-configuration"
)

// Metadata returns the server's metadata, for a resource server that is given
// it by hand. One document serves RFC 8414 and OpenID Connect Discovery, which
// share their names. It is not affected by Faults.
func (s *Server) Metadata() *metadata.AuthorizationServer {
	document := &metadata.AuthorizationServer{
		Issuer:                        s.issuer,
		AuthorizationEndpoint:         s.base + authorizePath,
		TokenEndpoint:                 s.base + tokenPath,
		JWKSURI:                       s.base + jwksPath,
		ScopesSupported:               s.config.scopesSupported(),
		ResponseTypesSupported:        []string{"code"},
		ResponseModesSupported:        []string{"query"},
		GrantTypesSupported:           s.grantTypes(),
		CodeChallengeMethodsSupported: []string{"S256"},

		TokenEndpointAuthMethodsSupported:                  authMethodsSupported(),
		TokenEndpointAuthSigningAlgValuesSupported:         assertionAlgorithms(),
		IntrospectionEndpoint:                              s.base + introspectPath,
		IntrospectionEndpointAuthMethodsSupported:          confidentialMethods(),
		IntrospectionEndpointAuthSigningAlgValuesSupported: assertionAlgorithms(),
		RevocationEndpoint:                                 s.base + revokePath,
		RevocationEndpointAuthMethodsSupported:             authMethodsSupported(),
		RevocationEndpointAuthSigningAlgValuesSupported:    assertionAlgorithms(),

		SubjectTypesSupported:                      []string{"public"},
		IDTokenSigningAlgValuesSupported:           []string{s.config.Algorithm},
		DPoPSigningAlgValuesSupported:              assertionAlgorithms(),
		ClientIDMetadataDocumentSupported:          true,
		AuthorizationResponseIssParameterSupported: true,
		ProtectedResources:                         slices.Clone(s.config.Resources),
		Extra: map[string]json.RawMessage{
			"prompt_values_supported":         json.RawMessage(`["none","login","consent"]`),
			"request_uri_parameter_supported": json.RawMessage(`false`), // true when it is missing
		},
	}
	if s.registrationOpen() {
		document.RegistrationEndpoint = s.base + registerPath
	}
	s.advertiseAssertions(document)
	return document
}

// advertiseAssertions tells of both sides of the Identity Assertion JWT
// Authorization Grant (§7), where they are configured.
func (s *Server) advertiseAssertions(document *metadata.AuthorizationServer) {
	for _, issuer := range s.config.TrustedIssuers {
		if issuer.IdentityAssertions {
			document.Extra["authorization_grant_profiles_supported"] =
				json.RawMessage(`["urn:ietf:params:oauth:grant-profile:id-jag"]`)
		}
	}
	if len(s.config.AssertionAudiences) > 0 {
		document.Extra["identity_chaining_requested_token_types_supported"] =
			json.RawMessage(`["` + tokenTypeIDJAG + `"]`)
	}
}

// grantTypes are those that can be had as the server is configured.
func (s *Server) grantTypes() []string {
	types := []string{grantAuthorizationCode, grantRefreshToken, grantClientCredentials}
	if len(s.config.TrustedIssuers) > 0 {
		types = append(types, grantJWTBearer)
	}
	if len(s.config.AssertionAudiences) > 0 {
		types = append(types, grantTokenExchange)
	}
	return types
}

func (s *Server) serveOAuthMetadata(w http.ResponseWriter, r *http.Request) {
	s.serveMetadata(w, r, s.faults.Load().HideOAuthMetadata)
}

func (s *Server) serveOIDCMetadata(w http.ResponseWriter, r *http.Request) {
	s.serveMetadata(w, r, s.faults.Load().HideOIDCMetadata)
}

func (s *Server) serveMetadata(w http.ResponseWriter, r *http.Request, hidden bool) {
	s.counts.metadata.Add(1)
	faults := s.faults.Load()
	if hidden {
		http.NotFound(w, r)
		return
	}
	document := s.Metadata()
	document.Issuer = cmp.Or(faults.MetadataIssuer, document.Issuer)
	s.serveJSONDocument(w, r, faults.Metadata, document)
}

func (s *Server) serveJWKS(w http.ResponseWriter, r *http.Request) {
	s.counts.jwks.Add(1)
	faults := s.faults.Load()
	keys := []any{}
	for _, key := range s.keys.published(s.now()) {
		if faults.EmptyJWKS {
			break
		}
		if faults.NoKeyAlgorithm {
			key.Algorithm, key.Use = "", ""
		}
		keys = append(keys, key)
	}
	if faults.OddKeys {
		keys = append(oddKeys(), keys...)
	}
	s.serveJSONDocument(w, r, faults.JWKS, map[string]any{"keys": keys})
}

func (s *Server) serveJSONDocument(w http.ResponseWriter, r *http.Request, f DocumentFault, document any) {
	body, err := json.Marshal(document)
	if err != nil {
		s.writeError(w, r, s.serverError(r, err))
		return
	}
	s.serveDocument(w, r, f, body)
}

// oddKeys are members of a JWK Set that a verifier must step over.
func oddKeys() []any {
	return []any{
		map[string]any{"kty": "FUTURE", "kid": "odd-type", "use": "sig"},
		map[string]any{"kty": "EC", "crv": "P-999", "x": "AA", "y": "AA", "kid": "odd-curve"},
		map[string]any{"kty": "RSA", "n": "AQ", "e": "AQAB", "kid": "odd-size"},
		jose.JSONWebKey{Key: []byte("no symmetric key is ever published by a server"), KeyID: "odd-symmetric"},
		"not an object",
	}
}
