package metadata

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/mcp-auth/go/internal/jsonx"
)

// AuthorizationServer is authorization server metadata (RFC 8414 §2, OpenID
// Connect Discovery §3, and the extensions MCP uses). Members it does not name
// survive in Extra.
type AuthorizationServer struct {
	Issuer                                     string   `json:"issuer"`
	AuthorizationEndpoint                      string   `json:"authorization_endpoint,omitempty"`
	TokenEndpoint                              string   `json:"token_endpoint,omitempty"`
	JWKSURI                                    string   `json:"jwks_uri,omitempty"`
	RegistrationEndpoint                       string   `json:"registration_endpoint,omitempty"`
	IntrospectionEndpoint                      string   `json:"introspection_endpoint,omitempty"`
	RevocationEndpoint                         string   `json:"revocation_endpoint,omitempty"`
	UserinfoEndpoint                           string   `json:"userinfo_endpoint,omitempty"`
	EndSessionEndpoint                         string   `json:"end_session_endpoint,omitempty"`
	PushedAuthorizationRequestEndpoint         string   `json:"pushed_authorization_request_endpoint,omitempty"`
	DeviceAuthorizationEndpoint                string   `json:"device_authorization_endpoint,omitempty"`
	ScopesSupported                            []string `json:"scopes_supported,omitempty"`
	ResponseTypesSupported                     []string `json:"response_types_supported,omitempty"`
	ResponseModesSupported                     []string `json:"response_modes_supported,omitempty"`
	GrantTypesSupported                        []string `json:"grant_types_supported,omitempty"`
	SubjectTypesSupported                      []string `json:"subject_types_supported,omitempty"`
	IDTokenSigningAlgValuesSupported           []string `json:"id_token_signing_alg_values_supported,omitempty"`
	ClaimsSupported                            []string `json:"claims_supported,omitempty"`
	CodeChallengeMethodsSupported              []string `json:"code_challenge_methods_supported,omitempty"`
	TokenEndpointAuthMethodsSupported          []string `json:"token_endpoint_auth_methods_supported,omitempty"`
	TokenEndpointAuthSigningAlgValuesSupported []string `json:"token_endpoint_auth_signing_alg_values_supported,omitempty"`
	IntrospectionEndpointAuthMethodsSupported  []string `json:"introspection_endpoint_auth_methods_supported,omitempty"`
	RevocationEndpointAuthMethodsSupported     []string `json:"revocation_endpoint_auth_methods_supported,omitempty"`
	DPoPSigningAlgValuesSupported              []string `json:"dpop_signing_alg_values_supported,omitempty"`
	ProtectedResources                         []string `json:"protected_resources,omitempty"`
	ServiceDocumentation                       string   `json:"service_documentation,omitempty"`
	OPPolicyURI                                string   `json:"op_policy_uri,omitempty"`
	OPTOSURI                                   string   `json:"op_tos_uri,omitempty"`
	SignedMetadata                             string   `json:"signed_metadata,omitempty"`
	// ClientIDMetadataDocumentSupported says that a client's identifier may be
	// the URL of its metadata document.
	ClientIDMetadataDocumentSupported bool `json:"client_id_metadata_document_supported,omitempty"`
	// AuthorizationResponseIssParameterSupported is that of RFC 9207 §3.
	AuthorizationResponseIssParameterSupported bool `json:"authorization_response_iss_parameter_supported,omitempty"`
	// TLSClientCertificateBoundAccessTokens is that of RFC 8705 §3.3.
	TLSClientCertificateBoundAccessTokens bool `json:"tls_client_certificate_bound_access_tokens,omitempty"`

	// Extra holds all other members as they are, and members of a wrong type.
	Extra map[string]json.RawMessage `json:"-"`
}

// ProtectedResource is protected resource metadata (RFC 9728 §2). Members it
// does not name, such as "resource_name#de", survive in Extra.
type ProtectedResource struct {
	Resource                              string   `json:"resource"`
	AuthorizationServers                  []string `json:"authorization_servers,omitempty"`
	JWKSURI                               string   `json:"jwks_uri,omitempty"`
	ScopesSupported                       []string `json:"scopes_supported,omitempty"`
	BearerMethodsSupported                []string `json:"bearer_methods_supported,omitempty"`
	ResourceSigningAlgValuesSupported     []string `json:"resource_signing_alg_values_supported,omitempty"`
	ResourceName                          string   `json:"resource_name,omitempty"`
	ResourceDocumentation                 string   `json:"resource_documentation,omitempty"`
	ResourcePolicyURI                     string   `json:"resource_policy_uri,omitempty"`
	ResourceTOSURI                        string   `json:"resource_tos_uri,omitempty"`
	TLSClientCertificateBoundAccessTokens bool     `json:"tls_client_certificate_bound_access_tokens,omitempty"`
	AuthorizationDetailsTypesSupported    []string `json:"authorization_details_types_supported,omitempty"`
	DPoPSigningAlgValuesSupported         []string `json:"dpop_signing_alg_values_supported,omitempty"`
	DPoPBoundAccessTokensRequired         bool     `json:"dpop_bound_access_tokens_required,omitempty"`
	SignedMetadata                        string   `json:"signed_metadata,omitempty"`

	// Extra holds all other members as they are, and members of a wrong type.
	Extra map[string]json.RawMessage `json:"-"`
}

