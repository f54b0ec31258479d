package filestore

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"golang.org/x/crypto/argon2"
)

// fakeKeyring is a keyring in memory.
type fakeKeyring struct {
	mu      sync.Mutex
	secrets map[string]string
	err     error
}

func (k *fakeKeyring) get(service, user string) (string, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.err != nil {
		return "", k.err
	}
	if secret, ok := k.secrets[service+" "+user]; ok {
		return secret, nil
	}
	return "", errNoSecret
}

func (k *fakeKeyring) set(service, user, secret string) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.err != nil {
		return k.err
	}
	if k.secrets == nil {
		k.secrets = map[string]string{}
	}
	k.secrets[service+" "+user] = secret
	return nil
}

var errNoKeyring = errors.New("no keyring here")

func passphraseOf(text string) func(context.Context) ([]byte, error) {
	return func(context.Context) ([]byte, error) { return []byte(text), nil }
}

// The real derivation is expensive for an attacker who guesses passphrases.
//
// Covers CL9.
func TestPassphraseDerivation(t *testing.T) {
	t.Parallel()
	got := argon2id([]byte("passphrase"), []byte("0123456789abcdef"))
	if want := argon2.IDKey([]byte("passphrase"), []byte("0123456789abcdef"), 3, 64<<10, 4, 32); !bytes.Equal(got, want) {
		t.Error("not Argon2id with 64 MiB")
	}
}

// Covers CL9.
func TestStoreKeys(t *testing.T) {
	t.Parallel()
	none := func() *fakeKeyring { return &fakeKeyring{err: errNoKeyring} }
	asked := errors.New("cancelled by the user")
	for name, test := range map[string]struct {
		config  Config
		keyring *fakeKeyring
		kind    KeyKind
		text    string // of the error
	}{
		"keyring first":           {Config{Passphrase: passphraseOf("long enough")}, &fakeKeyring{}, KeyringKey, ""},
		"else the passphrase":     {Config{Passphrase: passphraseOf("long enough")}, none(), PassphraseKey, ""},
		"passphrase by choice":    {Config{Key: PassphraseKey, Passphrase: passphraseOf("long enough")}, &fakeKeyring{}, PassphraseKey, ""},
		"keyring by choice":       {Config{Key: KeyringKey, Passphrase: passphraseOf("long enough")}, none(), KeyringKey, "no keyring here"},
		"neither":                 {Config{}, none(), AutoKey, "no keyring can be used (no keyring here), and no passphrase"},
		"an empty passphrase":     {Config{Passphrase: passphraseOf("")}, none(), AutoKey, "no passphrase is given"},
		"no passphrase by choice": {Config{Key: PassphraseKey}, &fakeKeyring{}, PassphraseKey, "no passphrase is given"},
		"the user declines": {Config{Passphrase: func(context.Context) ([]byte, error) { return nil, asked }},
			none(), PassphraseKey, "cancelled by the user"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test.config.Dir = t.TempDir()
			s := openTestStore(t, test.config, test.keyring)
			_, err := read(t, s, "x")
			var failure *KeyError
			if test.text != "" {
				if !errors.As(err, &failure) || failure.Kind != test.kind || !strings.Contains(err.Error(), test.text) {
					t.Errorf("error %v of kind %q, want %q", err, failure.Kind, test.text)
				}
				if _, err := os.Stat(filepath.Join(test.config.Dir, headerFile)); err == nil {
					t.Error("a store was made")
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			header, err := s.headers.read()
			if err != nil {
				t.Fatal(err)
			}
			if header.Key != test.kind {
				t.Errorf("kind %q, want %q", header.Key, test.kind)
			}
		})
	}
}

// A store whose key is gone does not start anew over its records.
func TestStoreKeyIsGone(t *testing.T) {
	t.Parallel()
	dir, fake := t.TempDir(), &fakeKeyring{}
	put(t, openTestStore(t, Config{Dir: dir}, fake), "a", "1")
	var failure *KeyError
	if _, err := read(t, openTestStore(t, Config{Dir: dir}, &fakeKeyring{}), "a"); !errors.As(err, &failure) || !errors.Is(err, errNoSecret) {
		t.Errorf("error %v, want no secret", err)
	}
	if _, err := read(t, openTestStore(t, Config{Dir: dir, Key: PassphraseKey, Passphrase: passphraseOf("long enough")}, fake), "a"); !errors.As(err, &failure) {
		t.Errorf("error %v, want another kind of key", err)
	}
	for user := range fake.secrets {
		fake.secrets[user] = base64.StdEncoding.EncodeToString([]byte("short"))
	}
	if _, err := read(t, openTestStore(t, Config{Dir: dir}, fake), "a"); !errors.As(err, &failure) {
		t.Errorf("error %v, want a key error", err)
	}
	if err := os.WriteFile(filepath.Join(dir, headerFile), []byte(`{"version":99}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := read(t, openTestStore(t, Config{Dir: dir}, fake), "a"); err == nil {
		t.Error("a store of another version was opened")
	}
}

// A short passphrase makes no store, and a wrong one is named as such before any
// record is read.
//
// Covers CL9.
func TestPassphrases(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	open := func(passphrase string) error {
		s := openTestStore(t, Config{Dir: dir, Passphrase: passphraseOf(passphrase)}, &fakeKeyring{err: errNoKeyring})
		_, err := read(t, s, "a")
		return err
	}
	var refused *KeyError
	if err := open("short"); !errors.As(err, &refused) || !strings.Contains(err.Error(), "fewer than 8") {
		t.Errorf("error %v, want too short", err)
	}
	if err := open("correct horse"); err != nil {
		t.Fatal(err)
	}
	if err := open("another horse"); !errors.As(err, &refused) || !errors.Is(err, errOtherKey) {
		t.Errorf("error %v, want another key", err)
	}
}
