package check

import (
	"slices"

	"github.com/mcp-auth/go/metadata"
)

// The codes of [Server], beside those of [metadata.ProtectedResource.Validate].
const (
	ServerProtected              Code = "server_protected"
	ServerMethodsAlike           Code = "server_methods_alike"
	ServerUnreachable            Code = "server_unreachable"
	ServerOnLoopback             Code = "server_on_loopback"
	ServerTimeUp                 Code = "server_time_up"
	ServerOpen                   Code = "server_open"
	ServerRefusalAsSuccess       Code = "server_refusal_as_success"
	ServerNotMCP                 Code = "server_not_mcp"
	ServerRedirects              Code = "server_redirects"
	ServerForbidden              Code = "server_forbidden"
	ServerNotFound               Code = "server_not_found"
	ServerPostNotAllowed         Code = "server_post_not_allowed"
	ServerRequestRefused         Code = "server_request_refused"
	ServerFailure                Code = "server_failure"
	ServerMethodOpen             Code = "server_method_open"
	ServerMethodNotOffered       Code = "server_method_not_offered"
	ServerMethodDiffers          Code = "server_method_differs"
	ChallengeReadable            Code = "challenge_readable"
	ChallengeMissing             Code = "challenge_missing"
	ChallengeWithoutScheme       Code = "challenge_without_scheme"
	ChallengeMalformed           Code = "challenge_malformed"
	ChallengeNotBearer           Code = "challenge_not_bearer"
	ChallengeErrorWithoutToken   Code = "challenge_error_without_token"
	ChallengeOfflineAccess       Code = "challenge_offline_access"
	ChallengeScopeMissing        Code = "challenge_scope_missing"
	ScopesNotNamed               Code = "scopes_not_named"
	ChallengeDiffers             Code = "challenge_differs"
	ResourceMetadataNotLinked    Code = "resource_metadata_not_linked"
	ResourceMetadataRelative     Code = "resource_metadata_relative"
	ResourceMetadataInsecure     Code = "resource_metadata_insecure"
	ResourceMetadataElsewhere    Code = "resource_metadata_elsewhere"
	ResourceMetadataFound        Code = "resource_metadata_found"
	ResourceMetadataMissing      Code = "resource_metadata_missing"
	ResourceMetadataUnreachable  Code = "resource_metadata_unreachable"
	ResourceMetadataNotAtPath    Code = "resource_metadata_not_at_path"
	ResourceMetadataNotAtRoot    Code = "resource_metadata_not_at_root"
	ResourceMetadataMalformed    Code = "resource_metadata_malformed"
	ResourceMetadataContentType  Code = "resource_metadata_content_type"
	ResourceMetadataRedirects    Code = "resource_metadata_redirects"
	ResourceMetadataNoCORS       Code = "resource_metadata_no_cors"
	ResourceMetadataCachedLong   Code = "resource_metadata_cached_long"
	ResourceMetadataDiffers      Code = "resource_metadata_differs"
	ResourceMetadataOfAnother    Code = "resource_metadata_of_another"
	AuthorizationServersUnusable Code = "authorization_servers_unusable"
	SignedMetadata               Code = "signed_metadata"
	LegacyMetadata               Code = "legacy_metadata"
	AuthorizationServersMany     Code = "authorization_servers_many"
	ResourceEqual                Code = "resource_equal"
	ResourceSpeltOtherwise       Code = "resource_spelt_otherwise"
	ResourceRootSlash            Code = "resource_root_slash"
	ResourceSlash                Code = "resource_slash"
	ResourceAbove                Code = "resource_above"
	ResourceDiffers              Code = "resource_differs"
	CORSOpen                     Code = "cors_open"
	OriginRefused                Code = "origin_refused"
	CORSPreflightRefused         Code = "cors_preflight_refused"
	CORSMissing                  Code = "cors_missing"
	CORSHeadersDenied            Code = "cors_headers_denied"
	CORSOriginRefused            Code = "cors_origin_refused"
	CORSRefusalUnreadable        Code = "cors_refusal_unreadable"
	CORSChallengeHidden          Code = "cors_challenge_hidden"
	CORSVaryMissing              Code = "cors_vary_missing"
	OriginAdmitted               Code = "origin_admitted"
	OriginNotRefusedFirst        Code = "origin_not_refused_first"
	TokenAccepted                Code = "token_accepted"
	TokenForgeriesRefused        Code = "token_forgeries_refused"
	TokenInQueryRefused          Code = "token_in_query_refused"
	TokenNotGiven                Code = "token_not_given"
	TokenRefused                 Code = "token_refused"
	TokenSchemeCase              Code = "token_scheme_case"
	TokenWordAccepted            Code = "token_word_accepted"
	TokenUnsignedAccepted        Code = "token_unsigned_accepted"
	TokenOfUnknownKeyAccepted    Code = "token_of_unknown_key_accepted"
	TokenAlteredAccepted         Code = "token_altered_accepted"
	TokenWrongAudienceAccepted   Code = "token_wrong_audience_accepted"
	TokenRefusalCode             Code = "token_refusal_code"
	TokenRefusalStatus           Code = "token_refusal_status"
	TokenRefusalFailure          Code = "token_refusal_failure"
	TokenNotDecided              Code = "token_not_decided"
	TokenRefusalWithoutChallenge Code = "token_refusal_without_challenge"
	TokenRefusalWithoutMetadata  Code = "token_refusal_without_metadata"
	TokenInQueryAccepted         Code = "token_in_query_accepted"
	TokenInQueryRead             Code = "token_in_query_read"
	MessageMismatchRefused       Code = "message_mismatch_refused"
	ModernNotSpoken              Code = "modern_not_spoken"
	MessageMismatchAccepted      Code = "message_mismatch_accepted"
	MessageMismatchCode          Code = "message_mismatch_code"
	MessageFailure               Code = "message_failure"
	MessageBrokenAccepted        Code = "message_broken_accepted"
	MessageBatchAccepted         Code = "message_batch_accepted"
	LeakToken                    Code = "leak_token"
	LeakTrace                    Code = "leak_trace"
	LeakPath                     Code = "leak_path"
	LeakLibrary                  Code = "leak_library"
	RefusalCacheable             Code = "refusal_cacheable"
)

