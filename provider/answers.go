package provider

import (
	"crypto/sha256"
	"slices"
	"sync"
	"time"

	mcpauth "github.com/mcp-auth/go"
)

// maxAnswers bounds one of the two generations.
const maxAnswers = 10_000

// tokenHash names a token without holding it.
type tokenHash [sha256.Size]byte

// answers remembers what was said of valid tokens. It has two generations: a
// full young one becomes the old one, and what was not used since is forgotten.
// That bounds memory without a list.
type answers struct {
	mu         sync.Mutex
	young, old map[tokenHash]answer
}

type answer struct {
	claims mcpauth.Claims
	until  time.Time
}

func newAnswers() *answers { return &answers{young: map[tokenHash]answer{}} }

// get returns a copy of what may still be used, or nil.
func (s *answers) get(key tokenHash, now time.Time) *mcpauth.Claims {
	s.mu.Lock()
	defer s.mu.Unlock()
	a, found := s.young[key]
	if !found {
		if a, found = s.old[key]; !found {
			return nil
		}
		s.put(key, a)
	}
	if !now.Before(a.until) {
		delete(s.young, key)
		delete(s.old, key)
		return nil
	}
	return clone(&a.claims)
}

func (s *answers) add(key tokenHash, claims *mcpauth.Claims, until time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.put(key, answer{*clone(claims), until})
}

func (s *answers) put(key tokenHash, a answer) {
	if len(s.young) >= maxAnswers {
		s.old, s.young = s.young, make(map[tokenHash]answer, maxAnswers)
	}
	s.young[key] = a
}

func clone(c *mcpauth.Claims) *mcpauth.Claims {
	copied := *c
	copied.Audience = slices.Clone(c.Audience)
	copied.Scopes = slices.Clone(c.Scopes)
	copied.Raw = slices.Clone(c.Raw)
	return &copied
}
