package oauth

import "github.com/mcp-auth/go/internal/jose"

// Grant types (RFC 7591 §2).
const (
	GrantAuthorizationCode = "authorization_code"
	GrantRefreshToken      = "refresh_token"
	GrantClientCredentials = "client_credentials"
	GrantJWTBearer         = "urn:ietf:params:oauth:grant-type:jwt-bearer"     // RFC 7523 §2.1
	GrantTokenExchange     = "urn:ietf:params:oauth:grant-type:token-exchange" // RFC 8693 §2.1
)

// GrantTypes returns the grant types that a server can offer.
func GrantTypes() []string {
	return []string{
		GrantAuthorizationCode, GrantRefreshToken, GrantClientCredentials, GrantJWTBearer, GrantTokenExchange,
	}
}

// Client authentication methods (RFC 7591 §2).
const (
	AuthNone       = "none"
	AuthBasic      = "client_secret_basic"
	AuthPost       = "client_secret_post"
	AuthPrivateKey = "private_key_jwt"
)

// AuthMethods returns the client authentication methods of the token endpoint.
func AuthMethods() []string { return append([]string{AuthNone}, ConfidentialAuthMethods()...) }

// ConfidentialAuthMethods returns the authentication methods of confidential
// clients.
func ConfidentialAuthMethods() []string { return []string{AuthBasic, AuthPost, AuthPrivateKey} }

// AssertionAlgorithms returns the algorithms that assertions and DPoP proofs
// may be signed with.
func AssertionAlgorithms() []string {
	var names []string
	for _, algorithm := range jose.Algorithms() {
		names = append(names, string(algorithm))
	}
	return names
}

// Values of the JOSE header typ.
const (
	TypeAccessToken = "at+jwt" // RFC 9068 §2.1
	TypeIDToken     = "JWT"
	// TypeIDJAG is the typ of an Identity Assertion JWT Authorization Grant
	// (§3.1).
	TypeIDJAG = "oauth-id-jag+jwt"
)

// Token types of RFC 8693 §3 and of Identity Assertion JWT Authorization Grant.
const (
	TokenTypeIDToken = "urn:ietf:params:oauth:token-type:id_token"
	TokenTypeIDJAG   = "urn:ietf:params:oauth:token-type:id-jag"
)