// serverRules lists the rules of [Server].
func serverRules() []rule {
	return slices.Concat(admissionRules(), challengeRules(), documentRules(), resourceValidationRules(), identifierRules(), pageRules(), tokenRules(), messageRules(), leakRules())
}

const (
	mcpErrors    = "MCP authorization, Error Handling"
	mcpDiscovery = "MCP authorization, Protected Resource Metadata Discovery"
	mcpTransport = "MCP Streamable HTTP"
)

func admissionRules() []rule {
	return []rule{
		{code: ServerProtected, severity: metadata.Success, requirement: mcpErrors},
		{code: ServerMethodsAlike, severity: metadata.Success, requirement: mcpErrors},
		{
			code: ServerUnreachable, severity: metadata.Error, requirement: mcpTransport,
			meaning: "No client gets an answer, from here at least.",
			fix:     "Make sure that the server runs, that its name resolves, and that nothing in between closes the connection. To check one in a private network, allow that network.",
		}, {
			code: ServerOnLoopback, severity: Info, requirement: "MCP authorization, Communication Security",
			meaning: "Clients that run elsewhere do not reach it, whatever they find. Plain http is right here.",
			fix:     "To try it with such clients, publish it by a tunnel, with its public URL as the resource identifier.",
		}, {
			code: ServerTimeUp, severity: metadata.Warning, requirement: mcpTransport,
			meaning: "The server, or what it depends on, is slow. Clients do not wait that long.",
			fix:     "Find out which of the requests above took so long.",
		}, {
			code: ServerOpen, severity: metadata.Warning, requirement: mcpErrors,
			meaning: "Whoever finds the server can open a session. Clients see no reason to log in, even if single tools ask for a token later.",
			fix:     "If the server is meant to be public, nothing. If not, refuse requests without a token with 401 before they reach the MCP server.",
		}, {
			code: ServerRefusalAsSuccess, severity: metadata.Error, requirement: mcpErrors + "; RFC 6750 §3.1",
			meaning: "Clients begin to log in on the status 401 only. They take this for a server that does not work.",
			fix:     "Refuse with status 401 and a challenge in WWW-Authenticate, outside the MCP server.",
		}, {
			code: ServerNotMCP, severity: metadata.Error, requirement: mcpTransport,
			meaning: "No client can work with this: it may be the page of a web site, or another path.",
			fix:     "Check the URL. It must be that of the MCP endpoint, which often ends in /mcp.",
		}, {
			code: ServerRedirects, severity: metadata.Error, requirement: "MCP authorization, Access Token Usage",
			meaning: "Clients do not follow with a POST, or follow without the token. A common reason is a slash at the end that is missing or too much.",
			fix:     "Give clients the URL that answers itself, or answer at both.",
		}, {
			code: ServerForbidden, severity: metadata.Error, requirement: mcpErrors + "; RFC 6750 §3.1",
			meaning: "Clients do not log in on 403: it says that a token would not help. Often a firewall or a gateway in front of the server says it.",
			fix:     "Answer requests without a token with 401 and a challenge, and let the gateway pass them.",
		}, {
			code: ServerNotFound, severity: metadata.Error, requirement: mcpTransport,
			meaning: "There is no MCP server at this URL. Some gateways route /mcp/* and forget /mcp.",
			fix:     "Check the URL, and the routes of whatever is in front of the server.",
		}, {
			code: ServerPostNotAllowed, severity: metadata.Error, requirement: mcpTransport,
			meaning: "The URL does not take messages. It may be that of a server with the old transport HTTP+SSE.",
			fix:     "Serve the Streamable HTTP transport, and check the URL.",
		}, {
			code: ServerRequestRefused, severity: metadata.Error, requirement: mcpErrors,
			meaning: "Clients begin to log in on the status 401 only.",
			fix:     "Look for the token before anything else in the request, and answer 401 if there is none.",
		}, {
			code: ServerFailure, severity: metadata.Error, requirement: mcpTransport,
			meaning: "The server is broken, or whatever is in front of it does not reach it.",
			fix:     "Look into the server's log.",
		}, {
			code: ServerMethodOpen, severity: metadata.Error, requirement: mcpErrors,
			meaning: "Part of the server is not protected: GET opens streams of what the server says, DELETE ends sessions.",
			fix:     "Protect the whole path, whatever the method.",
		}, {
			code: ServerMethodNotOffered, severity: Info, requirement: mcpTransport,
			meaning: "That is allowed for a server without such streams or sessions. A client that looks for a challenge with this method finds none.",
			fix:     "Nothing has to be done. To be found by such clients too, look for the token before the method.",
		}, {
			code: ServerMethodDiffers, severity: metadata.Warning, requirement: mcpErrors,
			meaning: "Clients whose token has expired while they open a stream or end a session do not learn it.",
			fix:     "Look for the token before the method, and answer 401 where there is none.",
		},
	}
}

