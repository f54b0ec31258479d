package client

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

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
		page, err := io.ReadAll(response.Body)
		if err != nil {
			return err
		}
		checkPage(t, response, string(page))
		return nil
	}
}

func checkPage(t *testing.T, response *http.Response, page string) {
	t.Helper()
	equal(t, "status of the page", response.StatusCode, http.StatusOK)
	if page != answerPage {
		t.Errorf("the page is not the fixed one: %q", page)
	}
	for name, want := range map[string]string{
		"Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store", "Referrer-Policy": "no-referrer",
		"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
	} {
		equal(t, name, response.Header.Get(name), want)
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

// Nobody beyond this machine reaches the listener (RFC 8252 §7.3).
//
// Covers CL10.
func TestListensOnLoopbackOnly(t *testing.T) {
	t.Parallel()
	for _, redirectURI := range []string{defaultRedirectURI, "http://localhost/callback", "http://app.localhost/callback", "http://[::1]/callback"} {
		l, err := listenAt(t.Context(), redirectURI)
		if err != nil && strings.Contains(redirectURI, "::1") {
			continue // a machine without IPv6
		}
		if err != nil {
			t.Fatal(err)
		}
		if address, ok := l.Addr().(*net.TCPAddr); !ok || !address.IP.IsLoopback() {
			t.Errorf("%s: listens at %v", redirectURI, l.Addr())
		}
		if err := l.Close(); err != nil {
			t.Error(err)
		}
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
	if occupied, err := net.Listen("tcp", first.Host); err == nil { // else it is taken by somebody else, which does as well
		defer occupied.Close()
	}
	if err := w.client(t).Login(t.Context()); err != nil {
		t.Fatal(err)
	}
	equal(t, "registrations", len(w.as.registrations), 2)
}

// What is not the answer to the request is turned away and waited past: any web
// page can make the browser send such things.
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

// A user who does nothing is waited for so long and no longer.
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
	if !errors.Is(err, errUserTimeout) {
		t.Errorf("error %v does not say whose", err)
	}

	ctx, cancel := context.WithCancelCause(t.Context())
	w.config.Grant = AuthorizationCode{OpenURL: func(context.Context, string) error { cancel(errors.New("enough")); return nil }}
	if err := w.client(t).Login(ctx); err == nil || !strings.Contains(err.Error(), "enough") {
		t.Errorf("error %v, want the cause", err)
	}
}

// A browser that cannot be shown the page ends the login.
func TestOpenURLFails(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	broken := errors.New("no display")
	w.config.Grant = AuthorizationCode{OpenURL: func(context.Context, string) error { return broken }}
	if err := w.client(t).Login(t.Context()); !errors.Is(err, broken) {
		t.Errorf("error %v", err)
	}
}

// Only what is a web page is shown to be opened.
//
// Covers CL10.
func TestPrintURL(t *testing.T) {
	t.Parallel()
	const target = "https://as.example.com/?a=1&b=$(reboot);`x`"
	for _, bad := range []string{"file:///etc/passwd", "javascript:alert(1)", "-flag", "http://example.com/", "https://u@example.com/", "https://example.com/\x1b[2J"} {
		var out strings.Builder
		if err := PrintURL(&out)(t.Context(), bad); err == nil || out.Len() > 0 {
			t.Errorf("%q is shown to the user: %q", bad, out.String())
		}
	}
	var out strings.Builder
	if err := PrintURL(&out)(t.Context(), target); err != nil || !strings.Contains(out.String(), target) {
		t.Errorf("printed %q, %v", out.String(), err)
	}
}
