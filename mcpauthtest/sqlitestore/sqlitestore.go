// Package sqlitestore keeps the state of an authorization server of package
// mcpauthtest in a file, so that it survives a restart: clients, grants, used
// identifiers and keys. It is a separate package so that tests in memory do not
// need the SQLite driver.
//
//	store, err := sqlitestore.Open(ctx, "dev.db")
//	...
//	defer store.Close()
//	as, err := mcpauthtest.NewServer(mcpauthtest.Config{Listen: "127.0.0.1:9400", Store: store})
//
// Close the server before the store. Anyone who can read the file can issue
// tokens of the server, so only its owner can read it.
package sqlitestore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"runtime"
	"time"

	"github.com/mcp-auth/go/mcpauthtest"
	_ "modernc.org/sqlite" // the driver "sqlite"
)

const fileMode = 0o600

// upgrades returns what makes a file of each version one of the next. A new file
// has version 0. Times are Unix nanoseconds; 0 stands for none.
func upgrades() []string {
	return []string{
		`
CREATE TABLE clients (id TEXT PRIMARY KEY, data BLOB NOT NULL, expires INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX clients_expires ON clients (expires);
CREATE TABLE grants (
	sequence INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, data BLOB NOT NULL,
	code_expires INTEGER NOT NULL, expires INTEGER NOT NULL,
	consumed INTEGER NOT NULL DEFAULT 0, revoked INTEGER NOT NULL DEFAULT 0, refresh INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX grants_expires ON grants (expires);
CREATE TABLE ids (id TEXT PRIMARY KEY, until INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX ids_until ON ids (until);
CREATE TABLE secrets (one INTEGER PRIMARY KEY CHECK (one = 1), data BLOB NOT NULL);
`, `
ALTER TABLE clients ADD COLUMN added INTEGER NOT NULL DEFAULT 0;
ALTER TABLE clients ADD COLUMN granted INTEGER NOT NULL DEFAULT 0;
ALTER TABLE grants ADD COLUMN rotated INTEGER NOT NULL DEFAULT 0;
ALTER TABLE grants ADD COLUMN retried INTEGER NOT NULL DEFAULT 0;
ALTER TABLE ids ADD COLUMN kind TEXT NOT NULL DEFAULT '';
ALTER TABLE ids ADD COLUMN owner TEXT NOT NULL DEFAULT '';
CREATE INDEX ids_kind ON ids (kind, owner);
`,
	}
}

// ErrInUse is the error of [Open] if another process has the file open.
var ErrInUse = errors.New("sqlitestore: another process uses the file")

// Store implements [mcpauthtest.Store]. Make one with [Open]; it is safe for
// concurrent use.
type Store struct{ db *sql.DB }

var _ mcpauthtest.Store = (*Store)(nil)

// Open opens or creates the file, only for this process. [errors.Is] finds
// [ErrInUse]. Close the store after use.
func Open(ctx context.Context, file string) (*Store, error) {
	if err := prepareFile(file); err != nil {
		return nil, err
	}
	// With one connection each method has the database to itself; the exclusive
	// lock keeps other processes out.
	name := (&url.URL{Scheme: "file", OmitHost: true, Path: file}).String() +
		"?_txlock=exclusive&_pragma=locking_mode(EXCLUSIVE)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)"
	db, err := sql.Open("sqlite", name)
	if err != nil {
		return nil, fmt.Errorf("sqlitestore: %w", err)
	}
	db.SetMaxOpenConns(1)
	s := &Store{db}
	if err := s.migrate(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return s, nil
}

// prepareFile creates the file, or refuses a file that others can read.
func prepareFile(file string) error {
	f, err := os.OpenFile(file, os.O_RDWR|os.O_CREATE, fileMode)
	if err != nil {
		return fmt.Errorf("sqlitestore: %w", err)
	}
	info, err := f.Stat()
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("sqlitestore: %w", err)
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("sqlitestore: %s is not a regular file", file)
	}
	if runtime.GOOS != "windows" && info.Mode().Perm()&^fs.FileMode(fileMode) != 0 {
		return fmt.Errorf("sqlitestore: %s holds keys and can be read by others: chmod 600 it", file)
	}
	return nil
}