func challengeRules() []rule {
	const form = "RFC 9110 §11.6.1"
	return []rule{
		{code: ChallengeReadable, severity: metadata.Success, requirement: "RFC 6750 §3"},
		{
			code: ChallengeMissing, severity: metadata.Error, requirement: "RFC 9110 §15.5.2; " + mcpDiscovery,
			meaning: "Clients have no pointer to where to log in. Some guess the well-known URLs, others give up.",
			fix:     "Send WWW-Authenticate: Bearer resource_metadata=\"…\" with the 401.",
		}, {
			code: ChallengeWithoutScheme, severity: metadata.Error, requirement: form,
			meaning: "The parameter is lost: what has no scheme is no challenge.",
			fix:     "Write all parameters into one header, behind the scheme: Bearer resource_metadata=\"…\", scope=\"…\".",
		}, {
			code: ChallengeMalformed, severity: metadata.Error, requirement: form,
			meaning: "Clients that parse the header see no challenge, or take one parameter for another. Those that search it for words may be lucky.",
			fix:     "Put values in double quotes, escape quotes and backslashes in them, separate parameters by commas, and use each once.",
		}, {
			code: ChallengeNotBearer, severity: metadata.Error, requirement: "RFC 6750 §3; MCP authorization, Access Token Usage",
			meaning: "MCP clients know the scheme Bearer. They do not see that they could log in.",
			fix:     "Send a challenge of the scheme Bearer, first if there are several.",
		}, {
			code: ChallengeErrorWithoutToken, severity: metadata.Warning, requirement: "RFC 6750 §3.1",
			meaning: "Clients may take it that a token of theirs was refused, and throw one away.",
			fix:     "Send no error parameter if the request carried no token.",
		}, {
			code: ChallengeOfflineAccess, severity: metadata.Warning, requirement: "MCP authorization, Refresh Tokens",
			meaning: "Whether a client needs a refresh token is for the client to say. Authorization servers that do not know the scope refuse the request.",
			fix:     "Leave offline_access out. Clients ask for it where the authorization server lists it.",
		}, {
			code: ChallengeScopeMissing, severity: metadata.Warning, requirement: "MCP authorization, Scope Selection Strategy",
			meaning: "Clients ask for all of scopes_supported, which is more than they need.",
			fix:     "Name in the challenge the scopes that a client needs to begin.",
		}, {
			code: ScopesNotNamed, severity: Info, requirement: "MCP authorization, Scope Selection Strategy",
			meaning: "Clients ask for no scope. That is right where the server needs none.",
			fix:     "If the server needs scopes, name them in the challenge and in scopes_supported.",
		}, {
			code: ChallengeDiffers, severity: metadata.Warning, requirement: mcpErrors,
			meaning: "What a client learns depends on the method that it happens to use first.",
			fix:     "Refuse each method by the same means.",
		}, {
			code: ResourceMetadataNotLinked, severity: metadata.Warning, requirement: "RFC 9728 §5.1; " + mcpDiscovery,
			meaning: "Clients have to guess the well-known URLs, and not all do.",
			fix:     "Add resource_metadata with the URL of the metadata to the challenge.",
		}, {
			code: ResourceMetadataRelative, severity: metadata.Error, requirement: "RFC 9728 §5.1",
			meaning: "Clients do not resolve it against the server's URL.",
			fix:     "Write the whole URL, with https and the public host.",
		}, {
			code: ResourceMetadataInsecure, severity: metadata.Error, requirement: "RFC 9728 §3; §7.1",
			meaning: "Clients do not fetch metadata over plain http, nor from this machine for a server elsewhere. Behind a proxy, the server often believes that it is called by http.",
			fix:     "Configure the public https URL of the server, and do not derive it from the request.",
		}, {
			code: ResourceMetadataElsewhere, severity: metadata.Warning, requirement: "RFC 9728 §7.3",
			meaning: "Careful clients ignore metadata of another origin and look at the well-known URLs.",
			fix:     "Serve the metadata at the origin of the MCP server.",
		},
	}
}

