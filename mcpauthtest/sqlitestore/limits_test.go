package sqlitestore_test

import (
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/mcp-auth/go/mcpauthtest"
	"github.com/mcp-auth/go/mcpauthtest/sqlitestore"
)

// run runs statements on a file that no store has open.
func run(t *testing.T, path string, statements ...string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range statements {
		if _, err := db.ExecContext(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(db.Close(), os.Chmod(path, 0o600)); err != nil {
		t.Fatal(err)
	}
}

// fill adds rows to the tables of a new store and opens it again.
func fill(t *testing.T, statements ...string) *sqlitestore.Store {
	t.Helper()
	path := file(t)
	if err := open(t, path).Close(); err != nil {
		t.Fatal(err)
	}
	run(t, path, statements...)
	return open(t, path)
}

// Covers AS7.
func TestUnusedClientsMakeRoom(t *testing.T) {
	t.Parallel()
	start := time.Unix(1_800_000_000, 0)
	store := fill(t, fmt.Sprintf(`WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < %d)
		INSERT INTO clients (id, data, expires, added) SELECT i, '', %d, %d + i FROM n`,
		mcpauthtest.MaxClients-1, start.Add(24*time.Hour).UnixNano(), start.UnixNano()))
	grant := mcpauthtest.StoredGrant{ClientID: "0", Data: []byte{}, Expires: start.Add(time.Hour)}
	if err := store.AddGrant(t.Context(), grant, start); err != nil {
		t.Fatal(err)
	}
	register := func(id string, now time.Time) error {
		return store.AddClient(t.Context(), mcpauthtest.StoredClient{ID: id, Data: []byte{}, Expires: start.Add(24 * time.Hour)}, now)
	}
	for _, test := range []struct {
		id    string
		after time.Duration
		want  error
	}{
		{"early", mcpauthtest.UnusedClientAge, mcpauthtest.ErrFull}, // the first client has a grant
		{"new", mcpauthtest.UnusedClientAge + 1, nil},
		{"newer", mcpauthtest.UnusedClientAge + 1, mcpauthtest.ErrFull},
	} {
		if err := register(test.id, start.Add(test.after)); !errors.Is(err, test.want) {
			t.Errorf("%s: %v, want %v", test.id, err, test.want)
		}
	}
	for id, want := range map[string]error{"0": nil, "1": mcpauthtest.ErrUnknown, "2": nil, "new": nil} {
		if _, err := store.Client(t.Context(), id, start.Add(2*time.Hour)); !errors.Is(err, want) {
			t.Errorf("client %s: %v, want %v", id, err, want)
		}
	}
}

// Covers AS9.
func TestIDsHavePlacesOfTheirOwn(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_800_000_000, 0)
	insert := func(prefix string, rows int, owner string) string {
		return fmt.Sprintf(`WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < %d)
			INSERT INTO ids (id, until, kind, owner) SELECT '%s' || i, %d, 'proof', '%s' FROM n`,
			rows-1, prefix, now.Add(time.Minute).UnixNano(), owner)
	}
	store := fill(t, insert("a", mcpauthtest.MaxIDsOfOwner, "a"), insert("", mcpauthtest.MaxIDs-mcpauthtest.MaxIDsOfOwner-1, ""))
	for _, test := range []struct {
		name, id, kind, owner string
		want                  error
	}{
		{"an owner who is over their share", "x", "proof", "a", mcpauthtest.ErrFull},
		{"a replay by another owner", "a1", "proof", "b", mcpauthtest.ErrReplayed},
		{"a replay as another kind", "a1", "assertion", "", mcpauthtest.ErrReplayed},
		{"another owner", "y", "proof", "b", nil},
		{"a kind that is full", "z", "proof", "c", mcpauthtest.ErrFull},
		{"another kind", "z", "assertion", "c", nil},
	} {
		used := mcpauthtest.UsedID{ID: test.id, Kind: test.kind, Owner: test.owner, Until: now.Add(time.Minute)}
		if err := store.ConsumeID(t.Context(), used, now); !errors.Is(err, test.want) {
			t.Errorf("%s: %v, want %v", test.name, err, test.want)
		}
	}
}

// Covers AS5.
func TestALostRefreshCanBeRetriedAfterARestart(t *testing.T) {
	t.Parallel()
	path := file(t)
	store := open(t, path)
	s := start(t, store)
	first := redeem(t, s, login(t, s))
	lost := redeem(t, s, refresh(first.Refresh))
	s.Close()
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	s = start(t, open(t, path))
	retried := redeem(t, s, refresh(first.Refresh))
	if retried.Refresh != lost.Refresh {
		t.Error("the retry got another refresh token")
	}
	if _, status, _ := post(s, refresh(first.Refresh)); status != http.StatusBadRequest {
		t.Errorf("a second retry: status %d, want 400", status)
	}
}

// A file of the first version, as a development server made it.
const firstVersion = `
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
INSERT INTO clients VALUES ('c', 'data', 9000000000000000000);
INSERT INTO grants (id, data, code_expires, expires, consumed, refresh) VALUES (x'00000000000000000000000000000001', '{}', 1, 9000000000000000000, 1, 7);
INSERT INTO ids VALUES ('used', 9000000000000000000);
PRAGMA user_version = 1;
`

func TestUpgrade(t *testing.T) {
	t.Parallel()
	path, now := file(t), time.Now()
	run(t, path, firstVersion)
	for range 2 { // the second time it is of this version
		store := open(t, path)
		if data, err := store.Client(t.Context(), "c", now); err != nil || string(data) != "data" {
			t.Errorf("%q, %v", data, err)
		}
		if g, err := store.Grant(t.Context(), mcpauthtest.GrantID{15: 1}, now); err != nil || !g.Consumed || g.Refresh != 7 {
			t.Errorf("grant %+v, %v", g, err)
		}
		if err := store.ConsumeID(t.Context(), mcpauthtest.UsedID{ID: "used", Until: now.Add(time.Hour)}, now); !errors.Is(err, mcpauthtest.ErrReplayed) {
			t.Errorf("a used identifier: %v", err)
		}
		if err := store.Close(); err != nil {
			t.Fatal(err)
		}
	}
	run(t, path, "PRAGMA user_version = 1000")
	if store, err := sqlitestore.Open(t.Context(), path); err == nil {
		t.Error("a file of a later release is opened")
		_ = store.Close()
	}
}