// migrate creates the tables of a new file and changes the ones of an older
// release.
func (s *Store) migrate(ctx context.Context) error {
	err := s.transact(ctx, func(tx *sql.Tx) error {
		all := upgrades()
		var version int
		if err := tx.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
			return err
		}
		if version < 0 || version > len(all) {
			return fmt.Errorf("the file is of version %d, made by another release", version)
		}
		for _, upgrade := range all[version:] {
			if _, err := tx.ExecContext(ctx, upgrade); err != nil {
				return err
			}
		}
		_, err := tx.ExecContext(ctx, fmt.Sprintf("PRAGMA user_version = %d", len(all)))
		return err
	})
	if locked(err) {
		return ErrInUse
	}
	if err != nil {
		return fmt.Errorf("sqlitestore: opening the file: %w", err)
	}
	return nil
}

// locked reports whether err is SQLITE_BUSY or SQLITE_LOCKED, extended codes
// included.
func locked(err error) bool {
	var coded interface{ Code() int }
	if !errors.As(err, &coded) {
		return false
	}
	code := coded.Code() & 0xff
	return code == 5 || code == 6
}

// Close closes the file.
func (s *Store) Close() error { return s.db.Close() }

// transact runs f in a transaction. It also commits if f returns an error of
// package mcpauthtest: that is an answer, and f may have changed the state.
func (s *Store) transact(ctx context.Context, f func(*sql.Tx) error) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	answer := f(tx)
	if answer != nil && !isAnswer(answer) {
		return errors.Join(answer, tx.Rollback())
	}
	if err := tx.Commit(); err != nil {
		return err
	}
	return answer
}

func isAnswer(err error) bool {
	for _, answer := range []error{
		mcpauthtest.ErrUnknown, mcpauthtest.ErrRevoked, mcpauthtest.ErrReplayed, mcpauthtest.ErrFull,
	} {
		if errors.Is(err, answer) {
			return true
		}
	}
	return false
}

// AddClient implements [mcpauthtest.Store].
func (s *Store) AddClient(ctx context.Context, c mcpauthtest.StoredClient, now time.Time) error {
	return s.transact(ctx, func(tx *sql.Tx) error {
		err := makeRoom(ctx, tx, "clients", "expires", mcpauthtest.MaxClients, now)
		if errors.Is(err, mcpauthtest.ErrFull) {
			err = dropUnused(ctx, tx, now)
		}
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, "INSERT INTO clients (id, data, expires, added) VALUES (?, ?, ?, ?)",
			c.ID, c.Data, unix(c.Expires), unix(now))
		return err
	})
}

// dropUnused drops the client that was added first of those that never had a
// grant. It fails with ErrFull if none is old enough.
func dropUnused(ctx context.Context, tx *sql.Tx, now time.Time) error {
	dropped, err := tx.ExecContext(ctx, `DELETE FROM clients WHERE id =
		(SELECT id FROM clients WHERE granted = 0 AND added <= ? ORDER BY added LIMIT 1)`, unix(now.Add(-mcpauthtest.UnusedClientAge)))
	if err != nil {
		return err
	}
	rows, err := dropped.RowsAffected()
	if err == nil && rows == 0 {
		return mcpauthtest.ErrFull
	}
	return err
}

// makeRoom drops rows that have ended. It fails with ErrFull if there is still no
// room. table and column never come from outside of this package.
func makeRoom(ctx context.Context, tx *sql.Tx, table, column string, bound int, now time.Time) error {
	if err := dropEnded(ctx, tx, table, column, now); err != nil {
		return err
	}
	return checkRoom(ctx, tx, bound, "SELECT count(*) FROM "+table)
}

func dropEnded(ctx context.Context, tx *sql.Tx, table, column string, now time.Time) error {
	_, err := tx.ExecContext(ctx, "DELETE FROM "+table+" WHERE "+column+" <= ?", unix(now))
	return err
}

