package metadata

import "encoding/json"

// ProtectedResource is the metadata document of a protected resource (RFC 9728
// §2), which for MCP is the MCP server. A nil list means that the member is
// absent.
type ProtectedResource struct {
	// Resource is the resource identifier. Required.
	Resource string `json:"resource"`
	// AuthorizationServers are the issuer identifiers of the authorization
	// servers whose tokens the resource accepts. MCP requires at least one.
	AuthorizationServers []string `json:"authorization_servers,omitempty"`
	// JWKSURI is the URL of the resource's own keys.
	JWKSURI string `json:"jwks_uri,omitempty"`
	// ScopesSupported are the scopes to ask for.
	ScopesSupported []string `json:"scopes_supported,omitempty"`
	// BearerMethodsSupported are the ways to send a token; MCP knows "header" only.
	BearerMethodsSupported []string `json:"bearer_methods_supported,omitempty"`
	// ResourceSigningAlgValuesSupported are the JWS algorithms of signed responses.
	ResourceSigningAlgValuesSupported []string `json:"resource_signing_alg_values_supported,omitempty"`
	// ResourceName is the name to show to users. Names in other languages are
	// in Extra, as "resource_name#de" (§2.1).
	ResourceName string `json:"resource_name,omitempty"`
	// ResourceDocumentation is a page for developers.
	ResourceDocumentation string `json:"resource_documentation,omitempty"`
	// ResourcePolicyURI is a page on what clients may do with the data.
	ResourcePolicyURI string `json:"resource_policy_uri,omitempty"`
	// ResourceTOSURI is the page with the terms of service.
	ResourceTOSURI string `json:"resource_tos_uri,omitempty"`
	// TLSClientCertificateBoundAccessTokens says that tokens can be bound to
	// client certificates (RFC 8705).
	TLSClientCertificateBoundAccessTokens bool `json:"tls_client_certificate_bound_access_tokens,omitempty"`
	// AuthorizationDetailsTypesSupported are the RFC 9396 types understood.
	AuthorizationDetailsTypesSupported []string `json:"authorization_details_types_supported,omitempty"`
	// DPoPSigningAlgValuesSupported are the JWS algorithms of DPoP proofs (RFC 9449).
	DPoPSigningAlgValuesSupported []string `json:"dpop_signing_alg_values_supported,omitempty"`
	// DPoPBoundAccessTokensRequired says that only DPoP-bound tokens are
	// accepted.
	DPoPBoundAccessTokensRequired bool `json:"dpop_bound_access_tokens_required,omitempty"`
	// SignedMetadata is a JWT with the members as claims (§2.2). This package
	// does not verify it.
	SignedMetadata string `json:"signed_metadata,omitempty"`

	// Extra holds all other members as they were, and members above whose value
	// is not of their type: the field is then zero and [ProtectedResource.Validate]
	// warns. Written back, a field that is set wins over Extra.
	Extra map[string]json.RawMessage `json:"-"`
}

// ParseProtectedResource reads a metadata document. A duplicate member, text
// that is not UTF-8, and a resource that is not a string are errors, of type
// [*DocumentError]. Any other member of a wrong type is kept in Extra. The
// caller must check that the resource is the expected one (RFC 9728 §3.3).
func ParseProtectedResource(data []byte) (*ProtectedResource, error) {
	pr := &ProtectedResource{}
	extra, err := decode(data, pr, "resource")
	if err != nil {
		return nil, err
	}
	pr.Extra = extra
	return pr, nil
}

// UnmarshalJSON reads a document as [ParseProtectedResource] does.
func (pr *ProtectedResource) UnmarshalJSON(data []byte) error {
	parsed, err := ParseProtectedResource(data)
	if err != nil {
		return err
	}
	*pr = *parsed
	return nil
}

// MarshalJSON writes the members in the order of the fields, then Extra in the
// order of names. Empty members are left out.
func (pr ProtectedResource) MarshalJSON() ([]byte, error) { return encode(&pr, pr.Extra) }

// IsProtectedResourceMember reports whether name is a member that
// [ProtectedResource] has a field for.
func IsProtectedResourceMember(name string) bool {
	for _, m := range membersOf(&ProtectedResource{}) {
		if m.name == name {
			return true
		}
	}
	return false
}
