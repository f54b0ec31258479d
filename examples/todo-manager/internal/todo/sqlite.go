package todo

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	_ "modernc.org/sqlite" // the driver "sqlite"
)

const schemaVersion = 1

// Times are Unix nanoseconds.
const schema = `
CREATE TABLE todos (
	sequence INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, content TEXT NOT NULL,
	owner TEXT NOT NULL, owner_id TEXT NOT NULL, created INTEGER NOT NULL
);
CREATE INDEX todos_owner ON todos (owner);
`

const selectTodos = "SELECT id, content, owner, owner_id, created FROM todos "

// SQLite keeps todos in a file.
type SQLite struct {
	db     *sql.DB
	limits Limits
}

// OpenSQLite opens the file, or makes it, readable to its owner only. Several
// processes may have it open.
func OpenSQLite(ctx context.Context, file string, limits Limits) (*SQLite, error) {
	name, err := dataSource(file)
	if err != nil {
		return nil, fmt.Errorf("opening the todos: %w", err)
	}
	db, err := sql.Open("sqlite", name)
	if err != nil {
		return nil, fmt.Errorf("opening the todos: %w", err)
	}
	// SQLite has one writer at a time: callers wait here, not for its lock.
	db.SetMaxOpenConns(1)
	s := &SQLite{db, limits}
	if err := s.transact(ctx, func(tx *sql.Tx) error { return migrate(ctx, tx) }); err != nil {
		return nil, errors.Join(fmt.Errorf("opening the todos in %s: %w", file, err), db.Close())
	}
	return s, nil
}

// dataSource makes sure that there is a file and returns its name in the
// driver's terms.
func dataSource(file string) (string, error) {
	file, err := filepath.Abs(file)
	if err != nil {
		return "", err
	}
	f, err := os.OpenFile(file, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return "", err
	}
	path := filepath.ToSlash(file)
	if !strings.HasPrefix(path, "/") { // a drive letter
		path = "/" + path
	}
	name := url.URL{Scheme: "file", Path: path}
	return name.String() + "?_txlock=immediate&_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)", f.Close()
}

// migrate makes the table of a new file.
func migrate(ctx context.Context, tx *sql.Tx) error {
	var version int
	if err := tx.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return err
	}
	switch version {
	case schemaVersion:
		return nil
	case 0:
		_, err := tx.ExecContext(ctx, schema+fmt.Sprintf("PRAGMA user_version = %d", schemaVersion))
		return err
	}
	return fmt.Errorf("the file is of version %d, this program knows %d", version, schemaVersion)
}

func (s *SQLite) transact(ctx context.Context, f func(*sql.Tx) error) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := f(tx); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}

// Add implements [Store].
func (s *SQLite) Add(ctx context.Context, t Todo) error {
	return s.transact(ctx, func(tx *sql.Tx) error {
		var owned, total int
		row := tx.QueryRowContext(ctx, "SELECT count(*) FILTER (WHERE owner = ?), count(*) FROM todos", t.Owner)
		if err := row.Scan(&owned, &total); err != nil {
			return err
		}
		if owned >= s.limits.PerOwner {
			return ErrListFull
		}
		if total >= s.limits.Total {
			return ErrFull
		}
		_, err := tx.ExecContext(ctx, "INSERT INTO todos (id, content, owner, owner_id, created) VALUES (?, ?, ?, ?, ?)",
			t.ID, t.Content, t.Owner, t.OwnerID, t.CreatedAt.UnixNano())
		return err
	})
}

// Get implements [Store].
func (s *SQLite) Get(ctx context.Context, id string) (Todo, error) {
	t, err := scan(s.db.QueryRowContext(ctx, selectTodos+"WHERE id = ?", id))
	if errors.Is(err, sql.ErrNoRows) {
		return Todo{}, ErrNotFound
	}
	return t, err
}

// Owned implements [Store].
func (s *SQLite) Owned(ctx context.Context, owner string) ([]Todo, error) {
	return s.list(ctx, selectTodos+"WHERE owner = ? ORDER BY sequence", owner)
}

// All implements [Store].
func (s *SQLite) All(ctx context.Context) ([]Todo, error) {
	return s.list(ctx, selectTodos+"ORDER BY sequence")
}

func (s *SQLite) list(ctx context.Context, query string, args ...any) (todos []Todo, err error) {
	rows, err := s.db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	todos = []Todo{}
	for rows.Next() {
		t, err := scan(rows)
		if err != nil {
			return nil, err
		}
		todos = append(todos, t)
	}
	return todos, rows.Err()
}

func scan(row interface{ Scan(...any) error }) (t Todo, err error) {
	var created int64
	err = row.Scan(&t.ID, &t.Content, &t.Owner, &t.OwnerID, &created)
	t.CreatedAt = time.Unix(0, created).UTC()
	return t, err
}

// Delete implements [Store].
func (s *SQLite) Delete(ctx context.Context, id string) error {
	result, err := s.db.ExecContext(ctx, "DELETE FROM todos WHERE id = ?", id)
	if err != nil {
		return err
	}
	deleted, err := result.RowsAffected()
	if err == nil && deleted == 0 {
		return ErrNotFound
	}
	return err
}

// Close implements [Store].
func (s *SQLite) Close() error { return s.db.Close() }