// ErrMalformed is the failure to read a document: it is no JSON object, has a
// member twice, or lacks the identifier it is about.
var ErrMalformed = errors.New("metadata: malformed document")

// maxDepth bounds the nesting of documents.
const maxDepth = 32

// ParseAuthorizationServer reads an authorization server's document. Only what
// security rests on is strict: the document is one JSON object without
// duplicate members, and issuer a string. Another member of a wrong type stays
// in Extra and its field empty. The error wraps [ErrMalformed].
func ParseAuthorizationServer(data []byte) (*AuthorizationServer, error) {
	s := &AuthorizationServer{}
	extra, err := parse(data, s)
	if err != nil {
		return nil, err
	}
	if s.Extra = extra; s.Issuer == "" {
		return nil, fmt.Errorf("%w: no issuer", ErrMalformed)
	}
	return s, nil
}

// ParseProtectedResource reads a protected resource's document, as
// [ParseAuthorizationServer] does; here resource must be a string.
func ParseProtectedResource(data []byte) (*ProtectedResource, error) {
	r := &ProtectedResource{}
	extra, err := parse(data, r)
	if err != nil {
		return nil, err
	}
	if r.Extra = extra; r.Resource == "" {
		return nil, fmt.Errorf("%w: no resource", ErrMalformed)
	}
	return r, nil
}

// UnmarshalJSON implements [json.Unmarshaler] with [ParseAuthorizationServer].
func (s *AuthorizationServer) UnmarshalJSON(data []byte) error {
	parsed, err := ParseAuthorizationServer(data)
	if err == nil {
		*s = *parsed
	}
	return err
}

// UnmarshalJSON implements [json.Unmarshaler] with [ParseProtectedResource].
func (r *ProtectedResource) UnmarshalJSON(data []byte) error {
	parsed, err := ParseProtectedResource(data)
	if err == nil {
		*r = *parsed
	}
	return err
}

// MarshalJSON writes the named members in their order, then Extra by name.
func (s AuthorizationServer) MarshalJSON() ([]byte, error) {
	type plain AuthorizationServer
	return marshal(plain(s), s.Extra)
}

// MarshalJSON writes the named members in their order, then Extra by name.
func (r ProtectedResource) MarshalJSON() ([]byte, error) {
	type plain ProtectedResource
	return marshal(plain(r), r.Extra)
}

// IsProtectedResourceMember reports whether [ProtectedResource] has a field for
// the member.
func IsProtectedResourceMember(name string) bool {
	_, ok := fields(reflect.TypeFor[ProtectedResource]())[name]
	return ok
}

// fields maps member names to field indices.
func fields(t reflect.Type) map[string]int {
	m := make(map[string]int, t.NumField())
	for i := range t.NumField() {
		if name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ","); name != "-" {
			m[name] = i
		}
	}
	return m
}

// parse fills the struct that dst points to and returns what it has no field for.
func parse(data []byte, dst any) (extra map[string]json.RawMessage, err error) {
	v := reflect.ValueOf(dst).Elem()
	known := fields(v.Type())
	err = jsonx.Object(data, maxDepth, func(name string, raw []byte) error {
		if i, ok := known[name]; ok && set(v.Field(i), raw) {
			return nil
		}
		if extra == nil {
			extra = map[string]json.RawMessage{}
		}
		extra[name] = slices.Clone(raw)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return extra, nil
}

// set reads a member into its field, and reports false for a wrong type.
func set(field reflect.Value, raw []byte) (ok bool) {
	switch p := field.Addr().Interface().(type) {
	case *string:
		*p, ok = jsonx.String(raw)
	case *bool:
		*p, ok = jsonx.Bool(raw)
	case *[]string:
		*p, ok = jsonx.Strings(raw)
	}
	return ok
}

func marshal(plain any, extra map[string]json.RawMessage) ([]byte, error) {
	data, err := json.Marshal(plain)
	if err != nil || len(extra) == 0 {
		return data, err
	}
	known := fields(reflect.TypeOf(plain))
	data = data[:len(data)-1]
	for _, name := range slices.Sorted(maps.Keys(extra)) {
		if i, ok := known[name]; ok && !reflect.ValueOf(plain).Field(i).IsZero() {
			continue // the field was set since
		}
		key, err := json.Marshal(name)
		if err != nil {
			return nil, err
		}
		value, err := json.Marshal(extra[name])
		if err != nil {
			return nil, err
		}
		data = append(append(append(append(data, ','), key...), ':'), value...)
	}
	return append(data, '}'), nil
}

// wrongTypes lists the members in Extra that have a field of their own.
func wrongTypes(s *AuthorizationServer) (names []string) {
	known := fields(reflect.TypeFor[AuthorizationServer]())
	for name := range s.Extra {
		if _, ok := known[name]; ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}
