package check

import (
	"slices"

	"github.com/mcp-auth/go/metadata"
)

// The codes of [AuthorizationServer], beside those of
// [metadata.AuthorizationServer.Validate].
const (
	InsecureTarget              Code = "insecure_target"
	Unreachable                 Code = "unreachable"
	AddressBlocked              Code = "address_blocked"
	TLSFailed                   Code = "tls_failed"
	TLSTrusted                  Code = "tls_trusted"
	CertificateExpiring         Code = "certificate_expiring"
	ClockAgrees                 Code = "clock_agrees"
	ClockOff                    Code = "clock_off"
	MetadataFound               Code = "metadata_found"
	MetadataNotFound            Code = "metadata_not_found"
	MetadataUnavailable         Code = "metadata_unavailable"
	MetadataMalformed           Code = "metadata_malformed"
	MetadataRedirected          Code = "metadata_redirected"
	MetadataContentType         Code = "metadata_content_type"
	MetadataWithoutCORS         Code = "metadata_without_cors"
	MetadataNotCacheable        Code = "metadata_not_cacheable"
	OAuthMetadataMissing        Code = "oauth_metadata_missing"
	DocumentsAgree              Code = "documents_agree"
	DocumentsDiffer             Code = "documents_differ"
	IssuerIdentical             Code = "issuer_identical"
	IssuerMismatch              Code = "issuer_mismatch"
	EndpointsElsewhere          Code = "endpoints_elsewhere"
	EndpointUnreachable         Code = "endpoint_unreachable"
	PlainPKCE                   Code = "plain_pkce"
	RefreshTokenSupported       Code = "refresh_token_supported"
	RefreshTokenNotAdvertised   Code = "refresh_token_not_advertised"
	PublicClientsSupported      Code = "public_clients_supported"
	PublicClientsNotAdvertised  Code = "public_clients_not_advertised"
	PushedRequestsRequired      Code = "pushed_requests_required"
	ClientDocumentsNotSupported Code = "client_id_metadata_document_not_supported"
	ResourceIndicatorsClaimed   Code = "resource_indicators_claimed"
	ResourceIndicatorsUnknown   Code = "resource_indicators_unknown"
	ScopesNotAdvertised         Code = "scopes_not_advertised"
	OfflineAccessSupported      Code = "offline_access_supported"
	OfflineAccessNotSupported   Code = "offline_access_not_supported"
	DPoPSupported               Code = "dpop_supported"
	DPoPNotSupported            Code = "dpop_not_supported"
	DPoPAlgorithmsUnfit         Code = "dpop_algorithms_unfit"
	IntrospectionSupported      Code = "introspection_supported"
	IntrospectionNotAdvertised  Code = "introspection_not_advertised"
	IntrospectionMethodsUnknown Code = "introspection_methods_unknown"
	IntrospectionOpen           Code = "introspection_open"
	RevocationSupported         Code = "revocation_supported"
	RevocationNotAdvertised     Code = "revocation_not_advertised"
	KeysUsable                  Code = "keys_usable"
	NoUsableKey                 Code = "no_usable_key"
	KeysUnavailable             Code = "keys_unavailable"
	KeysMalformed               Code = "keys_malformed"
	KeysContentType             Code = "keys_content_type"
	KeysWithoutCORS             Code = "keys_without_cors"
	KeysNotCacheable            Code = "keys_not_cacheable"
	KeysCachedTooLong           Code = "keys_cached_too_long"
	KeyWeak                     Code = "key_weak"
	KeyMalformed                Code = "key_malformed"
	KeyUnknown                  Code = "key_unknown"
	KeyForOtherUse              Code = "key_for_other_use"
	KeyIDDuplicate              Code = "key_id_duplicate"
	KeyIDMissing                Code = "key_id_missing"
	KeyAlgorithmMissing         Code = "key_algorithm_missing"
	PrivateKeyPublished         Code = "private_key_published"
	SymmetricKeyPublished       Code = "symmetric_key_published"
	AlgorithmsWithoutKey        Code = "algorithms_without_key"
	BrowsersAllowed             Code = "browsers_allowed"
	TokenEndpointWithoutCORS    Code = "token_endpoint_without_cors"
	RegistrationWithoutCORS     Code = "registration_without_cors"
)