func documentRules() []rule {
	return []rule{
		{code: ResourceMetadataFound, severity: metadata.Success, requirement: mcpDiscovery},
		{
			code: ResourceMetadataMissing, severity: metadata.Error, requirement: mcpDiscovery + "; RFC 9728 §3",
			meaning: "Clients cannot find out where to get a token.",
			fix:     "Serve the document at /.well-known/oauth-protected-resource followed by the path of the server, without asking for a token.",
		}, {
			code: ResourceMetadataUnreachable, severity: metadata.Error, requirement: "RFC 9728 §5.1",
			meaning: "Clients that take the URL of the challenge at its word get no further. It may be an internal host, a doubled path, or behind the login itself.",
			fix:     "Serve the metadata at the URL that the challenge names, with status 200 and without a token.",
		}, {
			code: ResourceMetadataNotAtPath, severity: metadata.Warning, requirement: "RFC 9728 §3.1; " + mcpDiscovery,
			meaning: "Clients that have lost the challenge, or never saw it, look there first.",
			fix:     "Serve the same document there.",
		}, {
			code: ResourceMetadataNotAtRoot, severity: Info, requirement: mcpDiscovery,
			meaning: "Clients look there last. A host with several servers can have none.",
			fix:     "If this is the only MCP server of the host, serve the same document there.",
		}, {
			code: ResourceMetadataMalformed, severity: metadata.Error, requirement: "RFC 9728 §3.2",
			meaning: "Clients get no further.",
			fix:     "Serve a JSON object in UTF-8 whose member resource is a string, each member once. Answer 404 where there is no metadata.",
		}, {
			code: ResourceMetadataContentType, severity: metadata.Warning, requirement: "RFC 9728 §3.2",
			meaning: "Clients that look at the type do not read it.",
			fix:     "Send Content-Type: application/json.",
		}, {
			code: ResourceMetadataRedirects, severity: metadata.Warning, requirement: "RFC 9728 §3.2",
			meaning: "Clients that do not follow redirects, as a protection, find no metadata.",
			fix:     "Answer with status 200 at the URL itself.",
		}, {
			code: ResourceMetadataNoCORS, severity: metadata.Warning, requirement: "Fetch standard, CORS protocol",
			meaning: "Clients that are web pages cannot log in.",
			fix:     "Send Access-Control-Allow-Origin: *. The document is public.",
		}, {
			code: ResourceMetadataCachedLong, severity: metadata.Warning, requirement: "RFC 9728 §7.10",
			meaning: "After a change, such as a new authorization server, clients go on with the old document.",
			fix:     "Let it be kept for minutes or hours.",
		}, {
			code: ResourceMetadataDiffers, severity: metadata.Warning, requirement: "RFC 9728 §3",
			meaning: "Which one a client sees depends on where it looks first.",
			fix:     "Serve one document at all places.",
		}, {
			code: ResourceMetadataOfAnother, severity: metadata.Warning, requirement: "RFC 9728 §3.3",
			meaning: "Clients that look there find a resource that is not this server, and refuse it or ask for the wrong token.",
			fix:     "Serve the same document at all places, or none where it would be ambiguous.",
		}, {
			code: AuthorizationServersUnusable, severity: metadata.Error, requirement: mcpDiscovery,
			meaning: "Clients cannot find out where to get a token.",
			fix:     "List the issuer of the authorization server in authorization_servers, as it writes it itself.",
		}, {
			code: SignedMetadata, severity: Info, requirement: "RFC 9728 §2.2",
			meaning: "Few clients look at it. It was not verified.",
			fix:     "Nothing has to be done.",
		}, {
			code: LegacyMetadata, severity: Info, requirement: "MCP authorization of 2025-03-26",
			meaning: "Clients of that revision log in with it. The issuer seen is the one that they will find there.",
			fix:     "Nothing has to be done, as long as it is that of the authorization server in the metadata.",
		}, {
			code: AuthorizationServersMany, severity: Info, requirement: "RFC 9728 §2",
			meaning: "Clients mostly take the first.",
			fix:     "Check the others by themselves, by their issuer.",
		},
	}
}

