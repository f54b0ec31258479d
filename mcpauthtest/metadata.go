package mcpauthtest

import (
	"encoding/json"
	"net/http"

	"github.com/go-jose/go-jose/v4"
)

// documentCacheControl lets verifiers keep metadata and keys for a while.
const documentCacheControl = "public, max-age=300"

const (
	wellKnownOAuth = "/.well-known/oauth-authorization-server"
	wellKnownOIDC  = "/.well-known/openid-configuration"
)

// serverMetadata holds the members of RFC 8414 §2 and OpenID Connect
// Discovery §3 that this server has. One document serves both: the
// specifications share their names.
type serverMetadata struct {
	Issuer                                     string   `json:"issuer"`
	AuthorizationEndpoint                      string   `json:"authorization_endpoint"`
	TokenEndpoint                              string   `json:"token_endpoint"`
	RegistrationEndpoint                       string   `json:"registration_endpoint"`
	JWKSURI                                    string   `json:"jwks_uri"`
	ScopesSupported                            []string `json:"scopes_supported"`
	ResponseTypesSupported                     []string `json:"response_types_supported"`
	ResponseModesSupported                     []string `json:"response_modes_supported"`
	GrantTypesSupported                        []string `json:"grant_types_supported"`
	TokenEndpointAuthMethodsSupported          []string `json:"token_endpoint_auth_methods_supported"`
	CodeChallengeMethodsSupported              []string `json:"code_challenge_methods_supported"`
	AuthorizationResponseIssParameterSupported bool     `json:"authorization_response_iss_parameter_supported"`
	SubjectTypesSupported                      []string `json:"subject_types_supported"`
	IDTokenSigningAlgValuesSupported           []string `json:"id_token_signing_alg_values_supported"`
	PromptValuesSupported                      []string `json:"prompt_values_supported"`
	RequestParameterSupported                  bool     `json:"request_parameter_supported"`
	RequestURIParameterSupported               bool     `json:"request_uri_parameter_supported"`
}

func (s *Server) metadata() serverMetadata {
	return serverMetadata{
		Issuer:                                     s.issuer,
		AuthorizationEndpoint:                      s.base + authorizePath,
		TokenEndpoint:                              s.base + tokenPath,
		RegistrationEndpoint:                       s.base + registerPath,
		JWKSURI:                                    s.base + jwksPath,
		ScopesSupported:                            s.config.scopesSupported(),
		ResponseTypesSupported:                     []string{"code"},
		ResponseModesSupported:                     []string{"query"},
		GrantTypesSupported:                        grantTypesSupported(),
		TokenEndpointAuthMethodsSupported:          authMethodsSupported(),
		CodeChallengeMethodsSupported:              []string{"S256"},
		AuthorizationResponseIssParameterSupported: true,
		SubjectTypesSupported:                      []string{"public"},
		IDTokenSigningAlgValuesSupported:           []string{s.config.Algorithm},
		PromptValuesSupported:                      []string{"none", "login", "consent"},
	}
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
	document := s.metadata()
	document.Issuer = orDefault(faults.MetadataIssuer, document.Issuer)
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
		s.internalError(w, r, err)
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
