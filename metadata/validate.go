package metadata

import "slices"

// Severity says how much a [Finding] matters.
type Severity string

// The severities.
const (
	// Success is something that MCP needs or recommends, and that is there.
	Success Severity = "success"
	// Warning is something that some clients will miss.
	Warning Severity = "warning"
	// Error is something without which no MCP client can use the server.
	Error Severity = "error"
)

// Code names a finding. Codes are stable.
type Code string

// The codes of [AuthorizationServer.Validate].
const (
	IssuerValid                       Code = "issuer_valid"
	IssuerInvalid                     Code = "issuer_invalid"
	AuthorizationEndpointMissing      Code = "authorization_endpoint_missing"
	TokenEndpointMissing              Code = "token_endpoint_missing"
	CodeResponseTypeSupported         Code = "code_response_type_supported"
	CodeResponseTypeNotSupported      Code = "code_response_type_not_supported"
	AuthorizationCodeGrantSupported   Code = "authorization_code_grant_supported"
	AuthorizationCodeGrantUnsupported Code = "authorization_code_grant_not_supported"
	PKCESupported                     Code = "pkce_supported"
	PKCENotAdvertised                 Code = "pkce_not_advertised"
	S256Supported                     Code = "s256_code_challenge_method_supported"
	S256NotSupported                  Code = "s256_code_challenge_method_not_supported"
	DynamicRegistrationSupported      Code = "dynamic_registration_supported"
	ClientIDMetadataDocumentSupported Code = "client_id_metadata_document_supported"
	RegistrationNotSupported          Code = "registration_not_supported"
	IssParameterSupported             Code = "iss_parameter_supported"
	IssParameterNotSupported          Code = "iss_parameter_not_supported"
	JWKSURIPresent                    Code = "jwks_uri_present"
	JWKSURIMissing                    Code = "jwks_uri_missing"
)

// The codes of [ProtectedResource.Validate].
const (
	ResourceValid               Code = "resource_valid"
	ResourceInvalid             Code = "resource_invalid"
	AuthorizationServersPresent Code = "authorization_servers_present"
	AuthorizationServersMissing Code = "authorization_servers_missing"
	AuthorizationServerInvalid  Code = "authorization_server_invalid"
	HeaderMethodNotSupported    Code = "header_method_not_supported"
	OfflineAccessAdvertised     Code = "offline_access_advertised"
)

// The codes of both.
const (
	// EndpointInvalid is a URL that is not https, or one on loopback in a
	// document about a server that is not.
	EndpointInvalid Code = "endpoint_invalid"
	// MemberOfWrongType is a member that was ignored for its JSON type.
	MemberOfWrongType Code = "member_of_wrong_type"
)

// Finding is one result of a validation.
type Finding struct {
	Code     Code     `json:"code"`
	Severity Severity `json:"severity"`
	// Message is a sentence for people. It names members of the document and
	// contains nothing else from it.
	Message string `json:"message"`
}

// Report is the result of a validation, in a fixed order.
type Report struct {
	Findings []Finding `json:"findings"`
}

// Valid reports whether no finding is an [Error].
func (r Report) Valid() bool { return len(r.With(Error)) == 0 }

// With returns the findings of one severity.
func (r Report) With(s Severity) []Finding {
	var list []Finding
	for _, f := range r.Findings {
		if f.Severity == s {
			list = append(list, f)
		}
	}
	return list
}

func (r *Report) add(s Severity, c Code, message string) {
	r.Findings = append(r.Findings, Finding{Code: c, Severity: s, Message: message})
}

// either adds one of two findings.
func (r *Report) either(ok bool, good, bad Finding) {
	if !ok {
		good = bad
	}
	r.Findings = append(r.Findings, good)
}

// Validate tells which of the things that MCP needs the server advertises. The
// point of view is a resource server's: an authorization server that does not
// advertise PKCE gets a warning, because its tokens can be verified all the
// same, though clients that follow the specification refuse it.
func (as *AuthorizationServer) Validate() Report {
	var r Report
	r.either(CheckIssuer(as.Issuer) == nil,
		Finding{IssuerValid, Success, "The issuer is a valid issuer identifier."},
		Finding{IssuerInvalid, Error, "The issuer must be an https URL (http on loopback) without query and fragment."})
	as.validateEndpoints(&r)
	r.either(slices.Contains(as.ResponseTypesSupported, "code"),
		Finding{CodeResponseTypeSupported, Success, "The response type code is supported."},
		Finding{CodeResponseTypeNotSupported, Error, "response_types_supported lacks code, which MCP clients use."})
	r.either(as.supportsAuthorizationCode(),
		Finding{AuthorizationCodeGrantSupported, Success, "The authorization_code grant is supported."},
		Finding{AuthorizationCodeGrantUnsupported, Error, "grant_types_supported lacks authorization_code, which MCP clients use."})
	as.validatePKCE(&r)
	as.validateRegistration(&r)
	r.either(as.AuthorizationResponseIssParameterSupported,
		Finding{IssParameterSupported, Success, "Authorization responses name their issuer (RFC 9207)."},
		Finding{IssParameterNotSupported, Warning, "The metadata does not advertise that authorization responses name their issuer (RFC 9207): clients of several servers cannot rely on it to notice a mix-up."})
	as.validateKeys(&r)
	r.wrongTypes(wrongTypes(as, as.Extra))
	return r
}

