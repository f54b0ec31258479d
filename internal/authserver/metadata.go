package authserver

import (
	"encoding/json"

	"github.com/mcp-auth/go/internal/authserver/oauth"
	"github.com/mcp-auth/go/metadata"
)

// Metadata returns the metadata of the server. One document serves RFC 8414 and
// OpenID Connect Discovery, which share the names of members.
func (s *Server) Metadata() *metadata.AuthorizationServer {
	base := s.config.base()
	document := &metadata.AuthorizationServer{
		Issuer:                        s.config.issuer,
		AuthorizationEndpoint:         base + authorizePath,
		TokenEndpoint:                 base + tokenPath,
		JWKSURI:                       base + jwksPath,
		ScopesSupported:               s.config.supported.Scopes(),
		ResponseTypesSupported:        []string{"code"},
		ResponseModesSupported:        []string{"query"},
		GrantTypesSupported:           s.grantTypes(),
		CodeChallengeMethodsSupported: []string{"S256"},

		TokenEndpointAuthMethodsSupported:                  oauth.AuthMethods(),
		TokenEndpointAuthSigningAlgValuesSupported:         oauth.AssertionAlgorithms(),
		IntrospectionEndpoint:                              base + introspectPath,
		IntrospectionEndpointAuthMethodsSupported:          oauth.ConfidentialAuthMethods(),
		IntrospectionEndpointAuthSigningAlgValuesSupported: oauth.AssertionAlgorithms(),
		RevocationEndpoint:                                 base + revokePath,
		RevocationEndpointAuthMethodsSupported:             oauth.AuthMethods(),
		RevocationEndpointAuthSigningAlgValuesSupported:    oauth.AssertionAlgorithms(),

		SubjectTypesSupported:                      []string{"public"},
		IDTokenSigningAlgValuesSupported:           []string{s.parts.Keys.Algorithm()},
		DPoPSigningAlgValuesSupported:              oauth.AssertionAlgorithms(),
		ClientIDMetadataDocumentSupported:          !s.config.noClientDocuments,
		AuthorizationResponseIssParameterSupported: true,
		ProtectedResources:                         s.config.supported.Resources(),
		Extra: map[string]json.RawMessage{
			"prompt_values_supported":         json.RawMessage(`["none","login","consent"]`),
			"request_uri_parameter_supported": json.RawMessage(`false`), // true if it is missing
		},
	}
	if s.config.registrationOpen() {
		document.RegistrationEndpoint = base + registerPath
	}
	s.advertiseAssertions(document)
	return document
}

// advertiseAssertions adds both sides of the Identity Assertion JWT Authorization
// Grant (§7), if they are configured.
func (s *Server) advertiseAssertions(document *metadata.AuthorizationServer) {
	for _, issuer := range s.config.trusted {
		if issuer.IdentityAssertions {
			document.Extra["authorization_grant_profiles_supported"] =
				json.RawMessage(`["urn:ietf:params:oauth:grant-profile:id-jag"]`)
		}
	}
	if len(s.config.audiences) > 0 {
		document.Extra["identity_chaining_requested_token_types_supported"] =
			json.RawMessage(`["` + oauth.TokenTypeIDJAG + `"]`)
	}
}

// grantTypes returns the grant types that the configuration makes available.
func (s *Server) grantTypes() []string {
	types := []string{oauth.GrantAuthorizationCode, oauth.GrantRefreshToken, oauth.GrantClientCredentials}
	if len(s.config.trusted) > 0 {
		types = append(types, oauth.GrantJWTBearer)
	}
	if len(s.config.audiences) > 0 {
		types = append(types, oauth.GrantTokenExchange)
	}
	return types
}
