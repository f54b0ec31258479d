package mcpauth

import (
	_ "github.com/c2sp/wycheproof"
	_ "github.com/go-jose/go-jose/v4/jwt"
	_ "github.com/jub0bs/cors"
	_ "github.com/modelcontextprotocol/go-sdk/mcp"
	_ "github.com/rogpeppe/go-internal/testscript"
)
