package metadata_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/mcp-auth/go/metadata"
)

// complete is a server that lacks nothing.
func complete() *metadata.AuthorizationServer {
	return &metadata.AuthorizationServer{
		Issuer:                            issuer,
		AuthorizationEndpoint:             "https://auth.example.com/authorize",
		TokenEndpoint:                     "https://auth.example.com/token",
		JWKSURI:                           "https://auth.example.com/jwks",
		RegistrationEndpoint:              "https://auth.example.com/register",
		ResponseTypesSupported:            []string{"code id_token", "code"},
		GrantTypesSupported:               []string{"refresh_token", "authorization_code"},
		CodeChallengeMethodsSupported:     []string{"plain", "S256"},
		ClientIDMetadataDocumentSupported: true,
		AuthorizationResponseIssParameterSupported: true,
	}
}

// with names the codes of the findings of one severity.
func with(r metadata.Report, s metadata.Severity) []metadata.Code {
	var codes []metadata.Code
	for _, f := range r.With(s) {
		codes = append(codes, f.Code)
	}
	return codes
}

func TestValidateComplete(t *testing.T) {
	t.Parallel()
	r := complete().Validate()
	want := []metadata.Code{"issuer_valid", "code_response_type_supported", "authorization_code_grant_supported", "pkce_supported",
		"s256_code_challenge_method_supported", "client_id_metadata_document_supported", "dynamic_registration_supported",
		"iss_parameter_supported", "jwks_uri_present"}
	if got := with(r, metadata.Success); !slices.Equal(got, want) || len(r.Findings) != len(want) || !r.Valid() {
		t.Errorf("got %+v", r.Findings)
	}
}

// Covers CL3, CL5, CL6.
func TestValidate(t *testing.T) {
	t.Parallel()
	type as = metadata.AuthorizationServer
	for _, tc := range []struct {
		name     string
		change   func(*as)
		severity metadata.Severity // of the one finding that is no success
		code     metadata.Code
	}{
		{"no issuer", func(s *as) { s.Issuer = "" }, metadata.Error, "issuer_invalid"},
		{"issuer with a query", func(s *as) { s.Issuer += "?a" }, metadata.Error, "issuer_invalid"},
		{"no authorization endpoint", func(s *as) { s.AuthorizationEndpoint = "" }, metadata.Error, "authorization_endpoint_missing"},
		{"no token endpoint", func(s *as) { s.TokenEndpoint = "" }, metadata.Error, "token_endpoint_missing"},
		{"endpoint over http", func(s *as) { s.TokenEndpoint = "http://auth.example.com/token" }, metadata.Error, "endpoint_invalid"},
		{"endpoint on loopback", func(s *as) { s.JWKSURI = "http://localhost/jwks" }, metadata.Error, "endpoint_invalid"},
		{"endpoint is a script", func(s *as) { s.AuthorizationEndpoint = "javascript:alert(1)" }, metadata.Error, "endpoint_invalid"},
		{"no response types", func(s *as) { s.ResponseTypesSupported = nil }, metadata.Error, "code_response_type_not_supported"},
		{"hybrid response type only", func(s *as) { s.ResponseTypesSupported = []string{"code id_token"} }, metadata.Error, "code_response_type_not_supported"},
		{"grant types by default", func(s *as) { s.GrantTypesSupported = nil }, "", ""},
		{"grant types empty", func(s *as) { s.GrantTypesSupported = []string{} }, metadata.Error, "authorization_code_grant_not_supported"},
		{"other grant types", func(s *as) { s.GrantTypesSupported = []string{"client_credentials"} }, metadata.Error, "authorization_code_grant_not_supported"},
		{"PKCE not advertised", func(s *as) { s.CodeChallengeMethodsSupported = nil }, metadata.Warning, "pkce_not_advertised"},
		{"PKCE empty", func(s *as) { s.CodeChallengeMethodsSupported = []string{} }, metadata.Warning, "pkce_not_advertised"},
		{"PKCE plain only", func(s *as) { s.CodeChallengeMethodsSupported = []string{"plain"} }, metadata.Error, "s256_code_challenge_method_not_supported"},
		{"PKCE in the wrong case", func(s *as) { s.CodeChallengeMethodsSupported = []string{"s256"} }, metadata.Error, "s256_code_challenge_method_not_supported"},
		{"dynamic registration only", func(s *as) { s.ClientIDMetadataDocumentSupported = false }, "", ""},
		{"metadata documents only", func(s *as) { s.RegistrationEndpoint = "" }, "", ""},
		{"no registration", func(s *as) { s.RegistrationEndpoint = ""; s.ClientIDMetadataDocumentSupported = false }, metadata.Warning, "registration_not_supported"},
		{"no iss parameter", func(s *as) { s.AuthorizationResponseIssParameterSupported = false }, metadata.Warning, "iss_parameter_not_supported"},
		{"no keys", func(s *as) { s.JWKSURI = "" }, metadata.Warning, "jwks_uri_missing"},
		{"no keys but introspection", func(s *as) { s.JWKSURI = ""; s.IntrospectionEndpoint = "https://auth.example.com/introspect" }, metadata.Warning, "jwks_uri_missing"},
		{"null for what is absent", func(s *as) {
			s.GrantTypesSupported = nil
			s.Extra = map[string]json.RawMessage{"grant_types_supported": []byte("null"), "acr_values_supported": []byte("null")}
		}, "", ""},
		{"unknown members", func(s *as) { s.Extra = map[string]json.RawMessage{"x": nil} }, "", ""},
		{"member put into Extra", func(s *as) { s.Extra = map[string]json.RawMessage{"scopes_supported": []byte(`["a"]`)} }, "", ""},
		{"wrong type", func(s *as) { s.Extra = map[string]json.RawMessage{"scopes_supported": []byte(`"a b"`)} }, metadata.Warning, "member_of_wrong_type"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			s := complete()
			tc.change(s)
			r := s.Validate()
			var errs, warnings []metadata.Code
			switch tc.severity {
			case metadata.Error:
				errs = []metadata.Code{tc.code}
			case metadata.Warning:
				warnings = []metadata.Code{tc.code}
			}
			if got := with(r, metadata.Error); !slices.Equal(got, errs) || r.Valid() != (errs == nil) {
				t.Errorf("errors %q, want %q, valid %t", got, errs, r.Valid())
			}
			if got := with(r, metadata.Warning); !slices.Equal(got, warnings) {
				t.Errorf("warnings %q, want %q", got, warnings)
			}
			for _, f := range r.Findings {
				if f.Message == "" || !strings.HasSuffix(f.Message, ".") || strings.Contains(f.Message, "example.com") {
					t.Errorf("message of %s: %q", f.Code, f.Message)
				}
			}
		})
	}
}

