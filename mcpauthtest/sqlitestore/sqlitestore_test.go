package sqlitestore_test

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mcp-auth/go/mcpauthtest"
	"github.com/mcp-auth/go/mcpauthtest/sqlitestore"
)

const (
	contenders = 1000
	issuer     = "https://as.example"
	redirect   = "http://127.0.0.1/callback"
)

func open(t *testing.T, file string) *sqlitestore.Store {
	t.Helper()
	store, err := sqlitestore.Open(t.Context(), file)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	return store
}

func start(t *testing.T, store *sqlitestore.Store) *mcpauthtest.Server {
	t.Helper()
	s, err := mcpauthtest.New(mcpauthtest.Config{
		Issuer: issuer, AutoApprove: true, Store: store, OpenRegistration: true,
		Clients: []mcpauthtest.Client{{ID: "app", RedirectURIs: []string{redirect}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func file(t *testing.T) string { return filepath.Join(t.TempDir(), "dev.db") }

// login returns the token request that redeems a new code.
func login(t *testing.T, s *mcpauthtest.Server) url.Values {
	t.Helper()
	verifier := rand.Text() + rand.Text()
	sum := sha256.Sum256([]byte(verifier))
	query := url.Values{
		"response_type": {"code"}, "client_id": {"app"}, "redirect_uri": {redirect}, "scope": {"read"},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "code_challenge_method": {"S256"},
		"resource": {"https://notes.example/mcp"},
	}
	recorder := httptest.NewRecorder()
	s.Handler().ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, issuer+"/authorize?"+query.Encode(), nil))
	location, err := recorder.Result().Location()
	if err != nil {
		t.Fatal(err, recorder.Body)
	}
	return url.Values{
		"grant_type": {"authorization_code"}, "client_id": {"app"}, "code_verifier": {verifier},
		"code": {location.Query().Get("code")},
	}
}

type tokens struct {
	Access  string `json:"access_token"`
	Refresh string `json:"refresh_token"`
}

func post(s *mcpauthtest.Server, form url.Values) (got tokens, status int, err error) {
	request := httptest.NewRequest(http.MethodPost, issuer+"/token", strings.NewReader(form.Encode()))
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	recorder := httptest.NewRecorder()
	s.Handler().ServeHTTP(recorder, request)
	if recorder.Code == http.StatusOK {
		err = json.Unmarshal(recorder.Body.Bytes(), &got)
	}
	return got, recorder.Code, err
}

func redeem(t *testing.T, s *mcpauthtest.Server, form url.Values) tokens {
	t.Helper()
	got, status, err := post(s, form)
	if err != nil || status != http.StatusOK || got.Access == "" || got.Refresh == "" {
		t.Fatalf("status %d, %v", status, err)
	}
	return got
}

func refresh(token string) url.Values {
	return url.Values{"grant_type": {"refresh_token"}, "client_id": {"app"}, "refresh_token": {token}}
}

// race sends one token request from many at once: at most as many as allowed
// succeed, and what they got is revoked by the others.
func race(t *testing.T, s *mcpauthtest.Server, form url.Values, allowed int64) {
	t.Helper()
	var succeeded, refused atomic.Int64
	var winner atomic.Pointer[tokens]
	var contest sync.WaitGroup
	begin := make(chan struct{})
	for range contenders {
		contest.Go(func() {
			<-begin
			got, status, err := post(s, form)
			switch {
			case err != nil:
				t.Error(err)
			case status == http.StatusOK:
				succeeded.Add(1)
				winner.Store(&got)
			case status == http.StatusBadRequest:
				refused.Add(1)
			default:
				t.Errorf("status %d", status)
			}
		})
	}
	close(begin)
	contest.Wait()
	if n := succeeded.Load(); n < 1 || n > allowed || refused.Load() != contenders-n {
		t.Fatalf("%d succeeded, %d were refused, want %d to succeed", n, refused.Load(), allowed)
	}
	if s.TokenActive(t.Context(), winner.Load().Access) {
		t.Error("what the winner got is not revoked")
	}
	if _, status, _ := post(s, refresh(winner.Load().Refresh)); status != http.StatusBadRequest {
		t.Errorf("the winner's refresh token: status %d, want 400", status)
	}
}

// Covers AS4.
func TestOneOfManyRedeemsACode(t *testing.T) {
	t.Parallel()
	s := start(t, open(t, file(t)))
	race(t, s, login(t, s), 1)
}

// Covers AS5.
func TestOneOfManyRefreshes(t *testing.T) {
	t.Parallel()
	s := start(t, open(t, file(t)))
	first := redeem(t, s, login(t, s))
	race(t, s, refresh(first.Refresh), 2) // one, and its retry
	if s.TokenActive(t.Context(), first.Access) {
		t.Error("the family is not revoked")
	}
}

// Covers AS4, AS5, AS9, AS10.
func TestEverythingSurvivesARestart(t *testing.T) {
	t.Parallel()
	path := file(t)
	store := open(t, path)
	before := start(t, store)
	used := login(t, before)
	replayed := redeem(t, before, used)
	kept := redeem(t, before, login(t, before))
	pending := login(t, before)
	if err := before.RotateKeys(); err != nil {
		t.Fatal(err)
	}
	keys, err := before.JWKS()
	if err != nil {
		t.Fatal(err)
	}
	if err := store.ConsumeID(t.Context(), mcpauthtest.UsedID{ID: "used", Until: time.Now().Add(time.Hour)}, time.Now()); err != nil {
		t.Fatal(err)
	}
	before.Close()
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}

	store = open(t, path)
	after := start(t, store)
	if again, err := after.JWKS(); err != nil || string(again) != string(keys) {
		t.Errorf("the keys changed: %s, before %s, %v", again, keys, err)
	}
	if !after.TokenActive(t.Context(), kept.Access) {
		t.Error("an access token is not active any more")
	}
	redeem(t, after, refresh(kept.Refresh))
	redeem(t, after, pending)
	if _, status, _ := post(after, used); status != http.StatusBadRequest {
		t.Errorf("a used code after the restart: status %d, want 400", status)
	}
	if after.TokenActive(t.Context(), replayed.Access) {
		t.Error("what a replayed code gave is active")
	}
	if err := store.ConsumeID(t.Context(), mcpauthtest.UsedID{ID: "used", Until: time.Now().Add(time.Hour)}, time.Now()); !errors.Is(err, mcpauthtest.ErrReplayed) {
		t.Errorf("a used identifier after the restart: %v", err)
	}
	if grants, err := after.Grants(t.Context()); err != nil || len(grants) != 3 || grants[0].Subject != "alice" {
		t.Errorf("grants %+v, %v", grants, err)
	}
}

// Covers AS7.
func TestClients(t *testing.T) {
	t.Parallel()
	store, now := open(t, file(t)), time.Now()
	add := mcpauthtest.StoredClient{ID: "c", Data: []byte("data"), Expires: now.Add(time.Hour)}
	if err := store.AddClient(t.Context(), add, now); err != nil {
		t.Fatal(err)
	}
	if got, err := store.Client(t.Context(), "c", now); err != nil || string(got) != "data" {
		t.Errorf("%q, %v", got, err)
	}
	for id, at := range map[string]time.Time{"c": now.Add(time.Hour), "d": now} {
		if _, err := store.Client(t.Context(), id, at); !errors.Is(err, mcpauthtest.ErrUnknown) {
			t.Errorf("%s: %v, want ErrUnknown", id, err)
		}
	}
}

// Covers AS9.
func TestIDs(t *testing.T) {
	t.Parallel()
	store, now := open(t, file(t)), time.Now()
	var succeeded atomic.Int64
	var contest sync.WaitGroup
	for range 100 {
		contest.Go(func() {
			switch err := store.ConsumeID(t.Context(), mcpauthtest.UsedID{ID: "x", Until: now.Add(time.Minute)}, now); {
			case err == nil:
				succeeded.Add(1)
			case !errors.Is(err, mcpauthtest.ErrReplayed):
				t.Error(err)
			}
		})
	}
	contest.Wait()
	if got := succeeded.Load(); got != 1 {
		t.Errorf("%d succeeded, want 1", got)
	}
	if err := store.ConsumeID(t.Context(), mcpauthtest.UsedID{ID: "x", Until: now.Add(time.Hour)}, now.Add(time.Minute)); err != nil {
		t.Errorf("after its time: %v", err)
	}
}

func TestFile(t *testing.T) {
	t.Parallel()
	path := file(t)
	store := open(t, path)
	start(t, store)
	for _, name := range []string{path, path + "-wal"} {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %o", name, info.Mode().Perm())
		}
	}
	if _, err := sqlitestore.Open(t.Context(), path); !errors.Is(err, sqlitestore.ErrInUse) {
		t.Errorf("opened twice: %v, want ErrInUse", err)
	}
}

func TestFilesThatCannotBe(t *testing.T) {
	t.Parallel()
	readable, garbage := file(t), file(t)
	for name, mode := range map[string]os.FileMode{readable: 0o644, garbage: 0o600} {
		if err := os.WriteFile(name, []byte(strings.Repeat("no database ", 100)), mode); err != nil {
			t.Fatal(err)
		}
	}
	for _, path := range []string{readable, garbage, t.TempDir(), filepath.Join(t.TempDir(), "no", "such", "dir")} {
		if store, err := sqlitestore.Open(t.Context(), path); err == nil {
			t.Errorf("%s: opened", path)
			_ = store.Close()
		}
	}
}

func TestEndedContext(t *testing.T) {
	t.Parallel()
	store := open(t, file(t))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := store.AddGrant(ctx, mcpauthtest.StoredGrant{}, time.Now()); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want context.Canceled", err)
	}
}
