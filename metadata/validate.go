package metadata

import "slices"

// Severity says how much a [Finding] matters.
type Severity string

// The severities.
const (
	Success Severity = "success"
	Warning Severity = "warning"
	Error   Severity = "error"
)

// Code names a finding; it stays the same in later versions.
type Code string

// The codes of findings.
const (
	CodeResponseTypeSupported   Code = "code_response_type_supported"
	CodeResponseTypeMissing     Code = "code_response_type_missing"
	AuthorizationCodeSupported  Code = "authorization_code_grant_supported"
	AuthorizationCodeMissing    Code = "authorization_code_grant_missing"
	PKCESupported               Code = "pkce_supported"
	PKCENotAdvertised           Code = "pkce_not_advertised"
	S256Supported               Code = "s256_supported"
	S256Missing                 Code = "s256_missing"
	DynamicRegistration         Code = "dynamic_registration_supported"
	ClientIDMetadataDocuments   Code = "client_id_metadata_documents_supported"
	RegistrationMissing         Code = "registration_missing"
	IssParameterSupported       Code = "iss_parameter_supported"
	IssParameterMissing         Code = "iss_parameter_missing"
	JWKSSupported               Code = "jwks_uri_present"
	JWKSMissing                 Code = "jwks_uri_missing"
	AuthorizationEndpointAbsent Code = "authorization_endpoint_missing"
	TokenEndpointAbsent         Code = "token_endpoint_missing"
	MemberOfWrongType           Code = "member_of_wrong_type"
)

// Finding is one result of a validation.
type Finding struct {
	Code     Code     `json:"code"`
	Severity Severity `json:"severity"`
	Message  string   `json:"message"`
}

// Report is the result of a validation.
type Report struct {
	Findings []Finding `json:"findings"`
}

// Valid reports whether there is no error among the findings.
func (r Report) Valid() bool { return len(r.With(Error)) == 0 }

// With returns the findings of one severity.
func (r Report) With(s Severity) []Finding {
	return slices.DeleteFunc(slices.Clone(r.Findings), func(f Finding) bool { return f.Severity != s })
}

func (r *Report) add(s Severity, c Code, message string) {
	r.Findings = append(r.Findings, Finding{Code: c, Severity: s, Message: message})
}

// check adds one of two findings.
func (r *Report) check(ok bool, good Finding, bad Finding) {
	if ok {
		r.Findings = append(r.Findings, good)
		return
	}
	r.Findings = append(r.Findings, bad)
}

// Validate tells whether the server has what MCP needs of it. A server that
// does not advertise PKCE gets a warning: clients that keep to the
// specification refuse it, a resource server can still verify its tokens.
func (s *AuthorizationServer) Validate() Report {
	var r Report
	if s.AuthorizationEndpoint == "" {
		r.add(Error, AuthorizationEndpointAbsent, "authorization_endpoint is missing: no client can send a user there.")
	}
	if s.TokenEndpoint == "" {
		r.add(Error, TokenEndpointAbsent, "token_endpoint is missing: no client can get a token.")
	}
	r.check(slices.Contains(s.ResponseTypesSupported, "code"),
		Finding{CodeResponseTypeSupported, Success, "The code response type is supported."},
		Finding{CodeResponseTypeMissing, Error, "response_types_supported lacks code, which MCP clients use."})
	// RFC 8414 §2: absent means authorization_code and implicit.
	r.check(s.GrantTypesSupported == nil || slices.Contains(s.GrantTypesSupported, "authorization_code"),
		Finding{AuthorizationCodeSupported, Success, "The authorization_code grant is supported."},
		Finding{AuthorizationCodeMissing, Error, "grant_types_supported lacks authorization_code, which MCP clients use."})
	s.validatePKCE(&r)
	s.validateRegistration(&r)
	r.check(s.AuthorizationResponseIssParameterSupported,
		Finding{IssParameterSupported, Success, "Authorization responses name their issuer (RFC 9207)."},
		Finding{IssParameterMissing, Warning, "Authorization responses do not name their issuer (RFC 9207): clients cannot notice a mix-up attack."})
	r.check(s.JWKSURI != "",
		Finding{JWKSSupported, Success, "jwks_uri is present: JWT access tokens can be verified."},
		Finding{JWKSMissing, Warning, "jwks_uri is missing: JWT access tokens cannot be verified with the server's keys."})
	s.validateTypes(&r)
	return r
}

func (s *AuthorizationServer) validatePKCE(r *Report) {
	if len(s.CodeChallengeMethodsSupported) == 0 {
		r.add(Warning, PKCENotAdvertised, "code_challenge_methods_supported is missing: MCP clients refuse a server that does not advertise PKCE.")
		return
	}
	r.add(Success, PKCESupported, "PKCE is supported.")
	r.check(slices.Contains(s.CodeChallengeMethodsSupported, "S256"),
		Finding{S256Supported, Success, "PKCE with S256 is supported."},
		Finding{S256Missing, Error, "code_challenge_methods_supported lacks S256, which MCP clients use."})
}

func (s *AuthorizationServer) validateRegistration(r *Report) {
	if s.ClientIDMetadataDocumentSupported {
		r.add(Success, ClientIDMetadataDocuments, "Client ID metadata documents are supported.")
	}
	if s.RegistrationEndpoint != "" {
		r.add(Success, DynamicRegistration, "Dynamic client registration is supported.")
	}
	if !s.ClientIDMetadataDocumentSupported && s.RegistrationEndpoint == "" {
		r.add(Warning, RegistrationMissing, "Neither dynamic registration nor client ID metadata documents are supported: every client must be registered by hand.")
	}
}

// validateTypes tells of members that could not be read.
func (s *AuthorizationServer) validateTypes(r *Report) {
	for _, name := range wrongTypes(s) {
		r.add(Warning, MemberOfWrongType, "The member "+name+" has a wrong type and is ignored.")
	}
}
