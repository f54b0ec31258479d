package client

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/mcp-auth/go/client/clienterr"
)

// restarted is a world whose authorization server has forgotten the client that
// an earlier process registered.
func restarted(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	w.config.Store = NewMemoryStore()
	mustRequest(t, w.client(t), "read")
	w.as.revokeAll()
	w.as.forgets = func(clientID string) bool { return clientID == "client-one-1" }
	return w
}

// A login with a registration that the server has forgotten registers anew,
// before the user is sent to a page that would lead nowhere.
//
// Covers CL6.
func TestForgottenRegistration(t *testing.T) {
	t.Parallel()
	for name, login := range map[string]func(*testing.T, *world){
		"login":              func(t *testing.T, w *world) { must(t, w.client(t).Login(t.Context())) },
		"request, refreshed": func(t *testing.T, w *world) { mustRequest(t, w.client(t), "") },
		"login after logout": func(t *testing.T, w *world) {
			if err := w.client(t).Logout(t.Context()); err == nil {
				t.Error("no error of the revocation")
			}
			must(t, w.client(t).Login(t.Context()))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := restarted(t)
			login(t, w)
			equal(t, "visits of the user", len(w.as.authorizations), 2) // the first login, and one more
			equal(t, "client_id", w.as.authorizations[1].Get("client_id"), "client-one-2")
			equal(t, "registrations", len(w.as.registrations), 2)
			mustRequest(t, w.client(t), "")
		})
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// A registration that turns out to be dead only when the code is redeemed, or
// that the authorization endpoint refuses, is replaced in the same call.
//
// Covers CL6.
func TestRegistrationRefusedLate(t *testing.T) {
	t.Parallel()
	for name, setup := range map[string]func(w *world){
		"code exchange": func(w *world) {
			w.as.token = func(r *http.Request, d map[string]any) int {
				if r.PostForm.Get("client_id") != "client-one-1" {
					return http.StatusOK
				}
				clear(d)
				d["error"] = "unauthorized_client"
				return http.StatusBadRequest
			}
		},
		"redirect": func(w *world) {
			w.as.callback = func(q url.Values) {
				if len(w.as.registrations) == 1 {
					q.Del("code")
					q.Set("error", "unauthorized_client")
				}
			}
		},
		"redirect without state": func(w *world) {
			w.as.callback = func(q url.Values) {
				if len(w.as.registrations) == 1 {
					clear(q)
					q.Set("error", "invalid_client")
				}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.config.Store = NewMemoryStore()
			mustRequest(t, w.client(t), "read")
			setup(w)
			must(t, w.client(t).Login(t.Context()))
			equal(t, "registrations", len(w.as.registrations), 2)
			equal(t, "visits of the user", len(w.as.authorizations), 3)
		})
	}
}

// A client that was refused right after it registered is not registered again and
// again.
//
// Covers CL6.
func TestRegistrationRefusedForGood(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.as.token = func(_ *http.Request, d map[string]any) int {
		clear(d)
		d["error"] = "invalid_client"
		return http.StatusUnauthorized
	}
	var refused *clienterr.TokenError
	if err := w.client(t).Login(t.Context()); !errors.As(err, &refused) || refused.Code != "invalid_client" {
		t.Errorf("error %v, want invalid_client", err)
	}
	equal(t, "registrations", len(w.as.registrations), 1)
}

// A login with a kept registration to which no answer came: the next one
// registers anew, and the error says so.
//
// Covers CL6.
func TestUnansweredLoginForgetsRegistration(t *testing.T) {
	t.Parallel()
	for name, leave := range map[string]func(cancel context.CancelFunc){
		"timeout":  func(context.CancelFunc) {},
		"canceled": func(cancel context.CancelFunc) { cancel() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.config.Store = NewMemoryStore()
			mustRequest(t, w.client(t), "")
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			w.config.Grant = AuthorizationCode{Timeout: 20 * time.Millisecond, Callback: func(ctx context.Context, _ string) (string, error) {
				leave(cancel)
				<-ctx.Done()
				return "", ctx.Err()
			}}
			err := w.client(t).Login(ctx)
			var timeout *clienterr.LoginTimeoutError
			if err == nil || errors.As(err, &timeout) != (name == "timeout") {
				t.Errorf("error %v", err)
			}
			if timeout != nil && (timeout.Forgotten != "client-one-1" || !strings.Contains(err.Error(), "registers anew")) {
				t.Errorf("the error does not name the registration: %v", err)
			}
			w.config.Grant = AuthorizationCode{Callback: visit}
			must(t, w.client(t).Login(t.Context()))
			equal(t, "registrations", len(w.as.registrations), 2)
		})
	}
}

