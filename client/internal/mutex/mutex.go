// Package mutex holds mutexes whose waiting ends with a context.
package mutex

import (
	"context"
	"sync"
)

// Mutex is a mutual exclusion lock. Make one with [New].
type Mutex struct{ held chan struct{} }

// New returns an unlocked mutex.
func New() *Mutex { return &Mutex{held: make(chan struct{}, 1)} }

// Lock locks the mutex. The error is the cause of ctx if ctx ends first.
func (m *Mutex) Lock(ctx context.Context) (unlock func(), err error) {
	select {
	case m.held <- struct{}{}:
		return func() { <-m.held }, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// Keyed is a [Mutex] for each key. The zero value is unlocked. It keeps the
// mutex of every key it was asked for.
type Keyed struct {
	mu    sync.Mutex
	byKey map[string]*Mutex
}

// Lock locks the mutex of a key. The error is the cause of ctx if ctx ends
// first.
func (k *Keyed) Lock(ctx context.Context, key string) (unlock func(), err error) {
	return k.of(key).Lock(ctx)
}

func (k *Keyed) of(key string) *Mutex {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.byKey == nil {
		k.byKey = map[string]*Mutex{}
	}
	if k.byKey[key] == nil {
		k.byKey[key] = New()
	}
	return k.byKey[key]
}
