// Package gateway is a reverse proxy in front of MCP servers that decides on each
// request as package mcpauth does. The servers may be written in any language, over
// streamable HTTP or the older HTTP+SSE.
//
//	upstream, err := gateway.NewUpstream(gateway.UpstreamConfig{URL: "http://notes:3000/mcp"})
//	…
//	g, err := gateway.New(gateway.Config{
//		Auth: mcpauth.Config{Logger: slog.Default()},
//		Resources: []gateway.Resource{{
//			Resource: mcpauth.Resource{
//				Identifier:           "https://mcp.example.com/notes/mcp",
//				AuthorizationServers: []mcpauth.AuthorizationServer{{Issuer: "https://auth.example.com"}},
//				Policy:               &policy.Policy{Tools: map[string]policy.Requirement{"list": policy.Scopes("read:notes")}},
//			},
//			Upstream: upstream,
//		}},
//	})
//	…
//	http.ListenAndServeTLS(":8443", "tls.crt", "tls.key", g)
//
// What cannot be understood is refused, and the bytes that a decision was made on are
// the bytes that the upstream gets: the body unchanged, the URL the configured one,
// and no header that an upstream could take for a word of the gateway. Tokens never
// reach it. What it answers is passed on as it comes, except for what is not its to
// say: challenges, redirects, cookies and CORS headers.
//
// The command "mcpauth gateway" is this package with a configuration file.
package gateway
