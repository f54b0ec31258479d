package client

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mcp-auth/go/client/clienterr"
)

// 100 requests with an expired token cause one refresh, and all are answered.
//
// Covers CL9.
func TestOneRefreshForAll(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	now := newClock()
	w.config.Now = now.Now
	c := w.client(t)
	mustRequest(t, c, "")
	now.advance(2 * time.Hour)
	together(t, 100, func() error {
		status, err := request(t, c, "")
		if err == nil && status != http.StatusOK {
			err = errors.New(http.StatusText(status))
		}
		return err
	})
	equal(t, "token requests", len(w.as.tokens), 2)
	equal(t, "logins", len(w.as.authorizations), 1)
}

// The same holds if the server refuses a token that has not expired, and for two
// clients that share a store.
//
// Covers CL9.
func TestOneRefreshForAllRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.config.Store = NewMemoryStore()
	first := w.client(t)
	mustRequest(t, first, "")
	second := w.client(t)
	mustRequest(t, second, "")
	w.as.revokeAll()
	var turn sync.Mutex
	count := 0
	together(t, 100, func() error {
		turn.Lock()
		c := first
		if count++; count%2 == 0 {
			c = second
		}
		turn.Unlock()
		_, err := request(t, c, "")
		return err
	})
	equal(t, "token requests", len(w.as.tokens), 2)
	equal(t, "logins", len(w.as.authorizations), 1)
}

// Covers CL9.
func TestRotation(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	now := newClock()
	w.config.Now, w.config.Store = now.Now, NewMemoryStore()
	w.as.token = func(r *http.Request, d map[string]any) int {
		if len(w.as.tokens) == 3 {
			delete(d, "refresh_token") // keeps the one there is
		}
		return http.StatusOK
	}
	var sent []string
	for i := range 5 {
		mustRequest(t, w.client(t), "") // each time a new process
		sent = append(sent, w.as.tokens[i].Get("refresh_token"))
		now.advance(2 * time.Hour)
	}
	equal(t, "refresh tokens", strings.Join(sent, " "), " refresh-one-1 refresh-one-2 refresh-one-2 refresh-one-4")
}

// A refresh token that is no longer accepted is dropped, and the user asked again
// with all scopes; an outage drops nothing and asks no user.
//
// Covers CL9.
func TestRefreshRefused(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		status int
		code   string
		logins int
	}{
		"invalid_grant":           {400, "invalid_grant", 2},
		"invalid_client":          {401, "invalid_client", 2},
		"unauthorized_client":     {400, "unauthorized_client", 2},
		"invalid_request":         {400, "invalid_request", 2},
		"interaction_required":    {400, "interaction_required", 2},
		"a code of its own":       {403, "token_expired", 2},
		"no code":                 {422, "", 2},
		"not found":               {404, "", 2},
		"error with status 200":   {200, "bad_refresh_token", 2},
		"overloaded":              {429, "", 1},
		"slow_down":               {400, "slow_down", 1},
		"request timeout":         {408, "", 1},
		"too early":               {425, "", 1},
		"bad gateway":             {502, "invalid_grant", 1},
		"moved for a moment":      {302, "", 1},
		"temporarily_unavailable": {400, "temporarily_unavailable", 1},
		"server error":            {500, "server_error", 1},
		"outage":                  {503, "", 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			now := newClock()
			w.config.Now = now.Now
			failing := false
			w.as.token = func(r *http.Request, d map[string]any) int {
				if !failing || r.PostForm.Get("grant_type") != "refresh_token" {
					return http.StatusOK
				}
				clear(d)
				if test.code != "" {
					d["error"] = test.code
				}
				d["error_description"] = "about " + r.PostForm.Get("refresh_token")
				return test.status
			}
			c := w.client(t)
			mustRequest(t, c, "read")
			failing = true
			now.advance(2 * time.Hour)
			_, err := request(t, c, "")
			equal(t, "logins", len(w.as.authorizations), test.logins)
			if test.logins == 2 {
				if err != nil {
					t.Fatal(err)
				}
				equal(t, "scope", w.as.authorizations[1].Get("scope"), "read")
				return
			}
			var refused *clienterr.TokenError
			if !errors.As(err, &refused) || refused.Status != test.status {
				t.Errorf("error %v, want the server's", err)
			}
			if strings.Contains(err.Error(), "refresh-one") {
				t.Errorf("%v shows the refresh token", err)
			}
			failing = false
			mustRequest(t, c, "")
			equal(t, "logins afterwards", len(w.as.authorizations), 1)
		})
	}
}

