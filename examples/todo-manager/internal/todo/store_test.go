package todo

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func openSQLite(t *testing.T, file string, limits Limits) *SQLite {
	t.Helper()
	s, err := OpenSQLite(t.Context(), file, limits)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// stores runs a test on each kind of store.
func stores(t *testing.T, limits Limits, test func(*testing.T, Store)) {
	t.Helper()
	t.Run("memory", func(t *testing.T) {
		t.Parallel()
		test(t, NewMemory(limits))
	})
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		test(t, openSQLite(t, filepath.Join(t.TempDir(), "todos.db"), limits))
	})
}

func made(id, owner string) Todo {
	return Todo{ID: id, Content: "do " + id, Owner: owner, OwnerID: "id of " + owner, CreatedAt: time.Unix(1700000000, 123456789).UTC()}
}

func add(t *testing.T, s Store, todos ...Todo) {
	t.Helper()
	for _, todo := range todos {
		if err := s.Add(t.Context(), todo); err != nil {
			t.Fatal(err)
		}
	}
}

// equal checks a list that was asked for.
func equal(t *testing.T, what string, got []Todo, err error, want ...Todo) {
	t.Helper()
	if want == nil {
		want = []Todo{}
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%s: got %v, %v; want %v", what, got, err, want)
	}
}

func TestStore(t *testing.T) {
	t.Parallel()
	stores(t, DefaultLimits(), func(t *testing.T, s Store) {
		ctx := t.Context()
		all, err := s.All(ctx)
		equal(t, "empty", all, err)
		a, b, c := made("a", "alice"), made("b", "bob"), made("c", "alice")
		add(t, s, a, b, c)
		all, err = s.All(ctx)
		equal(t, "all", all, err, a, b, c)
		owned, err := s.Owned(ctx, "alice")
		equal(t, "alice's", owned, err, a, c)
		nobodys, err := s.Owned(ctx, "")
		equal(t, "nobody's", nobodys, err)

		if got, err := s.Get(ctx, "b"); err != nil || got != b {
			t.Errorf("Get: %v, %v", got, err)
		}
		if err := s.Delete(ctx, "b"); err != nil {
			t.Error(err)
		}
		if _, err := s.Get(ctx, "b"); !errors.Is(err, ErrNotFound) {
			t.Errorf("Get after Delete: %v", err)
		}
		if err := s.Delete(ctx, "b"); !errors.Is(err, ErrNotFound) {
			t.Errorf("second Delete: %v", err)
		}
		all, err = s.All(ctx)
		equal(t, "after Delete", all, err, a, c)
		all[0].Content = "changed by the caller"
		again, err := s.All(ctx)
		equal(t, "after a change to the list", again, err, a, c)
	})
}

func TestStoreIsBounded(t *testing.T) {
	t.Parallel()
	stores(t, Limits{PerOwner: 2, Total: 3}, func(t *testing.T, s Store) {
		add(t, s, made("a", "alice"), made("b", "alice"))
		if err := s.Add(t.Context(), made("c", "alice")); !errors.Is(err, ErrListFull) {
			t.Errorf("one owner: %v", err)
		}
		add(t, s, made("d", "bob"))
		if err := s.Add(t.Context(), made("e", "bob")); !errors.Is(err, ErrFull) {
			t.Errorf("all owners: %v", err)
		}
		if err := s.Delete(t.Context(), "a"); err != nil {
			t.Error(err)
		}
		add(t, s, made("f", "bob"))
	})
}

