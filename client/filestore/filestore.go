// Package filestore keeps the tokens and registrations of package client in
// encrypted files, which several processes may share:
//
//	store, err := filestore.Open(filestore.Config{Dir: dir})
//	if err != nil {
//		return err
//	}
//	c, err := client.New(client.Config{ServerURL: url, Store: store})
//
// Each record is a file, encrypted with AES-256-GCM and readable by its owner
// only. The key is in the operating system's keyring or is derived from a
// passphrase.
package filestore

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/mcp-auth/go/client/clienterr"
	"github.com/mcp-auth/go/configerr"
)

const (
	recordSuffix = ".record"
	lockSuffix   = ".lock"

	defaultKeyringService = "mcp-auth-go"
)

// Config configures [Open].
type Config struct {
	// Dir is the directory of the store, created if it does not exist. It must
	// not be one that other users can write to. Required.
	Dir string
	// Key says where the encryption key of the records comes from. Empty means
	// the operating system's keyring if one can be used, else a passphrase. The
	// store remembers what it was created with.
	Key KeyKind
	// KeyringService is the name of the key in the keyring. Empty means
	// "mcp-auth-go".
	KeyringService string
	// Passphrase is called when a passphrase is needed, once for a store. For a
	// new store it must have 8 bytes or more. Nil means that there is none.
	Passphrase func(ctx context.Context) ([]byte, error)
}

// Store is a client.Store of encrypted files. It is safe for concurrent use, by
// several processes as well. Make one with [Open].
type Store struct {
	dir     directory
	headers headers

	// turns keep the goroutines of this process from polling each other's file
	// lock.
	turns turns

	mu   sync.Mutex
	aead cipher.AEAD // nil until it is needed
}

// Open returns the store in a directory. It reads nothing yet: a missing key is
// a [*KeyError] when the store is first used. The error is a [*configerr.Error].
func Open(config Config) (*Store, error) {
	var faults configerr.List
	if config.Dir == "" {
		faults.Add(configerr.NoDirectory, "Dir", "")
	}
	switch config.Key {
	case AutoKey, KeyringKey, PassphraseKey:
	default:
		faults.Add(configerr.InvalidKeyKind, "Key", string(config.Key))
	}
	if err := faults.Err(); err != nil {
		return nil, err
	}
	if config.KeyringService == "" {
		config.KeyringService = defaultKeyringService
	}
	dir := directory(config.Dir)
	return &Store{dir: dir, headers: headers{
		dir: dir, wanted: config.Key,
		keys: keys{keyring: systemKeyring{}, service: config.KeyringService, passphrase: config.Passphrase, derive: argon2id},
	}}, nil
}

// Update implements client.Store.
func (s *Store) Update(ctx context.Context, key string, change func([]byte) ([]byte, error)) error {
	aead, err := s.cipher(ctx)
	if err != nil {
		return err
	}
	unlock, err := s.turns.take(ctx, key)
	if err != nil {
		return err
	}
	defer unlock()
	return s.dir.locked(ctx, nameOf(key)+lockSuffix, func() error { return s.change(aead, key, change) })
}

func (s *Store) change(aead cipher.AEAD, key string, change func([]byte) ([]byte, error)) error {
	name := nameOf(key) + recordSuffix
	old, err := s.read(aead, key)
	if err != nil {
		return err
	}
	record, err := change(old)
	switch {
	case err != nil:
		return err
	case record == nil && old == nil:
		return nil
	case record == nil:
		return os.Remove(s.dir.path(name))
	case old != nil && string(old) == string(record):
		return nil
	}
	return s.dir.write(name, aead.Seal(nil, nil, record, []byte(key)))
}

var errWrongKey = errors.New("a record cannot be decrypted: the passphrase or the key in the keyring is another one, or the file was changed")

// read returns nil if there is no record.
func (s *Store) read(aead cipher.AEAD, key string) ([]byte, error) {
	sealed, err := s.dir.read(nameOf(key) + recordSuffix)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	// A record that was moved to the place of another must not be taken for it,
	// so the record's key is authenticated as well.
	record, err := aead.Open(nil, nil, sealed, []byte(key))
	if err != nil {
		return nil, errWrongKey
	}
	return record, nil
}

// cipher returns what records are encrypted with. It asks for the key once.
func (s *Store) cipher(ctx context.Context) (cipher.AEAD, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.aead != nil {
		return s.aead, nil
	}
	if err := s.dir.prepare(); err != nil {
		return nil, err
	}
	var key []byte
	err := s.dir.locked(ctx, "store"+lockSuffix, func() (err error) {
		key, err = s.headers.key(ctx)
		return err
	})
	if err != nil {
		return nil, err
	}
	s.aead, err = newCipher(key)
	return s.aead, err
}

func newCipher(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

// Format prints no key, whatever the verb.
func (s *Store) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "{"+string(s.dir)+"}") }

// LogValue keeps secrets out of logs.
func (s *Store) LogValue() slog.Value { return slog.StringValue(string(s.dir)) }

// Clear removes every record: all tokens and registrations are forgotten. It
// does not revoke tokens at the authorization servers, as Client.Logout does.
// The error is a [*clienterr.StoreError] or the cause of ctx.
func (s *Store) Clear(ctx context.Context) error {
	entries, err := os.ReadDir(string(s.dir))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return &clienterr.StoreError{Err: err}
	}
	var failures []error
	for _, entry := range entries {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if strings.HasSuffix(entry.Name(), recordSuffix) {
			failures = append(failures, os.Remove(filepath.Join(string(s.dir), entry.Name())))
		}
	}
	if err := errors.Join(failures...); err != nil {
		return &clienterr.StoreError{Err: err}
	}
	return nil
}

// Reset removes every record, as Clear does, and what the store knows of its key:
// the next use makes a new store. It is the way out if the passphrase or the key in
// the keyring is lost. No other process may use the store meanwhile, since it would
// go on with the old key. The error is a [*clienterr.StoreError] or the cause of
// ctx.
func (s *Store) Reset(ctx context.Context) error {
	if err := s.Clear(ctx); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.aead = nil
	if err := os.Remove(s.dir.path(headerFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return &clienterr.StoreError{Err: err}
	}
	return nil
}
