package mcpauth

import "github.com/mcp-auth/go/internal/keys"

// CachedTokens counts the tokens that the first resource remembers.
func CachedTokens(a *Auth) int { return a.ordered[0].tokens.Remembered() }

// KeyGeneration is the generation of the keys of the first resource's first
// server.
func KeyGeneration(a *Auth) keys.Generation {
	generation, _ := a.ordered[0].first.Generation(a.now())
	return generation
}
