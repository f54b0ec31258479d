// Package expiring is a map whose entries have an end.
package expiring

import (
	"container/heap"
	"iter"
	"time"
)

// Map is a map whose entries have an end. It is not safe for concurrent use.
type Map[K comparable, V any] struct {
	entries map[K]*entry[K, V]
	queue   queue[K, V]
}

type entry[K comparable, V any] struct {
	key     K
	value   V
	expires time.Time
	place   int // in the queue
}

// NewMap returns an empty map.
func NewMap[K comparable, V any]() *Map[K, V] {
	return &Map[K, V]{entries: map[K]*entry[K, V]{}}
}

// Len returns how many entries there are, including ended ones that Forget has
// not dropped yet.
func (m *Map[K, V]) Len() int { return len(m.entries) }

// Get returns an entry that has not ended.
func (m *Map[K, V]) Get(key K, now time.Time) (V, bool) {
	e, ok := m.entries[key]
	if !ok || !now.Before(e.expires) {
		var none V
		return none, false
	}
	return e.value, true
}

// Find returns an entry even if it has ended, unless Forget has dropped it.
func (m *Map[K, V]) Find(key K) (V, bool) {
	e, ok := m.entries[key]
	if !ok {
		var none V
		return none, false
	}
	return e.value, true
}

// All yields every entry in no particular order, including ended ones that
// Forget has not dropped yet.
func (m *Map[K, V]) All() iter.Seq2[K, V] {
	return func(yield func(K, V) bool) {
		for key, e := range m.entries {
			if !yield(key, e.value) {
				return
			}
		}
	}
}

// Put adds or replaces an entry.
func (m *Map[K, V]) Put(key K, value V, expires time.Time) {
	if e, ok := m.entries[key]; ok {
		e.value, e.expires = value, expires
		heap.Fix(&m.queue, e.place)
		return
	}
	e := &entry[K, V]{key: key, value: value, expires: expires}
	m.entries[key] = e
	heap.Push(&m.queue, e)
}

// Forget drops the entries that have ended.
func (m *Map[K, V]) Forget(now time.Time) {
	for {
		if _, ok := m.PopEnded(now); !ok {
			return
		}
	}
}

// PopEnded drops an entry that has ended and returns its value. It reports false
// if there is none.
func (m *Map[K, V]) PopEnded(now time.Time) (V, bool) {
	if len(m.queue) == 0 || now.Before(m.queue[0].expires) {
		var none V
		return none, false
	}
	value := m.queue[0].value
	m.DropFirst()
	return value, true
}

// Drop drops an entry. It does nothing if there is none under key.
func (m *Map[K, V]) Drop(key K) {
	if e, ok := m.entries[key]; ok {
		heap.Remove(&m.queue, e.place)
		delete(m.entries, key)
	}
}

// DropFirst drops the entry that ends first. The map must not be empty.
func (m *Map[K, V]) DropFirst() {
	if e, ok := heap.Pop(&m.queue).(*entry[K, V]); ok {
		delete(m.entries, e.key)
	}
}

// queue implements [heap.Interface]: the entry that ends first comes first.
type queue[K comparable, V any] []*entry[K, V]

func (q queue[K, V]) Len() int           { return len(q) }
func (q queue[K, V]) Less(i, j int) bool { return q[i].expires.Before(q[j].expires) }
func (q queue[K, V]) Swap(i, j int) {
	q[i], q[j] = q[j], q[i]
	q[i].place, q[j].place = i, j
}

func (q *queue[K, V]) Push(x any) {
	if e, ok := x.(*entry[K, V]); ok {
		e.place = len(*q)
		*q = append(*q, e)
	}
}

func (q *queue[K, V]) Pop() any {
	last := len(*q) - 1
	e := (*q)[last]
	(*q)[last] = nil
	*q = (*q)[:last]
	return e
}
