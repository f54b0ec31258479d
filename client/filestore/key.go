package filestore

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"

	"golang.org/x/crypto/argon2"
)

const (
	keySize = 32

	// minPassphrase is how long the passphrase of a new store must be, in bytes.
	minPassphrase = 8

	// Argon2id as RFC 9106 §4 recommends if memory is short.
	argonTime    = 3
	argonMemory  = 64 << 10 // KiB
	argonThreads = 4
)

// KeyKind says where the key of a [Store] is.
type KeyKind string

const (
	// AutoKey, the default, is KeyringKey for a new store if there is a usable
	// keyring, else PassphraseKey. An existing store says which key it needs.
	AutoKey KeyKind = ""
	// KeyringKey is a random key in the operating system's keyring: macOS
	// Keychain, Windows Credential Manager, Secret Service elsewhere.
	KeyringKey KeyKind = "keyring"
	// PassphraseKey is derived from a passphrase with Argon2id.
	PassphraseKey KeyKind = "passphrase"
)

// KeyError reports that a [Store] has no key to decrypt its records with.
type KeyError struct {
	// Kind is the kind of key that was looked for.
	Kind KeyKind
	// Err is the cause.
	Err error
}

// Error names the cause.
func (e *KeyError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *KeyError) Unwrap() error { return e.Err }

var (
	errNoPassphrase    = errors.New("no passphrase is given")
	errShortPassphrase = fmt.Errorf("the passphrase has fewer than %d bytes", minPassphrase)
	errOtherKey        = errors.New("the passphrase or the key in the keyring is not the one that the store was created with")
	errUnknownKind     = errors.New("the kind of key is unknown")
)

// keys finds and creates the keys of stores. A store's salt names its key.
type keys struct {
	keyring    keyring
	service    string // in the keyring
	passphrase func(ctx context.Context) ([]byte, error)
	derive     func(passphrase, salt []byte) []byte
}

// find returns the key of an existing store. It creates none: a new key could
// not read the records. The error is a [*KeyError].
func (k *keys) find(ctx context.Context, kind KeyKind, salt []byte) ([]byte, error) {
	switch kind {
	case KeyringKey:
		key, err := k.fromKeyring(ctx, hex.EncodeToString(salt))
		return key, keyError(kind, err)
	case PassphraseKey:
		key, err := k.fromPassphrase(ctx, salt, 1)
		return key, keyError(kind, err)
	}
	return nil, keyError(kind, errUnknownKind)
}

// create returns the key of a new store and its kind. The error is a
// [*KeyError].
func (k *keys) create(ctx context.Context, wanted KeyKind, salt []byte) ([]byte, KeyKind, error) {
	var unusable error
	if wanted != PassphraseKey {
		var key []byte
		if key, unusable = k.newInKeyring(ctx, hex.EncodeToString(salt)); unusable == nil {
			return key, KeyringKey, nil
		}
		if wanted == KeyringKey || ctx.Err() != nil {
			return nil, "", keyError(KeyringKey, unusable)
		}
	}
	key, err := k.fromPassphrase(ctx, salt, minPassphrase)
	if errors.Is(err, errNoPassphrase) && unusable != nil {
		return nil, "", keyError(AutoKey, fmt.Errorf("no keyring can be used (%w), and %w", unusable, errNoPassphrase))
	}
	return key, PassphraseKey, keyError(PassphraseKey, err)
}

func keyError(kind KeyKind, err error) error {
	if err == nil {
		return nil
	}
	return &KeyError{Kind: kind, Err: err}
}

// fromPassphrase derives the key from a passphrase of so many bytes or more.
func (k *keys) fromPassphrase(ctx context.Context, salt []byte, least int) ([]byte, error) {
	if k.passphrase == nil {
		return nil, errNoPassphrase
	}
	passphrase, err := k.passphrase(ctx)
	if err != nil {
		return nil, err
	}
	switch {
	case len(passphrase) == 0:
		return nil, errNoPassphrase
	case len(passphrase) < least:
		return nil, errShortPassphrase
	}
	return k.derive(passphrase, salt), nil
}

func argon2id(passphrase, salt []byte) []byte {
	return argon2.IDKey(passphrase, salt, argonTime, argonMemory, argonThreads, keySize)
}