// resourceValidationRules are on what [metadata.ProtectedResource.Validate] finds.
func resourceValidationRules() []rule {
	const member = "RFC 9728 §2"
	return []rule{
		{code: Code(metadata.ResourceValid), severity: metadata.Success, requirement: member},
		{code: Code(metadata.AuthorizationServersPresent), severity: metadata.Success, requirement: mcpDiscovery},
		{
			code: Code(metadata.ResourceInvalid), severity: metadata.Error, requirement: member,
			meaning: "Clients cannot ask for a token for it (RFC 8707).",
			fix:     "Set resource to the URL of the server that clients are given.",
		}, {
			code: Code(metadata.AuthorizationServersMissing), severity: metadata.Error, requirement: mcpDiscovery,
			meaning: "Clients cannot find out where to get a token.",
			fix:     "List the issuer of the authorization server in authorization_servers.",
		}, {
			code: Code(metadata.AuthorizationServerInvalid), severity: metadata.Error, requirement: member + "; RFC 8414 §2",
			meaning: "Clients find no metadata of it.",
			fix:     "List issuers as the authorization servers write them in their own metadata, not URLs of their metadata or endpoints.",
		}, {
			code: Code(metadata.HeaderMethodNotSupported), severity: metadata.Error, requirement: member + "; MCP authorization, Access Token Usage",
			meaning: "MCP clients send tokens in the Authorization header, and in no other way.",
			fix:     "List header in bearer_methods_supported, or leave the member out.",
		}, {
			code: Code(metadata.OfflineAccessAdvertised), severity: metadata.Warning, requirement: "MCP authorization, Refresh Tokens",
			meaning: "Clients that ask for all scopes ask for it too. Authorization servers that do not know it refuse the request.",
			fix:     "Take offline_access out of scopes_supported.",
		},
	}
}

