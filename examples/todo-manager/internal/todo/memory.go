package todo

import (
	"context"
	"slices"
	"sync"
)

// Memory keeps todos until the process ends.
type Memory struct {
	limits Limits
	mu     sync.Mutex
	todos  []Todo // few, see Limits
}

// NewMemory makes an empty store.
func NewMemory(limits Limits) *Memory { return &Memory{limits: limits} }

// Add implements [Store].
func (m *Memory) Add(_ context.Context, t Todo) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.owned(t.Owner)) >= m.limits.PerOwner {
		return ErrListFull
	}
	if len(m.todos) >= m.limits.Total {
		return ErrFull
	}
	m.todos = append(m.todos, t)
	return nil
}

// owned is never nil: an empty list is an empty array in JSON.
func (m *Memory) owned(owner string) []Todo {
	todos := []Todo{}
	for _, t := range m.todos {
		if t.Owner == owner {
			todos = append(todos, t)
		}
	}
	return todos
}

func (m *Memory) index(id string) int {
	return slices.IndexFunc(m.todos, func(t Todo) bool { return t.ID == id })
}

// Get implements [Store].
func (m *Memory) Get(_ context.Context, id string) (Todo, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	i := m.index(id)
	if i < 0 {
		return Todo{}, ErrNotFound
	}
	return m.todos[i], nil
}

// Owned implements [Store].
func (m *Memory) Owned(_ context.Context, owner string) ([]Todo, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.owned(owner), nil
}

// All implements [Store].
func (m *Memory) All(context.Context) ([]Todo, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]Todo{}, m.todos...), nil
}

// Delete implements [Store].
func (m *Memory) Delete(_ context.Context, id string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	i := m.index(id)
	if i < 0 {
		return ErrNotFound
	}
	m.todos = slices.Delete(m.todos, i, i+1)
	return nil
}

// Close implements [Store].
func (m *Memory) Close() error { return nil }