// TestValidateGrantTypesOfWrongType does not take RFC 8414's default for a
// member that is there.
func TestValidateGrantTypesOfWrongType(t *testing.T) {
	t.Parallel()
	s := complete()
	s.GrantTypesSupported, s.Extra = nil, map[string]json.RawMessage{"grant_types_supported": []byte(`"implicit"`)}
	r := s.Validate()
	if got := with(r, metadata.Error); !slices.Equal(got, []metadata.Code{metadata.AuthorizationCodeGrantUnsupported}) {
		t.Errorf("errors %q", got)
	}
	if got := with(r, metadata.Warning); !slices.Equal(got, []metadata.Code{metadata.MemberOfWrongType}) {
		t.Errorf("warnings %q", got)
	}
}

// TestValidateLoopback is of a server for development.
func TestValidateLoopback(t *testing.T) {
	t.Parallel()
	s := complete()
	s.Issuer, s.TokenEndpoint, s.JWKSURI = "http://localhost:3000/", "http://localhost:3000/token", "http://127.0.0.1:3000/jwks"
	if r := s.Validate(); len(r.With(metadata.Success)) != len(r.Findings) {
		t.Errorf("got %+v", r.Findings)
	}
}

// Covers RS1, RS13.
func TestValidateProtectedResource(t *testing.T) {
	t.Parallel()
	type pr = metadata.ProtectedResource
	sound := func() *pr {
		return &pr{Resource: "https://api.example.com/notes", AuthorizationServers: []string{issuer, "https://b.example/"},
			ScopesSupported: []string{"read:notes"}, BearerMethodsSupported: []string{"header"}}
	}
	for _, tc := range []struct {
		name     string
		change   func(*pr)
		errors   []metadata.Code
		warnings []metadata.Code
	}{
		{"sound", func(*pr) {}, nil, nil},
		{"methods left out", func(r *pr) { r.BearerMethodsSupported = nil }, nil, nil},
		{"resource not https", func(r *pr) { r.Resource = "http://api.example.com" }, []metadata.Code{"resource_invalid"}, nil},
		{"resource with a fragment", func(r *pr) { r.Resource += "#a" }, []metadata.Code{"resource_invalid"}, nil},
		{"no servers", func(r *pr) { r.AuthorizationServers = nil }, []metadata.Code{"authorization_servers_missing"}, nil},
		{"server is a script", func(r *pr) { r.AuthorizationServers = []string{issuer, "javascript:x", "file:y"} }, []metadata.Code{"authorization_server_invalid"}, nil},
		{"no header method", func(r *pr) { r.BearerMethodsSupported = []string{"body", "query"} }, []metadata.Code{"header_method_not_supported"}, nil},
		{"offline_access", func(r *pr) { r.ScopesSupported = []string{"a", "offline_access"} }, nil, []metadata.Code{"offline_access_advertised"}},
		{"wrong type", func(r *pr) { r.Extra = map[string]json.RawMessage{"resource_name": []byte(`1`)} }, nil, []metadata.Code{"member_of_wrong_type"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			doc := sound()
			tc.change(doc)
			r := doc.Validate()
			if got := with(r, metadata.Error); !slices.Equal(got, tc.errors) || r.Valid() != (tc.errors == nil) {
				t.Errorf("errors %q, want %q", got, tc.errors)
			}
			if got := with(r, metadata.Warning); !slices.Equal(got, tc.warnings) {
				t.Errorf("warnings %q, want %q", got, tc.warnings)
			}
		})
	}
}