func identifierRules() []rule {
	const same = "RFC 9728 §3.3; MCP authorization, Canonical Server URI"
	return []rule{
		{code: ResourceEqual, severity: metadata.Success, requirement: same},
		{
			code: ResourceSpeltOtherwise, severity: metadata.Warning, requirement: same,
			meaning: "Clients that compare byte by byte refuse the metadata. Those that parse both as URLs do not.",
			fix:     "Write resource, and the URL that clients are given, in one way: scheme and host in lower case, no port where it is the usual one.",
		}, {
			code: ResourceRootSlash, severity: metadata.Warning, requirement: same,
			meaning: "Clients that compare byte by byte refuse the metadata. Others send resource with the slash that URL libraries add, whatever the metadata says, and the token has that audience.",
			fix:     "Give clients the URL as it is written in resource. Better still, give the server a path, such as /mcp, where the question does not arise.",
		}, {
			code: ResourceSlash, severity: metadata.Error, requirement: same,
			meaning: "To most clients these are two resources.",
			fix:     "Set resource to the URL that clients are given, or answer at the other and give clients that.",
		}, {
			code: ResourceAbove, severity: metadata.Error, requirement: same,
			meaning: "Clients that hold to the specification refuse it. Those on the TypeScript SDK take it, and get tokens that are good for everything below.",
			fix:     "Set resource to the URL of the MCP endpoint.",
		}, {
			code: ResourceDiffers, severity: metadata.Error, requirement: same,
			meaning: "Clients refuse the metadata: it could be an attempt to get tokens that are for somebody else. Common reasons are an internal host name behind a proxy, or localhost and 127.0.0.1.",
			fix:     "Configure the public URL of the server as its resource identifier. Never derive it from the request.",
		},
	}
}

func pageRules() []rule {
	const cors = "Fetch standard, CORS protocol"
	const browsers = "Clients that are web pages do not work. Others do not notice."
	return []rule{
		{code: CORSOpen, severity: metadata.Success, requirement: cors},
		{code: OriginRefused, severity: metadata.Success, requirement: mcpTransport + ", Security Warning"},
		{
			code: CORSPreflightRefused, severity: metadata.Warning, requirement: cors, meaning: browsers,
			fix: "Answer OPTIONS before looking for a token: a preflight request never has one.",
		}, {
			code: CORSMissing, severity: metadata.Warning, requirement: cors, meaning: browsers,
			fix: "Send Access-Control-Allow-Origin for the pages that may call the server; tokens are not sent by themselves, as cookies are, so * is safe.",
		}, {
			code: CORSHeadersDenied, severity: metadata.Warning, requirement: cors, meaning: browsers,
			fix: "Name them in Access-Control-Allow-Headers. Authorization has to be named beside *.",
		}, {
			code: CORSOriginRefused, severity: metadata.Warning, requirement: mcpTransport + ", Security Warning",
			meaning: "Only pages of a list may call the server, if any. That may be meant so.",
			fix:     "Add the origins of the web clients that you want to that list.",
		}, {
			code: CORSRefusalUnreadable, severity: metadata.Warning, requirement: cors,
			meaning: "Clients that are web pages see a network error, and no reason to log in.",
			fix:     "Send the CORS headers with refusals too: CORS first, then the token.",
		}, {
			code: CORSChallengeHidden, severity: metadata.Warning, requirement: cors,
			meaning: "Clients that are web pages see the 401 and not where to log in.",
			fix:     "Send Access-Control-Expose-Headers: WWW-Authenticate, Mcp-Session-Id, MCP-Protocol-Version.",
		}, {
			code: CORSVaryMissing, severity: metadata.Warning, requirement: "Fetch standard, CORS protocol and HTTP caches",
			meaning: "A cache may hand the answer for one page to another, which then cannot read it.",
			fix:     "Send Vary: Origin.",
		}, {
			code: OriginAdmitted, severity: metadata.Error, requirement: mcpTransport + ", Security Warning",
			meaning: "Any web site that the user visits can talk to the server through the browser (DNS rebinding). Where the server asks for a token, the site needs one as well.",
			fix:     "Refuse requests with an Origin that is not expected with 403.",
		}, {
			code: OriginNotRefusedFirst, severity: metadata.Warning, requirement: mcpTransport + ", Security Warning",
			meaning: "What the server does with a token from such a page was not seen. Without one, the page learns where to log in.",
			fix:     "Check Origin before the token, and refuse what is not expected with 403. With a good token, this check can tell more.",
		},
	}
}

