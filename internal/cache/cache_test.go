package cache

import (
	"strconv"
	"sync"
	"testing"
)

func identity(key uint64) uint64 { return key }

// TestBounds holds that a cache never has more entries and bytes than it may,
// and still half of that, the last used.
func TestBounds(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		limits Limits
		size   int
		least  uint64 // of the last added, so many are there
		most   int    // entries
	}{
		"entries":    {Limits{Entries: 3200, Bytes: 1 << 30}, 1, 1600, 3200},
		"bytes":      {Limits{Entries: 3200, Bytes: 1600 << 10}, 1 << 10, 800, 1600},
		"tiny":       {Limits{Entries: 1, Bytes: 1}, 1, 16, 32},
		"large":      {Limits{Entries: 3200, Bytes: 1600}, 1 << 20, 16, 32},
		"weightless": {Limits{Entries: 3200}, 0, 1600, 3200},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const added = 20_000
			c := New[uint64, int](test.limits, identity)
			for key := range uint64(added) {
				c.Add(key, int(key), test.size)
				if n := c.Len(); n > test.most {
					t.Fatalf("%d entries, at most %d", n, test.most)
				}
			}
			for key := uint64(added) - test.least; key < added; key++ {
				if value, ok := c.Get(key); !ok || value != int(key) {
					t.Fatalf("the last but %d is gone", added-key)
				}
			}
			if _, ok := c.Get(0); ok {
				t.Error("the first is still there")
			}
		})
	}
}

// TestUsedEntriesStay holds that an entry that is used does not go, whatever
// else is added.
func TestUsedEntriesStay(t *testing.T) {
	t.Parallel()
	c := New[uint64, string](Limits{Entries: 320, Bytes: 1 << 20}, identity)
	c.Add(0, "used", 1)
	for key := uint64(1); key < 10_000; key++ {
		c.Add(key, "", 1)
		if value, ok := c.Get(0); !ok || value != "used" {
			t.Fatalf("gone after %d others", key)
		}
	}
}

// TestGenerations holds what is counted to what is there.
func TestGenerations(t *testing.T) {
	t.Parallel()
	g := NewGenerations[string, int](Limits{Entries: 4, Bytes: 100})
	check := func(what string, entries, bytes int) {
		t.Helper()
		if g.Len() != entries || g.bytes != bytes {
			t.Errorf("%s: %d entries, %d bytes in the young generation; want %d, %d", what, g.Len(), g.bytes, entries, bytes)
		}
	}
	g.Add("a", 1, 10)
	g.Add("b", 2, 20)
	check("two", 2, 30)
	g.Add("a", 3, 15)
	check("replaced", 2, 35)
	g.Add("c", 4, 5)
	check("full", 3, 5)
	if value, ok := g.Get("a"); !ok || value != 3 {
		t.Errorf("a is %d, %t", value, ok)
	}
	check("used again", 4, 20)
	g.Add("c", 5, 48)
	check("replaced by too much", 3, 48)
	g.Delete("c")
	g.Delete("c")
	check("deleted", 1, 0)
	g.Delete("a")
	check("deleted from the old", 0, 0)
	if _, ok := g.Get("a"); ok {
		t.Error("a is still there")
	}
}

func TestNilHoldsNothing(t *testing.T) {
	t.Parallel()
	var c *Cache[uint64, int]
	c.Add(1, 1, 1)
	c.Delete(1)
	if _, ok := c.Get(1); ok || c.Len() != 0 {
		t.Error("something is there")
	}
}

func TestConcurrentUse(t *testing.T) {
	t.Parallel()
	c := New[string, int](Limits{Entries: 64, Bytes: 1 << 10}, func(key string) uint64 { return uint64(key[0]) })
	var callers sync.WaitGroup
	for range 4 {
		callers.Go(func() {
			for i := range 1000 {
				key := strconv.Itoa(i % 100)
				c.Add(key, i%100, 8)
				if value, ok := c.Get(key); ok && value != i%100 {
					t.Errorf("%s is %d", key, value)
				}
				c.Delete(strconv.Itoa((i + 7) % 100))
			}
		})
	}
	callers.Wait()
}
