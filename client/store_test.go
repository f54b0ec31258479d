package client

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

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

func openTestStore(t *testing.T, config StoreConfig, keyring secretService) *FileStore {
	t.Helper()
	s, err := OpenStore(config)
	if err != nil {
		t.Fatal(err)
	}
	s.keyring = keyring
	s.derive = func(passphrase, salt []byte) []byte { return argon2.IDKey(passphrase, salt, 1, 8, 1, keySize) } // quick
	return s
}

// The real derivation is expensive for who guesses.
//
// Covers CL9.
func TestPassphraseDerivation(t *testing.T) {
	t.Parallel()
	got := argon2id([]byte("passphrase"), []byte("0123456789abcdef"))
	if want := argon2.IDKey([]byte("passphrase"), []byte("0123456789abcdef"), 3, 64<<10, 4, 32); !bytes.Equal(got, want) {
		t.Error("not Argon2id with 64 MiB")
	}
}

func put(t *testing.T, s Store, key, value string) {
	t.Helper()
	if err := s.Update(t.Context(), key, func([]byte) ([]byte, error) { return []byte(value), nil }); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, s Store, key string) (value string, err error) {
	t.Helper()
	err = s.Update(t.Context(), key, func(record []byte) ([]byte, error) { value = string(record); return record, nil })
	return value, err
}

// Every store keeps, replaces, removes and does not mix up.
func TestStores(t *testing.T) {
	t.Parallel()
	stores := map[string]Store{
		"memory":     NewMemoryStore(),
		"passphrase": openTestStore(t, StoreConfig{Dir: t.TempDir(), Passphrase: passphraseOf("x")}, &fakeKeyring{err: errNoKeyring}),
		"keyring":    openTestStore(t, StoreConfig{Dir: filepath.Join(t.TempDir(), "new", "dir")}, &fakeKeyring{}),
	}
	for name, s := range stores {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			put(t, s, "a", "1")
			put(t, s, "b", "2")
			put(t, s, "a", "3")
			failed := errors.New("no")
			err := s.Update(t.Context(), "b", func([]byte) ([]byte, error) { return []byte("4"), failed })
			if !errors.Is(err, failed) {
				t.Errorf("error %v", err)
			}
			for key, want := range map[string]string{"a": "3", "b": "2", "c": ""} {
				got, err := read(t, s, key)
				if err != nil || got != want {
					t.Errorf("%s is %q, %v, want %q", key, got, err, want)
				}
			}
			if err := s.Update(t.Context(), "a", func([]byte) ([]byte, error) { return nil, nil }); err != nil {
				t.Fatal(err)
			}
			if got, err := read(t, s, "a"); err != nil || got != "" {
				t.Errorf("a is still %q, %v", got, err)
			}
			checkExclusive(t, s)
		})
	}
}

// checkExclusive counts in a record, which comes out right only if no two
// changes overlap.
func checkExclusive(t *testing.T, s Store) {
	t.Helper()
	together(t, 50, func() error {
		return s.Update(t.Context(), "count", func(record []byte) ([]byte, error) {
			n, _ := strconv.Atoi(string(record))
			runtime.Gosched()
			return []byte(strconv.Itoa(n + 1)), nil
		})
	})
	if got, err := read(t, s, "count"); err != nil || got != "50" {
		t.Errorf("counted %s, %v, want 50", got, err)
	}
}

// Two stores on one directory, as two processes have them, exclude each other.
//
// Covers CL9.
func TestStoreSharedByProcesses(t *testing.T) {
	t.Parallel()
	dir, keyring := t.TempDir(), &fakeKeyring{}
	stores := []*FileStore{
		openTestStore(t, StoreConfig{Dir: dir}, keyring),
		openTestStore(t, StoreConfig{Dir: dir}, keyring),
	}
	var mu sync.Mutex
	next := 0
	together(t, 40, func() error {
		mu.Lock()
		s := stores[next%2]
		next++
		mu.Unlock()
		return s.Update(t.Context(), "count", func(record []byte) ([]byte, error) {
			n, _ := strconv.Atoi(string(record))
			runtime.Gosched()
			return []byte(strconv.Itoa(n + 1)), nil
		})
	})
	if got, err := read(t, stores[0], "count"); err != nil || got != "40" {
		t.Errorf("counted %s, %v, want 40", got, err)
	}
	equal(t, "keys made", len(keyring.secrets), 1)
}

