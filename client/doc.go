// Package client is the MCP client's side of OAuth: given the URL of an MCP
// server it finds the authorization server, registers, has the user log in, and
// keeps tokens fresh, as the MCP authorization specification demands.
//
// Two calls are enough. [New] takes the server's URL and a way to open a
// browser, [Client.HTTPClient] returns an HTTP client for any MCP SDK. It answers
// the server's challenges automatically:
//
//	c, err := client.New(client.Config{
//		ServerURL: "https://mcp.example.com/mcp",
//		Grant:     client.AuthorizationCode{OpenURL: client.OpenBrowser(os.Stderr)},
//	})
//	if err != nil {
//		return err // each mistake is a *configerr.Error
//	}
//	defer c.Close()
//	transport := &mcp.StreamableClientTransport{Endpoint: c.ServerURL(), HTTPClient: c.HTTPClient()}
//
// A token is sent only to the URL it was obtained for. Tokens and registrations
// are kept in a [Store], keyed by the issuer that gave them; without a store they
// are forgotten with the [Client]. Package filestore keeps them in encrypted
// files. For work without a user there are the grants [ClientCredentials],
// [WorkloadIdentity] and [EnterpriseManaged]. The errors of all calls are in
// package clienterr.
//
// The client fetches everything over https (http on loopback), from public
// addresses unless [Config.Network] says otherwise, and with limits on time and
// size.
package client
