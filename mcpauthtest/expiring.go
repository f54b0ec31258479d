package mcpauthtest

import (
	"container/heap"
	"time"
)

// expiring is a map whose entries have an end. It is not safe for concurrent
// use.
type expiring[K comparable, V any] struct {
	entries map[K]*expiringEntry[K, V]
	queue   expiryQueue[K, V]
}

type expiringEntry[K comparable, V any] struct {
	key     K
	value   V
	expires time.Time
	place   int // in the queue
}

func newExpiring[K comparable, V any]() *expiring[K, V] {
	return &expiring[K, V]{entries: map[K]*expiringEntry[K, V]{}}
}

func (e *expiring[K, V]) len() int { return len(e.entries) }

// get returns an entry that has not ended.
func (e *expiring[K, V]) get(key K, now time.Time) (V, bool) {
	entry, ok := e.entries[key]
	if !ok || !now.Before(entry.expires) {
		var none V
		return none, false
	}
	return entry.value, true
}

// put adds or replaces an entry.
func (e *expiring[K, V]) put(key K, value V, expires time.Time) {
	if entry, ok := e.entries[key]; ok {
		entry.value, entry.expires = value, expires
		heap.Fix(&e.queue, entry.place)
		return
	}
	entry := &expiringEntry[K, V]{key: key, value: value, expires: expires}
	e.entries[key] = entry
	heap.Push(&e.queue, entry)
}

// forget drops what has ended.
func (e *expiring[K, V]) forget(now time.Time) {
	for len(e.queue) > 0 && !now.Before(e.queue[0].expires) {
		e.dropFirst()
	}
}

// dropFirst drops the entry that ends first.
func (e *expiring[K, V]) dropFirst() {
	if entry, ok := heap.Pop(&e.queue).(*expiringEntry[K, V]); ok {
		delete(e.entries, entry.key)
	}
}

// expiryQueue implements [heap.Interface]; what ends first comes first.
type expiryQueue[K comparable, V any] []*expiringEntry[K, V]

func (q expiryQueue[K, V]) Len() int           { return len(q) }
func (q expiryQueue[K, V]) Less(i, j int) bool { return q[i].expires.Before(q[j].expires) }
func (q expiryQueue[K, V]) Swap(i, j int) {
	q[i], q[j] = q[j], q[i]
	q[i].place, q[j].place = i, j
}

func (q *expiryQueue[K, V]) Push(x any) {
	if entry, ok := x.(*expiringEntry[K, V]); ok {
		entry.place = len(*q)
		*q = append(*q, entry)
	}
}

func (q *expiryQueue[K, V]) Pop() any {
	last := len(*q) - 1
	entry := (*q)[last]
	(*q)[last] = nil
	*q = (*q)[:last]
	return entry
}