// Nothing readable is on the disk, for nobody but the owner, and nothing can be
// read with another passphrase or from another's place.
//
// Covers CL9.
func TestStoreIsConfidential(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "tokens")
	none := &fakeKeyring{err: errNoKeyring}
	s := openTestStore(t, StoreConfig{Dir: dir, Passphrase: passphraseOf("right")}, none)
	put(t, s, "token https://as.example.com r", "refresh-token-in-the-clear")
	put(t, s, "other", "another")
	files := 0
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		if runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v", path, info.Mode())
		}
		if d.IsDir() {
			return nil
		}
		files++
		data, err := os.ReadFile(path)
		for _, secret := range []string{"refresh-token", "as.example.com", "right"} {
			if bytes.Contains(data, []byte(secret)) || strings.Contains(path, secret) {
				t.Errorf("%s shows %q", path, secret)
			}
		}
		return err
	})
	if err != nil || files == 0 {
		t.Fatalf("%d files, %v", files, err)
	}

	again := openTestStore(t, StoreConfig{Dir: dir, Passphrase: passphraseOf("right")}, none)
	if got, err := read(t, again, "other"); err != nil || got != "another" {
		t.Errorf("read %q, %v", got, err)
	}
	for name, broken := range map[string]*FileStore{
		"wrong passphrase": openTestStore(t, StoreConfig{Dir: dir, Passphrase: passphraseOf("wrong")}, none),
		"moved":            moved(t, again),
	} {
		if got, err := read(t, broken, "other"); !errors.Is(err, errWrongKey) || got != "" {
			t.Errorf("%s: read %q, %v", name, got, err)
		}
	}
}

// moved puts one record into another's place.
func moved(t *testing.T, s *FileStore) *FileStore {
	t.Helper()
	data, err := os.ReadFile(s.path("token https://as.example.com r", recordSuffix))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(s.path("other", recordSuffix), data, 0o600); err != nil {
		t.Fatal(err)
	}
	return s
}

// Covers CL9.
func TestStoreKeys(t *testing.T) {
	t.Parallel()
	none := func() *fakeKeyring { return &fakeKeyring{err: errNoKeyring} }
	asked := errors.New("cancelled by the user")
	for name, test := range map[string]struct {
		config  StoreConfig
		keyring *fakeKeyring
		kind    KeyKind
		text    string // of the error
	}{
		"keyring first":           {StoreConfig{Passphrase: passphraseOf("x")}, &fakeKeyring{}, KeyringKey, ""},
		"else the passphrase":     {StoreConfig{Passphrase: passphraseOf("x")}, none(), PassphraseKey, ""},
		"passphrase by choice":    {StoreConfig{Key: PassphraseKey, Passphrase: passphraseOf("x")}, &fakeKeyring{}, PassphraseKey, ""},
		"keyring by choice":       {StoreConfig{Key: KeyringKey, Passphrase: passphraseOf("x")}, none(), KeyringKey, "no keyring here"},
		"neither":                 {StoreConfig{}, none(), AutoKey, "no keyring can be used (no keyring here), and no passphrase"},
		"an empty passphrase":     {StoreConfig{Passphrase: passphraseOf("")}, none(), AutoKey, "no passphrase is given"},
		"no passphrase by choice": {StoreConfig{Key: PassphraseKey}, &fakeKeyring{}, PassphraseKey, "no passphrase is given"},
		"the user declines": {StoreConfig{Passphrase: func(context.Context) ([]byte, error) { return nil, asked }},
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
				if _, err := os.Stat(filepath.Join(test.config.Dir, storeFile)); err == nil {
					t.Error("a store was made")
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			header, err := s.header()
			if err != nil {
				t.Fatal(err)
			}
			equal(t, "kind", header.Key, test.kind)
		})
	}
}

