package keys

import (
	"crypto/sha256"
	"sync"
	"time"

	"github.com/mcp-auth/go/internal/jose"
)

// keySet is a fetched key set. Its generation changes only with its text, so
// that what was verified with the same keys need not be verified again.
type keySet struct {
	*jose.KeySet
	generation uint64
}

// numbers gives numbers to texts: the same one as long as the text stays.
type numbers struct {
	mu   sync.Mutex
	sum  [sha256.Size]byte
	last uint64 // zero: there was no text yet
}

// of returns the number of a text, and whether it is a new one.
func (n *numbers) of(text []byte) (number uint64, isNew bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if sum := sha256.Sum256(text); n.last == 0 || sum != n.sum {
		n.sum = sum
		n.last++
		isNew = true
	}
	return n.last, isNew
}

// none reports whether there was no text yet.
func (n *numbers) none() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.last == 0
}

// Generation returns the number of the key set that is in use, and whether there
// is one. It never waits.
func (s *Source) Generation(now time.Time) (uint64, bool) {
	if s.server.Keys != nil {
		return 0, true
	}
	snap, ok := s.keys.Peek(now)
	if !ok {
		return 0, false
	}
	return snap.Value.generation, true
}
