package filestore

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"time"

	oskeyring "github.com/zalando/go-keyring"
)

// keyringTimeout is long enough for a user to unlock the keyring.
const keyringTimeout = 2 * time.Minute

// keyring keeps secrets.
type keyring interface {
	// get returns errNoSecret if there is none.
	get(service, user string) (string, error)
	set(service, user, secret string) error
}

var errNoSecret = errors.New("the keyring has no key for the store")

// systemKeyring is the operating system's keyring.
type systemKeyring struct{}

func (systemKeyring) get(service, user string) (string, error) {
	secret, err := oskeyring.Get(service, user)
	if errors.Is(err, oskeyring.ErrNotFound) {
		return "", errNoSecret
	}
	return secret, err
}

func (systemKeyring) set(service, user, secret string) error {
	return oskeyring.Set(service, user, secret)
}

func (k *keys) fromKeyring(ctx context.Context, user string) ([]byte, error) {
	var encoded string
	err := bounded(ctx, keyringTimeout, func() (err error) {
		encoded, err = k.keyring.get(k.service, user)
		return err
	})
	if err != nil {
		return nil, err
	}
	key, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil || len(key) != keySize {
		return nil, errors.New("the key in the keyring is not the key of a store")
	}
	return key, nil
}

// newInKeyring puts the key of a new store into the keyring.
func (k *keys) newInKeyring(ctx context.Context, user string) ([]byte, error) {
	key := make([]byte, keySize)
	_, _ = rand.Read(key) // never fails (crypto/rand)
	err := bounded(ctx, keyringTimeout, func() error {
		return k.keyring.set(k.service, user, base64.StdEncoding.EncodeToString(key))
	})
	if err != nil {
		return nil, err
	}
	return key, nil
}

// bounded runs a call that cannot be interrupted. If the call outlives its time,
// its result is lost and its goroutine ends with it.
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
