package filestore

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/mcp-auth/go/configerr"
	"golang.org/x/crypto/argon2"
)

func openTestStore(t *testing.T, config Config, fake keyring) *Store {
	t.Helper()
	s, err := Open(config)
	if err != nil {
		t.Fatal(err)
	}
	s.headers.keys.keyring = fake
	s.headers.keys.derive = func(passphrase, salt []byte) []byte { return argon2.IDKey(passphrase, salt, 1, 8, 1, keySize) } // quick
	return s
}

func put(t *testing.T, s *Store, key, value string) {
	t.Helper()
	if err := s.Update(t.Context(), key, func([]byte) ([]byte, error) { return []byte(value), nil }); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, s *Store, key string) (value string, err error) {
	t.Helper()
	err = s.Update(t.Context(), key, func(record []byte) ([]byte, error) { value = string(record); return record, nil })
	return value, err
}

// A store keeps, replaces and removes records, and does not mix them up.
func TestStores(t *testing.T) {
	t.Parallel()
	stores := map[string]*Store{
		"passphrase": openTestStore(t, Config{Dir: t.TempDir(), Passphrase: passphraseOf("long enough")}, &fakeKeyring{err: errNoKeyring}),
		"keyring":    openTestStore(t, Config{Dir: filepath.Join(t.TempDir(), "new", "dir")}, &fakeKeyring{}),
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
func checkExclusive(t *testing.T, s *Store) {
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

// together calls do n times at once.
func together(t *testing.T, n int, do func() error) {
	t.Helper()
	start := make(chan struct{})
	var wait sync.WaitGroup
	for range n {
		wait.Go(func() {
			<-start
			if err := do(); err != nil {
				t.Error(err)
			}
		})
	}
	close(start)
	wait.Wait()
}

// Two stores on one directory, as two processes have them, exclude each other.
//
// Covers CL9.
func TestStoreSharedByProcesses(t *testing.T) {
	t.Parallel()
	dir, fake := t.TempDir(), &fakeKeyring{}
	stores := []*Store{
		openTestStore(t, Config{Dir: dir}, fake),
		openTestStore(t, Config{Dir: dir}, fake),
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
	if len(fake.secrets) != 1 {
		t.Errorf("%d keys were made, want 1", len(fake.secrets))
	}
}

// Records on the disk are encrypted, their files are open to their owner only,
// and no record can be read with another passphrase or in another record's place.
//
// Covers CL9.
func TestStoreIsConfidential(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "tokens")
	none := &fakeKeyring{err: errNoKeyring}
	s := openTestStore(t, Config{Dir: dir, Passphrase: passphraseOf("the right one")}, none)
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

	again := openTestStore(t, Config{Dir: dir, Passphrase: passphraseOf("the right one")}, none)
	if got, err := read(t, again, "other"); err != nil || got != "another" {
		t.Errorf("read %q, %v", got, err)
	}
	for name, broken := range map[string]*Store{
		"wrong passphrase": openTestStore(t, Config{Dir: dir, Passphrase: passphraseOf("the wrong one")}, none),
		"moved":            moved(t, again),
	} {
		if got, err := read(t, broken, "other"); !errors.Is(err, errWrongKey) && !errors.Is(err, errOtherKey) || got != "" {
			t.Errorf("%s: read %q, %v", name, got, err)
		}
	}
}

// moved puts one record into another's place.
func moved(t *testing.T, s *Store) *Store {
	t.Helper()
	data, err := os.ReadFile(s.dir.path(nameOf("token https://as.example.com r") + recordSuffix))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(s.dir.path(nameOf("other")+recordSuffix), data, 0o600); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestStoreClear(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := openTestStore(t, Config{Dir: dir}, &fakeKeyring{})
	put(t, s, "a", "1")
	if err := s.Clear(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got, err := read(t, s, "a"); err != nil || got != "" {
		t.Errorf("a is still %q, %v", got, err)
	}
	gone := openTestStore(t, Config{Dir: filepath.Join(dir, "nosuch")}, &fakeKeyring{})
	if err := gone.Clear(t.Context()); err != nil {
		t.Error(err)
	}
}

// A store whose key is lost makes room for a new one, in the same process as well.
//
// Covers CL9.
func TestStoreReset(t *testing.T) {
	t.Parallel()
	dir, none := t.TempDir(), &fakeKeyring{err: errNoKeyring}
	lost := openTestStore(t, Config{Dir: dir, Passphrase: passphraseOf("forgotten")}, none)
	put(t, lost, "a", "1")
	s := openTestStore(t, Config{Dir: dir, Passphrase: passphraseOf("another one")}, none)
	if _, err := read(t, s, "a"); !errors.Is(err, errOtherKey) {
		t.Errorf("error %v, want another key", err)
	}
	for range 2 { // the second time there is nothing
		if err := s.Reset(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if value, err := read(t, s, "a"); value != "" || err != nil {
		t.Errorf("%q, %v after the reset", value, err)
	}
	put(t, s, "a", "2")
	if err := s.Reset(t.Context()); err != nil {
		t.Fatal(err)
	}
	put(t, s, "a", "3")
	again := openTestStore(t, Config{Dir: dir, Passphrase: passphraseOf("another one")}, none)
	if value, err := read(t, again, "a"); value != "3" || err != nil {
		t.Errorf("%q, %v in another process", value, err)
	}
}

func TestConfigFaults(t *testing.T) {
	t.Parallel()
	if _, err := Open(Config{}); !errors.Is(err, configerr.NoDirectory) {
		t.Errorf("error %v", err)
	}
	if _, err := Open(Config{Dir: "x", Key: "plain"}); !errors.Is(err, configerr.InvalidKeyKind) {
		t.Errorf("error %v", err)
	}
}

// A directory that other users can write to is refused, as is one that belongs to
// somebody else.
//
// Covers CL9.
func TestDirectoryOfOthers(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("permissions are different there")
	}
	for mode, ok := range map[fs.FileMode]bool{0o700: true, 0o755: true, 0o770: false, 0o777: false, 0o702: false} {
		dir := t.TempDir()
		if err := os.Chmod(dir, mode); err != nil {
			t.Fatal(err)
		}
		s := openTestStore(t, Config{Dir: dir, Passphrase: passphraseOf("long enough")}, &fakeKeyring{err: errNoKeyring})
		_, err := read(t, s, "a")
		if (err == nil) != ok || !ok && !strings.Contains(err.Error(), "chmod 700") {
			t.Errorf("%o: error %v", mode, err)
		}
	}
}
