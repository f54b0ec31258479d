package mcpauthtest

import (
	"context"
	"crypto"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/go-jose/go-jose/v4"
)

const (
	secretBytes = 32
	// storeTimeout bounds what the server waits for its store where no request
	// does.
	storeTimeout = 10 * time.Second
)

// secrets are what a server needs to recognize, after a restart, what it issued
// before.
type secrets struct {
	Handles []byte    `json:"handles"` // codes, refresh tokens
	CSRF    []byte    `json:"csrf"`    // forms
	Opaque  []byte    `json:"opaque"`  // opaque access tokens
	Nonces  []byte    `json:"nonces"`  // DPoP
	Keys    savedKeys `json:"keys"`    // all other tokens
	// TokenTTL is how long, in seconds, tokens are valid that were signed under
	// the current key before it was loaded.
	TokenTTL int64 `json:"token_ttl"`
}

// savedKeys is a keyring at rest.
type savedKeys struct {
	Current jose.JSONWebKey `json:"current"`
	Next    jose.JSONWebKey `json:"next"`
	Former  []formerKey     `json:"former,omitempty"`
}

type formerKey struct {
	Key   jose.JSONWebKey `json:"key"`
	Until time.Time       `json:"until"` // its last token expires
}

func newSecrets() secrets {
	random := func() []byte {
		b := make([]byte, secretBytes)
		_, _ = rand.Read(b) // never fails (crypto/rand)
		return b
	}
	return secrets{Handles: random(), CSRF: random(), Opaque: random(), Nonces: random()}
}

// loadSecrets returns the secrets of the store, or makes and saves new ones, and
// the keyring, which saves itself when it changes.
func loadSecrets(config Config) (secrets, *keyring, error) {
	ctx, cancel := context.WithTimeout(context.Background(), storeTimeout)
	defer cancel()
	raw, err := config.Store.Secrets(ctx)
	if err != nil {
		return secrets{}, nil, fmt.Errorf("mcpauthtest: reading the keys: %w", err)
	}
	s, keys := newSecrets(), (*keyring)(nil)
	if raw == nil {
		keys, err = newKeyring(config.Algorithm)
	} else if json.Unmarshal(raw, &s) != nil {
		return secrets{}, nil, errors.New("mcpauthtest: the stored keys cannot be read")
	} else {
		keys, err = s.keyring(config)
	}
	if err != nil {
		return secrets{}, nil, err
	}
	s.TokenTTL = max(s.TokenTTL, int64(config.AccessTokenTTL/time.Second))
	keys.save = func(changed savedKeys) error {
		saved := s
		saved.Keys = changed
		return saveSecrets(config.Store, saved)
	}
	return s, keys, keys.save(keys.saved())
}

func saveSecrets(store Store, s secrets) error {
	raw, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("mcpauthtest: writing the keys: %w", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), storeTimeout)
	defer cancel()
	if err := store.SaveSecrets(ctx, raw); err != nil {
		return fmt.Errorf("mcpauthtest: saving the keys: %w", err)
	}
	return nil
}

// keyring makes the saved keys usable. Where another algorithm is configured
// now, they become former ones.
func (s secrets) keyring(config Config) (*keyring, error) {
	current, err := loadKey(s.Keys.Current)
	if err != nil {
		return nil, err
	}
	next, err := loadKey(s.Keys.Next)
	if err != nil {
		return nil, err
	}
	// When the last token was signed is not known; now is not too early.
	current.lastExpiry = config.Now().Add(time.Duration(s.TokenTTL) * time.Second)
	k := &keyring{algorithm: config.Algorithm, current: current, next: next}
	for _, f := range s.Keys.Former {
		former, err := loadKey(f.Key)
		if err != nil {
			return nil, err
		}
		former.lastExpiry = f.Until
		k.former = append(k.former, former)
	}
	if string(current.algorithm) == config.Algorithm {
		return k, nil
	}
	fresh, err := newKeyring(config.Algorithm)
	if err != nil {
		return nil, err
	}
	k.retire(current)
	k.current, k.next = fresh.current, fresh.next
	return k, nil
}

func loadKey(saved jose.JSONWebKey) (*signingKey, error) {
	private, ok := saved.Key.(crypto.Signer)
	if _, known := algorithms()[saved.Algorithm]; !ok || !known {
		return nil, errors.New("mcpauthtest: a stored key is no private signing key")
	}
	return signingKeyOf(saved.Algorithm, private)
}

// saved returns the keyring at rest. The caller holds mu, or has it alone.
func (k *keyring) saved() savedKeys {
	keys := savedKeys{Current: k.current.atRest(), Next: k.next.atRest()}
	for _, former := range k.former {
		keys.Former = append(keys.Former, formerKey{former.atRest(), former.lastExpiry})
	}
	return keys
}

func (k *signingKey) atRest() jose.JSONWebKey {
	return jose.JSONWebKey{Key: k.private, KeyID: k.id, Algorithm: string(k.algorithm), Use: "sig"}
}
