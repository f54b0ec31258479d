// Package clientcredentials gets tokens with which a server calls another service in
// its own name, for all its users alike (client credentials, RFC 6749 §4.4). For a
// token in the name of a caller see package tokenexchange; for a client that speaks
// MCP see client.ClientCredentials.
//
//	notes, err := clientcredentials.New(clientcredentials.Config{
//		Client:   client.Credentials{Issuer: "https://auth.example.com", ClientID: "mcp", ClientSecret: secret},
//		Resource: "https://notes.internal/mcp",
//		Scopes:   []string{"notes.read"},
//	})
//	...
//	token, err := notes.Token(ctx)
package clientcredentials