func tokenRules() []rule {
	const codes = "RFC 6750 §3.1"
	const validation = "MCP authorization, Access Token Usage"
	return []rule{
		{code: TokenAccepted, severity: metadata.Success, requirement: validation},
		{code: TokenForgeriesRefused, severity: metadata.Success, requirement: validation},
		{code: TokenInQueryRefused, severity: metadata.Success, requirement: validation},
		{
			code: TokenNotGiven, severity: Info, requirement: "MCP authorization, Access Token Usage",
			meaning: "Not tested: altered tokens, the scheme in lower case, headers that differ from the body, malformed messages.",
			fix:     "Give a good token to have it tested. It is sent to the server only.",
		}, {
			code: TokenRefused, severity: metadata.Error, requirement: validation,
			meaning: "Either the token is not good, such as expired or for another resource, or the server refuses good ones. What needs a good token was not tested.",
			fix:     "Get a new token for this server and try again. The server's log should tell the reason.",
		}, {
			code: TokenSchemeCase, severity: metadata.Warning, requirement: "RFC 9110 §11.1",
			meaning: "Clients that write the scheme as the token endpoint gave it (token_type bearer) are refused.",
			fix:     "Compare the scheme without regard to case.",
		}, {
			code: TokenWordAccepted, severity: metadata.Error, requirement: validation,
			meaning: "Nothing is protected: anybody gets in.",
			fix:     "Verify tokens.",
		}, {
			code: TokenUnsignedAccepted, severity: metadata.Error, requirement: "RFC 8725 §3.2; " + validation,
			meaning: "Nothing is protected: anybody writes their own token, with whatever subject and scopes.",
			fix:     "Accept the algorithms that the authorization server signs with and no other; never none.",
		}, {
			code: TokenOfUnknownKeyAccepted, severity: metadata.Error, requirement: "RFC 9068 §4; " + validation,
			meaning: "Nothing is protected: the signature is not verified, or by a key from the token itself.",
			fix:     "Verify signatures with the keys that the authorization server publishes.",
		}, {
			code: TokenAlteredAccepted, severity: metadata.Error, requirement: "RFC 9068 §4; " + validation,
			meaning: "Whoever has one token makes others from it.",
			fix:     "Verify signatures. Compare opaque tokens as a whole.",
		}, {
			code: TokenWrongAudienceAccepted, severity: metadata.Error, requirement: "MCP authorization, Token Audience Binding; RFC 8707 §2; RFC 9068 §4",
			meaning: "Another server that gets such a token can use it here in the user's name.",
			fix:     "Accept only tokens whose audience is the resource identifier of this server.",
		}, {
			code: TokenRefusalCode, severity: metadata.Warning, requirement: codes,
			meaning: "Clients cannot tell whether their token is no longer good or was not sent.",
			fix:     "Add error=\"invalid_token\" to the challenge.",
		}, {
			code: TokenRefusalStatus, severity: metadata.Error, requirement: codes + "; " + mcpErrors,
			meaning: "Clients get a new token on 401 only. On another status they give up, or ask for more scopes.",
			fix:     "Answer tokens that are not good with 401 and error=\"invalid_token\".",
		}, {
			code: TokenRefusalFailure, severity: metadata.Error, requirement: codes,
			meaning: "Clients whose token has expired see a broken server, and do not log in again. It may also show a fault that can be used to break it.",
			fix:     "Answer tokens that are not good with 401. Whatever a token holds is expected.",
		}, {
			code: TokenNotDecided, severity: metadata.Warning, requirement: "RFC 9110 §15.6.4",
			meaning: "The server says that it cannot tell now: it does not reach the authorization server, or has just asked it for keys and waits before it asks again.",
			fix:     "Make sure that the server reaches the authorization server, send Retry-After, and check again in a minute.",
		}, {
			code: TokenRefusalWithoutChallenge, severity: metadata.Warning, requirement: codes + "; RFC 9728 §5.1",
			meaning: "Clients whose token has expired are not told where to log in again.",
			fix:     "Send the challenge with each 401.",
		}, {
			code: TokenRefusalWithoutMetadata, severity: metadata.Warning, requirement: "RFC 9728 §5.1",
			meaning: "Clients whose token has expired are told something else than before.",
			fix:     "Send the same resource_metadata with each 401.",
		}, {
			code: TokenInQueryAccepted, severity: metadata.Error, requirement: validation,
			meaning: "Tokens get into logs, histories and Referer headers. This one was not even a token.",
			fix:     "Take tokens from the Authorization header only.",
		}, {
			code: TokenInQueryRead, severity: metadata.Warning, requirement: validation,
			meaning: "Tokens in URLs get into logs, histories and Referer headers. A good one may well be accepted there; none was sent.",
			fix:     "Take tokens from the Authorization header only.",
		},
	}
}