// What rows say in common.
const (
	issuerDiscovery = "MCP authorization, authorization server metadata discovery"
	mcpPKCE         = "MCP authorization, authorization code protection; OAuth 2.1 §4.1"
	fetchStandard   = "Fetch Standard, CORS protocol"
	browserClients  = "Clients that run in a web page, such as the MCP Inspector's direct connection, cannot go on. Others do not notice."
	asksAgain       = "Each verifier decides by itself how long it keeps them, or asks again each time. Package mcpauth keeps them for some minutes at least."
)

func authorizationServerRules() []rule {
	return slices.Concat(
		reachRules(), metadataRules(), validationRules(), capabilityRules(), keyRules(), corsRules())
}

// reachRules are on the connection and the server as a whole.
func reachRules() []rule {
	return []rule{
		{code: InsecureTarget, severity: metadata.Error, requirement: "OAuth 2.1 §1.5; RFC 8414 §2",
			meaning: "Tokens and codes can be read and changed on their way. Clients refuse such a server; nothing was sent to it.",
			fix:     "Serve it over https. Plain http is for loopback hosts only."},
		{code: Unreachable, severity: metadata.Error, requirement: "RFC 8414 §3",
			meaning: "No client can log in, and resource servers cannot verify tokens once what they have cached is too old.",
			fix:     "Make sure that the server runs and that name, port and path are right. A server in a private network may need --allow-network."},
		{code: AddressBlocked, severity: metadata.Error, requirement: "MCP security best practices, server-side request forgery",
			meaning: "The name leads to a private or otherwise special address, which is not fetched from unless it is allowed. Clients that guard against request forgery refuse it as well.",
			fix:     "If the server is meant to be in a private network, allow that network (--allow-network); otherwise correct the name's address."},
		{code: TLSFailed, severity: metadata.Error, requirement: "OAuth 2.1 §1.5; RFC 8414 §6.1",
			meaning: "The server cannot show that it is who its name says. Clients refuse the connection.",
			fix:     "Install a certificate that is valid for the host, with its whole chain. For a private certificate authority, name its certificates (--ca-file)."},
		{code: TLSTrusted, severity: metadata.Success, requirement: "OAuth 2.1 §1.5"},
		{code: CertificateExpiring, severity: metadata.Warning, requirement: "OAuth 2.1 §1.5",
			meaning: "When it ends, every client and every resource server refuses the connection at once.",
			fix:     "Renew it, and see why that was not done by itself."},
		{code: ClockAgrees, severity: metadata.Success, requirement: "RFC 7519 §4.1.4"},
		{code: ClockOff, severity: metadata.Warning, requirement: "RFC 7519 §4.1.4 and §4.1.5; RFC 9449 §4.3",
			meaning: "Tokens seem expired too early, or not valid yet: resource servers tolerate seconds, package mcpauth a minute at the very most. Client assertions and DPoP proofs are refused likewise.",
			fix:     "Synchronize the clocks of both machines (NTP). Do not widen the leeway."},
	}
}

