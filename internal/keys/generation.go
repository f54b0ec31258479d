package keys

import (
	"crypto/sha256"
	"time"

	"github.com/mcp-auth/go/internal/jose"
)

// Generation stands for the text of a key set. It changes only with the text, so
// that what was verified with the same keys need not be verified again.
type Generation [sha256.Size]byte

// keySet is a fetched key set.
type keySet struct {
	*jose.KeySet
	generation Generation
}

// Generation returns the generation of the key set that is in use, and whether
// there is one. It never waits. Keys that are given by hand have the zero
// generation.
func (s *Source) Generation(now time.Time) (Generation, bool) {
	if s.server.Keys != nil {
		return Generation{}, true
	}
	snap, ok := s.keys.Peek(now)
	if !ok {
		return Generation{}, false
	}
	return snap.Value.generation, true
}
