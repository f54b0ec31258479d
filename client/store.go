package client

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"sync"

	"github.com/mcp-auth/go/client/internal/mutex"
)

// Store keeps records by their key: tokens, registrations, and which
// authorization server an MCP server uses. Records contain secrets.
//
// [NewMemoryStore] makes a store in memory, package filestore one of encrypted
// files. To write another, implement one method.
type Store interface {
	// Update passes the record under key to change, nil if there is none, and
	// keeps what it returns: nil removes the record. Update returns an error of
	// change as it is and then keeps nothing.
	//
	// Two updates of one key never overlap, not even in different processes that
	// share the store: change may refresh a token, which only one process may
	// do. It takes seconds at most and heeds ctx.
	Update(ctx context.Context, key string, change func(record []byte) ([]byte, error)) error
}

// MemoryStore is a [Store] that forgets everything when the process ends.
type MemoryStore struct {
	turns mutex.Keyed

	mu      sync.Mutex
	records map[string][]byte
}

// NewMemoryStore returns an empty store.
func NewMemoryStore() *MemoryStore { return &MemoryStore{records: map[string][]byte{}} }

// Format prints no record, whatever the verb.
func (s *MemoryStore) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "{MemoryStore}") }

// LogValue keeps secrets out of logs.
func (s *MemoryStore) LogValue() slog.Value { return slog.StringValue("{MemoryStore}") }

// Update implements [Store].
func (s *MemoryStore) Update(ctx context.Context, key string, change func([]byte) ([]byte, error)) error {
	unlock, err := s.turns.Lock(ctx, key)
	if err != nil {
		return err
	}
	defer unlock()
	record, err := change(s.get(key))
	if err == nil {
		s.set(key, record)
	}
	return err
}

func (s *MemoryStore) get(key string) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.records[key]
}

func (s *MemoryStore) set(key string, record []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.records[key] = record
}
