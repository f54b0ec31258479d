package endpoint

// The revisions of MCP in which requests are sent. Every server of a revision
// with initialize knows the first, or answers with one of its own.
const (
	ProtocolVersion = "2025-11-25"
	ModernVersion   = "2026-07-28"
)

// The messages that are sent. None of them changes anything.
const (
	Initialize = `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"` + ProtocolVersion +
		`","capabilities":{},"clientInfo":{"name":"mcpauth-check","version":"1"}}}`
	Ping     = `{"jsonrpc":"2.0","id":2,"method":"ping"}`
	Batch    = `[` + Ping + `,{"jsonrpc":"2.0","id":3,"method":"ping"}]`
	Broken   = `{"jsonrpc":"2.0","id":4,"method":`
	Discover = `{"jsonrpc":"2.0","id":5,"method":"server/discover","params":{"_meta":{` +
		`"io.modelcontextprotocol/protocolVersion":"` + ModernVersion + `",` +
		`"io.modelcontextprotocol/clientInfo":{"name":"mcpauth-check","version":"1"},` +
		`"io.modelcontextprotocol/clientCapabilities":{}}}}`
)
