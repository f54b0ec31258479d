// Package metadata finds, reads and judges the documents that tell OAuth
// parties about each other: authorization server metadata (RFC 8414), OpenID
// provider metadata (OpenID Connect Discovery) and protected resource metadata
// (RFC 9728).
//
// The two calls to know are [Discover], which fetches the metadata of an
// authorization server by its issuer identifier, and
// [AuthorizationServer.Validate], which tells what in them MCP clients will
// miss:
//
//	as, err := metadata.Discover(ctx, metadata.Source{Issuer: "https://auth.example.com/oidc"})
//	if err != nil {
//		return err // a *metadata.DiscoveryError
//	}
//	for _, finding := range as.Validate().Findings {
//		fmt.Println(finding.Severity, finding.Code, finding.Message)
//	}
//
// Package mcpauth does the former by itself; the rest of this package is for
// tools, clients and tests: documents survive reading and writing with the
// members this package does not know.
package metadata
