// Package secret loads and saves the secrets of an authorization server.
package secret

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/mcp-auth/go/internal/authserver/key"
	"github.com/mcp-auth/go/internal/authserver/store"
)

const (
	size = 32 // bytes
	// storeTimeout limits how long the server waits for its store outside of
	// requests.
	storeTimeout = 10 * time.Second
)

// Secrets are what a server needs, in addition to its signing keys, to recognize
// after a restart what it issued before.
type Secrets struct {
	Handles []byte `json:"handles"` // codes, refresh tokens
	Forms   []byte `json:"csrf"`
	Opaque  []byte `json:"opaque"` // opaque access tokens
	Nonces  []byte `json:"nonces"` // DPoP
}

// saved is what the store keeps.
type saved struct {
	Secrets
	Keys key.Saved `json:"keys"`
	// TokenTTL is how long, in seconds, tokens are valid that were signed with
	// the current key before it was loaded.
	TokenTTL int64 `json:"token_ttl"`
}

// New makes new secrets.
func New() Secrets {
	random := func() []byte {
		b := make([]byte, size)
		_, _ = rand.Read(b) // never fails (crypto/rand)
		return b
	}
	return Secrets{Handles: random(), Forms: random(), Opaque: random(), Nonces: random()}
}

// Load returns the secrets and the signing keys of the store, or makes and saves
// new ones. The keys save themselves when they change. Tokens are signed with
// algorithm and valid for tokenTTL.
func Load(s store.Secrets, algorithm string, tokenTTL time.Duration, now time.Time) (Secrets, *key.Ring, error) {
	ctx, cancel := context.WithTimeout(context.Background(), storeTimeout)
	defer cancel()
	raw, err := s.Secrets(ctx)
	if err != nil {
		return Secrets{}, nil, fmt.Errorf("reading the keys: %w", err)
	}
	all, ring, err := restore(raw, algorithm, now)
	if err != nil {
		return Secrets{}, nil, err
	}
	all.TokenTTL = max(all.TokenTTL, int64(tokenTTL/time.Second))
	save := func(changed key.Saved) error {
		current := all
		current.Keys = changed
		return current.save(s)
	}
	return all.Secrets, ring, ring.SaveWith(save)
}

// restore reads what was saved. Without anything it makes new secrets.
func restore(raw []byte, algorithm string, now time.Time) (saved, *key.Ring, error) {
	if raw == nil {
		ring, err := key.NewRing(algorithm)
		return saved{Secrets: New()}, ring, err
	}
	all := saved{Secrets: New()}
	if json.Unmarshal(raw, &all) != nil {
		return saved{}, nil, errors.New("the stored keys cannot be read")
	}
	// When the last token was signed is not known, but it was not after now.
	lastExpiry := now.Add(time.Duration(all.TokenTTL) * time.Second)
	ring, err := key.Restore(all.Keys, algorithm, lastExpiry)
	return all, ring, err
}

func (v saved) save(s store.Secrets) error {
	raw, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("writing the keys: %w", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), storeTimeout)
	defer cancel()
	if err := s.SaveSecrets(ctx, raw); err != nil {
		return fmt.Errorf("saving the keys: %w", err)
	}
	return nil
}
