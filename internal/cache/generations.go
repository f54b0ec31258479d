package cache

// Generations is a cache without a lock, for callers that change several caches
// in one step under a lock of their own.
type Generations[K comparable, V any] struct {
	young, old map[K]entry[V]
	bytes      int    // of the young generation
	limits     Limits // of one generation
}

type entry[V any] struct {
	value V
	size  int
}

// NewGenerations returns an empty cache. It holds at least one entry in each
// generation.
func NewGenerations[K comparable, V any](limits Limits) Generations[K, V] {
	return Generations[K, V]{
		young:  map[K]entry[V]{},
		limits: Limits{Entries: max(1, limits.Entries/2), Bytes: max(1, limits.Bytes/2)},
	}
}

// Get returns the value of a key, and whether there is one.
func (g *Generations[K, V]) Get(key K) (value V, ok bool) {
	if e, ok := g.young[key]; ok {
		return e.value, true
	}
	e, ok := g.old[key]
	if ok {
		g.put(key, e)
	}
	return e.value, ok
}

// Add adds a value of a size in bytes, or replaces the one with its key.
func (g *Generations[K, V]) Add(key K, value V, size int) { g.put(key, entry[V]{value, size}) }

func (g *Generations[K, V]) put(key K, e entry[V]) {
	replaced, replaces := g.young[key]
	full := !replaces && len(g.young) >= g.limits.Entries || g.bytes-replaced.size+e.size > g.limits.Bytes
	if full {
		g.old, g.young, g.bytes = g.young, make(map[K]entry[V], len(g.young)), 0
		replaced.size = 0
	}
	g.bytes += e.size - replaced.size
	g.young[key] = e
}

// Delete forgets a key.
func (g *Generations[K, V]) Delete(key K) {
	g.bytes -= g.young[key].size
	delete(g.young, key)
	delete(g.old, key)
}

// Len returns how many entries there are, an entry that is in both generations
// counted twice.
func (g *Generations[K, V]) Len() int { return len(g.young) + len(g.old) }
