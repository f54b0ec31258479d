// Package client is the MCP client's side of OAuth: given the URL of an MCP
// server it finds the authorization server, registers, has the user log in,
// and keeps tokens fresh, exactly as MCP authorization says.
//
// Two calls are enough. [New] takes the server's URL and what opens a browser,
// [Client.HTTPClient] gives an HTTP client for any MCP SDK, which answers the
// server's challenges by itself:
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
// A token goes to the one URL it was obtained for and nowhere else. Tokens and
// registrations live in a [Store], keyed by the issuer that gave them; without
// one they are forgotten with the [Client]. For work without a user there are
// the grants [ClientCredentials], [WorkloadIdentity] and [EnterpriseManaged].
//
// This package fetches everything over https (http on loopback), from public
// addresses unless [Config.AllowedNetworks] says otherwise, and with limits on
// time and size.
package client