// checkRoom fails with ErrFull if a query counts as many rows as are allowed.
func checkRoom(ctx context.Context, tx *sql.Tx, bound int, query string, args ...any) error {
	var rows int
	if err := tx.QueryRowContext(ctx, query, args...).Scan(&rows); err != nil {
		return err
	}
	if rows >= bound {
		return mcpauthtest.ErrFull
	}
	return nil
}

// Client implements [mcpauthtest.Store].
func (s *Store) Client(ctx context.Context, id string, now time.Time) ([]byte, error) {
	var data []byte
	err := s.db.QueryRowContext(ctx, "SELECT data FROM clients WHERE id = ? AND expires > ?", id, unix(now)).Scan(&data)
	return data, unknown(err)
}

func unknown(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return mcpauthtest.ErrUnknown
	}
	return err
}

// AddGrant implements [mcpauthtest.Store]. If there is no room, it removes the
// grant that would have expired first.
func (s *Store) AddGrant(ctx context.Context, g mcpauthtest.StoredGrant, now time.Time) error {
	return s.transact(ctx, func(tx *sql.Tx) error {
		err := makeRoom(ctx, tx, "grants", "expires", mcpauthtest.MaxGrants, now)
		if errors.Is(err, mcpauthtest.ErrFull) {
			_, err = tx.ExecContext(ctx, "DELETE FROM grants WHERE sequence = (SELECT sequence FROM grants ORDER BY expires LIMIT 1)")
		}
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, "INSERT INTO grants (id, data, code_expires, expires) VALUES (?, ?, ?, ?)",
			g.ID[:], g.Data, unix(g.CodeExpires), unix(g.Expires))
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, "UPDATE clients SET granted = 1 WHERE id = ? AND granted = 0", g.ClientID)
		return err
	})
}

// ConsumeCode implements [mcpauthtest.Store].
func (s *Store) ConsumeCode(ctx context.Context, id mcpauthtest.GrantID, now time.Time) ([]byte, error) {
	g, err := s.change(ctx, id, now, func(g *mcpauthtest.GrantState) error { return g.Consume(now) })
	return g.Data, err
}

// Refreshable implements [mcpauthtest.Store].
func (s *Store) Refreshable(ctx context.Context, id mcpauthtest.GrantID, number uint32, now time.Time) ([]byte, error) {
	g, err := s.change(ctx, id, now, func(g *mcpauthtest.GrantState) error { return g.CheckRefresh(number, now) })
	return g.Data, err
}

// RotateRefresh implements [mcpauthtest.Store].
func (s *Store) RotateRefresh(ctx context.Context, id mcpauthtest.GrantID, number uint32, now time.Time) (uint32, error) {
	g, err := s.change(ctx, id, now, func(g *mcpauthtest.GrantState) error { return g.Rotate(number, now) })
	return g.Refresh, err
}

// Grant implements [mcpauthtest.Store].
func (s *Store) Grant(ctx context.Context, id mcpauthtest.GrantID, now time.Time) (mcpauthtest.GrantState, error) {
	row := s.db.QueryRowContext(ctx, selectGrant+"WHERE id = ? AND expires > ?", id[:], unix(now))
	g, err := scanGrant(row)
	return g, unknown(err)
}

const selectGrant = "SELECT id, data, code_expires, expires, consumed, revoked, refresh, rotated, retried FROM grants "

