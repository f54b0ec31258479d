package metadata

import (
	"encoding/json"
	"iter"
)

// AuthorizationServer is the metadata document of an authorization server: RFC
// 8414 §2, OpenID Connect Discovery §3 and the registered extensions that
// matter here. A nil list means that the member is absent, an empty one that it
// is there without elements. If RFC 8414 gives an absent list a default, the
// comment on the field says so.
type AuthorizationServer struct {
	// Issuer is the issuer identifier. Required.
	Issuer string `json:"issuer"`
	// AuthorizationEndpoint is where users authorize clients.
	AuthorizationEndpoint string `json:"authorization_endpoint,omitempty"`
	// TokenEndpoint is where clients get tokens.
	TokenEndpoint string `json:"token_endpoint,omitempty"`
	// JWKSURI is the URL of the server's keys, a JWK Set.
	JWKSURI string `json:"jwks_uri,omitempty"`
	// RegistrationEndpoint is where clients register dynamically (RFC 7591).
	RegistrationEndpoint string `json:"registration_endpoint,omitempty"`
	// ScopesSupported are the scopes the server knows; it may know more.
	ScopesSupported []string `json:"scopes_supported,omitempty"`
	// ResponseTypesSupported are the values of response_type. Required.
	ResponseTypesSupported []string `json:"response_types_supported,omitempty"`
	// ResponseModesSupported are the values of response_mode; absent means
	// query and fragment.
	ResponseModesSupported []string `json:"response_modes_supported,omitempty"`
	// GrantTypesSupported are the grant types; absent means authorization_code
	// and implicit.
	GrantTypesSupported []string `json:"grant_types_supported,omitempty"`
	// CodeChallengeMethodsSupported are the PKCE methods (RFC 7636); absent
	// means that the server does not support PKCE.
	CodeChallengeMethodsSupported []string `json:"code_challenge_methods_supported,omitempty"`
	// TokenEndpointAuthMethodsSupported are the ways clients authenticate at
	// the token endpoint; absent means client_secret_basic.
	TokenEndpointAuthMethodsSupported []string `json:"token_endpoint_auth_methods_supported,omitempty"`
	// TokenEndpointAuthSigningAlgValuesSupported are the JWS algorithms of
	// client assertions at the token endpoint.
	TokenEndpointAuthSigningAlgValuesSupported []string `json:"token_endpoint_auth_signing_alg_values_supported,omitempty"`

	// IntrospectionEndpoint is where resource servers ask about tokens (RFC 7662).
	IntrospectionEndpoint string `json:"introspection_endpoint,omitempty"`
	// IntrospectionEndpointAuthMethodsSupported are the ways resource servers
	// authenticate there.
	IntrospectionEndpointAuthMethodsSupported []string `json:"introspection_endpoint_auth_methods_supported,omitempty"`
	// IntrospectionEndpointAuthSigningAlgValuesSupported are the JWS algorithms
	// of client assertions there.
	IntrospectionEndpointAuthSigningAlgValuesSupported []string `json:"introspection_endpoint_auth_signing_alg_values_supported,omitempty"`
	// RevocationEndpoint is where clients revoke tokens (RFC 7009).
	RevocationEndpoint string `json:"revocation_endpoint,omitempty"`
	// RevocationEndpointAuthMethodsSupported are the ways clients authenticate
	// there; absent means client_secret_basic.
	RevocationEndpointAuthMethodsSupported []string `json:"revocation_endpoint_auth_methods_supported,omitempty"`
	// RevocationEndpointAuthSigningAlgValuesSupported are the JWS algorithms of
	// client assertions there.
	RevocationEndpointAuthSigningAlgValuesSupported []string `json:"revocation_endpoint_auth_signing_alg_values_supported,omitempty"`
	// PushedAuthorizationRequestEndpoint takes authorization requests from
	// clients directly (RFC 9126).
	PushedAuthorizationRequestEndpoint string `json:"pushed_authorization_request_endpoint,omitempty"`
	// RequirePushedAuthorizationRequests says that clients must use that
	// endpoint.
	RequirePushedAuthorizationRequests bool `json:"require_pushed_authorization_requests,omitempty"`
	// DeviceAuthorizationEndpoint starts the device flow (RFC 8628).
	DeviceAuthorizationEndpoint string `json:"device_authorization_endpoint,omitempty"`

	// AuthorizationResponseIssParameterSupported says that authorization
	// responses have the parameter iss (RFC 9207).
	AuthorizationResponseIssParameterSupported bool `json:"authorization_response_iss_parameter_supported,omitempty"`
	// ClientIDMetadataDocumentSupported says that a client_id may be the URL of
	// the client's metadata (OAuth Client ID Metadata Document).
	ClientIDMetadataDocumentSupported bool `json:"client_id_metadata_document_supported,omitempty"`
	// DPoPSigningAlgValuesSupported are the JWS algorithms of DPoP proofs
	// (RFC 9449 §5.1).
	DPoPSigningAlgValuesSupported []string `json:"dpop_signing_alg_values_supported,omitempty"`
	// TLSClientCertificateBoundAccessTokens says that tokens can be bound to
	// client certificates (RFC 8705 §3.3).
	TLSClientCertificateBoundAccessTokens bool `json:"tls_client_certificate_bound_access_tokens,omitempty"`
	// AuthorizationDetailsTypesSupported are the RFC 9396 types understood.
	AuthorizationDetailsTypesSupported []string `json:"authorization_details_types_supported,omitempty"`
	// ProtectedResources are identifiers of resources the server issues tokens
	// for (RFC 9728 §4).
	ProtectedResources []string `json:"protected_resources,omitempty"`

	// UserinfoEndpoint is where clients get claims about the user (OpenID
	// Connect).
	UserinfoEndpoint string `json:"userinfo_endpoint,omitempty"`
	// EndSessionEndpoint is where users log out (OpenID Connect RP-Initiated Logout).
	EndSessionEndpoint string `json:"end_session_endpoint,omitempty"`
	// SubjectTypesSupported are the types of subject identifiers (OpenID Connect).
	SubjectTypesSupported []string `json:"subject_types_supported,omitempty"`
	// IDTokenSigningAlgValuesSupported are the JWS algorithms of ID tokens.
	// They say nothing about access tokens.
	IDTokenSigningAlgValuesSupported []string `json:"id_token_signing_alg_values_supported,omitempty"`
	// ACRValuesSupported are the authentication context classes (OpenID Connect).
	ACRValuesSupported []string `json:"acr_values_supported,omitempty"`
	// ClaimsSupported are the claims the server may know (OpenID Connect).
	ClaimsSupported []string `json:"claims_supported,omitempty"`

	// ServiceDocumentation is a page for developers.
	ServiceDocumentation string `json:"service_documentation,omitempty"`
	// UILocalesSupported are the languages of the server's pages (BCP 47).
	UILocalesSupported []string `json:"ui_locales_supported,omitempty"`
	// OPPolicyURI is a page on what clients may do with the data.
	OPPolicyURI string `json:"op_policy_uri,omitempty"`
	// OPTOSURI is the page with the terms of service.
	OPTOSURI string `json:"op_tos_uri,omitempty"`
	// SignedMetadata is a JWT with the members as claims (RFC 8414 §2.1). This
	// package does not verify it.
	SignedMetadata string `json:"signed_metadata,omitempty"`

	// Extra holds all other members as they were, and members above whose value
	// is not of their type: the field is then zero and [AuthorizationServer.Validate]
	// warns. Written back, a field that is set wins over Extra.
	Extra map[string]json.RawMessage `json:"-"`
}