func (as *AuthorizationServer) validateEndpoints(r *Report) {
	if as.AuthorizationEndpoint == "" {
		r.add(Error, AuthorizationEndpointMissing, "authorization_endpoint is missing: clients have nowhere to send users.")
	}
	if as.TokenEndpoint == "" {
		r.add(Error, TokenEndpointMissing, "token_endpoint is missing: clients cannot get tokens.")
	}
	for _, name := range as.badEndpoints(nil) {
		r.add(Error, EndpointInvalid, name+" "+errEndpoint.Error()+".")
	}
}

// supportsAuthorizationCode applies the default of RFC 8414 §2, which is for a
// member that is absent and not for one that could not be read.
func (as *AuthorizationServer) supportsAuthorizationCode() bool {
	if as.GrantTypesSupported != nil {
		return slices.Contains(as.GrantTypesSupported, "authorization_code")
	}
	raw, given := as.Extra["grant_types_supported"]
	return !given || isNull(raw)
}

func (as *AuthorizationServer) validatePKCE(r *Report) {
	if len(as.CodeChallengeMethodsSupported) == 0 {
		r.add(Warning, PKCENotAdvertised, "code_challenge_methods_supported is missing: MCP clients refuse a server that does not advertise PKCE.")
		return
	}
	r.add(Success, PKCESupported, "PKCE is advertised.")
	r.either(slices.Contains(as.CodeChallengeMethodsSupported, "S256"),
		Finding{S256Supported, Success, "The PKCE method S256 is supported."},
		Finding{S256NotSupported, Error, "code_challenge_methods_supported lacks S256, which MCP clients use."})
}

func (as *AuthorizationServer) validateRegistration(r *Report) {
	if as.ClientIDMetadataDocumentSupported {
		r.add(Success, ClientIDMetadataDocumentSupported, "Clients may identify themselves by client ID metadata documents.")
	}
	if as.RegistrationEndpoint != "" {
		r.add(Success, DynamicRegistrationSupported, "Clients may register dynamically (RFC 7591).")
	}
	if !as.ClientIDMetadataDocumentSupported && as.RegistrationEndpoint == "" {
		r.add(Warning, RegistrationNotSupported, "The metadata advertises neither client ID metadata documents nor dynamic registration: clients must be registered manually.")
	}
}

func (as *AuthorizationServer) validateKeys(r *Report) {
	switch {
	case as.JWKSURI != "":
		r.add(Success, JWKSURIPresent, "jwks_uri is present: JWT access tokens can be verified.")
	case as.IntrospectionEndpoint != "":
		r.add(Warning, JWKSURIMissing, "The metadata has no jwks_uri: other resource servers can verify access tokens only by introspection.")
	default:
		// jwks_uri is OPTIONAL (RFC 8414 §2). An MCP server that issues its own
		// tokens needs neither keys nor introspection.
		r.add(Warning, JWKSURIMissing, "The metadata has neither jwks_uri nor introspection_endpoint: other resource servers cannot verify access tokens.")
	}
}

// Validate tells whether the document has what MCP needs (RFC 9728 §2, MCP
// authorization server discovery).
func (pr *ProtectedResource) Validate() Report {
	var r Report
	_, err := ResourceMetadataURL(pr.Resource)
	r.either(err == nil,
		Finding{ResourceValid, Success, "The resource is a valid resource identifier."},
		Finding{ResourceInvalid, Error, "resource must be an https URL (http on loopback) without fragment."})
	r.either(len(pr.AuthorizationServers) > 0,
		Finding{AuthorizationServersPresent, Success, "authorization_servers names where tokens come from."},
		Finding{AuthorizationServersMissing, Error, "authorization_servers is missing: clients cannot find where to get tokens."})
	for _, issuer := range pr.AuthorizationServers {
		if CheckIssuer(issuer) != nil {
			r.add(Error, AuthorizationServerInvalid, "authorization_servers holds what is no issuer: an https URL (http on loopback) without query and fragment.")
			break
		}
	}
	if pr.BearerMethodsSupported != nil && !slices.Contains(pr.BearerMethodsSupported, "header") {
		r.add(Error, HeaderMethodNotSupported, "bearer_methods_supported lacks header, the one way in which MCP clients send tokens.")
	}
	if slices.Contains(pr.ScopesSupported, "offline_access") {
		r.add(Warning, OfflineAccessAdvertised, "scopes_supported holds offline_access, which is between client and authorization server.")
	}
	r.wrongTypes(wrongTypes(pr, pr.Extra))
	return r
}

func (r *Report) wrongTypes(names []string) {
	for _, name := range names {
		r.add(Warning, MemberOfWrongType, name+" is not of the JSON type it must have, and is ignored.")
	}
}
