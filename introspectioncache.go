package mcpauth

import (
	"container/list"
	"crypto/sha256"
	"sync"
	"time"
)

const (
	maxActiveAnswers   = 10_000
	maxInactiveAnswers = 1_000
	maxAnswerBytes     = 32 << 20
	// answerOverhead is about what an answer takes beside its JSON.
	answerOverhead = 512
	// A token may be asked about before all of the authorization server knows
	// it: that it is inactive is not held against it for long.
	maxInactiveTTL = 5 * time.Second
)

// tokenHash names a token without holding it.
type tokenHash [sha256.Size]byte

// answer is what an authorization server said about a token: claims, or why
// the token is not acceptable.
type answer struct {
	claims  *Claims
	refused *refusal
}

// answerCache keeps answers for a while. Inactive tokens, which anybody can
// make up, have a place of their own and so push nothing else out.
type answerCache struct {
	ttl              time.Duration
	active, inactive answers
}

func newAnswerCache(ttl time.Duration) *answerCache {
	return &answerCache{
		ttl:      ttl,
		active:   answers{maxEntries: maxActiveAnswers, maxBytes: maxAnswerBytes, entries: map[tokenHash]*list.Element{}},
		inactive: answers{maxEntries: maxInactiveAnswers, maxBytes: maxAnswerBytes, entries: map[tokenHash]*list.Element{}},
	}
}

// get returns an answer that may still be used.
func (c *answerCache) get(key tokenHash, now time.Time) (answer, bool) {
	if c.ttl <= 0 {
		return answer{}, false
	}
	if a, ok := c.active.get(key, now); ok {
		return a, true
	}
	return c.inactive.get(key, now)
}

// add keeps the answer to a question asked at that time: never past the
// token's exp, whatever the leeway.
func (c *answerCache) add(key tokenHash, a answer, asked time.Time) {
	switch {
	case c.ttl <= 0:
	case a.refused != nil:
		c.inactive.add(key, a, asked.Add(min(c.ttl, maxInactiveTTL)), answerOverhead)
	case asked.Before(a.claims.ExpiresAt):
		until := asked.Add(c.ttl)
		if a.claims.ExpiresAt.Before(until) {
			until = a.claims.ExpiresAt
		}
		c.active.add(key, a, until, answerOverhead+len(a.claims.Raw))
	}
}

// answers is a map of bounded size; what was not used for longest goes first.
type answers struct {
	maxEntries, maxBytes int

	mu      sync.Mutex
	entries map[tokenHash]*list.Element
	order   list.List // of *cachedAnswer, the last used in front
	bytes   int
}

type cachedAnswer struct {
	key    tokenHash
	answer answer
	until  time.Time
	size   int
}

func (s *answers) get(key tokenHash, now time.Time) (answer, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.entries[key]
	if e == nil {
		return answer{}, false
	}
	cached := e.Value.(*cachedAnswer)
	if !now.Before(cached.until) {
		s.remove(e)
		return answer{}, false
	}
	s.order.MoveToFront(e)
	return cached.answer, true
}

func (s *answers) add(key tokenHash, a answer, until time.Time, size int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e := s.entries[key]; e != nil {
		s.remove(e)
	}
	s.entries[key] = s.order.PushFront(&cachedAnswer{key, a, until, size})
	s.bytes += size
	for len(s.entries) > s.maxEntries || s.bytes > s.maxBytes {
		s.remove(s.order.Back())
	}
}

func (s *answers) remove(e *list.Element) {
	cached := e.Value.(*cachedAnswer)
	s.order.Remove(e)
	s.bytes -= cached.size
	delete(s.entries, cached.key)
}
