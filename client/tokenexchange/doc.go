// Package tokenexchange gets tokens for other services in the name of a caller. An
// MCP server must not pass the caller's token on: it exchanges it at the
// authorization server for one that was issued for the other service (OAuth 2.0
// Token Exchange, RFC 8693, or the on-behalf-of flow of Microsoft Entra ID).
//
// Two calls are enough. [New] takes the server's own client and the service that
// tokens are for, [Exchanger.Token] is called in a tool:
//
//	notes, err := tokenexchange.New(tokenexchange.Config{
//		Client:   client.Credentials{Issuer: "https://auth.example.com", ClientID: "mcp", ClientSecret: secret},
//		Audience: "https://notes.internal",
//		Scopes:   []string{"notes.read"},
//	})
//	...
//	token, err := notes.Token(ctx) // in the handler
//	if err != nil {
//		return nil, nil, err
//	}
//	request.Header.Set("Authorization", "Bearer "+token.AccessToken)
//
// An error is an [*Error]. If the caller's token is to blame, it wraps a
// [*mcpauth.Challenge], which the adapters for the MCP SDKs turn into a 401: the
// client then gets a new token and tries again.
package tokenexchange
