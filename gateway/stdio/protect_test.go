package stdio_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/gateway/stdio"
	"github.com/mcp-auth/go/internal/authtest"
	"github.com/mcp-auth/go/mcpauthtest"
	"github.com/mcp-auth/go/policy"
)

// Covers GW25: behind Protect, the user is whom the token names, and no process starts
// for a request that is refused.
func TestBehindProtect(t *testing.T) {
	t.Parallel()
	s := newSite(t, modeLegacy, func(c *stdio.Config) { c.MaxPerUser = 1 })
	as := authtest.NewServer(t, mcpauthtest.Config{})
	config := authtest.Trusting(as.Issuer())
	config.Resources[0].Policy = &policy.Policy{Tools: map[string]policy.Requirement{"pid": policy.Authenticated()}}
	server := httptest.NewServer(authtest.NewAuth(t, config).Protect(s.handler, mcpauth.WithoutToken()))
	defer server.Close()
	post := func(token, session, body string) *http.Response {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL+"/mcp", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		for name, value := range map[string]string{"Content-Type": "application/json", "Authorization": token, "Mcp-Session-Id": session} {
			if value != "" {
				r.Header.Set(name, value)
			}
		}
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		return resp
	}
	alice := "Bearer " + as.MustToken(t, mcpauthtest.TokenClaims{Subject: "alice", Audience: []string{config.Resources[0].Identifier}})
	bob := "Bearer " + as.MustToken(t, mcpauthtest.TokenClaims{Subject: "bob", Audience: []string{config.Resources[0].Identifier}})
	if got := post("", "", initialize).StatusCode; got != http.StatusUnauthorized || s.handler.Stats().Started != 0 {
		t.Errorf("without a token: %d", got)
	}
	session := post(alice, "", initialize).Header.Get("Mcp-Session-Id")
	c := s.legacy("")
	for name, test := range map[string]struct {
		token, session, body string
		want                 int
	}{
		"a tool":                {alice, session, c.call("1", "pid"), http.StatusOK},
		"a tool with no rule":   {alice, session, c.call("1", "env"), http.StatusForbidden},
		"another's session":     {bob, session, c.call("1", "pid"), http.StatusForbidden},
		"a session that is not": {bob, "none", c.call("1", "pid"), http.StatusNotFound},
		"a second session":      {alice, "", initialize, http.StatusServiceUnavailable},
		"another user":          {bob, "", initialize, http.StatusOK},
	} {
		if got := post(test.token, test.session, test.body).StatusCode; got != test.want {
			t.Errorf("%s: %d, want %d", name, got, test.want)
		}
	}
}