func messageRules() []rule {
	const agreement = "MCP 2026-07-28 Streamable HTTP, Server Validation"
	return []rule{
		{code: MessageMismatchRefused, severity: metadata.Success, requirement: agreement},
		{
			code: ModernNotSpoken, severity: Info, requirement: agreement,
			meaning: "That is allowed. Clients of that revision fall back to initialize.",
			fix:     "Nothing has to be done. Newer versions of the MCP SDKs speak it.",
		}, {
			code: MessageMismatchAccepted, severity: metadata.Error, requirement: agreement,
			meaning: "A gateway that decides on the headers lets through what the body then does.",
			fix:     "Compare Mcp-Method, Mcp-Name and MCP-Protocol-Version with the body, and refuse what differs with 400 and -32020.",
		}, {
			code: MessageMismatchCode, severity: metadata.Warning, requirement: agreement,
			meaning: "It is refused, but clients cannot tell why.",
			fix:     "Answer with status 400 and the JSON-RPC error -32020.",
		}, {
			code: MessageFailure, severity: metadata.Error, requirement: "JSON-RPC 2.0 §5.1",
			meaning: "What a client sends by mistake is taken for a fault of the server. It may also show a fault that can be used to break it.",
			fix:     "Answer with status 400 and the JSON-RPC error -32700.",
		}, {
			code: MessageBrokenAccepted, severity: metadata.Warning, requirement: "JSON-RPC 2.0 §5.1",
			meaning: "The client believes that it was understood.",
			fix:     "Answer with status 400 and the JSON-RPC error -32700.",
		}, {
			code: MessageBatchAccepted, severity: Info, requirement: mcpTransport,
			meaning: "Batches were part of revision 2025-03-26 only. A gateway that reads the first message must read all.",
			fix:     "Nothing has to be done, if every message of a batch is decided on.",
		},
	}
}

func leakRules() []rule {
	const fix = "Answer with a fixed text and an error code, and write the reason to the log."
	return []rule{
		{
			code: LeakToken, severity: metadata.Error, requirement: "RFC 6750 §5.3",
			meaning: "Tokens get into the logs of clients and proxies, and into what a model reads.", fix: fix,
		},
		{code: LeakTrace, severity: metadata.Warning, requirement: "CWE-209", meaning: "It tells attackers what runs there, and where.", fix: fix},
		{code: LeakPath, severity: metadata.Warning, requirement: "CWE-209", meaning: "It tells attackers what runs there, and where.", fix: fix},
		{
			code: LeakLibrary, severity: metadata.Warning, requirement: "CWE-209; RFC 6750 §3",
			meaning: "It tells attackers what runs there and which check has failed. Quotes and commas in such words break the challenge.", fix: fix,
		}, {
			code: RefusalCacheable, severity: metadata.Warning, requirement: "RFC 9111 §3",
			meaning: "A client that has logged in may go on being refused by a cache.",
			fix:     "Send Cache-Control: no-store with refusals.",
		},
	}
}
