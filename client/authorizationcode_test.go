package client

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

func s256(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// Covers CL3, CL4.
func TestAuthorizationRequest(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.config.Grant = AuthorizationCode{Callback: visit, RedirectURI: "http://localhost:3000/callback"}
	mustRequest(t, w.client(t), "read")
	mustRequest(t, w.client(t), "read") // another login
	if len(w.as.authorizations) != 2 || len(w.as.tokens) != 2 {
		t.Fatalf("%d authorizations and %d token requests, want 2 of each", len(w.as.authorizations), len(w.as.tokens))
	}
	for i, query := range w.as.authorizations {
		form := w.as.tokens[i]
		equal(t, "response_type", query.Get("response_type"), "code")
		equal(t, "resource", query.Get("resource"), w.rs.url)
		equal(t, "resource of the token request", form.Get("resource"), w.rs.url)
		equal(t, "redirect_uri", query.Get("redirect_uri"), "http://localhost:3000/callback")
		equal(t, "redirect_uri of the token request", form.Get("redirect_uri"), "http://localhost:3000/callback")
		equal(t, "scope", query.Get("scope"), "read")
		equal(t, "the endpoint's own parameter", query.Get("tenant"), "one")
		equal(t, "code_challenge_method", query.Get("code_challenge_method"), "S256")
		equal(t, "code_challenge", query.Get("code_challenge"), s256(form.Get("code_verifier")))
		if verifier := form.Get("code_verifier"); len(verifier) < 43 || len(verifier) > 128 {
			t.Errorf("the code verifier has %d characters", len(verifier))
		}
		equal(t, "code", form.Get("code"), "code-one")
		equal(t, "client_id", form.Get("client_id"), query.Get("client_id"))
	}
	for _, name := range []string{"state", "code_challenge"} {
		if w.as.authorizations[0].Get(name) == w.as.authorizations[1].Get(name) {
			t.Errorf("%s was used twice", name)
		}
	}
}

// After an answer that is discarded, no code is sent to any token endpoint.
//
// Covers CL5, CL10.
func TestDiscardedAnswerRedeemsNothing(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(url.Values){
		"wrong iss":   func(q url.Values) { q.Set("iss", "https://evil.example.com") },
		"missing iss": func(q url.Values) { q.Del("iss") },
		"wrong state": func(q url.Values) { q.Set("state", "x") },
		"no state":    func(q url.Values) { q.Del("state") },
		"two codes":   func(q url.Values) { q.Add("code", "other") },
		"no code":     func(q url.Values) { q.Del("code") },
		"denied":      func(q url.Values) { q.Del("code"); q.Set("error", "access_denied") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.as.callback = change
			if _, err := request(t, w.client(t), ""); err == nil {
				t.Error("no error")
			}
			if len(w.as.tokens) > 0 {
				t.Errorf("the token endpoint was asked %d times", len(w.as.tokens))
			}
		})
	}
}

// browser opens URLs as a user's browser does, following the redirect to the
// client's listener.
func browser(t *testing.T, before func(redirect *url.URL)) func(context.Context, string) error {
	return func(ctx context.Context, target string) error {
		callback, err := visit(ctx, target)
		if err != nil {
			return err
		}
		if before != nil {
			u, err := url.Parse(callback)
			if err != nil {
				return err
			}
			before(u)
		}
		response, err := http.Get(callback)
		if err != nil {
			return err
		}
		defer response.Body.Close()
		equal(t, "status of the page", response.StatusCode, http.StatusOK)
		return nil
	}
}