// The bounds hold, nothing is lost and nothing deleted twice, whoever comes at
// the same time.
func TestStoreConcurrently(t *testing.T) {
	t.Parallel()
	const owners, each, limit = 4, 20, 10
	stores(t, Limits{PerOwner: limit, Total: 1000}, func(t *testing.T, s Store) {
		var added, refused, deleted atomic.Int64
		together(owners, each, func(owner, i int) {
			switch err := s.Add(t.Context(), made(fmt.Sprint(owner, "-", i), fmt.Sprint(owner))); {
			case err == nil:
				added.Add(1)
			case errors.Is(err, ErrListFull):
				refused.Add(1)
			default:
				t.Error(err)
			}
		})
		if added.Load() != owners*limit || refused.Load() != owners*(each-limit) {
			t.Errorf("%d added, %d refused", added.Load(), refused.Load())
		}
		all, err := s.All(t.Context())
		if err != nil || len(all) != owners*limit {
			t.Fatalf("%d todos, %v", len(all), err)
		}
		together(2, len(all), func(_, i int) {
			if err := s.Delete(t.Context(), all[i].ID); err == nil {
				deleted.Add(1)
			} else if !errors.Is(err, ErrNotFound) {
				t.Error(err)
			}
		})
		if deleted.Load() != owners*limit {
			t.Errorf("%d deleted", deleted.Load())
		}
	})
}

// together calls f for all pairs at the same time.
func together(n, m int, f func(i, j int)) {
	var group sync.WaitGroup
	for i := range n {
		for j := range m {
			group.Go(func() { f(i, j) })
		}
	}
	group.Wait()
}

func TestSQLitePersists(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"todos.db", "odd name?x=1#2%20.db"} {
		dir := t.TempDir()
		file := filepath.Join(dir, name)
		first := openSQLite(t, file, DefaultLimits())
		a, b := made("a", "alice"), made("b", "bob")
		add(t, first, a, b)
		if err := first.Close(); err != nil {
			t.Fatal(err)
		}
		again := openSQLite(t, file, DefaultLimits())
		all, err := again.All(t.Context())
		equal(t, name, all, err, a, b)
		info, err := os.Stat(file)
		if err != nil {
			t.Fatal(err)
		}
		if runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
			t.Errorf("%s has the mode %v", name, info.Mode())
		}
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, entry := range entries {
			if !strings.HasPrefix(entry.Name(), name) {
				t.Errorf("made besides: %s", entry.Name())
			}
		}
	}
}

// Two servers on one file keep the bounds together.
func TestSQLiteShared(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "todos.db")
	limits := Limits{PerOwner: 10, Total: 1000}
	both := []*SQLite{openSQLite(t, file, limits), openSQLite(t, file, limits)}
	together(len(both), 15, func(server, i int) {
		err := both[server].Add(t.Context(), made(fmt.Sprint(server, "-", i), "alice"))
		if err != nil && !errors.Is(err, ErrListFull) {
			t.Error(err)
		}
	})
	for _, s := range both {
		if owned, err := s.Owned(t.Context(), "alice"); err != nil || len(owned) != limits.PerOwner {
			t.Errorf("%d todos, %v", len(owned), err)
		}
	}
}

func TestSQLiteRefusesFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	text := filepath.Join(dir, "text")
	if err := os.WriteFile(text, []byte(strings.Repeat("no database ", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	newer := filepath.Join(dir, "newer.db")
	s := openSQLite(t, newer, DefaultLimits())
	if err := s.transact(t.Context(), func(tx *sql.Tx) error {
		_, err := tx.Exec("PRAGMA user_version = 99")
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for name, file := range map[string]string{
		"not a database": text, "of another version": newer, "directory": dir, "no directory": filepath.Join(dir, "none", "todos.db"),
	} {
		if s, err := OpenSQLite(t.Context(), file, DefaultLimits()); err == nil {
			t.Errorf("%s: opened", name)
			_ = s.Close()
		}
	}
}

func TestSQLiteHonoursContext(t *testing.T) {
	t.Parallel()
	s := openSQLite(t, filepath.Join(t.TempDir(), "todos.db"), DefaultLimits())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Add(ctx, made("a", "alice")); !errors.Is(err, context.Canceled) {
		t.Errorf("Add: %v", err)
	}
	if _, err := s.All(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("All: %v", err)
	}
}
