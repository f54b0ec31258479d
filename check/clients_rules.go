package check

import "github.com/mcp-auth/go/metadata"

// clientRule is what is known of one client: that it fails for these findings.
// There is no rule without a source.
type clientRule struct {
	client string
	codes  []Code
	why    string
	// source is a URL, and date when that was written or, for documents and
	// code, read.
	source, date string
}

// The clients, as people know them.
const (
	vsCode        = "VS Code"
	claude        = "Claude (claude.ai, Desktop)"
	claudeCode    = "Claude Code"
	cursor        = "Cursor"
	inspector     = "MCP Inspector"
	chatGPT       = "ChatGPT"
	zed           = "Zed"
	mcpRemote     = "mcp-remote"
	typeScriptSDK = "TypeScript SDK"
	goSDK         = "Go SDK"
)

func knownClients() []string {
	return []string{vsCode, claude, claudeCode, cursor, inspector, chatGPT, zed, mcpRemote, typeScriptSDK, goSDK}
}

func clientRules() []clientRule {
	rules := []clientRule{
		{
			vsCode, []Code{ResourceSlash, ResourceAbove, ResourceDiffers},
			"It parses resource and the server's URL and refuses the metadata if they differ.",
			"https://github.com/microsoft/vscode/issues/259251", "2025-08-01",
		}, {
			vsCode, []Code{ResourceMetadataMissing},
			"It finds no authorization server and asks the user for a client ID instead.",
			"https://github.com/microsoft/mcp-gateway/issues/17", "2025-07-09",
		}, {
			claude, []Code{ServerOnLoopback},
			"It connects from its maker's servers. A local server needs a tunnel.",
			"https://claude.com/docs/connectors/building/testing", "2026-11-25",
		}, {
			claude, []Code{ChallengeMissing},
			"It gives up after the first 401.",
			"https://github.com/akutishevsky/withings-mcp/pull/17", "2026-04-19",
		}, {
			claude, []Code{ResourceMetadataNotLinked},
			"It says that the server cannot be reached, and does not look at the well-known URLs.",
			"https://github.com/garrytan/gbrain/pull/1410", "2026-05-25",
		}, {
			claude, []Code{ResourceMetadataRelative},
			"It ignores a relative URL and never begins to log in.",
			"https://github.com/anthropics/claude-ai-mcp/issues/136", "2026-04-07",
		}, {
			claude, []Code{ResourceMetadataNotAtPath},
			"Without metadata at the well-known path it makes up the URL of the authorization endpoint.",
			"https://github.com/anthropics/claude-ai-mcp/issues/716", "2026-07-28",
		}, {
			claude, []Code{ResourceRootSlash, ConfigIdentifierRoot},
			"For a resource without a path it asks for a token with a slash at the end, and rejects one without.",
			"https://github.com/sigbit/mcp-auth-proxy/issues/123", "2026-03-15",
		}, {
			claude, []Code{ServerRedirects},
			"It does not follow with the token.",
			"https://github.com/zoho/analytics-mcp-server/pull/22", "2026-05-08",
		}, {
			claude, []Code{ServerRefusalAsSuccess},
			"It logs in on the status 401 and not on an error in a successful answer.",
			"https://claude.com/docs/connectors/building/lazy-authentication", "2026-11-25",
		}, {
			claudeCode, []Code{ResourceDiffers},
			"It ends the login before a browser opens.",
			"https://github.com/anthropics/claude-code/issues/69917", "2026-06-21",
		}, {
			claudeCode, []Code{ResourceMetadataMissing},
			"It shows the server as one that does not answer.",
			"https://github.com/anthropics/claude-code/issues/61376", "2026-05-22",
		}, {
			claudeCode, []Code{ResourceRootSlash, ConfigIdentifierRoot},
			"It asks for a token for the resource with a slash at its end, which some authorization servers refuse.",
			"https://github.com/anthropics/claude-code/issues/52871", "2026-04-24",
		}, {
			claudeCode, []Code{ServerRedirects},
			"It meets the redirect after the login and does not reconnect.",
			"https://github.com/BerriAI/litellm/pull/34845", "2026-07-27",
		}, {
			cursor, []Code{ResourceDiffers},
			"It refuses the metadata: \"Protected resource … does not match expected …\".",
			"https://github.com/ScrapeGraphAI/scrapegraph-mcp/issues/25", "2026-09-21",
		}, {
			inspector, []Code{ResourceDiffers},
			"It refuses the metadata: \"Protected resource … does not match expected …\".",
			"https://github.com/modelcontextprotocol/inspector/issues/1304", "2026-05-14",
		}, {
			inspector, []Code{ResourceMetadataNoCORS},
			"It is a web page, and fetches the metadata from there even if messages go through its proxy.",
			"https://github.com/modelcontextprotocol/inspector/issues/817", "2025-09-18",
		}, {
			inspector, []Code{CORSPreflightRefused, CORSMissing, CORSHeadersDenied, CORSRefusalUnreadable, CORSChallengeHidden},
			"It is a web page: connected directly, it cannot send the request or read the challenge.",
			"https://github.com/danielealbano/android-remote-control-mcp/pull/118", "2026-07-13",
		}, {
			chatGPT, []Code{ServerOnLoopback},
			"It connects from its maker's servers, over https.",
			"https://developers.openai.com/apps-sdk/build/auth", "2026-11-25",
		}, {
			chatGPT, []Code{ChallengeMissing},
			"It does not begin to log in again.",
			"https://github.com/desktop-commander/remote-desktop-commander/issues/1", "2026-08-21",
		}, {
			chatGPT, []Code{Code(metadata.PKCENotAdvertised), Code(metadata.S256NotSupported)},
			"It refuses an authorization server that does not list S256.",
			"https://github.com/forcedotcom/mcp-hosted/issues/47", "2026-08-29",
		}, {
			zed, []Code{ResourceMetadataMissing, Code(metadata.AuthorizationServersMissing)},
			"It ends the login.",
			"https://github.com/zed-industries/zed/blob/04afc35b962e43e4e7b087a6c7a260e9f6f8f1de/crates/context_server/src/oauth.rs", "2026-11-25",
		}, {
			mcpRemote, []Code{ResourceDiffers},
			"It refuses the metadata: \"Protected resource … does not match expected …\".",
			"https://github.com/punkpeye/mcp-remote/issues/244", "2026-03-26",
		}, {
			typeScriptSDK, []Code{ResourceDiffers},
			"It refuses a resource of another origin or path, save one above the server's (1.32).",
			"https://www.npmjs.com/package/@modelcontextprotocol/sdk/v/1.32.2", "2026-11-25",
		}, {
			typeScriptSDK, []Code{ServerForbidden, ServerRefusalAsSuccess, ServerRequestRefused},
			"It logs in on the status 401, and on 403 only for more scopes (1.32).",
			"https://www.npmjs.com/package/@modelcontextprotocol/sdk/v/1.32.2", "2026-11-25",
		}, {
			goSDK, []Code{ResourceSpeltOtherwise, ResourceRootSlash, ResourceSlash, ResourceDiffers},
			"It compares resource with the server's URL byte by byte, and takes what differs for no metadata.",
			"https://github.com/modelcontextprotocol/go-sdk/blob/v1.8.0/oauthex/resource_meta.go", "2026-11-25",
		}, {
			goSDK, []Code{Code(metadata.AuthorizationServersMissing)},
			"It ends the login.",
			"https://github.com/modelcontextprotocol/go-sdk/blob/v1.8.0/auth/authorization_code.go", "2026-11-25",
		}, {
			goSDK, []Code{Code(metadata.PKCENotAdvertised)},
			"It refuses an authorization server that does not advertise PKCE.",
			"https://github.com/modelcontextprotocol/go-sdk/blob/v1.8.0/oauthex/auth_meta.go", "2026-11-25",
		},
	}
	return append(rules, everybody()...)
}

// everybody is what no client gets on with, by the specification that all follow.
func everybody() []clientRule {
	var rules []clientRule
	for _, name := range knownClients() {
		rules = append(rules, clientRule{
			name,
			[]Code{TLSFailed, ServerNotMCP, ServerNotFound, ServerPostNotAllowed, ServerFailure},
			"It finds no MCP server.",
			"https://modelcontextprotocol.io/specification/2025-11-25/basic/transports", "2026-11-25",
		}, clientRule{
			name, []Code{AuthorizationServersUnusable},
			"It finds no authorization server.",
			"https://modelcontextprotocol.io/specification/2025-11-25/basic/authorization", "2026-11-25",
		})
	}
	return rules
}
