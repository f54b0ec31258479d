// Package check finds out whether an authorization server, an MCP server in any
// language, or a configuration of package mcpauth is set up as MCP clients need
// it. It sends the requests that a client would send, and none that changes
// anything.
//
// The calls to know are [AuthorizationServer], [Server] and [Configuration]:
//
//	report, err := check.Server(ctx, "https://api.example.com/mcp", check.Options{})
//	if err != nil {
//		return err // the URL cannot be requested, or ctx ended
//	}
//	for f := range report.All(metadata.Error) {
//		fmt.Println(f.Code, f.Message, f.Fix)
//	}
//
// A server that is broken or unreachable is a finding rather than an error.
// [Catalogue] explains every finding. The command mcpauth check prints reports;
// see docs/check.md.
package check
