package configerr

// The faults, by what they are about. Packages may define further ones.
const (
	// Of resources and their metadata.

	NoResources          Fault = "no protected resource is configured"
	RewrittenIdentifier  Fault = "clients write the resource identifier in another form, and tokens for that form are refused"
	SimilarResource      Fault = "the resource identifier differs from another one in its spelling only: clients may take one for the other"
	DuplicateResource    Fault = "the resource identifier is configured twice"
	InvalidIdentifier    Fault = "the resource identifier is not an absolute URL such as https://mcp.example.com/mcp, with a host and without userinfo (RFC 8707 §2)"
	IdentifierFragment   Fault = "the resource identifier has a fragment (RFC 8707 §2 forbids it)"
	ReservedMember       Fault = "the metadata member has a field of its own or cannot be encoded"
	InvalidSigner        Fault = "the metadata cannot be signed with this key and algorithm"
	InvalidCORS          Fault = "the CORS origins are not valid"
	NoMetadata           Fault = "the authorization server's keys are given by hand, and no metadata to publish"
	ResourceNotSpecified Fault = "several resources are configured and none is named: name one, with ForResource or in Request.Resource"
	ResourceUnknown      Fault = "the resource is not configured"

	// Of URLs, names and limits.

	InsecureURL        Fault = "plain http is accepted for loopback hosts only"
	InvalidURL         Fault = "the value is not an absolute https URL"
	InvalidTimeout     Fault = "the timeout is negative or too long"
	InvalidCacheSize   Fault = "the token cache is larger than ten million entries"
	InvalidLeeway      Fault = "the leeway is negative or over one minute"
	InvalidHeaderName  Fault = "the header name has a character other than letters, digits and hyphens"
	InvalidNetwork     Fault = "the network is not valid"
	PlaceholderLeft    Fault = "a part of a template or a sample was not replaced"
	PlainHTTPAllowed   Fault = "plain http is allowed for a host, for development only: tokens and keys travel in the clear"
	InvalidHost        Fault = "the host is not a name or an address without scheme, port and path"
	ConflictingSources Fault = "two settings exclude each other"

	// Of authorization servers.

	NoAuthorizationServer Fault = "the resource trusts no authorization server: list at least one"
	DuplicateIssuer       Fault = "the issuer is listed twice"
	InvalidIssuer         Fault = "the issuer is not an https URL such as https://auth.example.com, without query and fragment; http is accepted on loopback (RFC 8414 §2)"
	IssuerMismatch        Fault = "the metadata names another issuer"
	InvalidType           Fault = "the type is not oidc, oauth or empty"
	InvalidKeySet         Fault = "the JWK Set holds no usable key"
	InvalidAlgorithm      Fault = "the algorithm is not a supported asymmetric one"
	InvalidAudience       Fault = "the audience is empty"
	SharedAudience        Fault = "tokens for other services have this audience too, and are accepted"
	SimilarIssuer         Fault = "the issuer differs from another one in its spelling only, and issuers are compared byte for byte: one is probably wrong"
	AmbiguousVerifier     Fault = "a resource can have one custom verifier or introspection only: a token that names no issuer must have one place to go"

	// Of scopes and policies.

	InvalidScope       Fault = "the scope is empty or has a character that cannot be in a scope (RFC 6749 §3.3)"
	ScopeCycle         Fault = "the scope includes itself by way of others"
	OfflineAccess      Fault = "offline_access is between client and authorization server and must not be asked for by a resource"
	InvalidRequirement Fault = "the requirement is nil, empty or lacks a name"
	InvalidPattern     Fault = "the key of the rule is not a name, a prefix that ends in * or a URI template"
	InvalidMaxBody     Fault = "the limit of the body is negative or over 1 GiB"
	ScopeNotAdvertised Fault = "the policy names a scope that the resource does not advertise"
	ScopeUnknown       Fault = "neither the policy nor the resource's metadata names the scope"
	MisspelledKeyword  Fault = "the policy asks for a scope that looks like a misspelled keyword"

	// Of introspection.

	NoIntrospectionEndpoint   Fault = "no introspection endpoint is given, and none can be discovered"
	NoClientCredentials       Fault = "introspection must be authenticated, and the credentials are missing (RFC 7662 §2.1)"
	InvalidClient             Fault = "the client identifier is empty"
	InvalidClientKey          Fault = "the key cannot sign client assertions"
	InvalidAuthMethod         Fault = "the client authentication method is unknown or does not match the credentials"
	InvalidIntrospectedTokens Fault = "the tokens to introspect are not opaque, all or empty"
	InvalidCacheTTL           Fault = "the time to remember answers is negative or over one hour"

	// Of bound tokens.

	InvalidNonceKey        Fault = "the key for nonces is shorter than 32 bytes"
	InvalidProofLifetime   Fault = "the lifetime of DPoP proofs is negative or over five minutes"
	InvalidReplayCacheSize Fault = "the size of the replay cache is negative or too large"
	IncompleteForwarding   Fault = "a forwarded certificate needs both the header and the proxies that are trusted to set it"
	InvalidProxyNetwork    Fault = "the network of trusted proxies is not valid or holds every address"
	NonceKeyNotShared      Fault = "nonces are required and made with a random key of this process: with several replicas each refuses the nonces of the others, so give all the same NonceKey"

	// Of clients.

	InvalidServerURL       Fault = "the server URL is not an absolute https URL (http on loopback) such as https://mcp.example.com/mcp, without userinfo and fragment"
	InvalidEndpoint        Fault = "the endpoint is not an https URL (http on loopback)"
	InvalidClientID        Fault = "the client identifier is empty or not printable ASCII"
	ConflictingSecrets     Fault = "a client authenticates by a secret or by a key, not by both"
	InvalidMetadataURL     Fault = "the client ID metadata document's URL is not an https URL with a path (no dot segments, fragment or userinfo)"
	InvalidRedirectURI     Fault = "the redirect URI is neither https nor http on a loopback host, or has a fragment or userinfo (OAuth 2.1 §1.5)"
	RedirectNotLoopback    Fault = "nothing can listen at a redirect URI that is not http on loopback: set Callback"
	ConflictingUI          Fault = "OpenURL and Callback exclude each other"
	InvalidDPoPMode        Fault = "the DPoP mode is unknown"
	InvalidLegacyDiscovery Fault = "the legacy discovery is unknown"
	ReservedParameter      Fault = "the parameter is one that the client itself sets"
	NoCredentials          Fault = "the grant needs credentials that were registered beforehand"
	NoAssertion            Fault = "the grant needs a source of assertions"
	NoSubjectToken         Fault = "the grant needs a source of subject tokens"
	NoDirectory            Fault = "the store needs a directory"
	InvalidKeyKind         Fault = "the kind of key is not keyring, passphrase or empty"

	// Of the authorization server for development and tests.

	MissingValue         Fault = "a value is required"
	DuplicateValue       Fault = "the value is used twice"
	InvalidIndicator     Fault = "the resource is not an https URL (http on loopback) without userinfo and fragment (RFC 8707 §2)"
	ScopeNotSupported    Fault = "the scope is not one of Scopes"
	ResourceNotSupported Fault = "the resource is not one of Resources"
	UnsupportedGrantType Fault = "the grant type is not supported"
	InvalidLifetime      Fault = "the lifetime is shorter than a second"
)
