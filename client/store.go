package client

import (
	"context"
	"encoding/json"
	"sync"
	"time"
)

// Store keeps records by their key: tokens, registrations, and which
// authorization server an MCP server uses. Records hold secrets.
//
// [NewMemoryStore] and [OpenStore] make stores. To write another, implement one
// method.
type Store interface {
	// Update passes the record under key to change, nil if there is none, and
	// keeps what it returns: nil removes the record. An error of change is
	// returned as it is and nothing is kept.
	//
	// Two Updates of one key never overlap, in other processes either if they
	// share the store: change may refresh a token, which only one may do. It
	// takes seconds at most and heeds ctx.
	Update(ctx context.Context, key string, change func(record []byte) ([]byte, error)) error
}

// MemoryStore is a [Store] that forgets everything with the process.
type MemoryStore struct {
	mu      sync.Mutex
	entries map[string]*memoryEntry
}

type memoryEntry struct {
	turn   chan struct{} // holds one: taken by who changes the record
	record []byte
}

// NewMemoryStore returns an empty store.
func NewMemoryStore() *MemoryStore { return &MemoryStore{entries: map[string]*memoryEntry{}} }

// Update implements [Store].
func (s *MemoryStore) Update(ctx context.Context, key string, change func([]byte) ([]byte, error)) error {
	entry := s.entry(key)
	select {
	case entry.turn <- struct{}{}:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	defer func() { <-entry.turn }()
	record, err := change(entry.record)
	if err == nil {
		entry.record = record
	}
	return err
}

func (s *MemoryStore) entry(key string) *memoryEntry {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.entries[key] == nil {
		s.entries[key] = &memoryEntry{turn: make(chan struct{}, 1)}
	}
	return s.entries[key]
}

// serverRecord says which authorization server an MCP server uses.
type serverRecord struct {
	Issuer   string `json:"issuer"`
	Resource string `json:"resource"`
	// Bound tells that credentials configured without an issuer were used there.
	Bound bool `json:"bound,omitempty"`
	// Finding is how the authorization server was found.
	Finding finding `json:"finding,omitempty"`
}

// tokenRecord is what one authorization server granted for one resource.
type tokenRecord struct {
	Issuer       string    `json:"issuer"`
	Resource     string    `json:"resource"`
	ClientID     string    `json:"client_id,omitempty"`
	AccessToken  string    `json:"access_token,omitempty"`
	TokenType    string    `json:"token_type,omitempty"`
	RefreshToken string    `json:"refresh_token,omitempty"`
	ExpiresAt    time.Time `json:"expires_at,omitzero"`
	// Requested are the scopes that were asked for, the basis of a step-up.
	Requested []string `json:"requested,omitempty"`
	// Granted are those the server says it granted, nil if it says nothing:
	// then they are the requested ones (RFC 6749 §5.1).
	Granted []string `json:"granted,omitempty"`
	// ProofKey is the key of a DPoP-bound token, in PKCS #8.
	ProofKey []byte `json:"proof_key,omitempty"`

	key *proofKey
}

// clientRecord is a dynamic registration at one authorization server.
type clientRecord struct {
	Issuer       string    `json:"issuer"`
	ClientID     string    `json:"client_id"`
	ClientSecret string    `json:"client_secret,omitempty"`
	Method       string    `json:"method"`
	RedirectURI  string    `json:"redirect_uri"`
	ExpiresAt    time.Time `json:"expires_at,omitzero"`
}

// Keys of records. No URL holds a space, so none can be taken for another.
func serverKey(serverURL string) string       { return "server " + serverURL }
func tokenKey(issuer, resource string) string { return "token " + issuer + " " + resource }
func clientKey(issuer string) string          { return "client " + issuer }

// update is [Store.Update], of which a failure is a [*StoreError]. An error of
// change is returned as it is.
func update(ctx context.Context, s Store, key string, change func(record []byte) ([]byte, error)) error {
	var changed error
	err := s.Update(ctx, key, func(record []byte) (next []byte, err error) {
		next, changed = change(record)
		return next, changed
	})
	if err == nil || changed != nil || ctx.Err() != nil {
		return err
	}
	return &StoreError{err}
}

// load reads a record. ok is false if there is none.
func load[T any](ctx context.Context, s Store, key string) (value T, ok bool, err error) {
	err = update(ctx, s, key, func(record []byte) ([]byte, error) {
		if record == nil {
			return nil, nil
		}
		ok = true
		return record, decodeRecord(record, &value)
	})
	if err != nil {
		var none T
		return none, false, err
	}
	return value, ok, nil
}

func save(ctx context.Context, s Store, key string, value any) error {
	record, err := encodeRecord(value)
	if err != nil {
		return err
	}
	return update(ctx, s, key, func([]byte) ([]byte, error) { return record, nil })
}

func remove(ctx context.Context, s Store, key string) error {
	return update(ctx, s, key, func([]byte) ([]byte, error) { return nil, nil })
}

func encodeRecord(value any) ([]byte, error) {
	record, err := json.Marshal(value)
	if err != nil {
		return nil, &StoreError{err}
	}
	return record, nil
}

// decodeRecord reports a record that is damaged without showing it.
func decodeRecord(record []byte, into any) error {
	if json.Unmarshal(record, into) != nil {
		return &StoreError{errRecord}
	}
	return nil
}

// restore makes the key of a record usable.
func (r *tokenRecord) restore() (err error) {
	if len(r.ProofKey) > 0 && r.key == nil {
		r.key, err = parseProofKey(r.ProofKey)
	}
	return err
}

// granted are the scopes the token has as far as is known.
func (r *tokenRecord) granted() []string {
	if r.Granted != nil {
		return r.Granted
	}
	return r.Requested
}