// A store whose key is gone does not start anew over its records.
func TestStoreKeyIsGone(t *testing.T) {
	t.Parallel()
	dir, keyring := t.TempDir(), &fakeKeyring{}
	put(t, openTestStore(t, StoreConfig{Dir: dir}, keyring), "a", "1")
	var failure *KeyError
	if _, err := read(t, openTestStore(t, StoreConfig{Dir: dir}, &fakeKeyring{}), "a"); !errors.As(err, &failure) || !errors.Is(err, errNoSecret) {
		t.Errorf("error %v, want no secret", err)
	}
	if _, err := read(t, openTestStore(t, StoreConfig{Dir: dir, Key: PassphraseKey, Passphrase: passphraseOf("x")}, keyring), "a"); !errors.As(err, &failure) {
		t.Errorf("error %v, want another kind of key", err)
	}
	for user := range keyring.secrets {
		keyring.secrets[user] = base64.StdEncoding.EncodeToString([]byte("short"))
	}
	if _, err := read(t, openTestStore(t, StoreConfig{Dir: dir}, keyring), "a"); !errors.As(err, &failure) {
		t.Errorf("error %v, want a key error", err)
	}
	if err := os.WriteFile(filepath.Join(dir, storeFile), []byte(`{"version":99}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := read(t, openTestStore(t, StoreConfig{Dir: dir}, keyring), "a"); err == nil {
		t.Error("a store of another version was opened")
	}
}

func TestStoreClear(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := openTestStore(t, StoreConfig{Dir: dir}, &fakeKeyring{})
	put(t, s, "a", "1")
	if err := s.Clear(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got, err := read(t, s, "a"); err != nil || got != "" {
		t.Errorf("a is still %q, %v", got, err)
	}
	gone := openTestStore(t, StoreConfig{Dir: filepath.Join(dir, "nosuch")}, &fakeKeyring{})
	if err := gone.Clear(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestStoreConfigFaults(t *testing.T) {
	t.Parallel()
	if _, err := OpenStore(StoreConfig{}); !errors.Is(err, NoDirectory) {
		t.Errorf("error %v", err)
	}
	if _, err := OpenStore(StoreConfig{Dir: "x", Key: "plain"}); !errors.Is(err, InvalidKeyKind) {
		t.Errorf("error %v", err)
	}
}

// A record that is damaged, or whose store fails, is an error and no login.
//
// Covers CL9.
func TestStoreFails(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	store := NewMemoryStore()
	w.config.Store = store
	mustRequest(t, w.client(t), "")
	for _, key := range []string{tokenKey(w.as.issuer, w.rs.url), serverKey(w.rs.url)} {
		put(t, store, key, `{"issuer":`)
		_, err := request(t, w.client(t), "")
		var failure *StoreError
		if !errors.As(err, &failure) {
			t.Errorf("error %v, want the store's", err)
		}
	}
	equal(t, "logins", len(w.as.authorizations), 1)
}

// failingStore fails where the record is of a key.
type failingStore struct {
	Store
	failing string
	late    bool // only to keep what changed
}

var errDisk = errors.New("disk full")

func (s *failingStore) Update(ctx context.Context, key string, change func([]byte) ([]byte, error)) error {
	if key == s.failing && !s.late {
		return errDisk
	}
	return s.Store.Update(ctx, key, func(record []byte) ([]byte, error) {
		next, err := change(record)
		if err == nil && key == s.failing {
			err = errDisk
		}
		return next, err
	})
}

// A refresh that the store fails is the store's failure, before the exchange
// and after.
//
// Covers CL9.
func TestStoreFailsRefresh(t *testing.T) {
	t.Parallel()
	for name, late := range map[string]bool{"before": false, "after": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			now := newClock()
			store := &failingStore{Store: NewMemoryStore(), late: late}
			w.config.Store, w.config.Now = store, now.Now
			c := w.client(t)
			mustRequest(t, c, "")
			now.advance(2 * time.Hour)
			store.failing = tokenKey(w.as.issuer, w.rs.url)
			_, err := request(t, c, "")
			var failure *StoreError
			if !errors.As(err, &failure) || failure.Err != errDisk {
				t.Errorf("error %v, want the store's", err)
			}
			equal(t, "logins", len(w.as.authorizations), 1)
		})
	}
}