// metadataRules are on finding the metadata document.
func metadataRules() []rule {
	return []rule{
		{code: MetadataFound, severity: metadata.Success, requirement: issuerDiscovery},
		{code: MetadataNotFound, severity: metadata.Error, requirement: issuerDiscovery + "; RFC 8414 §3",
			meaning: "Clients cannot find the endpoints. Those of MCP 2025-03-26 may guess at /authorize, /token and /register; newer ones stop.",
			fix:     "Serve the document of RFC 8414 or of OpenID Connect Discovery at one of the places above. Make sure that the issuer is right: for an issuer with a path, RFC 8414 inserts the well-known path before it. If this is the URL of an MCP server, check it with --server."},
		{code: MetadataUnavailable, severity: metadata.Error, requirement: "RFC 8414 §3.2",
			meaning: "Clients do not know whether there is a document. Some stop at a status of 5xx instead of trying the next place.",
			fix:     "See the server's logs. A place without a document must answer with 404."},
		{code: MetadataMalformed, severity: metadata.Error, requirement: "RFC 8414 §3.2",
			meaning: "Clients take the first answer with status 200 for the document, and fail on reading it.",
			fix:     "Answer with a JSON object that has issuer, and with 404 where there is no document. A web application that answers every path with its page must leave out /.well-known/."},
		{code: MetadataRedirected, severity: metadata.Warning, requirement: "RFC 8414 §3.2",
			meaning: "Clients that follow no redirects, or none to another origin, find no document.",
			fix:     "Serve the document where it is asked for."},
		{code: MetadataContentType, severity: metadata.Warning, requirement: "RFC 8414 §3.2",
			meaning: "Clients that look at the type of the answer refuse it.",
			fix:     "Send Content-Type: application/json."},
		{code: MetadataWithoutCORS, severity: metadata.Warning, requirement: fetchStandard,
			meaning: browserClients,
			fix:     "Send Access-Control-Allow-Origin: * with the metadata. They are public."},
		{code: MetadataNotCacheable, severity: Info, requirement: "RFC 9111 §5.2; RFC 8414 §3.2",
			meaning: asksAgain,
			fix:     "Send Cache-Control: public, max-age=300 or the like."},
		{code: OAuthMetadataMissing, severity: Info, requirement: "MCP authorization 2025-06-18; RFC 8414 §3",
			meaning: "Clients of MCP 2025-11-25 and later look in both places. Older ones know the place of RFC 8414 alone and find nothing.",
			fix:     "Serve the same document at " + oauthWellKnown + ", inserted before the issuer's path."},
		{code: DocumentsAgree, severity: metadata.Success, requirement: "RFC 8414 §5"},
		{code: DocumentsDiffer, severity: metadata.Warning, requirement: "RFC 8414 §5",
			meaning: "What a client finds depends on where it looks first: MCP clients at RFC 8414's place, OpenID Connect libraries at the other.",
			fix:     "Give these members the same values in both documents, at best by serving one document at both places."},
		{code: IssuerIdentical, severity: metadata.Success, requirement: "RFC 8414 §3.3; OpenID Connect Discovery §4.3"},
		{code: IssuerMismatch, severity: metadata.Error, requirement: "RFC 8414 §3.3; OpenID Connect Discovery §4.3",
			meaning: "Clients compare byte for byte and refuse the document, as a defence against mix-up attacks. Tokens usually carry the document's issuer, and are refused by servers that expect the other.",
			fix:     "Where the server is right, write its issuer exactly so in authorization_servers and in the configuration of the resource server; otherwise correct the issuer at the authorization server."},
	}
}

