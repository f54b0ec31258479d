// Package metadata finds, reads and judges the documents that tell OAuth
// parties about each other: authorization server metadata (RFC 8414), OpenID
// provider metadata (OpenID Connect Discovery) and protected resource metadata
// (RFC 9728).
//
// The two calls to know are [Discover], which fetches the metadata of an
// authorization server by its issuer identifier, and
// [AuthorizationServer.Validate], which tells what MCP clients will miss in it:
//
//	as, err := metadata.Discover(ctx, metadata.Source{Issuer: "https://auth.example.com/oidc"})
//	if err != nil {
//		return err // a *metadata.DiscoveryError
//	}
//	for _, finding := range as.Validate().Findings {
//		fmt.Println(finding.Severity, finding.Code, finding.Message)
//	}
//
// Package mcpauth does the former by itself. The rest of this package is for
// tools, clients and tests. Documents keep the members that this package does
// not know when they are read and written.
package metadata
