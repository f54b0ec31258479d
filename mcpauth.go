// Package mcpauth makes an MCP server an OAuth 2.1 resource server.
package mcpauth
