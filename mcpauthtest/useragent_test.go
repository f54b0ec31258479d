package mcpauthtest

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestUserAgent(t *testing.T) {
	t.Parallel()
	pages, err := NewServer(Config{Path: "/tenant1", Clients: []Client{{ID: "app", RedirectURIs: []string{testRedirect}}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pages.Close)
	automatic, err := NewServer(Config{AutoApprove: true, Clients: []Client{{ID: "app", RedirectURIs: []string{testRedirect}}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(automatic.Close)
	_, challenge := pkce()
	for _, test := range []struct {
		name    string
		server  *Server
		change  func(*UserAgent)
		changes []string
		want    string // code, an error of the callback, or empty for a LoginError
	}{
		{"logs in", pages, nil, nil, "code"},
		{"denies", pages, func(u *UserAgent) { u.Deny = true }, nil, "access_denied"},
		{"wrong password", pages, func(u *UserAgent) { u.Password = "x" }, nil, ""},
		{"bad request", pages, nil, []string{"code_challenge_method", "plain"}, "invalid_request"},
		{"bad redirect", pages, nil, []string{"redirect_uri", "https://evil.example/"}, ""},
		{"no page", automatic, nil, nil, "code"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			user := test.server.UserAgent()
			if test.change != nil {
				test.change(user)
			}
			back, err := user.Login(t.Context(), test.server.Issuer()+"/authorize?"+authorization(challenge, test.changes...).Encode())
			if test.want == "" {
				var failed *LoginError
				if back != nil || !errors.As(err, &failed) || failed.Message == "" || failed.Status < 400 {
					t.Errorf("got %v, %v", back, err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if back.Host != "127.0.0.1:5555" || back.Path != "/callback" || back.Query().Get("state") != testState {
				t.Errorf("called back at %s%s", back.Host, back.Path)
			}
			if test.want == "code" && back.Query().Get("code") == "" || test.want != "code" && back.Query().Get("error") != test.want {
				t.Errorf("error %q, want %q", back.Query().Get("error"), test.want)
			}
		})
	}
}

func TestUserAgentGivesUp(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		answer http.HandlerFunc
		url    string // instead of the server's
	}{
		"circles":         {answer: func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/again", http.StatusFound) }},
		"blank page":      {answer: func(http.ResponseWriter, *http.Request) {}},
		"no location":     {answer: func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusFound) }},
		"form to nowhere": {answer: func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`<form action="http://[">`)) }},
		"malformed URL":   {url: "http://["},
		"no host":         {url: "/authorize"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			target := test.url
			if target == "" {
				server := httptest.NewServer(test.answer)
				defer server.Close()
				target = server.URL + "/authorize?redirect_uri=http%3A%2F%2F127.0.0.1%3A1%2Fcb"
			}
			if back, err := (&UserAgent{}).Login(t.Context(), target); back != nil || err == nil {
				t.Errorf("got %v, %v", back, err)
			}
		})
	}
}

func TestUserAgentErrorsDoNotRepeatTheURL(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := (&UserAgent{}).Login(ctx, "http://127.0.0.1:1/authorize?state=secret")
	if !errors.Is(err, context.Canceled) || strings.Contains(err.Error(), "secret") {
		t.Errorf("error %v", err)
	}
}