// A caller that gives up waiting does not end the refresh, because its refresh
// token may be used up already.
//
// Covers CL9.
func TestRefreshOutlivesItsCaller(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	now := newClock()
	w.config.Now = now.Now
	ctx, cancel := context.WithCancel(t.Context())
	w.as.token = func(r *http.Request, _ map[string]any) int {
		if r.PostForm.Get("grant_type") == "refresh_token" {
			cancel()
		}
		return http.StatusOK
	}
	c := w.client(t)
	mustRequest(t, c, "")
	now.advance(2 * time.Hour)
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, c.ServerURL(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.HTTPClient().Do(r); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want canceled", err)
	}
	mustRequest(t, c, "")
	equal(t, "token requests", len(w.as.tokens), 2)
	equal(t, "logins", len(w.as.authorizations), 1)
}

// The resource goes into every kind of token request.
//
// Covers CL4.
func TestResourceInRefresh(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	now := newClock()
	w.config.Now = now.Now
	c := w.client(t)
	mustRequest(t, c, "")
	now.advance(2 * 3600e9)
	mustRequest(t, c, "")
	form := w.as.tokens[1]
	equal(t, "grant_type", form.Get("grant_type"), "refresh_token")
	equal(t, "resource", form.Get("resource"), w.rs.url)
	equal(t, "refresh_token", form.Get("refresh_token"), "refresh-one-1")
}

// A logout elsewhere is a logout: the refresh token in memory is not used.
//
// Covers CL9.
func TestLogoutElsewhere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	now := newClock()
	w.config.Now, w.config.Store = now.Now, NewMemoryStore()
	c := w.client(t)
	mustRequest(t, c, "")
	if err := w.client(t).Logout(t.Context()); err != nil {
		t.Fatal(err)
	}
	equal(t, "revoked", w.as.revocations[0].Get("token"), "refresh-one-1")
	now.advance(2 * time.Hour)
	var login *clienterr.LoginRequiredError
	if _, err := c.Token(t.Context()); !errors.As(err, &login) {
		t.Errorf("error %v, want a login", err)
	}
	equal(t, "token requests", len(w.as.tokens), 1)
}

// Covers CL9.
func TestTokenWithoutExpiry(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	now := newClock()
	w.config.Now = now.Now
	w.as.token = func(_ *http.Request, d map[string]any) int {
		delete(d, "expires_in")
		delete(d, "refresh_token")
		return http.StatusOK
	}
	c := w.client(t)
	mustRequest(t, c, "")
	now.advance(1000 * time.Hour)
	mustRequest(t, c, "")
	equal(t, "token requests", len(w.as.tokens), 1)
	w.as.revokeAll()
	mustRequest(t, c, "")
	equal(t, "logins", len(w.as.authorizations), 2)
}

// Without a refresh token an expired token is not sent: the user is asked.
//
// Covers CL9.
func TestExpiredWithoutRefresh(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	now := newClock()
	w.config.Now = now.Now
	w.as.token = func(_ *http.Request, d map[string]any) int { delete(d, "refresh_token"); return http.StatusOK }
	c := w.client(t)
	mustRequest(t, c, "")
	now.advance(2 * time.Hour)
	mustRequest(t, c, "")
	_, sent := w.rs.requests()
	equal(t, "sent", strings.Join(sent, ","), ",Bearer access-one-1,,Bearer access-one-2")
}