// Covers CL10.
func TestLoopbackLogin(t *testing.T) {
	t.Parallel()
	for _, redirectURI := range []string{"", "http://127.0.0.1/callback", "http://localhost/cb", "http://127.0.0.1/"} {
		t.Run(redirectURI, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.config.Store = NewMemoryStore()
			w.config.Grant = AuthorizationCode{OpenURL: browser(t, nil), RedirectURI: redirectURI}
			if err := w.client(t).Login(t.Context()); err != nil {
				t.Fatal(err)
			}
			if err := w.client(t).Login(t.Context()); err != nil {
				t.Fatal(err)
			}
			first, err := url.Parse(w.as.authorizations[0].Get("redirect_uri"))
			if err != nil {
				t.Fatal(err)
			}
			if first.Port() == "" {
				t.Error("the redirect URI has no port")
			}
			// The port is kept, for servers that compare it; so is the registration.
			equal(t, "second redirect URI", w.as.authorizations[1].Get("redirect_uri"), first.String())
			equal(t, "registrations", len(w.as.registrations), 1)
			equal(t, "registered", list(w.as.registrations[0]["redirect_uris"]), first.String())
			if _, err := net.DialTimeout("tcp", first.Host, time.Second); err == nil {
				t.Error("something still listens")
			}
		})
	}
}

// If the port of the registration is taken, another is registered.
//
// Covers CL10.
func TestLoopbackPortTaken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.config.Store = NewMemoryStore()
	w.config.Grant = AuthorizationCode{OpenURL: browser(t, nil)}
	if err := w.client(t).Login(t.Context()); err != nil {
		t.Fatal(err)
	}
	first, err := url.Parse(w.as.authorizations[0].Get("redirect_uri"))
	if err != nil {
		t.Fatal(err)
	}
	if occupied, err := net.Listen("tcp", first.Host); err == nil { // else another process has it, which does as well
		defer occupied.Close()
	}
	if err := w.client(t).Login(t.Context()); err != nil {
		t.Fatal(err)
	}
	equal(t, "registrations", len(w.as.registrations), 2)
}

// Requests other than the answer are refused and do not end the wait: any web
// page can make the browser send them.
//
// Covers CL5, CL10.
func TestLoopbackTurnsAway(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.config.Grant = AuthorizationCode{OpenURL: browser(t, func(callback *url.URL) {
		forged := *callback
		query := callback.Query()
		query.Set("state", "guessed")
		query.Set("code", "injected")
		forged.RawQuery = query.Encode()
		other := *callback
		other.Path = "/favicon.ico"
		for _, attempt := range []struct {
			method, target, host string
		}{
			{http.MethodGet, forged.String(), ""},
			{http.MethodGet, other.String(), ""},
			{http.MethodPost, callback.String(), ""},
			{http.MethodGet, callback.String(), "evil.example.com"},
			{http.MethodGet, "http://" + callback.Host + "/", ""},
		} {
			r, err := http.NewRequest(attempt.method, attempt.target, nil)
			if err != nil {
				t.Error(err)
				return
			}
			r.Host = attempt.host
			response, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Error(err)
				return
			}
			page, _ := io.ReadAll(response.Body)
			response.Body.Close()
			equal(t, "status for "+attempt.method+" "+attempt.host, response.StatusCode, http.StatusNotFound)
			if strings.Contains(string(page), "injected") {
				t.Error("the page repeats the request")
			}
		}
	})}
	if err := w.client(t).Login(t.Context()); err != nil {
		t.Fatal(err)
	}
	equal(t, "code", w.as.tokens[0].Get("code"), "code-one")
}

// The client waits for a user no longer than its timeout and its context.
//
// Covers CL10.
func TestLoopbackTimeout(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.config.Grant = AuthorizationCode{
		OpenURL: func(context.Context, string) error { return nil }, Timeout: 20 * time.Millisecond,
	}
	err := w.client(t).Login(t.Context())
	if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "did not finish") {
		t.Errorf("error %v, want a timeout", err)
	}

	ctx, cancel := context.WithCancelCause(t.Context())
	w.config.Grant = AuthorizationCode{OpenURL: func(context.Context, string) error { cancel(errors.New("enough")); return nil }}
	if err := w.client(t).Login(ctx); err == nil || !strings.Contains(err.Error(), "enough") {
		t.Errorf("error %v, want the cause", err)
	}
}

// A failure of OpenURL ends the login.
func TestOpenURLFails(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	broken := errors.New("no display")
	w.config.Grant = AuthorizationCode{OpenURL: func(context.Context, string) error { return broken }}
	if err := w.client(t).Login(t.Context()); !errors.Is(err, broken) {
		t.Errorf("error %v", err)
	}
}