// validationRules are on what package metadata finds.
func validationRules() []rule {
	return []rule{
		{code: Code(metadata.IssuerValid), severity: metadata.Success, requirement: "RFC 8414 §2"},
		{code: Code(metadata.IssuerInvalid), severity: metadata.Error, requirement: "RFC 8414 §2",
			meaning: "No client and no resource server can name this server.",
			fix:     "Give it an https URL without query and fragment as issuer."},
		{code: Code(metadata.AuthorizationEndpointMissing), severity: metadata.Error, requirement: "RFC 8414 §2",
			meaning: "No client can send a user to log in.",
			fix:     "Add authorization_endpoint to the metadata."},
		{code: Code(metadata.TokenEndpointMissing), severity: metadata.Error, requirement: "RFC 8414 §2",
			meaning: "No client can get a token.",
			fix:     "Add token_endpoint to the metadata."},
		{code: Code(metadata.EndpointInvalid), severity: metadata.Error, requirement: "OAuth 2.1 §1.5; RFC 8414 §2",
			meaning: "Codes, tokens and secrets would go in the clear, or to a service on the user's own machine. Clients, and package mcpauth, refuse the whole document for it.",
			fix:     "Name the endpoint by an https URL. Behind a proxy that ends TLS, tell the server its public address."},
		{code: Code(metadata.MemberOfWrongType), severity: metadata.Warning, requirement: "RFC 8414 §2",
			meaning: "Clients ignore the member, or fail on reading the document.",
			fix:     "Write it in the type that its definition asks for: a list where several values are possible, true without quotes."},
		{code: Code(metadata.CodeResponseTypeSupported), severity: metadata.Success, requirement: "OAuth 2.1 §4.1"},
		{code: Code(metadata.CodeResponseTypeNotSupported), severity: metadata.Error, requirement: "OAuth 2.1 §4.1; RFC 8414 §2",
			meaning: "MCP clients use the authorization code flow, and no other with users.",
			fix:     "Add code to response_types_supported."},
		{code: Code(metadata.AuthorizationCodeGrantSupported), severity: metadata.Success, requirement: "OAuth 2.1 §4.1"},
		{code: Code(metadata.AuthorizationCodeGrantUnsupported), severity: metadata.Error, requirement: "OAuth 2.1 §4.1",
			meaning: "MCP clients use the authorization code flow, and no other with users.",
			fix:     "Enable the grant, and add authorization_code to grant_types_supported."},
		{code: Code(metadata.PKCESupported), severity: metadata.Success, requirement: mcpPKCE},
		{code: Code(metadata.PKCENotAdvertised), severity: metadata.Error, requirement: mcpPKCE,
			meaning: "Clients must refuse to go on, even if the server does support PKCE. Some go on nevertheless. Tokens can be verified all the same.",
			fix:     `Add "code_challenge_methods_supported": ["S256"] to the metadata. Where the server cannot be changed, publish corrected metadata in front of it.`},
		{code: Code(metadata.S256Supported), severity: metadata.Success, requirement: mcpPKCE},
		{code: Code(metadata.S256NotSupported), severity: metadata.Error, requirement: mcpPKCE,
			meaning: "MCP clients use S256 and no other method.",
			fix:     "Enable S256, and add it to code_challenge_methods_supported."},
		{code: Code(metadata.DynamicRegistrationSupported), severity: metadata.Success, requirement: "RFC 7591"},
		{code: Code(metadata.ClientIDMetadataDocumentSupported), severity: metadata.Success, requirement: "OAuth Client ID Metadata Document"},
		{code: Code(metadata.RegistrationNotSupported), severity: metadata.Warning, requirement: "MCP authorization, client registration approaches",
			meaning: "Clients must be registered by hand, and their users must be told the client id. Clients without a field for one cannot connect.",
			fix:     "Enable client ID metadata documents, or dynamic registration (RFC 7591)."},
		{code: Code(metadata.IssParameterSupported), severity: metadata.Success, requirement: "RFC 9207"},
		{code: Code(metadata.IssParameterNotSupported), severity: metadata.Warning, requirement: "RFC 9207 §2; RFC 9700 §2.1",
			meaning: "A client that talks to several authorization servers, as every MCP client may, cannot tell which one an answer is from (mix-up attack).",
			fix:     "Send iss with each authorization response, and set authorization_response_iss_parameter_supported."},
		{code: Code(metadata.JWKSURIPresent), severity: metadata.Success, requirement: "RFC 8414 §2"},
		{code: Code(metadata.JWKSURIMissing), severity: metadata.Error, requirement: "RFC 8414 §2; RFC 9068 §4",
			meaning: "Resource servers have no keys to verify tokens with. With an introspection endpoint they can ask for each token instead.",
			fix:     "Publish the keys at jwks_uri, or configure introspection at the resource server."},
	}
}

