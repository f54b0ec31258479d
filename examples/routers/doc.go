// Package routers shows a protected MCP server, and a protected handler beside it,
// on routers other than [net/http.ServeMux].
package routers
