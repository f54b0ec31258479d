package mcpauth

// CachedTokens counts the tokens that the first resource remembers.
func CachedTokens(a *Auth) (n int) {
	if a.ordered[0].cache == nil {
		return 0
	}
	for i := range a.ordered[0].cache.shards {
		s := &a.ordered[0].cache.shards[i]
		n += len(s.young) + len(s.old)
	}
	return n
}
