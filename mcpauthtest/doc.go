// Package mcpauthtest is an OAuth 2.1 authorization server for development and
// tests, like [net/http/httptest]: it starts in process on loopback, logs test
// users in and issues real tokens, so that an MCP server can be tried and tested
// without an account at any provider.
//
// Two calls are enough to test a resource server. [Start] starts the authorization
// server for as long as the test runs, [Server.MustToken] mints an access token:
//
//	as := mcpauthtest.Start(t, mcpauthtest.Config{})
//	token := as.MustToken(t, mcpauthtest.TokenClaims{Audience: []string{resource}, Scopes: []string{"read"}})
//
// Configure the resource server to trust [Server.Issuer] and send it the token.
// [NewServer] and [Server.Token] do the same outside of a test. They also make tokens that must be refused: see [TokenOption].
// [Server.SetFaults] makes the server misbehave, [Server.RotateKeys] changes
// its keys, [Server.Requests] counts the requests to it. docs/testing.md shows
// a whole test.
//
// For clients it is a complete server: metadata (RFC 8414 and OpenID Connect
// Discovery), authorization code with PKCE S256, Client ID Metadata Documents,
// dynamic registration (RFC 7591), resource indicators (RFC 8707), the iss
// parameter (RFC 9207), refresh token rotation, DPoP (RFC 9449), introspection
// (RFC 7662) and revocation (RFC 7009). With [Config.AutoApprove] no page is
// shown; without it [UserAgent] walks through the login page. Machines get tokens
// by client credentials, with a secret or private_key_jwt, and by assertions of
// [Config.TrustedIssuers] (RFC 7523); [Config.AssertionAudiences] makes the
// server an identity provider for others (RFC 8693).
//
// What a client gets when a user logs in is one grant. Its scopes and resources
// are fixed then and can only be narrowed; [Server.Grants] lists the grants.
// They are kept in memory, or in a file by package sqlitestore.
//
// It is only for development and tests, not an identity provider: on loopback
// anyone who reaches it can register a client, and its configuration holds
// passwords in plain text. The command "mcpauth dev" is this server.
package mcpauthtest
