package opaque

import (
	"container/list"
	"crypto/sha256"
	"sync"
	"time"
)

const (
	maxActive   = 10_000
	maxInactive = 1_000
	maxBytes    = 32 << 20 // of each of the two places
	// overhead is about what an answer takes beside what Keep says.
	overhead = 512
)

// tokenHash names a token without holding it.
type tokenHash [sha256.Size]byte

// cache keeps answers for a while. Those for inactive tokens, which anybody can
// make up, have a place of their own and so push nothing else out.
type cache[A any] struct {
	active, inactive answers[A]
}

func newCache[A any]() *cache[A] {
	return &cache[A]{
		active:   answers[A]{maxEntries: maxActive, entries: map[tokenHash]*list.Element{}},
		inactive: answers[A]{maxEntries: maxInactive, entries: map[tokenHash]*list.Element{}},
	}
}

// get returns an answer that may still be used.
func (c *cache[A]) get(key tokenHash, now time.Time) (A, bool) {
	if a, ok := c.active.get(key, now); ok {
		return a, true
	}
	return c.inactive.get(key, now)
}

// add keeps the answer to a question asked at that time.
func (c *cache[A]) add(key tokenHash, a A, asked time.Time, keep Keep) {
	switch {
	case !asked.Before(keep.Until):
	case keep.Inactive:
		c.inactive.add(key, a, earlier(keep.Until, asked.Add(MaxInactive)), overhead+keep.Bytes)
	default:
		c.active.add(key, a, keep.Until, overhead+keep.Bytes)
	}
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// answers is a map of bounded size; what was not used for longest goes first.
type answers[A any] struct {
	maxEntries int

	mu      sync.Mutex
	entries map[tokenHash]*list.Element
	order   list.List // of *cached[A], the last used in front
	bytes   int
}

type cached[A any] struct {
	key    tokenHash
	answer A
	until  time.Time
	size   int
}

func (s *answers[A]) get(key tokenHash, now time.Time) (answer A, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.entries[key]
	if e == nil {
		return answer, false
	}
	found := e.Value.(*cached[A])
	if !now.Before(found.until) {
		s.remove(e)
		return answer, false
	}
	s.order.MoveToFront(e)
	return found.answer, true
}

func (s *answers[A]) add(key tokenHash, answer A, until time.Time, size int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e := s.entries[key]; e != nil {
		s.remove(e)
	}
	s.entries[key] = s.order.PushFront(&cached[A]{key, answer, until, size})
	s.bytes += size
	for len(s.entries) > s.maxEntries || s.bytes > maxBytes {
		s.remove(s.order.Back())
	}
}

func (s *answers[A]) remove(e *list.Element) {
	found := e.Value.(*cached[A])
	s.order.Remove(e)
	s.bytes -= found.size
	delete(s.entries, found.key)
}
