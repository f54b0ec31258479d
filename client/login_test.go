package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/mcp-auth/go/client/clienterr"
)

// A user who refuses once is not asked again for the requests that were waiting.
//
// Covers CL8.
func TestDenialIsShared(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.as.callback = func(q url.Values) {
		delete(q, "code")
		q["error"] = []string{"access_denied"}
	}
	var refused sync.WaitGroup // who waits for the one that asks, and that one
	refused.Add(20)
	w.config.Grant = AuthorizationCode{Callback: func(ctx context.Context, target string) (string, error) {
		refused.Wait()
		return visit(ctx, target)
	}}
	server := w.client(t).Transport(&refusing{metadata: w.rs.URL + "/.well-known/oauth-protected-resource/mcp"})
	together(t, 20, func() error {
		ctx := &watchedContext{Context: t.Context(), waits: refused.Done}
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, w.rs.url, nil)
		if err != nil {
			return err
		}
		var denied *clienterr.AuthorizationError
		if _, err := server.RoundTrip(r); !errors.As(err, &denied) {
			return fmt.Errorf("not denied: %v", err)
		}
		return nil
	})
	equal(t, "times the user was asked", len(w.as.authorizations), 1)
}

// refusing is a server that refuses every request, without a network.
type refusing struct{ metadata string }

func (s *refusing) RoundTrip(r *http.Request) (*http.Response, error) {
	r.Context().(*watchedContext).refused.Store(true)
	return &http.Response{
		StatusCode: http.StatusUnauthorized, Body: http.NoBody, Request: r,
		Header: http.Header{"Www-Authenticate": {`Bearer resource_metadata="` + s.metadata + `"`}},
	}, nil
}

// watchedContext reports when its request, once refused, waits for its turn.
type watchedContext struct {
	context.Context
	refused atomic.Bool
	waits   func()
}

func (c *watchedContext) Done() <-chan struct{} {
	if c.refused.CompareAndSwap(true, false) {
		c.waits()
	}
	return c.Context.Done()
}

// A login elsewhere is a login: the user is not asked twice.
//
// Covers CL8.
func TestLoginElsewhere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.config.Store = NewMemoryStore()
	c := w.client(t)
	if _, err := c.Token(t.Context()); err == nil {
		t.Fatal("a token before the login")
	}
	mustRequest(t, w.client(t), "")
	mustRequest(t, c, "")
	equal(t, "logins", len(w.as.authorizations), 1)
}

// A stored token that another client was given is not sent.
//
// Covers CL7.
func TestTokenOfAnotherClient(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.config.Store = NewMemoryStore()
	mustRequest(t, w.client(t), "")
	w.config.Credentials = []Credentials{{ClientID: "client-one-1"}, {Issuer: w.as.issuer, ClientID: "known"}}
	mustRequest(t, w.client(t), "")
	equal(t, "client_id", w.as.authorizations[1].Get("client_id"), "known")
}

// A login without a way to ask the user is an error of its own.
func TestNoUserToAsk(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.config.Grant = nil
	_, err := request(t, w.client(t), "")
	var login *clienterr.LoginRequiredError
	if !errors.As(err, &login) {
		t.Errorf("error %v, want a login", err)
	}
	if log := w.as.log(); len(log) > 0 {
		t.Errorf("the server was used: %q", log)
	}
}
