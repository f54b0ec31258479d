package opaque

import (
	"testing"
	"time"
)

func numbered(n int) (key tokenHash) {
	key[0], key[1], key[2] = byte(n), byte(n>>8), byte(n>>16)
	return key
}

// Covers RS17. What is remembered is bounded in entries and in bytes, what was
// not used for longest goes first, and nobody can push out answers for active
// tokens with tokens made up.
func TestAnswerCacheIsBounded(t *testing.T) {
	t.Parallel()
	now := time.Now()
	good := Keep{Until: now.Add(time.Hour), Bytes: 100}
	c := newCache[int]()
	for n := range maxActive {
		c.add(numbered(n), n, now, good)
	}
	if _, ok := c.get(numbered(0), now); !ok {
		t.Fatal("the first answer is gone already")
	}
	c.add(numbered(maxActive), 0, now, good)
	if _, ok := c.get(numbered(0), now); !ok {
		t.Error("an answer that was just used is gone")
	}
	if _, ok := c.get(numbered(1), now); ok {
		t.Error("the answer that was not used for longest is still there")
	}
	for n := range 3 * maxInactive {
		c.add(numbered(1<<20+n), n, now, Keep{Until: now.Add(time.Hour), Inactive: true})
	}
	if n, m := len(c.active.entries), len(c.inactive.entries); n != maxActive || m != maxInactive {
		t.Errorf("%d active and %d inactive answers", n, m)
	}
	for n := range maxActive {
		c.add(numbered(n), n, now, Keep{Until: now.Add(time.Hour), Bytes: 64 << 10})
	}
	if c.active.bytes > maxBytes || len(c.active.entries) != c.active.order.Len() {
		t.Errorf("%d bytes, %d entries, %d in order", c.active.bytes, len(c.active.entries), c.active.order.Len())
	}
	for n := range maxActive {
		c.get(numbered(n), now.Add(time.Hour))
	}
	if c.active.bytes != 0 || len(c.active.entries) != 0 || c.active.order.Len() != 0 {
		t.Errorf("after all expired: %d bytes, %d entries, %d in order", c.active.bytes, len(c.active.entries), c.active.order.Len())
	}
}
