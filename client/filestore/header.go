package filestore

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
)

const (
	headerFile    = "store.json"
	headerVersion = 1
	saltSize      = 16
)

// header is what a store says about itself, unencrypted.
type header struct {
	Version int     `json:"version"`
	Key     KeyKind `json:"key"`
	// Salt distinguishes this store's key from the keys of other stores, in the
	// keyring and if it is derived from a passphrase.
	Salt []byte `json:"salt"`
	// Check is the salt, encrypted with the key: it shows whether a key is the
	// store's.
	Check []byte `json:"check,omitempty"`
}

// fits reports whether a key is the one that the store was created with.
func (h *header) fits(key []byte) bool {
	aead, err := newCipher(key)
	if err != nil {
		return false
	}
	salt, err := aead.Open(nil, nil, h.Check, []byte(headerFile))
	return err == nil && subtle.ConstantTimeCompare(salt, h.Salt) == 1
}

// seal makes the check of a new store.
func (h *header) seal(key []byte) error {
	aead, err := newCipher(key)
	if err != nil {
		return err
	}
	h.Check = aead.Seal(nil, nil, h.Salt, []byte(headerFile))
	return nil
}

// headers reads and writes the header of a store, and finds its key.
type headers struct {
	dir    directory
	wanted KeyKind
	keys   keys
}

// key returns the key of the store, a new one if the store is new.
func (h *headers) key(ctx context.Context) ([]byte, error) {
	found, err := h.read()
	if err != nil {
		return nil, err
	}
	if found == nil {
		return h.create(ctx)
	}
	if h.wanted != AutoKey && h.wanted != found.Key {
		return nil, &KeyError{Kind: found.Key, Err: fmt.Errorf("the store was created with a key of kind %s, not %s", found.Key, h.wanted)}
	}
	key, err := h.keys.find(ctx, found.Key, found.Salt)
	if err != nil {
		return nil, err
	}
	if found.Check != nil && !found.fits(key) {
		return nil, keyError(found.Key, errOtherKey)
	}
	return key, nil
}

// create makes a key and writes the header.
func (h *headers) create(ctx context.Context) ([]byte, error) {
	created := &header{Version: headerVersion, Salt: make([]byte, saltSize)}
	_, _ = rand.Read(created.Salt) // never fails (crypto/rand)
	key, kind, err := h.keys.create(ctx, h.wanted, created.Salt)
	if err != nil {
		return nil, err
	}
	created.Key = kind
	if err := created.seal(key); err != nil {
		return nil, err
	}
	data, err := json.Marshal(created)
	if err != nil {
		return nil, err
	}
	return key, h.dir.write(headerFile, data)
}

// read returns nil if the store is new.
func (h *headers) read() (*header, error) {
	data, err := h.dir.read(headerFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	found := &header{}
	if json.Unmarshal(data, found) != nil || found.Version != headerVersion || len(found.Salt) != saltSize {
		return nil, errors.New(headerFile + " cannot be read or is of another version")
	}
	return found, nil
}
