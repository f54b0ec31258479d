// Package reason lists why requests are refused: stable codes for logs, metrics
// and tests. A reason is never sent to the caller. docs/bearer-auth.md explains
// each.
//
//	var challenge *mcpauth.Challenge
//	if errors.As(err, &challenge) && challenge.Reason == reason.Expired {
package reason

// Reason says why a request was refused.
type Reason string

// The reasons, by what they are about.
const (
	// Of credentials and tokens.

	NoCredentials        Reason = "no_credentials"        // no Authorization header, or a scheme that is not accepted
	MalformedCredentials Reason = "malformed_credentials" // several Authorization headers, or one without a token
	TokenInQuery         Reason = "token_in_query"        // access_token in the URL
	MalformedToken       Reason = "malformed_token"       // not a strict compact JWS, or too long
	UntrustedIssuer      Reason = "untrusted_issuer"      // no iss, or an issuer that the resource does not trust
	UnsupportedAlgorithm Reason = "unsupported_algorithm" // alg is not allowed
	NotAnAccessToken     Reason = "not_an_access_token"   // an ID token or a token of another kind
	UnknownKey           Reason = "unknown_key"           // the issuer has no matching key
	InvalidSignature     Reason = "invalid_signature"     // the signature does not verify
	InvalidClaims        Reason = "invalid_claims"        // not strict JSON, or a claim of the wrong type
	RejectedByVerifier   Reason = "rejected_by_verifier"  // a Verifier returned ErrInvalidToken
	InactiveToken        Reason = "inactive_token"        // introspection reports the token as inactive
	RejectedDownstream   Reason = "rejected_downstream"   // a handler found that another server refuses the token; see mcpauth.RefuseToken
	NotIntrospectable    Reason = "not_introspectable"    // the server does not introspect tokens of this kind
	WrongIssuer          Reason = "wrong_issuer"          // a Verifier or introspection returned another issuer
	WrongAudience        Reason = "wrong_audience"        // the token was not issued for this resource
	NoExpiry             Reason = "no_expiry"             // the token has no exp
	Expired              Reason = "expired"               // exp has passed
	NotYetValid          Reason = "not_yet_valid"         // nbf or iat is in the future

	// Of sender constraints (RFC 9449, RFC 8705).

	SenderConstraint         Reason = "sender_constraint"        // a bound token without its proof, or a proof for an unbound token
	CertificateRequired      Reason = "certificate_required"     // the resource accepts only tokens bound to a certificate
	WrongCertificate         Reason = "wrong_certificate"        // the token is bound to another certificate
	DPoPRequired             Reason = "dpop_required"            // the resource accepts only tokens bound to a key
	DPoPProofMalformed       Reason = "dpop_proof_malformed"     // no proof, several, or one that is not a DPoP JWT
	DPoPUnsupportedAlgorithm Reason = "dpop_algorithm"           // the proof's alg is not allowed
	DPoPInvalidKey           Reason = "dpop_key_invalid"         // the proof's jwk is missing, private or weak
	DPoPWrongKey             Reason = "dpop_wrong_key"           // the token is bound to another key
	DPoPWrongToken           Reason = "dpop_wrong_token"         // ath is missing or for another token
	DPoPWrongMethod          Reason = "dpop_wrong_method"        // htm is another method
	DPoPWrongURL             Reason = "dpop_wrong_url"           // htu is another URL
	DPoPProofStale           Reason = "dpop_proof_stale"         // iat is too old or in the future
	DPoPInvalidSignature     Reason = "dpop_signature"           // the proof's signature does not verify
	DPoPNonceRequired        Reason = "dpop_nonce_required"      // no nonce, or one that is no longer valid
	DPoPProofReplayed        Reason = "dpop_proof_replayed"      // the proof was used before
	ReplayCacheUnavailable   Reason = "replay_cache_unavailable" // the replay cache failed or is full

	// Of MCP operations, sessions and origins.

	MalformedMessage        Reason = "malformed_message"         // a body that is not an MCP message, or that servers could read in different ways
	HeaderMismatch          Reason = "header_mismatch"           // MCP headers differ from the body
	URINotNormal            Reason = "uri_not_normal"            // a resource URI that a server might read as another one
	InsufficientScope       Reason = "insufficient_scope"        // the token lacks a scope
	AccessDenied            Reason = "access_denied"             // the policy, a claim or a check denies
	UnknownSession          Reason = "unknown_session"           // the session is not known; clients begin a new one
	WrongSession            Reason = "wrong_session"             // the session belongs to another caller
	SessionStoreUnavailable Reason = "session_store_unavailable" // the session store failed
	WrongOrigin             Reason = "wrong_origin"              // the Origin is not admitted
	WrongHost               Reason = "wrong_host"                // the server is on loopback, and the Host is not

	// Of the server's side.

	ServerUnavailable Reason = "authorization_server_unavailable" // metadata or keys cannot be fetched, or a verifier could not decide
	UnknownResource   Reason = "unknown_resource"                 // Request.Resource is not configured
)
