package client

import (
	"context"
	"errors"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/mcp-auth/go/client/clienterr"
)

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
		var failure *clienterr.StoreError
		if !errors.As(err, &failure) {
			t.Errorf("error %v, want the store's", err)
		}
	}
	equal(t, "logins", len(w.as.authorizations), 1)
}

// failingStore fails for the record of one key.
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

// If the store fails during a refresh, before the exchange or after it, the error
// is the store's.
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
			var failure *clienterr.StoreError
			if !errors.As(err, &failure) || failure.Err != errDisk {
				t.Errorf("error %v, want the store's", err)
			}
			equal(t, "logins", len(w.as.authorizations), 1)
		})
	}
}

// A record counts for the issuer that it names, wherever a store keeps it.
//
// Covers CL7.
func TestRecordsInTheWrongPlace(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	store := NewMemoryStore()
	w.config.Store = store
	mustRequest(t, w.client(t), "")
	second := newAuthServer(t, "two", "")
	w.rs.moveTo(second)
	put(t, store, serverKey(w.rs.url), `{"issuer":"`+second.issuer+`","resource":"`+w.rs.url+`"}`)
	for from, to := range map[string]string{
		clientKey(w.as.issuer):          clientKey(second.issuer),
		tokenKey(w.as.issuer, w.rs.url): tokenKey(second.issuer, w.rs.url),
	} {
		record, err := read(t, store, from)
		if err != nil || record == "" {
			t.Fatalf("no record %q: %v", from, err)
		}
		put(t, store, to, record)
	}
	mustRequest(t, w.client(t), "")
	equal(t, "registrations at the second", len(second.registrations), 1)
	equal(t, "client_id", second.authorizations[0].Get("client_id"), "client-two-1")
	_, sent := w.rs.requests()
	times := 0
	for _, header := range sent {
		if header == "Bearer access-one-1" {
			times++
		}
	}
	equal(t, "the first server's token sent", times, 1)
}

// Keys of records, as stores outlive this version of the package.
func serverKey(serverURL string) string       { return "server " + serverURL }
func tokenKey(issuer, resource string) string { return "token " + issuer + " " + resource }
func clientKey(issuer string) string          { return "client " + issuer }

// A store in memory keeps, replaces and removes records, and lets updates of one
// key not overlap.
func TestMemoryStore(t *testing.T) {
	t.Parallel()
	s := NewMemoryStore()
	put(t, s, "a", "1")
	put(t, s, "b", "2")
	put(t, s, "a", "3")
	failed := errors.New("no")
	if err := s.Update(t.Context(), "b", func([]byte) ([]byte, error) { return []byte("4"), failed }); !errors.Is(err, failed) {
		t.Errorf("error %v, want the change's", err)
	}
	for key, want := range map[string]string{"a": "3", "b": "2", "c": ""} {
		if got, err := read(t, s, key); err != nil || got != want {
			t.Errorf("%s is %q, %v, want %q", key, got, err, want)
		}
	}
	if err := s.Update(t.Context(), "a", func([]byte) ([]byte, error) { return nil, nil }); err != nil {
		t.Fatal(err)
	}
	if got, err := read(t, s, "a"); err != nil || got != "" {
		t.Errorf("a is still %q, %v", got, err)
	}
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
