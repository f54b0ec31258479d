package mcpauth

import "testing"

// Covers RS9. Two tokens of one hash do not stand for each other, whichever
// generation of the cache they are in, and are counted right.
func TestHashCollisionLetsNobodyIn(t *testing.T) {
	t.Parallel()
	const hash = 7
	first, second := &verified{token: "first"}, &verified{token: "second token"}
	s := &cacheShard{maxEntries: 1, maxBytes: 1 << 10, young: map[uint64]*verified{}}
	s.put(hash, first)
	if got := s.get(hash, first.token); got != first {
		t.Errorf("the first token is not there: %v", got)
	}
	if got := s.get(hash, second.token); got != nil {
		t.Error("the young generation takes the first token for the second")
	}
	s.put(hash, second) // the first one becomes old
	if got := s.get(hash, "third"); got != nil {
		t.Error("the old generation takes the first token for the third")
	}
	if got := s.get(hash, second.token); got != second {
		t.Errorf("the second token is not there: %v", got)
	}

	s = &cacheShard{maxEntries: 2, maxBytes: 1 << 10, young: map[uint64]*verified{}}
	s.put(hash, first)
	s.put(hash, second)
	if s.youngBytes != second.size() {
		t.Errorf("%d bytes counted, want %d", s.youngBytes, second.size())
	}
}