// ParseAuthorizationServer reads a metadata document. A duplicate member, text
// that is not UTF-8, and an issuer that is not a string are errors, of type
// [*DocumentError]. Any other member of a wrong type is kept in Extra, so that
// a mistake in a member that does not matter here does no harm. The caller must
// check that the issuer is the expected one; [Discover] does.
func ParseAuthorizationServer(data []byte) (*AuthorizationServer, error) {
	as := &AuthorizationServer{}
	extra, err := decode(data, as, "issuer")
	if err != nil {
		return nil, err
	}
	as.Extra = extra
	return as, nil
}

// UnmarshalJSON reads a document as [ParseAuthorizationServer] does.
func (as *AuthorizationServer) UnmarshalJSON(data []byte) error {
	parsed, err := ParseAuthorizationServer(data)
	if err != nil {
		return err
	}
	*as = *parsed
	return nil
}

// MarshalJSON writes the members in the order of the fields, then Extra in the
// order of names. Empty members are left out.
func (as AuthorizationServer) MarshalJSON() ([]byte, error) { return encode(&as, as.Extra) }

// Endpoints yields the members that name a place where something is fetched
// from or sent to, with their URLs. Members that are absent are left out.
func (as *AuthorizationServer) Endpoints() iter.Seq2[string, string] {
	return func(yield func(member, url string) bool) {
		for _, e := range [...]struct{ member, url string }{
			{"authorization_endpoint", as.AuthorizationEndpoint},
			{"token_endpoint", as.TokenEndpoint},
			{"jwks_uri", as.JWKSURI},
			{"registration_endpoint", as.RegistrationEndpoint},
			{"introspection_endpoint", as.IntrospectionEndpoint},
			{"revocation_endpoint", as.RevocationEndpoint},
			{"pushed_authorization_request_endpoint", as.PushedAuthorizationRequestEndpoint},
			{"device_authorization_endpoint", as.DeviceAuthorizationEndpoint},
			{"userinfo_endpoint", as.UserinfoEndpoint},
			{"end_session_endpoint", as.EndSessionEndpoint},
		} {
			if e.url != "" && !yield(e.member, e.url) {
				return
			}
		}
	}
}
