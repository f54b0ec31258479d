package mcpauthtest

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/mcp-auth/go/internal/authserver/tokenendpoint"
)

func revoke(s *Server, form url.Values) *http.Response { return postForm(s, base(s)+"/revoke", form) }

// Covers AS9.
func TestRevocation(t *testing.T) {
	t.Parallel()
	for name, which := range map[string]func(tokenendpoint.Response) string{
		"access token":  func(r tokenendpoint.Response) string { return r.AccessToken },
		"refresh token": func(r tokenendpoint.Response) string { return r.RefreshToken },
	} {
		for _, opaque := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				s := start(t, func(config *Config) { config.OpaqueAccessTokens = opaque })
				answer, kept := redeem(t, s, login(t, s)), redeem(t, s, login(t, s))
				for range 2 { // a token that is revoked may be revoked
					r := revoke(s, url.Values{"client_id": {"app"}, "token": {which(answer)}, "token_type_hint": {"nonsense"}})
					if got := body(t, r); r.StatusCode != http.StatusOK || got != "" || r.Header.Get("Cache-Control") != "no-store" {
						t.Errorf("status %d, %q", r.StatusCode, got)
					}
				}
				if s.TokenActive(t.Context(), answer.AccessToken) {
					t.Error("the access token is active")
				}
				wantError(t, postForm(s, tokenEndpoint(s), refreshRequest(answer.RefreshToken)), http.StatusBadRequest, "invalid_grant")
				if !s.TokenActive(t.Context(), kept.AccessToken) {
					t.Error("another login is revoked as well")
				}
				if got := s.Requests().Revoke; got != 2 {
					t.Errorf("%d requests counted", got)
				}
			})
		}
	}
}

// Covers AS9.
func TestRevocationOfAMachinesToken(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	form := asRobot("")
	form.Set("grant_type", "client_credentials")
	token := redeem(t, s, form).AccessToken
	if r := revoke(s, asRobot(token)); r.StatusCode != http.StatusOK {
		t.Errorf("status %d", r.StatusCode)
	}
	if answer := introspect(t, s, token); answer["active"] != false {
		t.Errorf("%v", answer)
	}
}

// Covers AS9.
func TestRevocationRefused(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	answer := redeem(t, s, login(t, s))
	for name, test := range map[string]struct {
		form   url.Values
		status int
		want   string
	}{
		"nobody":         {url.Values{"token": {answer.AccessToken}}, 401, "invalid_client"},
		"unknown client": {url.Values{"token": {answer.AccessToken}, "client_id": {"nobody"}}, 401, "invalid_client"},
		"wrong secret":   {url.Values{"token": {answer.AccessToken}, "client_id": {"robot"}, "client_secret": {"x"}}, 401, "invalid_client"},
		"other client":   {asRobot(answer.AccessToken), 400, "invalid_grant"},
		"their refresh":  {asRobot(answer.RefreshToken), 400, "invalid_grant"},
		"no token":       {url.Values{"client_id": {"app"}}, 400, "invalid_request"},
		"two tokens":     {url.Values{"client_id": {"app"}, "token": {"a", "b"}}, 400, "invalid_request"},
	} {
		t.Run(name, func(t *testing.T) {
			wantError(t, revoke(s, test.form), test.status, test.want)
		})
	}
	minted := mint(t, s, TokenClaims{Audience: []string{testResource}})
	for _, token := range []string{"unknown", minted, minted + "x"} {
		if r := revoke(s, url.Values{"client_id": {"app"}, "token": {token}}); r.StatusCode != http.StatusOK {
			t.Errorf("status %d for a token that is not there", r.StatusCode)
		}
	}
	if !s.TokenActive(t.Context(), answer.AccessToken) {
		t.Error("another client revoked the token")
	}
}
