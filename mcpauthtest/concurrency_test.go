package mcpauthtest

import (
	"context"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mcp-auth/go/internal/authserver/store"
	"github.com/mcp-auth/go/internal/authserver/tokenendpoint"
)

const contenders = 1000

// race sends the same token request from many at once and returns how many
// succeed, and the refresh token of the last that did.
func race(t *testing.T, s *Server, form url.Values) (succeeded int64, refreshToken string) {
	t.Helper()
	var successes, failures atomic.Int64
	var winner atomic.Pointer[tokenendpoint.Response]
	var contest sync.WaitGroup
	begin := make(chan struct{})
	for range contenders {
		contest.Go(func() {
			<-begin
			r := postForm(s, tokenEndpoint(s), form)
			if r.StatusCode != http.StatusOK {
				failures.Add(1)
				wantError(t, r, http.StatusBadRequest, "invalid_grant")
				return
			}
			successes.Add(1)
			var answer tokenendpoint.Response
			decode(t, r, http.StatusOK, &answer)
			winner.Store(&answer)
		})
	}
	close(begin)
	contest.Wait()
	if got := successes.Load() + failures.Load(); got != contenders {
		t.Errorf("%d answers, want %d", got, contenders)
	}
	if winner.Load() == nil {
		return successes.Load(), ""
	}
	if s.TokenActive(t.Context(), winner.Load().AccessToken) {
		t.Error("what the winner got is not revoked")
	}
	return successes.Load(), winner.Load().RefreshToken
}

// Covers AS4.
func TestOneOfManyRedeemsACode(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	succeeded, refreshToken := race(t, s, login(t, s))
	if succeeded != 1 {
		t.Errorf("%d redemptions of one code succeeded, want 1", succeeded)
	}
	wantError(t, postForm(s, tokenEndpoint(s), refreshRequest(refreshToken)), http.StatusBadRequest, "invalid_grant")
}

// One request uses the token, one may retry it, and the others end the login.
//
// Covers AS5.
func TestOneOfManyRefreshes(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	answer := redeem(t, s, login(t, s))
	succeeded, refreshToken := race(t, s, refreshRequest(answer.RefreshToken))
	if succeeded < 1 || succeeded > 2 {
		t.Errorf("%d uses of one refresh token succeeded, want 1 and at most a retry", succeeded)
	}
	wantError(t, postForm(s, tokenEndpoint(s), refreshRequest(refreshToken)), http.StatusBadRequest, "invalid_grant")
	if s.TokenActive(t.Context(), answer.AccessToken) {
		t.Error("the family is not revoked")
	}
}

// changingStore is a store that tests replace.
type changingStore struct{ Store }

// gathered is a store that lets no request go on before all have been told that
// the refresh token is valid.
type gathered struct {
	Store
	arrived *sync.WaitGroup
}

func (g gathered) Refreshable(ctx context.Context, id GrantID, number uint32, now time.Time) ([]byte, error) {
	found, err := g.Store.Refreshable(ctx, id, number, now)
	g.arrived.Done()
	g.arrived.Wait()
	return found, err
}

// Covers AS5.
func TestOneOfManyRefreshesWhenAllWereToldYes(t *testing.T) {
	t.Parallel()
	memory := store.NewMemory()
	changing := &changingStore{memory}
	s := start(t, func(c *Config) { c.Store = changing })
	answer := redeem(t, s, login(t, s))
	arrived := &sync.WaitGroup{}
	arrived.Add(contenders)
	changing.Store = gathered{memory, arrived}
	succeeded, refreshToken := race(t, s, refreshRequest(answer.RefreshToken))
	changing.Store = memory
	if succeeded < 1 || succeeded > 2 {
		t.Errorf("%d uses of one refresh token succeeded, want 1 and at most a retry", succeeded)
	}
	wantError(t, postForm(s, tokenEndpoint(s), refreshRequest(refreshToken)), http.StatusBadRequest, "invalid_grant")
}

// Covers AS10.
func TestRotationWhileTokensAreMadeAndVerified(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	var work sync.WaitGroup
	for range 8 {
		work.Go(func() {
			for range 50 {
				token, err := s.Token(TokenClaims{Audience: []string{testResource}})
				if err != nil || !s.TokenActive(t.Context(), token) {
					t.Errorf("a token made during rotation does not verify: %v", err)
				}
			}
		})
	}
	for range maxFormerKeys {
		if err := s.RotateKeys(); err != nil {
			t.Error(err)
		}
	}
	work.Wait()
}
