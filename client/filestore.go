package client

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

const (
	maxRecord    = 1 << 20
	lockPolling  = 20 * time.Millisecond
	storeVersion = 1

	storeFile    = "store.json"
	recordSuffix = ".record"
	lockSuffix   = ".lock"

	dirMode  = 0o700
	fileMode = 0o600
)

// StoreConfig configures [OpenStore].
type StoreConfig struct {
	// Dir is the directory of the store, made if it does not exist. Required.
	Dir string
	// Key says where the encryption key of the records comes from. Empty means
	// the operating system's keyring if one can be used, else a passphrase. The
	// store remembers what it was made with.
	Key KeyKind
	// KeyringService is the name the key has in the keyring. Empty means
	// "mcp-auth-go".
	KeyringService string
	// Passphrase is called when a passphrase is needed, once for a store. Nil
	// means that there is none.
	Passphrase func(ctx context.Context) ([]byte, error)
}

// FileStore is a [Store] of encrypted files, which several processes may share:
// AES-256-GCM, one file for each record, readable by its owner only. The key is
// in the operating system's keyring or is derived from a passphrase.
type FileStore struct {
	config  StoreConfig
	keyring secretService
	memory  *MemoryStore // for its turns only: nothing is kept there
	derive  func(passphrase, salt []byte) []byte

	mu   sync.Mutex
	aead cipher.AEAD // nil until it is needed
}

// OpenStore returns the store in a directory. It reads nothing yet: a missing
// key is a [*KeyError] when the store is first used.
func OpenStore(config StoreConfig) (*FileStore, error) {
	if config.Dir == "" {
		return nil, &ConfigError{Field: "Dir", Fault: NoDirectory}
	}
	switch config.Key {
	case AutoKey, KeyringKey, PassphraseKey:
	default:
		return nil, &ConfigError{Field: "Key", Value: string(config.Key), Fault: InvalidKeyKind}
	}
	if config.KeyringService == "" {
		config.KeyringService = defaultKeyringService
	}
	return &FileStore{config: config, keyring: systemKeyring{}, memory: NewMemoryStore(), derive: argon2id}, nil
}

// Update implements [Store].
func (s *FileStore) Update(ctx context.Context, key string, change func([]byte) ([]byte, error)) error {
	aead, err := s.cipher(ctx)
	if err != nil {
		return err
	}
	// The memory's turn first: it keeps the goroutines of this process from
	// polling each other's file lock.
	return s.memory.Update(ctx, key, func([]byte) ([]byte, error) {
		return nil, s.locked(ctx, s.path(key, lockSuffix), func() error { return s.change(aead, key, change) })
	})
}

func (s *FileStore) change(aead cipher.AEAD, key string, change func([]byte) ([]byte, error)) error {
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
		return os.Remove(s.path(key, recordSuffix))
	case old != nil && string(old) == string(record):
		return nil
	}
	return s.write(s.path(key, recordSuffix), aead.Seal(nil, nil, record, []byte(key)))
}

// path names a file after the key without showing it.
func (s *FileStore) path(key, suffix string) string {
	sum := sha256.Sum256([]byte(key))
	return filepath.Join(s.config.Dir, hex.EncodeToString(sum[:16])+suffix)
}

var errWrongKey = errors.New("a record cannot be decrypted: the passphrase or the key in the keyring is another one, or the file was changed")

func (s *FileStore) read(aead cipher.AEAD, key string) ([]byte, error) {
	sealed, err := readBounded(s.path(key, recordSuffix))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	// The key is authenticated too: a record moved to another's place is none.
	record, err := aead.Open(nil, nil, sealed, []byte(key))
	if err != nil {
		return nil, errWrongKey
	}
	return record, nil
}

func readBounded(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, maxRecord+1))
	if err == nil && len(data) > maxRecord {
		err = errors.New("a file of the store is too large")
	}
	return data, err
}

// write replaces a file in one step: a reader sees the old or the new one.
func (s *FileStore) write(path string, data []byte) (err error) {
	file, err := os.CreateTemp(s.config.Dir, "new-*") // mode 0600
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(file.Name()) // the first error counts
		}
	}()
	_, err = file.Write(data)
	err = errors.Join(err, file.Sync(), file.Close())
	if err != nil {
		return err
	}
	return os.Rename(file.Name(), path)
}

// locked runs do while no other process holds the lock.
func (s *FileStore) locked(ctx context.Context, path string, do func() error) (err error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, fileMode)
	if err != nil {
		return err
	}
	// Closing releases the lock, as does the end of the process.
	defer func() { err = errors.Join(err, file.Close()) }()
	for {
		held, err := tryLock(file)
		if err != nil {
			return err
		}
		if held {
			return do()
		}
		select {
		case <-time.After(lockPolling):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// storeHeader is what a store says about itself, in the clear.
type storeHeader struct {
	Version int     `json:"version"`
	Key     KeyKind `json:"key"`
	// Salt tells this store's key from others', in the keyring and where it is
	// derived from a passphrase.
	Salt []byte `json:"salt"`
}

// cipher returns what records are encrypted with, asking for the key once.
func (s *FileStore) cipher(ctx context.Context) (cipher.AEAD, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.aead != nil {
		return s.aead, nil
	}
	if err := os.MkdirAll(s.config.Dir, dirMode); err != nil {
		return nil, err
	}
	var key []byte
	err := s.locked(ctx, filepath.Join(s.config.Dir, "store"+lockSuffix), func() (err error) {
		key, err = s.key(ctx)
		return err
	})
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	s.aead, err = cipher.NewGCMWithRandomNonce(block)
	return s.aead, err
}

// key returns the key of the store, which is made if it is new.
func (s *FileStore) key(ctx context.Context) ([]byte, error) {
	header, err := s.header()
	if err != nil {
		return nil, err
	}
	if header != nil {
		if s.config.Key != AutoKey && s.config.Key != header.Key {
			return nil, &KeyError{Kind: header.Key, Err: fmt.Errorf("the store was made with the key in a %s, not in a %s", header.Key, s.config.Key)}
		}
		return s.keyOf(ctx, header, false)
	}
	header = &storeHeader{Version: storeVersion, Salt: make([]byte, saltSize)}
	_, _ = rand.Read(header.Salt) // never fails (crypto/rand)
	key, err := s.newKey(ctx, header)
	if err != nil {
		return nil, err
	}
	data, err := json.Marshal(header)
	if err != nil {
		return nil, err
	}
	return key, s.write(filepath.Join(s.config.Dir, storeFile), data)
}

func (s *FileStore) header() (*storeHeader, error) {
	data, err := readBounded(filepath.Join(s.config.Dir, storeFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	header := &storeHeader{}
	if json.Unmarshal(data, header) != nil || header.Version != storeVersion || len(header.Salt) != saltSize {
		return nil, errors.New(storeFile + " cannot be read or is of another version")
	}
	return header, nil
}

// Clear removes every record: all tokens and registrations are forgotten. The
// authorization servers are not told, see [Client.Logout].
func (s *FileStore) Clear(ctx context.Context) error {
	entries, err := os.ReadDir(s.config.Dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return &StoreError{err}
	}
	var failures []error
	for _, entry := range entries {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if strings.HasSuffix(entry.Name(), recordSuffix) {
			failures = append(failures, os.Remove(filepath.Join(s.config.Dir, entry.Name())))
		}
	}
	if err := errors.Join(failures...); err != nil {
		return &StoreError{err}
	}
	return nil
}
