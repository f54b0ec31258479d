// Package check tells whether an authorization server, or an MCP server in any
// language, is set up as MCP clients need it. It asks as a client would, over
// the network, and sends nothing that changes anything.
//
// The two calls to know are AuthorizationServer and Server:
//
//	report, err := check.Server(ctx, "https://api.example.com/mcp", check.Options{})
//	if err != nil {
//		return err // what was to be checked is no URL, or ctx ended
//	}
//	for f := range report.All(metadata.Error) {
//		fmt.Println(f.Code, f.Message, f.Fix)
//	}
//
// If a server is broken or out of reach, that is a finding and not an error.
// The command mcpauth check prints reports; see docs/check.md. A server that
// uses package mcpauth checks its own configuration with Auth.Diagnose.
package check
