// Package metadata reads, finds and checks the two documents of OAuth
// discovery: authorization server metadata (RFC 8414, OpenID Connect Discovery)
// and protected resource metadata (RFC 9728).
//
// [Discover] finds an authorization server's document as an MCP client would,
// and [AuthorizationServer.Validate] tells whether it has what MCP needs:
//
//	server, err := metadata.Discover(ctx, metadata.Source{Issuer: "https://auth.example.com"})
//	if err != nil {
//		log.Fatal(err)
//	}
//	for _, finding := range server.Validate().Findings {
//		fmt.Println(finding.Severity, finding.Code, finding.Message)
//	}
package metadata
