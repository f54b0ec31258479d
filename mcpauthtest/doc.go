// Package mcpauthtest is an OAuth 2.1 authorization server for development and
// tests, in the manner of [net/http/httptest]: it starts in process on
// loopback, logs test users in and issues real tokens, so that an MCP server
// can be tried and tested without an account at any provider.
//
// Two calls are enough to test a resource server. [NewServer] starts the
// authorization server, [Server.Token] mints an access token:
//
//	as, err := mcpauthtest.NewServer(mcpauthtest.Config{})
//	if err != nil {
//		t.Fatal(err)
//	}
//	defer as.Close()
//	token, err := as.Token(mcpauthtest.TokenClaims{Audience: []string{resource}, Scopes: []string{"read"}})
//
// Configure the resource server to trust [Server.Issuer] and send it the token.
// [Server.Token] also makes tokens that must be refused: see [TokenOption].
// [Server.SetFaults] makes the server misbehave, [Server.RotateKeys] changes
// its keys, [Server.Requests] counts what it was asked.
//
// Clients find a complete server: metadata (RFC 8414 and OpenID Connect
// Discovery), authorization code with PKCE S256, dynamic registration
// (RFC 7591), resource indicators (RFC 8707), the iss parameter (RFC 9207),
// refresh token rotation and client credentials. With [Config.AutoApprove] no
// page is shown; without it [UserAgent] walks through the login page.
//
// It is for development and tests only, not an identity provider: whoever
// reaches it can register a client, passwords stand in its configuration, and
// everything is forgotten when it stops.
package mcpauthtest