// change applies f to the state of a grant, saves the new state and returns it.
func (s *Store) change(ctx context.Context, id mcpauthtest.GrantID, now time.Time, f func(*mcpauthtest.GrantState) error) (mcpauthtest.GrantState, error) {
	var changed mcpauthtest.GrantState
	err := s.transact(ctx, func(tx *sql.Tx) error {
		g, err := scanGrant(tx.QueryRowContext(ctx, selectGrant+"WHERE id = ? AND expires > ?", id[:], unix(now)))
		if err != nil {
			return unknown(err)
		}
		before := g
		answer := f(&g)
		if g.Consumed != before.Consumed || g.Revoked != before.Revoked || g.Refresh != before.Refresh || g.Retried != before.Retried {
			_, err = tx.ExecContext(ctx, "UPDATE grants SET consumed = ?, revoked = ?, refresh = ?, rotated = ?, retried = ? WHERE id = ?",
				g.Consumed, g.Revoked, g.Refresh, unix(g.Rotated), g.Retried, id[:])
		}
		if err != nil {
			return err
		}
		changed = g
		return answer
	})
	if err != nil {
		return mcpauthtest.GrantState{}, err
	}
	return changed, nil
}

// scanGrant reads a row of selectGrant.
func scanGrant(row interface{ Scan(...any) error }) (mcpauthtest.GrantState, error) {
	var g mcpauthtest.GrantState
	var id []byte
	var codeExpires, expires, rotated int64
	err := row.Scan(&id, &g.Data, &codeExpires, &expires, &g.Consumed, &g.Revoked, &g.Refresh, &rotated, &g.Retried)
	if err != nil {
		return g, err
	}
	if len(id) != len(g.ID) {
		return g, errors.New("sqlitestore: a grant's id has the wrong size")
	}
	copy(g.ID[:], id)
	g.CodeExpires, g.Expires, g.Rotated = instant(codeExpires), instant(expires), instant(rotated)
	return g, nil
}

// Revoke implements [mcpauthtest.Store].
func (s *Store) Revoke(ctx context.Context, id mcpauthtest.GrantID) error {
	_, err := s.db.ExecContext(ctx, "UPDATE grants SET revoked = 1 WHERE id = ?", id[:])
	return err
}

// Grants implements [mcpauthtest.Store].
func (s *Store) Grants(ctx context.Context, limit int, now time.Time) ([]mcpauthtest.GrantState, error) {
	rows, err := s.db.QueryContext(ctx, selectGrant+"WHERE expires > ? ORDER BY sequence DESC LIMIT ?", unix(now), limit)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var grants []mcpauthtest.GrantState
	for rows.Next() {
		g, err := scanGrant(rows)
		if err != nil {
			return nil, err
		}
		grants = append(grants, g)
	}
	return grants, rows.Err()
}

// ConsumeID implements [mcpauthtest.Store].
func (s *Store) ConsumeID(ctx context.Context, id mcpauthtest.UsedID, now time.Time) error {
	return s.transact(ctx, func(tx *sql.Tx) error {
		if err := dropEnded(ctx, tx, "ids", "until", now); err != nil {
			return err
		}
		var used int
		if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM ids WHERE id = ?", id.ID).Scan(&used); err != nil {
			return err
		}
		if used > 0 {
			return mcpauthtest.ErrReplayed
		}
		err := checkRoom(ctx, tx, mcpauthtest.MaxIDs, "SELECT count(*) FROM ids WHERE kind = ?", id.Kind)
		if err == nil && id.Owner != "" {
			err = checkRoom(ctx, tx, mcpauthtest.MaxIDsOfOwner, "SELECT count(*) FROM ids WHERE kind = ? AND owner = ?", id.Kind, id.Owner)
		}
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, "INSERT INTO ids (id, until, kind, owner) VALUES (?, ?, ?, ?)", id.ID, unix(id.Until), id.Kind, id.Owner)
		return err
	})
}

// Secrets implements [mcpauthtest.Store].
func (s *Store) Secrets(ctx context.Context) ([]byte, error) {
	var data []byte
	err := s.db.QueryRowContext(ctx, "SELECT data FROM secrets").Scan(&data)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return data, err
}

// SaveSecrets implements [mcpauthtest.Store].
func (s *Store) SaveSecrets(ctx context.Context, data []byte) error {
	_, err := s.db.ExecContext(ctx,
		"INSERT INTO secrets (one, data) VALUES (1, ?) ON CONFLICT (one) DO UPDATE SET data = excluded.data", data)
	return err
}

func unix(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixNano()
}

func instant(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.Unix(0, n)
}
