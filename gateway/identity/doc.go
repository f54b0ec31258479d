// Package identity tells MCP servers behind a gateway who is calling: by an assertion,
// which is a JWT that they verify, or by plain headers.
//
//	keys, err := identity.ParseKeys(pem)
//	…
//	caller, err := identity.New(identity.Config{
//		Resource: "https://mcp.example.com/notes/mcp", Audience: "http://notes:3000/mcp", Keys: keys,
//	})
//	…
//	gateway.Config{
//		KeySet:    keys, // for the MCP servers, at [gateway.KeySetPath]
//		Resources: []gateway.Resource{{…, Credential: gateway.Credentials(caller, key)}},
//	}
//
// An assertion is in the header Mcp-Auth-Assertion of each request of a caller with a
// token, with the type "mcp-auth+jwt" and the algorithm ES256:
//
//	{
//	  "iss": "https://mcp.example.com",            // the origin of the resource identifier
//	  "aud": "http://notes:3000/mcp",              // the URL of the MCP server
//	  "sub": "alice",
//	  "sub_id": {"format": "iss_sub", "iss": "https://auth.example.com", "sub": "alice"},
//	  "client_id": "editor", "scope": "notes.read notes.write",
//	  "iat": 1780000000, "exp": 1780000060, "jti": "…"
//	}
//
// A subject is unique at its authorization server only, which sub_id names (RFC 9493
// §3.2.3); client_id and scope are those of RFC 8693 §4. What the caller's token does
// not say is left out.
package identity