// A server that does not know the client for a moment costs neither the refresh
// token nor the registration.
//
// Covers CL9.
func TestClientUnknownForAMoment(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	now := newClock()
	w.config.Now = now.Now
	refused := false
	w.as.token = func(r *http.Request, d map[string]any) int {
		if refused || r.PostForm.Get("grant_type") != "refresh_token" {
			return http.StatusOK
		}
		refused = true
		clear(d)
		d["error"] = "invalid_client"
		return http.StatusUnauthorized
	}
	c := w.client(t)
	mustRequest(t, c, "")
	now.advance(2 * time.Hour)
	mustRequest(t, c, "")
	equal(t, "visits of the user", len(w.as.authorizations), 1)
	equal(t, "registrations", len(w.as.registrations), 1)
}

// A registration that the server has just used is not held to it again.
//
// Covers CL8.
func TestFreshRegistrationIsNotProbed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	now := newClock()
	w.config.Now = now.Now
	c := w.client(t)
	mustRequest(t, c, "read")
	mustRequest(t, c, "write") // a step-up
	equal(t, "probes", len(w.as.probes), 0)
	now.advance(20 * time.Minute)
	mustRequest(t, c, "delete")
	equal(t, "probes after a while", len(w.as.probes), 1)
}

// The tokens of another resource are refreshed by the client they were issued to,
// though that registration was replaced.
//
// Covers CL7, CL9.
func TestReplacedRegistrationStillRefreshes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	now := newClock()
	w.config.Store, w.config.Now = NewMemoryStore(), now.Now
	w.as.metadata = func(d map[string]any) { d["token_endpoint_auth_methods_supported"] = []string{"client_secret_post"} }
	w.as.register = func(d map[string]any) int {
		d["client_secret"] = "secret of " + d["client_id"].(string)
		return http.StatusCreated
	}
	mustRequest(t, w.client(t), "")
	other := newResourceServer(t, "/mcp", w.as)
	config := w.config
	config.ServerURL = other.url
	c, err := New(config)
	must(t, err)
	t.Cleanup(c.Close)
	mustRequest(t, c, "")
	must(t, c.Logout(t.Context()))
	must(t, c.Login(t.Context())) // registers anew
	now.advance(2 * time.Hour)
	mustRequest(t, w.client(t), "")
	form := w.as.tokens[len(w.as.tokens)-1]
	equal(t, "grant_type", form.Get("grant_type"), "refresh_token")
	equal(t, "client_secret", form.Get("client_secret"), "secret of client-one-1")
	equal(t, "registrations", len(w.as.registrations), 2)
}

// A server without refresh tokens is asked with a code.
//
// Covers CL6.
func TestForgottenRegistrationWithoutRefreshTokens(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.config.Store = NewMemoryStore()
	w.as.metadata = func(d map[string]any) { d["grant_types_supported"] = []string{"authorization_code"} }
	must(t, w.client(t).Login(t.Context()))
	w.as.forgets = func(clientID string) bool { return clientID == "client-one-1" }
	must(t, w.client(t).Login(t.Context()))
	equal(t, "visits of the user", len(w.as.authorizations), 2)
	equal(t, "grant_type of the probe", w.as.probes[0].Get("grant_type"), "authorization_code")
}
