package check

import "github.com/mcp-auth/go/metadata"

// The codes of [Configuration].
const (
	ConfigAccepted             Code = "config_accepted"
	ConfigRefused              Code = "config_refused"
	ConfigDoubtful             Code = "config_doubtful"
	ConfigLeewayWide           Code = "config_leeway_wide"
	ConfigErrorDetails         Code = "config_error_details"
	ConfigIdentifierLoopback   Code = "config_identifier_loopback"
	ConfigIdentifierRewritten  Code = "config_identifier_rewritten"
	ConfigIdentifierQuery      Code = "config_identifier_query"
	ConfigIdentifierRoot       Code = "config_identifier_root"
	ConfigIdentifierSlash      Code = "config_identifier_slash"
	ConfigScopesMissing        Code = "config_scopes_missing"
	ConfigScopeUnknown         Code = "config_scope_unknown"
	ConfigTokenTypesOpen       Code = "config_token_types_open"
	ConfigAudienceClientID     Code = "config_audience_client_id"
	ConfigAudienceShared       Code = "config_audience_shared"
	ConfigKeysMissing          Code = "config_keys_missing"
	ConfigAlgorithmsFit        Code = "config_algorithms_fit"
	ConfigAlgorithmsWithoutKey Code = "config_algorithms_without_key"
	ConfigIntrospectionMissing Code = "config_introspection_missing"
	ConfigIntrospectionMethod  Code = "config_introspection_method"
	ConfigDPoPNotSupported     Code = "config_dpop_not_supported"
)

func configurationRules() []rule {
	return []rule{
		{code: ConfigAccepted, severity: metadata.Success, requirement: "package mcpauth, New"},
		{code: ConfigRefused, severity: metadata.Error, requirement: "package mcpauth, New",
			meaning: "New returns an error, and the server does not start.",
			fix:     "Correct the field. Nothing else is checked until then."},
		{code: ConfigDoubtful, severity: metadata.Warning, requirement: "package mcpauth, Auth.Warnings",
			meaning: "It is allowed, and probably a mistake. New logs it, too.",
			fix:     "Correct the field, or leave it if it is meant."},
		{code: ConfigLeewayWide, severity: metadata.Warning, requirement: "RFC 7519 §4.1.4; RFC 9068 §4",
			meaning: "Tokens are accepted that much longer than they are valid.",
			fix:     "Synchronize the clocks (NTP) and leave Leeway at its default of 5 seconds."},
		{code: ConfigErrorDetails, severity: metadata.Warning, requirement: "RFC 6750 §5.2",
			meaning: "Callers are told why a token is refused. That helps whoever probes the server, too.",
			fix:     "Switch it off unless only developers reach the server, and look at the log instead."},
		{code: ConfigIdentifierLoopback, severity: Info, requirement: "RFC 8707 §2",
			meaning: "Only clients on this machine reach the server.",
			fix:     "Nothing, for development. Elsewhere, set the URL that clients use."},
		{code: ConfigIdentifierRewritten, severity: metadata.Warning, requirement: "RFC 9728 §3.3; RFC 3986 §6.2",
			meaning: "URL libraries write the host in lower case and leave the usual port out. Clients then compare, and ask for, another identifier than this one, byte for byte.",
			fix:     "Write scheme and host in lower case, without :443 or :80."},
		{code: ConfigIdentifierQuery, severity: metadata.Warning, requirement: "RFC 8707 §2 (SHOULD NOT)",
			meaning: "Many clients drop the query when they look for the metadata or ask for a token.",
			fix:     "Tell resources apart by their paths."},
		{code: ConfigIdentifierRoot, severity: metadata.Warning, requirement: "RFC 8707 §2; RFC 9728 §3.3",
			meaning: "URL libraries write a slash after a host that stands alone. claude.ai, for one, asks for tokens of the form with the slash, which are refused here.",
			fix:     "Give the MCP server a path, such as /mcp, in its URL and in the identifier; or add the form with the slash to Audiences of each authorization server."},
		{code: ConfigIdentifierSlash, severity: Info, requirement: "RFC 9728 §3.3",
			meaning: "Users who leave the slash out of the server's URL fail with clients that compare byte for byte, such as VS Code.",
			fix:     "Publish the URL with the slash, or leave it out of both."},
		{code: ConfigScopesMissing, severity: Info, requirement: "RFC 9728 §2 (RECOMMENDED)",
			meaning: "Clients ask for the scopes of the challenge, or for none: the authorization server then decides.",
			fix:     "List the scopes in ScopesSupported, if there are any."},
		{code: ConfigScopeUnknown, severity: metadata.Warning, requirement: "RFC 8414 §2; RFC 6749 §3.3",
			meaning: "Clients ask for all advertised scopes, and a server that does not know one of them answers invalid_scope or leaves it out. A server need not list all that it knows.",
			fix:     "Define the scopes at the authorization server, or correct their names."},
		{code: ConfigTokenTypesOpen, severity: Info, requirement: "RFC 9068 §4; RFC 8725 §3.11",
			meaning: "at+jwt, JWT and tokens without a type are taken. The audience alone then keeps other JWTs of the server out.",
			fix:     "Set TokenTypes to at+jwt, if the server's access tokens have that type (RFC 9068)."},
		{code: ConfigAudienceClientID, severity: metadata.Warning, requirement: "RFC 9068 §5; OpenID Connect Core §2",
			meaning: "ID tokens have the client's id as audience. A client's ID token may then pass for an access token.",
			fix:     "Set TokenTypes to what access tokens have and ID tokens do not, or have the server issue tokens for the resource identifier."},
		{code: ConfigAudienceShared, severity: metadata.Warning, requirement: "RFC 8707 §2; MCP authorization, token audience",
			meaning: "A token that a user gave to another service is accepted here, and that service can use it.",
			fix:     "Have the authorization server issue tokens with an audience of this resource's own: its identifier at best."},
		{code: ConfigKeysMissing, severity: metadata.Error, requirement: "RFC 8414 §2; RFC 9068 §4",
			meaning: "No token can be verified: every request is answered with 503.",
			fix:     "Set Introspection, if the server has an endpoint for it, or JWKS."},
		{code: ConfigAlgorithmsFit, severity: metadata.Success, requirement: "RFC 8725 §3.1"},
		{code: ConfigAlgorithmsWithoutKey, severity: metadata.Error, requirement: "RFC 8725 §3.1",
			meaning: "Every token is refused.",
			fix:     "List the algorithm that the server signs access tokens with."},
		{code: ConfigIntrospectionMissing, severity: metadata.Error, requirement: "RFC 7662 §2",
			meaning: "Tokens that must be introspected are answered with 503.",
			fix:     "Set Introspection.Endpoint, or have the server name introspection_endpoint in its metadata."},
		{code: ConfigIntrospectionMethod, severity: metadata.Warning, requirement: "RFC 8414 §2; RFC 7662 §2.1",
			meaning: "The server will probably refuse to answer, and requests get 503.",
			fix:     "Set Introspection.AuthMethod to one that the server lists."},
		{code: ConfigDPoPNotSupported, severity: metadata.Warning, requirement: "RFC 9449 §5.1",
			meaning: "Clients see no way to get a bound token, and no other is accepted here.",
			fix:     "Enable DPoP at the authorization server, or do not require it."},
	}
}