// capabilityRules are on what else the document says.
func capabilityRules() []rule {
	return []rule{
		{code: EndpointsElsewhere, severity: Info, requirement: "RFC 8414 §2",
			meaning: "That is allowed and usual at some providers. Firewalls and content security policies must let all of the hosts pass.",
			fix:     "Nothing, if these hosts are the server's."},
		{code: EndpointUnreachable, severity: metadata.Warning, requirement: "RFC 8414 §2",
			meaning: "Clients that use the endpoint fail, if it is not only this machine that cannot reach it.",
			fix:     "Make sure that the URL in the metadata is right and reachable from where clients run."},
		{code: PlainPKCE, severity: metadata.Warning, requirement: "RFC 9700 §2.1.1; OAuth 2.1 §4.1.1",
			meaning: "MCP clients use S256. With plain, anybody who reads the authorization request can redeem the code, and an attacker can make a client use it.",
			fix:     "Switch plain off."},
		{code: RefreshTokenSupported, severity: metadata.Success, requirement: "OAuth 2.1 §4.3"},
		{code: RefreshTokenNotAdvertised, severity: metadata.Warning, requirement: "OAuth 2.1 §4.3; MCP authorization, refresh tokens",
			meaning: "Users log in anew each time an access token expires. Clients that look at the metadata do not ask for refresh tokens.",
			fix:     "Enable refresh tokens with rotation, and list refresh_token in grant_types_supported."},
		{code: PublicClientsSupported, severity: metadata.Success, requirement: "OAuth 2.1 §2.4"},
		{code: PublicClientsNotAdvertised, severity: metadata.Warning, requirement: "OAuth 2.1 §2.4; RFC 8414 §2",
			meaning: "Most MCP clients run on users' machines, keep no secret and register with token_endpoint_auth_method none. They may be refused, or be given a secret that they cannot keep.",
			fix:     "Allow public clients with PKCE, and list none in token_endpoint_auth_methods_supported."},
		{code: PushedRequestsRequired, severity: metadata.Warning, requirement: "RFC 9126 §5",
			meaning: "MCP does not ask clients to push authorization requests, and most do not: they are refused.",
			fix:     "Do not demand it, of MCP clients at least."},
		{code: ClientDocumentsNotSupported, severity: Info, requirement: "MCP authorization, client ID metadata documents (SHOULD)",
			meaning: "Each installation of a client registers by itself, and the registrations add up. Clients fall back to dynamic registration.",
			fix:     "Enable client ID metadata documents, if the server can."},
		{code: ResourceIndicatorsClaimed, severity: metadata.Success, requirement: "RFC 8707"},
		{code: ResourceIndicatorsUnknown, severity: Info, requirement: "RFC 8707 §2; MCP authorization, resource parameter",
			meaning: "MCP clients send resource, so that the token is for this MCP server alone. There is no metadata member to tell whether the server heeds it; some ignore it, and a few refuse it.",
			fix:     "Get a token with resource set to the MCP server's URL and look at its aud: it must be that URL. Otherwise configure at the server, or accept at the resource server, an audience that no other service uses."},
		{code: ScopesNotAdvertised, severity: Info, requirement: "RFC 8414 §2 (RECOMMENDED)",
			meaning: "Clients take scopes from the MCP server's challenge and metadata, and cannot know whether offline_access may be asked for.",
			fix:     "List the scopes in scopes_supported."},
		{code: OfflineAccessSupported, severity: metadata.Success, requirement: "MCP authorization, refresh tokens"},
		{code: OfflineAccessNotSupported, severity: Info, requirement: "MCP authorization, refresh tokens",
			meaning: "Clients do not ask for offline_access. That matters only where refresh tokens are not given without it.",
			fix:     "If refresh tokens depend on offline_access, list it in scopes_supported."},
		{code: DPoPSupported, severity: metadata.Success, requirement: "RFC 9449 §5.1"},
		{code: DPoPNotSupported, severity: Info, requirement: "RFC 9449 §5.1",
			meaning: "Tokens are bearer tokens: anybody who has one can use it. A resource server that requires DPoP cannot be used.",
			fix:     "Enable DPoP, if the server can."},
		{code: DPoPAlgorithmsUnfit, severity: metadata.Warning, requirement: "RFC 9449 §4.2 and §5.1",
			meaning: "Proofs are signed with asymmetric algorithms only. Clients with no algorithm in common use no DPoP, or fail.",
			fix:     "List asymmetric algorithms alone, ES256 among them."},
		{code: IntrospectionSupported, severity: metadata.Success, requirement: "RFC 7662"},
		{code: IntrospectionNotAdvertised, severity: Info, requirement: "RFC 7662",
			meaning: "Access tokens must be JWTs. One that is revoked is accepted until it expires.",
			fix:     "Nothing, if access tokens are short-lived JWTs."},
		{code: IntrospectionMethodsUnknown, severity: Info, requirement: "RFC 8414 §2",
			meaning: "A resource server's configuration must say how to authenticate. Package mcpauth uses client_secret_basic, or private_key_jwt with a key.",
			fix:     "Add introspection_endpoint_auth_methods_supported."},
		{code: IntrospectionOpen, severity: metadata.Warning, requirement: "RFC 7662 §2.1 and §4",
			meaning: "Whoever finds a token, or guesses at one, learns from the endpoint whether it is good and whose it is.",
			fix:     "Demand authentication, and take none out of introspection_endpoint_auth_methods_supported."},
		{code: RevocationSupported, severity: metadata.Success, requirement: "RFC 7009"},
		{code: RevocationNotAdvertised, severity: Info, requirement: "RFC 7009",
			meaning: "A client that logs out can only forget its tokens; they stay valid until they expire.",
			fix:     "Enable revocation, if the server can."},
	}
}

