package lookup

import (
	"crypto/sha256"
	"encoding/binary"
	"time"

	"github.com/mcp-auth/go/internal/cache"
)

const (
	maxActive   = 10_000
	maxInactive = 1_000
	maxBytes    = 32 << 20 // of active and of inactive tokens
	// overhead is about what an answer takes beside what Retention says.
	overhead = 512
)

// tokenHash names a token without holding it. Nobody can choose its bytes freely
// enough to fill one shard of the cache.
type tokenHash [sha256.Size]byte

func (h tokenHash) shard() uint64 { return binary.LittleEndian.Uint64(h[:]) }

// answers remembers answers for a while. Anybody can make up inactive tokens,
// so answers for them are held apart and push out nothing else.
type answers[A any] struct {
	active, inactive *cache.Cache[tokenHash, remembered[A]]
}

type remembered[A any] struct {
	answer A
	until  time.Time
}

func newAnswers[A any]() *answers[A] {
	return &answers[A]{
		active:   cache.New[tokenHash, remembered[A]](cache.Limits{Entries: maxActive, Bytes: maxBytes}, tokenHash.shard),
		inactive: cache.New[tokenHash, remembered[A]](cache.Limits{Entries: maxInactive, Bytes: maxBytes}, tokenHash.shard),
	}
}

// get returns an answer that may still be used.
func (a *answers[A]) get(key tokenHash, now time.Time) (answer A, ok bool) {
	for _, c := range [...]*cache.Cache[tokenHash, remembered[A]]{a.active, a.inactive} {
		found, ok := c.Get(key)
		if ok && now.Before(found.until) {
			return found.answer, true
		}
		if ok {
			c.Delete(key)
		}
	}
	return answer, false
}

// add remembers the answer to a question asked at that time.
func (a *answers[A]) add(key tokenHash, answer A, asked time.Time, r Retention) {
	c := a.active
	if r.Inactive {
		c = a.inactive
		r.Until = earlier(r.Until, asked.Add(MaxInactive))
	}
	if asked.Before(r.Until) {
		c.Add(key, remembered[A]{answer, r.Until}, overhead+r.Bytes)
	}
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
