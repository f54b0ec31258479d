// Package protected marks requests that Auth.Protect of package mcpauth let in,
// so that the adapters for MCP SDKs find a server on which it stands in their place.
package protected

import "context"

// Key is the context key under which such a request has the value true.
type Key struct{}

// Request reports whether ctx is derived from the context of a request that
// Auth.Protect let in, under way or over.
func Request(ctx context.Context) bool {
	is, _ := ctx.Value(Key{}).(bool)
	return is
}
