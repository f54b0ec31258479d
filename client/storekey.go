package client

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/zalando/go-keyring"
	"golang.org/x/crypto/argon2"
)

const (
	saltSize = 16
	keySize  = 32

	defaultKeyringService = "mcp-auth-go"
	// keyringTimeout is long enough for a user to unlock the keyring.
	keyringTimeout = 2 * time.Minute

	// Argon2id as RFC 9106 §4 recommends where memory is short.
	argonTime    = 3
	argonMemory  = 64 << 10 // KiB
	argonThreads = 4
)

// KeyKind says where the key of a [FileStore] is.
type KeyKind string

const (
	// AutoKey, the default, is KeyringKey for a new file if there is a keyring
	// that can be used, else PassphraseKey. A file that exists says which key it
	// needs.
	AutoKey KeyKind = ""
	// KeyringKey is a random key in the operating system's keyring: macOS
	// Keychain, Windows Credential Manager, Secret Service elsewhere.
	KeyringKey KeyKind = "keyring"
	// PassphraseKey is derived from a passphrase with Argon2id.
	PassphraseKey KeyKind = "passphrase"
)

// KeyError says that a [FileStore] has no key to decrypt its records with.
type KeyError struct {
	// Kind is the kind of key that was looked for.
	Kind KeyKind
	// Err is the cause.
	Err error
}

func (e *KeyError) Error() string {
	return "client: the token store cannot be opened: " + e.Err.Error()
}

// Unwrap returns the cause.
func (e *KeyError) Unwrap() error { return e.Err }

var errNoPassphrase = errors.New("no passphrase is given")

// secretService is what is used of a keyring.
type secretService interface {
	// get returns errNoSecret where there is none.
	get(service, user string) (string, error)
	set(service, user, secret string) error
}

var errNoSecret = errors.New("the keyring has no key for the store")

// systemKeyring is the operating system's keyring.
type systemKeyring struct{}

func (systemKeyring) get(service, user string) (string, error) {
	secret, err := keyring.Get(service, user)
	if errors.Is(err, keyring.ErrNotFound) {
		return "", errNoSecret
	}
	return secret, err
}

func (systemKeyring) set(service, user, secret string) error {
	return keyring.Set(service, user, secret)
}

// newKey makes the key of a new store and notes its kind in the header.
func (s *FileStore) newKey(ctx context.Context, header *storeHeader) ([]byte, error) {
	var unusable error
	if s.config.Key != PassphraseKey {
		header.Key = KeyringKey
		key, err := s.keyOf(ctx, header, true)
		if err == nil || s.config.Key == KeyringKey || ctx.Err() != nil {
			return key, err
		}
		unusable = err
	}
	header.Key = PassphraseKey
	key, err := s.keyOf(ctx, header, true)
	if errors.Is(err, errNoPassphrase) && unusable != nil {
		return nil, &KeyError{Kind: AutoKey, Err: fmt.Errorf("no keyring can be used (%w), and %w", errors.Unwrap(unusable), errNoPassphrase)}
	}
	return key, err
}

// keyOf returns the key that the header speaks of. Only a new store's may be
// made: another one would lock its records away.
func (s *FileStore) keyOf(ctx context.Context, header *storeHeader, isNew bool) ([]byte, error) {
	var key []byte
	var err error
	switch header.Key {
	case KeyringKey:
		key, err = s.keyringKey(ctx, hex.EncodeToString(header.Salt), isNew)
	case PassphraseKey:
		key, err = s.passphraseKey(ctx, header.Salt)
	default:
		err = errors.New(storeFile + " names a kind of key that is unknown")
	}
	if err != nil {
		return nil, &KeyError{Kind: header.Key, Err: err}
	}
	return key, nil
}

func (s *FileStore) passphraseKey(ctx context.Context, salt []byte) ([]byte, error) {
	if s.config.Passphrase == nil {
		return nil, errNoPassphrase
	}
	passphrase, err := s.config.Passphrase(ctx)
	if err != nil {
		return nil, err
	}
	if len(passphrase) == 0 {
		return nil, errNoPassphrase
	}
	return s.derive(passphrase, salt), nil
}

func argon2id(passphrase, salt []byte) []byte {
	return argon2.IDKey(passphrase, salt, argonTime, argonMemory, argonThreads, keySize)
}

func (s *FileStore) keyringKey(ctx context.Context, user string, isNew bool) ([]byte, error) {
	var encoded string
	err := bounded(ctx, keyringTimeout, func() (err error) {
		encoded, err = s.keyring.get(s.config.KeyringService, user)
		return err
	})
	switch {
	case errors.Is(err, errNoSecret) && isNew:
		return s.putKeyringKey(ctx, user)
	case err != nil:
		return nil, err
	}
	key, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil || len(key) != keySize {
		return nil, errors.New("the key in the keyring is no key of a store")
	}
	return key, nil
}

func (s *FileStore) putKeyringKey(ctx context.Context, user string) ([]byte, error) {
	key := make([]byte, keySize)
	_, _ = rand.Read(key) // never fails (crypto/rand)
	return key, bounded(ctx, keyringTimeout, func() error {
		return s.keyring.set(s.config.KeyringService, user, base64.StdEncoding.EncodeToString(key))
	})
}

// bounded runs what cannot be interrupted. A call that outlives its time ends
// by itself, unheard.
func bounded(ctx context.Context, limit time.Duration, call func() error) error {
	ctx, cancel := context.WithTimeoutCause(ctx, limit, errors.New("the keyring does not answer"))
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- call() }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
