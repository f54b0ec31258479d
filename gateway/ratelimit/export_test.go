package ratelimit

// Len returns how many callers are remembered.
func (l *Limiter) Len() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.full.Len()
}