// keyRules are on the JWK Set.
func keyRules() []rule {
	return []rule{
		{code: KeysUsable, severity: metadata.Success, requirement: "RFC 7517 §5"},
		{code: NoUsableKey, severity: metadata.Error, requirement: "RFC 7517 §5; RFC 9068 §4",
			meaning: "Every token is refused.",
			fix:     "Publish the public key that tokens are signed with: RSA of 2048 bits or more, P-256, P-384, P-521 or Ed25519."},
		{code: KeysUnavailable, severity: metadata.Error, requirement: "RFC 8414 §2",
			meaning: "Resource servers refuse or postpone every request once what they have cached is too old, and at once after a start.",
			fix:     "Make sure that jwks_uri is right and answers with status 200 to anyone."},
		{code: KeysMalformed, severity: metadata.Error, requirement: "RFC 7517 §5",
			meaning: "Resource servers cannot verify tokens.",
			fix:     `Answer with a JSON object that has an array "keys", with at most 100 of them and 1 MiB in all.`},
		{code: KeysContentType, severity: Info, requirement: "RFC 7517 §8.5",
			meaning: "Most verifiers do not look at the type.",
			fix:     "Send Content-Type: application/jwk-set+json, or application/json."},
		{code: KeysWithoutCORS, severity: Info, requirement: fetchStandard,
			meaning: "It matters to web pages that verify ID tokens themselves, which MCP clients seldom do.",
			fix:     "Send Access-Control-Allow-Origin: * with the keys. They are public."},
		{code: KeysNotCacheable, severity: Info, requirement: "RFC 9111 §5.2",
			meaning: asksAgain,
			fix:     "Send Cache-Control: public, max-age=300 or the like."},
		{code: KeysCachedTooLong, severity: metadata.Warning, requirement: "RFC 9111 §5.2; RFC 7517 §4.5",
			meaning: "A key that was withdrawn stays trusted, and a new one unknown, for as long as that. Package mcpauth keeps keys for a day at most.",
			fix:     "Let them be kept for minutes or hours, and publish a new key that long before it is used."},
		{code: KeyWeak, severity: metadata.Error, requirement: "RFC 7518 §3.3; RFC 8725 §3.5",
			meaning: "The key can be broken, and then anyone can make tokens. Verifiers refuse it, package mcpauth among them.",
			fix:     "Replace it by an RSA key of 2048 bits or more, or by one on P-256."},
		{code: KeyMalformed, severity: metadata.Warning, requirement: "RFC 7517 §5; RFC 7518 §6",
			meaning: "Strict verifiers skip the key, and some refuse the whole set for it. Tokens that are signed with it are refused.",
			fix:     "Correct the key or take it out of the set."},
		{code: KeyUnknown, severity: Info, requirement: "RFC 7517 §5",
			meaning: "Package mcpauth skips it. Some verifiers refuse the whole set for such a key. Tokens that are signed with it are refused.",
			fix:     "Nothing, if access tokens are signed with another key of the set."},
		{code: KeyForOtherUse, severity: Info, requirement: "RFC 7517 §4.2 and §4.3",
			meaning: "It is not used to verify tokens.",
			fix:     "Nothing, if access tokens are signed with another key of the set."},
		{code: KeyIDDuplicate, severity: metadata.Warning, requirement: "RFC 7517 §4.5",
			meaning: "A verifier that takes the first key with a token's kid refuses good tokens. Package mcpauth tries up to four.",
			fix:     "Give each key a kid of its own, such as its thumbprint (RFC 7638), and a new one with each rotation."},
		{code: KeyIDMissing, severity: metadata.Warning, requirement: "RFC 7517 §4.5",
			meaning: "Verifiers cannot know which key a token is signed with. Some try one only, and none notices that a key is new.",
			fix:     "Give each key a kid, and name it in the header of each token."},
		{code: KeyAlgorithmMissing, severity: Info, requirement: "RFC 7517 §4.4 (OPTIONAL)",
			meaning: "Verifiers go by the key's type. Some that insist on alg refuse every token.",
			fix:     "Add alg to the keys. At the resource server, list the algorithms that the server uses."},
		{code: PrivateKeyPublished, severity: metadata.Error, requirement: "RFC 7517 §9.2; RFC 8725 §3.5",
			meaning: "Anyone can make tokens that every resource server accepts. Package mcpauth does not use such a key.",
			fix:     "Replace the key at once, distrust all tokens signed with it, and publish public members only."},
		{code: SymmetricKeyPublished, severity: metadata.Error, requirement: "RFC 7517 §9.2; RFC 8725 §3.5",
			meaning: "Anyone can make tokens that verifiers with HS256 accept. Package mcpauth never accepts it.",
			fix:     "Replace the key at once, and sign with an asymmetric one."},
		{code: AlgorithmsWithoutKey, severity: metadata.Warning, requirement: "OpenID Connect Discovery §3",
			meaning: "Tokens are probably signed with a key that is not published, and are then refused.",
			fix:     "Make sure that jwks_uri names the keys in use, and that both lists are current."},
	}
}

// corsRules are on endpoints that browser clients post to.
func corsRules() []rule {
	return []rule{
		{code: BrowsersAllowed, severity: metadata.Success, requirement: fetchStandard},
		{code: TokenEndpointWithoutCORS, severity: metadata.Warning, requirement: fetchStandard,
			meaning: browserClients + " A server may allow only the origins of clients that it knows: this asked as one that it cannot know.",
			fix:     "Answer preflights without credentials, with Access-Control-Allow-Origin: * or the client's origin, and send that with the answer to the POST as well."},
		{code: RegistrationWithoutCORS, severity: metadata.Warning, requirement: fetchStandard,
			meaning: browserClients,
			fix:     "Answer preflights without credentials, with Access-Control-Allow-Origin: *, and send that with the answer to the POST as well."},
	}
}
